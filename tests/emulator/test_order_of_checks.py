# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A request with several mistakes is told of the one that it can see for itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.rpc import error_details_pb2

from tests.emulator.support.operation_starts import BACKUP, CONFIG, DATABASE, INSTANCE, PROJECT
from tests.emulator.support.resource_requests import LATER, Asker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud import (
        spanner_admin_database_v1 as database_v1,
        spanner_admin_instance_v1 as instance_v1,
    )

    from airflow_spanner_lro.emulator import SpannerAdminEmulator

GONE = f"{PROJECT}/instances/gone"
_GONE_DATABASE = f"{GONE}/databases/orders"
_GONE_SCHEDULE = f"{_GONE_DATABASE}/backupSchedules/daily"
_GONE_PARTITION = f"{GONE}/instancePartitions/part"

MALFORMED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("create_database", {"parent": GONE}),
    (
        "create_database",
        {
            "parent": GONE,
            "create_statement": "CREATE DATABASE x2",
            "encryption_config": {"kms_key_name": "x"},
        },
    ),
    ("update_database", {"database": {"name": _GONE_DATABASE}}),
    (
        "update_database",
        {"database": {"name": _GONE_DATABASE}, "update_mask": {"paths": ["state"]}},
    ),
    (
        "update_database_ddl",
        {"database": _GONE_DATABASE, "statements": ["ANALYZE"], "operation_id": "_no"},
    ),
    ("add_split_points", {"database": _GONE_DATABASE}),
    ("restore_database", {"parent": GONE, "database_id": "fresh"}),
    ("restore_database", {"parent": GONE, "database_id": "x", "backup": BACKUP}),
    ("create_backup", {"parent": GONE, "backup_id": "fresh", "backup": {"database": DATABASE}}),
    ("copy_backup", {"parent": GONE, "backup_id": "fresh", "source_backup": BACKUP}),
    ("update_backup", {"backup": {"name": f"{GONE}/backups/fresh", "expire_time": LATER}}),
    (
        "create_backup_schedule",
        {"parent": _GONE_DATABASE, "backup_schedule_id": "daily", "backup_schedule": {}},
    ),
    ("update_backup_schedule", {"backup_schedule": {"name": _GONE_SCHEDULE}}),
    ("create_instance", {"parent": PROJECT, "instance_id": "x", "instance": {"config": CONFIG}}),
    ("update_instance", {"instance": {"name": GONE}}),
    ("update_instance", {"instance": {"name": GONE}, "field_mask": {"paths": ["create_time"]}}),
    ("get_instance", {"name": GONE, "field_mask": {"paths": ["x"]}}),
    (
        "update_instance_config",
        {"instance_config": {"name": f"{PROJECT}/instanceConfigs/custom-x"}},
    ),
    ("update_instance_partition", {"instance_partition": {"name": _GONE_PARTITION}}),
    (
        "create_instance_partition",
        {"parent": GONE, "instance_partition_id": "part", "instance_partition": {"config": "x"}},
    ),
    ("list_backups", {"parent": GONE, "filter": "("}),
    ("list_database_operations", {"parent": GONE, "filter": "("}),
)
"""Requests about what is not there that are malformed besides."""


@pytest.fixture
def ask(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
) -> Asker:
    """Return who asks, in a world with a database and a backup of it."""
    emulator.create_backup(BACKUP, DATABASE)
    return Asker(databases, instances)


@pytest.mark.parametrize(
    ("method", "request_"), MALFORMED, ids=[f"{each[0]}-{n}" for n, each in enumerate(MALFORMED)]
)
def test_a_malformed_request_is_told_so_before_anything_is_looked_up(
    ask: Asker, method: str, request_: Mapping[str, Any]
) -> None:
    """What is wrong with the request itself comes before what it names is missing."""
    answer = ask(method, request_)

    assert "INVALID_ARGUMENT" == answer


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        (
            "create_backup",
            {
                "parent": INSTANCE,
                "backup_id": "nightly",
                "backup": {"database": f"{INSTANCE}/databases/gone", "expire_time": LATER},
            },
        ),
        (
            "copy_backup",
            {
                "parent": GONE,
                "backup_id": "nightly",
                "source_backup": BACKUP,
                "expire_time": LATER + timedelta(days=1),
            },
        ),
        ("restore_database", {"parent": GONE, "database_id": "orders", "backup": BACKUP}),
        ("create_database", {"parent": GONE, "create_statement": "CREATE DATABASE orders"}),
    ],
    ids=["create_backup", "copy_backup", "restore_database", "create_database"],
)
def test_what_is_in_the_way_does_not_hide_what_is_missing(
    ask: Asker, method: str, request_: Mapping[str, Any]
) -> None:
    """A parent or source that is missing comes before a target that is there already."""
    answer = ask(method, request_)

    assert "NOT_FOUND" == answer


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("get_backup", {"name": f"{GONE}/backups/fresh"}),
        ("get_database", {"name": _GONE_DATABASE}),
        ("get_backup_schedule", {"name": _GONE_SCHEDULE}),
        ("delete_backup_schedule", {"name": _GONE_SCHEDULE}),
        ("get_instance_partition", {"name": _GONE_PARTITION}),
        ("delete_instance_partition", {"name": _GONE_PARTITION}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_instance_is_what_is_missing_if_it_is(
    ask: Asker, method: str, request_: Mapping[str, Any]
) -> None:
    """An error about something in an instance that does not exist is about the instance."""
    with pytest.raises(exceptions.NotFound) as caught:
        ask.start(method, request_)

    about = [each for each in caught.value.details if hasattr(each, "resource_name")]
    expected = error_details_pb2.ResourceInfo(
        resource_type="type.googleapis.com/google.spanner.admin.instance.v1.Instance",
        resource_name=GONE,
        description="Instance does not exist.",
    )
    assert [expected] == about
