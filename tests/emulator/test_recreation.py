# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is made again under an old name begins anew."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator import Plan
from tests.emulator.support import partitions
from tests.emulator.support.operation_starts import DATABASE, INSTANCE, MULTI_REGION
from tests.emulator.support.resource_requests import Asker, on_database

if TYPE_CHECKING:
    from google.cloud import (
        spanner_admin_database_v1 as database_v1,
        spanner_admin_instance_v1 as instance_v1,
    )

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


def test_a_partition_that_is_being_undone_goes_with_its_instance(
    emulator: SpannerAdminEmulator,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
) -> None:
    """Nothing of a deleted instance is in the way of the next one of its name."""
    emulator.plan(Plan(duration=timedelta(hours=1), cancel_delay=timedelta(hours=1)), times=1)
    operation = partitions.create(instances)
    clock.advance(60)
    operation.cancel()
    instances.delete_instance(name=INSTANCE)
    emulator.create_instance(INSTANCE, config=MULTI_REGION)

    again = partitions.create(instances)

    assert [again.operation.name] == [
        each.name for each in instances.list_instance_partition_operations(parent=INSTANCE)
    ][:1]
    assert operation.cancelled()


@pytest.mark.parametrize("whole_instance", [False, True], ids=["database", "instance"])
def test_nothing_of_a_dropped_database_comes_back(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    whole_instance: bool,
) -> None:
    """A new database has no policy, schedules or operations of its namesake."""
    ask, requests = Asker(databases, instances), on_database(DATABASE)
    for method in ("set_iam_policy", "create_backup_schedule", "update_database_ddl"):
        ask.start(method, requests[method])
    if whole_instance:
        instances.delete_instance(name=INSTANCE)
    else:
        databases.drop_database(database=DATABASE)
    emulator.create_database(DATABASE)

    policy = databases.get_iam_policy(requests["get_iam_policy"])
    schedules = list(databases.list_backup_schedules(parent=DATABASE))
    operations = databases.list_operations({"name": f"{DATABASE}/operations"}).operations

    assert ([], [], []) == (list(policy.bindings), schedules, list(operations))
