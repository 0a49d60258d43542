# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An argument that breaks a rule fails its task before anything is sent; the message says why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.airflow.fakes import BACKUP, DATABASE, LONG
from tests.airflow.operator_builders import (
    AUTOSCALING,
    CUSTOMER,
    GOOGLE,
    HERE,
    TABLE,
    cancel_operations,
    copy_backup,
    create_config,
    create_database,
    create_instance,
    create_partition,
    create_schedule,
    delete_backup,
    delete_config,
    delete_instance,
    delete_partition,
    delete_schedule,
    drop_database,
    move_instance,
    update_backup,
    update_config,
    update_database,
    update_instance,
    update_partition,
    update_schedule,
)
from tests.airflow.sensor_builders import operation_sensor
from tests.airflow.task_runner import backup, change_schema, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage


IDS = "lower-case letters"
NO_ZONE = datetime(2099, 1, 1)  # noqa: DTZ001  # what this is about
GRID: dict[Callable[..., BaseOperator], list[tuple[dict[str, Any], list[str]]]] = {
    backup: [
        ({"instance_id": "Main"}, ["instance id", "'Main'", IDS]),
        ({"database_id": ""}, ["database id", "''", IDS]),
        ({"database_id": "o" * 31}, ["database id", "2 to 30"]),
        ({"backup_id": "a/b"}, ["backup id", "'a/b'", IDS]),
        ({"backup_id": None}, ["backup id", "None"]),
        ({"project_id": "My Project"}, ["project id", "'My Project'"]),
        ({"expire_time": timedelta(hours=1)}, ["expire_time", "1:00:00", "6 hours"]),
        ({"expire_time": timedelta(days=400)}, ["expire_time", "366 days"]),
        ({"expire_time": NO_ZONE}, ["expire_time", "2099", "time zone"]),
        ({"expire_time": ""}, ["expire_time", "''", "ISO 8601"]),
        ({"expire_time": "2026-01-01"}, ["expire_time", "2026-01-01", "time zone"]),
        ({"version_time": "now"}, ["version_time", "'now'", "ISO 8601"]),
        ({"operation_timeout": 0}, ["operation_timeout", "0", "above zero"]),
        ({"operation_timeout": timedelta(seconds=-1)}, ["operation_timeout", "above"]),
        ({"operation_timeout": float("nan")}, ["operation_timeout", "nan"]),
        ({"operation_timeout": 1e12}, ["operation_timeout", "3660 days"]),
        ({"operation_timeout": True}, ["operation_timeout", "True"]),
        ({"operation_timeout": "soon"}, ["operation_timeout", "'soon'"]),
        ({"expire_time": None}, ["expire_time", "None"]),
        ({"expire_time": "PT1H"}, ["expire_time", "'PT1H'", "6 h"]),
        ({"encryption_type": "none"}, ["'none'", GOOGLE, CUSTOMER]),
        ({"kms_key_names": []}, ["kms_key_names", "[]"]),
    ],
    restore: [
        ({"source_backup": ""}, ["backup id", "''", IDS]),
        ({"source_backup": "a/b"}, ["backup name", "'a/b'", "projects/<project>"]),
        ({"database_id": "2nd"}, ["database id", "'2nd'", IDS]),
        ({"encryption_type": "mine"}, ["encryption_type='mine'", "GOOGLE_"]),
        ({"encryption_type": GOOGLE, "kms_key_names": HERE}, ["kms_key_names", CUSTOMER]),
    ],
    change_schema: [
        ({"ddl_statements": []}, ["ddl_statements", "[]", "one or more"]),
        ({"ddl_statements": [" "]}, ["ddl_statements", "' '", "one or more"]),
        ({"ddl_statements": None}, ["ddl_statements", "None"]),
    ],
    delete_backup: [
        ({"backup_id": "B"}, ["backup id", "'B'", IDS]),
    ],
    drop_database: [
        ({"database_id": "D"}, ["database id", "'D'", IDS]),
    ],
    cancel_operations: [
        ({"operation_name": BACKUP}, ["operation name", BACKUP, "/operations/"]),
        ({"operation_name": [1]}, ["operation name", "1", "/operations/"]),
        ({"settle_timeout": -1}, ["settle_timeout", "-1", "from 0"]),
    ],
    operation_sensor: [
        ({"operation_name": "x"}, ["operation name", "'x'", "/operations/"]),
        ({"operation_name": None}, ["operation name", "None"]),
    ],
    copy_backup: [
        ({"instance_id": "Far"}, ["instance id", "'Far'"]),
        ({"backup_id": ""}, ["backup id", "''"]),
        ({"source_backup": ""}, ["backup id", "''"]),
        ({"source_backup": "main/source"}, ["backup name", "projects/<project>"]),
        ({"source_backup": None}, ["backup id", "None"]),
        ({"source_backup": DATABASE}, ["backup name", DATABASE]),
        ({"expire_time": NO_ZONE}, ["expire_time", "time zone"]),
        ({"expire_time": None}, ["expire_time", "None", "ISO 8601"]),
        ({"expire_time": "P1M"}, ["expire_time", "'P1M'", "P30D"]),
        (
            {"encryption_type": "USE_DATABASE_ENCRYPTION"},
            ["encryption_type", "USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION", GOOGLE, CUSTOMER],
        ),
        ({"encryption_type": CUSTOMER}, ["kms_key_names", "None"]),
        ({"kms_key_names": ["key"]}, ["kms_key_names", "'key'"]),
        (
            {"encryption_type": GOOGLE, "kms_key_names": [HERE]},
            ["kms_key_names=", CUSTOMER, GOOGLE],
        ),
    ],
    update_backup: [
        ({"instance_id": ""}, ["instance id", "''"]),
        ({"backup_id": "B"}, ["backup id", "'B'"]),
        ({"expire_time": NO_ZONE}, ["expire_time", "time zone"]),
        ({"expire_time": ""}, ["expire_time", "''", "ISO 8601"]),
        ({"expire_time": None}, ["expire_time", "None"]),
    ],
    create_schedule: [
        ({"instance_id": ""}, ["instance id", "''"]),
        ({"database_id": "Orders"}, ["database id", "'Orders'"]),
        ({"schedule_id": "2nd"}, ["backup schedule id", "'2nd'", "2 to 60"]),
        ({"schedule_id": None}, ["schedule id", "None"]),
        ({"cron": "@daily"}, ["cron='@daily'", "five fields"]),
        ({"cron": "0 2 * *"}, ["cron='0 2 * *'", "five fields"]),
        ({"cron": None}, ["cron=None", "five fields"]),
        ({"retention": timedelta(hours=5)}, ["retention", "6 hours"]),
        ({"retention": "P367D"}, ["retention", "P367D", "366 days"]),
        ({"retention": "a week"}, ["'a week'", "P30D"]),
        ({"retention": None}, ["retention=None", "P30D"]),
        ({"encryption_type": "AES"}, ["'AES'", GOOGLE, CUSTOMER]),
        ({"encryption_type": CUSTOMER}, ["kms_key_names=None"]),
        ({"kms_key_names": "key"}, ["kms_key_names='key'", "keyRings"]),
    ],
    update_schedule: [
        ({"schedule_id": ""}, ["schedule id", "''"]),
        ({"cron": ""}, ["cron=''", "five fields"]),
        ({"retention": 0}, ["retention='0'", "6 hours"]),
        ({"encryption_type": ""}, ["encryption_type=''"]),
        ({"kms_key_names": []}, ["kms_key_names=[]"]),
    ],
    delete_schedule: [
        ({"schedule_id": "N"}, ["schedule id", "'N'"]),
        ({"database_id": ""}, ["database id", "''"]),
    ],
    create_database: [
        ({"dialect": "mysql"}, ["dialect='mysql'", "POSTGRESQL"]),
        ({"dialect": None}, ["dialect=None", "POSTGRESQL"]),
        ({"database_id": "Fresh"}, ["database id", "'Fresh'"]),
        (
            {"dialect": "POSTGRESQL", "extra_statements": [TABLE]},
            ["extra_statements", TABLE, "SpannerUpdateDatabaseDdlOperator"],
        ),
        ({"extra_statements": ""}, ["extra_statements=''"]),
        ({"extra_statements": [7]}, ["extra_statements=[7]"]),
        ({"enable_drop_protection": "yes"}, ["enable_drop_protection='yes'"]),
        (
            {"enable_drop_protection": True, "wait_for_completion": False},
            ["enable_drop_protection", "wait_for_completion"],
        ),
        ({"kms_key_names": "key"}, ["kms_key_names", "cryptoKeys"]),
        ({"kms_key_names": []}, ["kms_key_names=[]"]),
        (
            {"proto_descriptors_file": "/nowhere/a.pb"},
            ["proto_descriptors_file='/nowhere/a.pb'", "No such file"],
        ),
        ({"proto_descriptors_file": ""}, ["proto_descriptors_file=''"]),
        (
            {"proto_descriptors_file": __file__},
            ["proto_descriptors_file", "protoc", "--descriptor_set_out"],
        ),
    ],
    update_database: [
        ({}, ["enable_drop_protection", "kms_key_names", "one of them"]),
        ({"enable_drop_protection": "no"}, ["enable_drop_protection='no'"]),
        ({"kms_key_names": ["a"]}, ["kms_key_names='a'"]),
    ],
    create_instance: [
        ({"instance_id": "R"}, ["instance id", "'R'"]),
        ({"config_id": ""}, ["configuration id", "''"]),
        ({"config_id": "a/b"}, ["'a/b'", "instanceConfigs/<config>"]),
        ({"display_name": "abc"}, ["display_name='abc'", "4 to"]),
        ({"instance_id": "ab"}, ["display_name=None", "'ab' cannot"]),
        ({"node_count": None}, ["node_count", "exactly one"]),
        ({"node_count": 0}, ["node_count=0", "from 1"]),
        ({"processing_units": 1000}, ["node_count=1", "only one of"]),
        (
            {"node_count": None, "autoscaling": {"limits": {}}},
            ["autoscaling=", 'no field named "limits"'],
        ),
        ({"edition": "GOLD"}, ["edition='GOLD'", "STANDARD"]),
        ({"labels": {"A": "b"}}, ["labels=", "unlike 'A'"]),
        ({"instance_type": "CHEAP"}, ["'CHEAP'", "PROVISIONED, FREE_INSTANCE"]),
        ({"instance_type": "free_instance"}, ["instance_type='free_instance'", "no node_count"]),
        ({"instance_type": "PROVISIONED", "node_count": None}, ["exactly one of them"]),
        (
            {"default_backup_schedule_type": "DAILY"},
            ["default_backup_schedule_type='DAILY'", "NONE, AUTOMATIC"],
        ),
    ],
    update_instance: [
        ({}, ["display_name, node_count", "one of them or more"]),
        ({"display_name": ""}, ["display_name=''", "4 to 30"]),
        ({"node_count": "few"}, ["node_count='few'", "number"]),
        ({"node_count": 1, "autoscaling": AUTOSCALING}, ["node_count=1", "only one of"]),
        ({"edition": ""}, ["edition=''", "ENTERPRISE_PLUS"]),
        ({"labels": {"a": "B"}}, ["labels=", "unlike 'B'"]),
        ({"default_backup_schedule_type": ""}, ["NONE, AUTOMATIC"]),
    ],
    move_instance: [
        ({"target_config_id": "X"}, ["configuration id", "'X'"]),
        ({"instance_id": None}, ["instance id", "None"]),
    ],
    delete_instance: [
        ({"instance_id": "M"}, ["instance id", "'M'"]),
    ],
    create_config: [
        ({"config_id": "near"}, ["config_id='near'", "'custom-'"]),
        ({"config_id": "custom-"}, ["configuration id"]),
        ({"base_config_id": "N"}, ["configuration id", "'N'"]),
        ({"add_replicas": None}, ["(None, None)", "exactly one"]),
        ({"replicas": [{"location": "x"}]}, ["exactly one"]),
        ({"add_replicas": "us-west2"}, ["add_replicas='us-west2'", "list"]),
        ({"add_replicas": None, "replicas": [{"at": "x"}]}, ["replicas=", '"at"']),
        ({"display_name": ""}, ["display_name=''", "not empty"]),
        ({"labels": ["a"]}, ["labels=['a']", "mapping"]),
    ],
    update_config: [
        ({}, ["display_name, labels", "one of them or more"]),
        ({"display_name": ""}, ["display_name=''", "not empty"]),
        ({"labels": {"a": 1}}, ["labels=", "unlike 1"]),
    ],
    delete_config: [
        ({"config_id": "C"}, ["configuration id", "'C'"]),
    ],
    create_partition: [
        ({"partition_id": "P"}, ["partition id", "'P'"]),
        ({"config_id": None}, ["configuration id", "None"]),
        ({"partition_id": "eu"}, ["display_name=None", "'eu' cannot"]),
        ({"display_name": "x"}, ["display_name='x'", "4 to 30"]),
        ({"node_count": None}, ["exactly one of them"]),
        ({"autoscaling": AUTOSCALING}, ["node_count=1", "only one of"]),
    ],
    update_partition: [
        ({}, ["display_name, node_count", "one of them or more"]),
        ({"processing_units": 150}, ["processing_units=150", "100"]),
        ({"display_name": ""}, ["display_name=''"]),
    ],
    delete_partition: [
        ({"instance_id": ""}, ["instance id", "''"]),
    ],
}
"""For each operator parameters that break a rule, and the words by which the message says so."""


@pytest.mark.parametrize(
    ("make", "given", "words"),
    [
        pytest.param(make, given, words, id=f"{make.__name__}({given})")
        for make, rows in GRID.items()
        for given, words in rows
    ],
)
def test_bad_argument_is_never_sent(
    stage: Stage,
    task: FakeTask,
    *,
    make: Callable[..., BaseOperator],
    given: dict[str, Any],
    words: list[str],
) -> None:
    """An argument that breaks a rule fails its task before anything is sent or written."""
    operator = make()
    for name, value in given.items():
        # after rendering, when nobody's constructor looks any more
        setattr(operator, name, value)

    with pytest.raises(AirflowFailException) as caught:
        operator.execute(task.context)

    assert [] == [word for word in words if word not in str(caught.value)]
    assert not stage.emulator.calls
    assert not task.store.values


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
@pytest.mark.parametrize("interval", [0, -1, float("nan")], ids=["zero", "negative", "nan"])
def test_bad_poll_interval(
    stage: Stage, task: FakeTask, interval: float, *, deferrable: bool
) -> None:
    """A poll interval that would flood Spanner fails its task before anything is started."""
    stage.emulator.plan(LONG)

    with pytest.raises(AirflowFailException, match="poll_interval") as caught:
        backup(poll_interval=interval, deferrable=deferrable).execute(task.context)

    assert "at least" in str(caught.value)
    assert not stage.starts
