# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The public API, used as its users do: checked by mypy, not run.

What is wrong has a ``type: ignore`` with its code: mypy warns of one that is not needed, so a type
that is lost is found as well as one that is too narrow.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, assert_type

from airflow.sdk import Asset, TaskGroup

from airflow_spanner_lro.assets import backup_asset
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, OperationKind
from airflow_spanner_lro.core.names import BackupName, OperationName
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, OperationState
from airflow_spanner_lro.emulator import Faults, OperationView, Plan, SpannerAdminEmulator
from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.drill import (
    NewBackup,
    NewestBackup,
    RowCountCheck,
    SchemaCheck,
    SqlCheck,
    spanner_restore_drill,
)
from airflow_spanner_lro.operators.instances import SpannerCreateInstanceOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator
from airflow_spanner_lro.sensors.sensors import SpannerBackupSensor, SpannerOperationSensor

if TYPE_CHECKING:
    from airflow_spanner_lro.core.drill.checks import Check
    from airflow_spanner_lro.core.operations.errors import (
        OperationFailedError,
        OperationTimeoutError,
    )
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
    from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook

NAME = "projects/p/instances/main/backups/nightly/operations/_auto_op_1"
WHERE: dict[str, Any] = {"instance_id": "main", "database_id": "orders", "backup_id": "nightly"}


def operators_take_what_authors_write() -> None:
    """Moments, durations, keys, sizes and statements, each in the forms that are documented."""
    for expire_time in (timedelta(days=30), datetime.now(tz=UTC), "P30D"):
        SpannerCreateBackupOperator(task_id="a", expire_time=expire_time, **WHERE)
    SpannerCreateBackupOperator(task_id="b", expire_time="P1D", kms_key_names=["k"], **WHERE)
    SpannerCreateBackupOperator(task_id="c", expire_time=30, **WHERE)  # type: ignore[arg-type]
    SpannerCreateInstanceOperator(
        task_id="d", instance_id="main", config_id="nam3", node_count="{{ params.nodes }}"
    )
    SpannerUpdateDatabaseDdlOperator(
        task_id="e", instance_id="main", database_id="orders", ddl_statements=["DROP TABLE A"]
    )
    SpannerUpdateDatabaseDdlOperator(task_id="f", instance_id="main", database_id="orders")  # type: ignore[call-arg]
    SpannerCancelOperationOperator(task_id="g", operation_name=[NAME, None], settle_timeout=5)


def drills_take_checks_of_all_sorts() -> None:
    """Values and functions, of a new backup, the newest, or one by its name."""
    checks: list[Check] = [
        RowCountCheck(),
        SqlCheck(name="one", sql="SELECT 1", expected=1),
        SchemaCheck(),
    ]
    spanner_restore_drill(database_id="orders", checks=[*checks, lambda _: None], retries=2)
    for backup in (NewBackup(keep=True), NewestBackup(max_age=timedelta(days=1)), "nightly", None):
        assert_type(spanner_restore_drill(backup=backup, checks=checks), TaskGroup)
    spanner_restore_drill(checks=["SELECT 1"])  # type: ignore[list-item]


def sensors_and_notifiers_take_names() -> None:
    """One name or several; a notifier needs none."""
    SpannerOperationSensor(task_id="a", operation_name=[NAME], wait_for="any", deferrable=True)
    SpannerBackupSensor(task_id="b", instance_id="main", newer_than=timedelta(hours=12))
    SpannerCancelOperationNotifier()
    assert_type(backup_asset(project_id="p", instance_id="main", backup_id="nightly"), Asset)


def the_hook_answers_with_values(hook: SpannerAdminHook) -> None:
    """Operations are snapshots, cancels are settlements, resources are dictionaries."""
    started = hook.start_operation(kind=CREATE_BACKUP, request={"parent": "projects/p"})
    assert_type(started, OperationSnapshot)
    assert_type(started.name, OperationName)
    assert_type(started.state, OperationState)
    assert_type(started.kind, OperationKind | None)
    assert_type(started.percent, int | None)
    assert_type(hook.list_operations(instance_id="main"), list[OperationSnapshot])
    assert_type(hook.wait_for_operation(name=NAME, timeout=5), OperationSnapshot)
    settlement = hook.cancel_operation(name=NAME)
    assert_type(settlement, Settlement)
    assert_type(settlement.ending, Ending)
    assert_type(hook.get_resource(name=str(BackupName.parse("projects/p"))), dict[str, Any])
    assert_type(hook.wait_for_operation(started), OperationSnapshot)
    assert_type(hook.cancel_operations(hook.list_operations(instance_id="main")), list[Settlement])
    hook.get_resource(hook.wait_for_operation(settlement))
    hook.delete_resource(started)  # type: ignore[arg-type]
    hook.start_operation(CREATE_BACKUP, {})  # type: ignore[call-arg]  # which is which?


async def the_async_hook_answers_alike(hook: SpannerAdminAsyncHook) -> None:
    """Await the same values."""
    assert_type(await hook.get_operation(name=NAME), OperationSnapshot)
    assert_type(await hook.wait_for_operation(name=NAME), OperationSnapshot)
    assert_type(await hook.cancel_operation(await hook.get_operation(NAME)), Settlement)


def errors_carry_what_they_are_about(
    failed: OperationFailedError, late: OperationTimeoutError
) -> None:
    """Whoever handles one need not read its text."""
    assert_type(failed.snapshot, OperationSnapshot)
    assert_type(late.name, OperationName)
    assert_type(late.settlement, Settlement | None)


def the_emulator_is_planned_and_looked_at() -> None:
    """Use it as a context manager; what it answers are values."""
    with SpannerAdminEmulator() as emulator:
        emulator.create_instance("projects/p/instances/main")
        emulator.plan(Plan(duration=timedelta(hours=1)), kind=CREATE_BACKUP)
        assert_type(emulator.faults, Faults)
        assert_type(emulator.operations(), tuple[OperationView, ...])
        assert_type(emulator.run_until_done(), tuple[OperationView, ...])
        emulator.plan(duration=5)  # type: ignore[call-arg]
