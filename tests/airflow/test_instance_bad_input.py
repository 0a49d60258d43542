# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the arguments of instances, configurations and partitions is said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.airflow.operator_builders import (
    AUTOSCALING,
    create_config,
    create_instance,
    create_partition,
    delete_config,
    delete_instance,
    delete_partition,
    move_instance,
    update_config,
    update_instance,
    update_partition,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage

INSTANCES: list[Any] = [
    pytest.param(create_instance, {"instance_id": "R"}, ["instance id", "'R'"], id="id"),
    pytest.param(create_instance, {"config_id": ""}, ["configuration id", "''"], id="no-config"),
    pytest.param(
        create_instance, {"config_id": "a/b"}, ["'a/b'", "instanceConfigs/<config>"], id="config"
    ),
    pytest.param(
        create_instance, {"display_name": "abc"}, ["display_name='abc'", "4 to"], id="name"
    ),
    pytest.param(
        create_instance, {"instance_id": "ab"}, ["display_name=None", "'ab' cannot"], id="short-id"
    ),
    pytest.param(
        create_instance, {"node_count": None}, ["node_count", "exactly one"], id="no-size"
    ),
    pytest.param(create_instance, {"node_count": 0}, ["node_count=0", "from 1"], id="no-nodes"),
    pytest.param(
        create_instance, {"processing_units": 1000}, ["node_count=1", "only one of"], id="two-sizes"
    ),
    pytest.param(
        create_instance,
        {"node_count": None, "autoscaling": {"limits": {}}},
        ["autoscaling=", 'no field named "limits"'],
        id="autoscaling",
    ),
    pytest.param(
        create_instance, {"edition": "GOLD"}, ["edition='GOLD'", "STANDARD"], id="edition"
    ),
    pytest.param(create_instance, {"labels": {"A": "b"}}, ["labels=", "unlike 'A'"], id="labels"),
    pytest.param(
        create_instance,
        {"instance_type": "CHEAP"},
        ["'CHEAP'", "PROVISIONED, FREE_INSTANCE"],
        id="type",
    ),
    pytest.param(
        create_instance,
        {"instance_type": "free_instance"},
        ["instance_type='free_instance'", "no node_count"],
        id="free-and-large",
    ),
    pytest.param(
        create_instance,
        {"instance_type": "PROVISIONED", "node_count": None},
        ["exactly one of them"],
        id="typed-no-size",
    ),
    pytest.param(
        create_instance,
        {"default_backup_schedule_type": "DAILY"},
        ["default_backup_schedule_type='DAILY'", "NONE, AUTOMATIC"],
        id="schedule",
    ),
    pytest.param(
        update_instance, {}, ["display_name, node_count", "one of them or more"], id="nothing"
    ),
    pytest.param(
        update_instance, {"display_name": ""}, ["display_name=''", "4 to 30"], id="no-name"
    ),
    pytest.param(update_instance, {"node_count": "few"}, ["node_count='few'", "number"], id="few"),
    pytest.param(
        update_instance,
        {"node_count": 1, "autoscaling": AUTOSCALING},
        ["node_count=1", "only one of"],
        id="both",
    ),
    pytest.param(
        update_instance, {"edition": ""}, ["edition=''", "ENTERPRISE_PLUS"], id="no-edition"
    ),
    pytest.param(update_instance, {"labels": {"a": "B"}}, ["labels=", "unlike 'B'"], id="value"),
    pytest.param(
        update_instance, {"default_backup_schedule_type": ""}, ["NONE, AUTOMATIC"], id="no-schedule"
    ),
    pytest.param(move_instance, {"target_config_id": "X"}, ["configuration id", "'X'"], id="move"),
    pytest.param(move_instance, {"instance_id": None}, ["instance id", "None"], id="move-none"),
    pytest.param(delete_instance, {"instance_id": "M"}, ["instance id", "'M'"], id="delete"),
]
CONFIGS: list[Any] = [
    pytest.param(
        create_config, {"config_id": "near"}, ["config_id='near'", "'custom-'"], id="prefix"
    ),
    pytest.param(create_config, {"config_id": "custom-"}, ["configuration id"], id="config-id"),
    pytest.param(create_config, {"base_config_id": "N"}, ["configuration id", "'N'"], id="base"),
    pytest.param(
        create_config, {"add_replicas": None}, ["(None, None)", "exactly one"], id="no-replicas"
    ),
    pytest.param(
        create_config, {"replicas": [{"location": "x"}]}, ["exactly one"], id="both-replicas"
    ),
    pytest.param(
        create_config, {"add_replicas": "us-west2"}, ["add_replicas='us-west2'", "list"], id="added"
    ),
    pytest.param(
        create_config,
        {"add_replicas": None, "replicas": [{"at": "x"}]},
        ["replicas=", '"at"'],
        id="shape",
    ),
    pytest.param(
        create_config, {"display_name": ""}, ["display_name=''", "not empty"], id="config-name"
    ),
    pytest.param(create_config, {"labels": ["a"]}, ["labels=['a']", "mapping"], id="config-labels"),
    pytest.param(
        update_config, {}, ["display_name, labels", "one of them or more"], id="config-nothing"
    ),
    pytest.param(
        update_config, {"display_name": ""}, ["display_name=''", "not empty"], id="config-no-name"
    ),
    pytest.param(update_config, {"labels": {"a": 1}}, ["labels=", "unlike 1"], id="config-value"),
    pytest.param(
        delete_config, {"config_id": "C"}, ["configuration id", "'C'"], id="config-delete"
    ),
]
PARTITIONS: list[Any] = [
    pytest.param(create_partition, {"partition_id": "P"}, ["partition id", "'P'"], id="partition"),
    pytest.param(create_partition, {"config_id": None}, ["configuration id", "None"], id="place"),
    pytest.param(
        create_partition,
        {"partition_id": "eu"},
        ["display_name=None", "'eu' cannot"],
        id="short-partition",
    ),
    pytest.param(
        create_partition,
        {"display_name": "x"},
        ["display_name='x'", "4 to 30"],
        id="partition-name",
    ),
    pytest.param(
        create_partition, {"node_count": None}, ["exactly one of them"], id="partition-size"
    ),
    pytest.param(
        create_partition,
        {"autoscaling": AUTOSCALING},
        ["node_count=1", "only one of"],
        id="partition-sizes",
    ),
    pytest.param(
        update_partition,
        {},
        ["display_name, node_count", "one of them or more"],
        id="partition-nothing",
    ),
    pytest.param(
        update_partition,
        {"processing_units": 150},
        ["processing_units=150", "100"],
        id="partition-units",
    ),
    pytest.param(
        update_partition, {"display_name": ""}, ["display_name=''"], id="partition-no-name"
    ),
    pytest.param(
        delete_partition, {"instance_id": ""}, ["instance id", "''"], id="partition-delete"
    ),
]


@pytest.mark.parametrize(("make", "changes", "words"), [*INSTANCES, *CONFIGS, *PARTITIONS])
def test_bad_argument_is_never_sent(
    stage: Stage,
    task: FakeTask,
    *,
    make: Callable[..., BaseOperator],
    changes: dict[str, object],
    words: list[str],
) -> None:
    """An argument that breaks a rule fails its task before anything is sent or written."""
    operator = make()
    for name, value in changes.items():
        # after rendering, when nobody's constructor looks any more
        setattr(operator, name, value)

    with pytest.raises(AirflowFailException) as caught:
        operator.execute(task.context)

    assert [] == [word for word in words if word not in str(caught.value)]
    assert not stage.emulator.calls
    assert not task.store.values
