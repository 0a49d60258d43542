# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Restores, and the optimization that follows them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.kinds import OPTIMIZE_RESTORED_DATABASE
from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE, SCHEMA
from tests.emulator.support.restores import COPY, MINUTES, STATE, restore

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock
    from tests.emulator.conftest import GetOperation, StartBackup


@pytest.fixture(autouse=True)
def backup(emulator: SpannerAdminEmulator) -> None:
    """Put a backup there."""
    emulator.create_backup(BACKUP, DATABASE)


def test_a_restored_database_is_optimized_and_then_ready(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A restore goes through CREATING and READY_OPTIMIZING to READY."""
    operation = restore(databases)
    states = []
    for wait in (0, 15, 39, 1):
        clock.advance(wait * MINUTES)
        states.append(databases.get_database(name=COPY).state)

    assert [STATE.CREATING, STATE.READY_OPTIMIZING, STATE.READY_OPTIMIZING, STATE.READY] == states
    assert STATE.READY_OPTIMIZING == operation.result(timeout=5).state


def test_a_restored_database_knows_where_it_came_from(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The schema is the backup's, and restore_info says which backup, of what, and when."""
    restore(databases)
    clock.advance(15 * MINUTES)
    database = databases.get_database(name=COPY)

    assert BACKUP == database.restore_info.backup_info.backup
    assert DATABASE == database.restore_info.backup_info.source_database
    assert list(SCHEMA) == list(databases.get_database_ddl(database=COPY).statements)


def test_a_backup_keeps_the_schema_of_its_time(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """Statements committed after the version_time are not in the restored database."""
    table = "CREATE TABLE Items (Id INT64) PRIMARY KEY (Id)"
    databases.update_database_ddl(database=DATABASE, statements=[table])
    clock.advance(3)
    start_backup("early")
    clock.advance(25 * MINUTES)
    restore(databases, backup=f"{INSTANCE}/backups/early")
    clock.advance(15 * MINUTES)

    assert [*SCHEMA, table] == list(databases.get_database_ddl(database=DATABASE).statements)
    assert list(SCHEMA) == list(databases.get_database_ddl(database=COPY).statements)


def test_the_optimization_is_announced_and_comes_later(
    databases: database_v1.DatabaseAdminClient, get_operation: GetOperation, clock: ManualClock
) -> None:
    """The name is in the restore's metadata from the start; the operation begins when it ends."""
    name = restore(databases).metadata.optimize_database_operation_name
    with pytest.raises(exceptions.NotFound):
        get_operation(name)
    clock.advance(25 * MINUTES)
    operation = get_operation(name)

    metadata = database_v1.OptimizeRestoredDatabaseMetadata.deserialize(operation.metadata.value)
    assert (COPY, 25) == (metadata.name, metadata.progress.progress_percent)


def test_the_optimization_cannot_be_cancelled(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    get_operation: GetOperation,
    clock: ManualClock,
) -> None:
    """A cancel is accepted and has no effect, whatever a plan says."""
    emulator.plan(Plan(cancel_delay=timedelta()), kind=OPTIMIZE_RESTORED_DATABASE)
    name = restore(databases).metadata.optimize_database_operation_name
    clock.advance(20 * MINUTES)
    databases.cancel_operation({"name": name})
    clock.advance(35 * MINUTES)

    assert get_operation(name).done
    assert not get_operation(name).HasField("error")


def test_a_cancelled_restore_leaves_nothing(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """The database is removed, and no optimization begins."""
    operation = restore(databases)
    operation.cancel()
    clock.advance(60 * MINUTES)

    assert operation.cancelled()
    assert operation.metadata.cancel_time is not None
    assert COPY not in {view.name for view in emulator.resources()}
    assert 1 == len(emulator.operations())


def test_a_restore_needs_a_new_name(databases: database_v1.DatabaseAdminClient) -> None:
    """An existing database is ALREADY_EXISTS."""
    with pytest.raises(exceptions.AlreadyExists, match="databases/orders"):
        restore(databases, "orders")


def test_a_restore_needs_a_backup(databases: database_v1.DatabaseAdminClient) -> None:
    """A missing backup is NOT_FOUND."""
    with pytest.raises(exceptions.NotFound, match="backups/nowhere"):
        restore(databases, backup=f"{INSTANCE}/backups/nowhere")


def test_a_restore_needs_a_ready_backup(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup
) -> None:
    """A backup that is being created is a FAILED_PRECONDITION."""
    start_backup("pending")

    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        restore(databases, backup=f"{INSTANCE}/backups/pending")


def test_a_restore_stays_within_its_configuration(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """An instance of another configuration is an INVALID_ARGUMENT."""
    emulator.create_instance("projects/test/instances/far", config="nam3")

    with pytest.raises(exceptions.InvalidArgument, match="different instance configurations"):
        restore(databases, parent="projects/test/instances/far")


def test_ten_restores_may_be_pending(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The eleventh is told to retry; once the others are done it works."""
    for number in range(10):
        restore(databases, f"copy-{number}")

    with pytest.raises(
        exceptions.FailedPrecondition, match=r"maximum number of pending restores \(10\)"
    ):
        restore(databases, "copy-10")
    clock.advance(15 * MINUTES)
    assert not restore(databases, "copy-10").done()


def test_a_backup_in_use_cannot_be_deleted(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A backup names the databases that read from it, and stays until they are READY."""
    restore(databases)
    clock.advance(20 * MINUTES)
    referencing = databases.get_backup(name=BACKUP).referencing_databases

    assert [COPY] == list(referencing)
    with pytest.raises(exceptions.FailedPrecondition, match="databases/copy"):
        databases.delete_backup(name=BACKUP)
    clock.advance(35 * MINUTES)
    databases.delete_backup(name=BACKUP)


def test_an_optimizing_database_can_be_dropped(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """Dropping it ends the optimization and frees the backup."""
    restore(databases)
    clock.advance(20 * MINUTES)
    databases.drop_database(database=COPY)
    databases.delete_backup(name=BACKUP)

    assert all(view.done for view in emulator.operations())
