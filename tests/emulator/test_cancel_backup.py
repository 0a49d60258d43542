# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancelling backups, in all the ways in which that can go: in time, late, ignored, refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import BACKUP

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import GetOperation, StartBackup

STATE = database_v1.Backup.State
MINUTES = timedelta(minutes=1)


def test_a_cancelled_backup_is_gone(
    databases: database_v1.DatabaseAdminClient, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A cancel ends the operation with code 1 and a cancel_time, and removes the backup."""
    operation = start_backup()
    clock.advance(5 * MINUTES)
    operation.cancel()

    assert operation.cancelled()
    assert clock.now() == operation.metadata.cancel_time
    assert clock.now() == operation.metadata.progress.end_time
    assert 20 == operation.metadata.progress.progress_percent
    with pytest.raises(exceptions.NotFound):
        databases.get_backup(name=BACKUP)


def test_the_cancelled_operation_stays(
    start_backup: StartBackup, get_operation: GetOperation, clock: ManualClock
) -> None:
    """It can be asked for afterwards, with an error and no response."""
    operation = start_backup()
    operation.cancel()
    clock.advance(60 * MINUTES)
    found = get_operation(operation.operation.name)

    assert found.done
    assert Code.CANCELLED == found.error.code
    assert not found.HasField("response")


def test_a_cancelled_backup_id_is_free_again(start_backup: StartBackup) -> None:
    """The id of a cancelled backup, and its place among the pending ones, can be used at once."""
    start_backup().cancel()

    assert not start_backup().done()


def test_a_cancel_may_take_time(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
) -> None:
    """Until a slow cancel has had its effect, only its time shows that it was asked for."""
    emulator.plan(Plan(cancel_delay=2 * MINUTES))
    operation = start_backup()
    asked = clock.advance(MINUTES)
    operation.cancel()
    clock.advance(MINUTES)
    before = operation.done(), operation.metadata.cancel_time, databases.get_backup(name=BACKUP)
    clock.advance(MINUTES)

    assert (False, asked) == before[:2]
    assert STATE.CREATING == before[2].state
    assert operation.cancelled()
    assert asked == operation.metadata.cancel_time


def test_a_cancel_may_be_overtaken(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """If the work ends before the cancel has its effect, it has succeeded."""
    emulator.plan(Plan(cancel_delay=10 * MINUTES))
    operation = start_backup()
    clock.advance(20 * MINUTES)
    operation.cancel()
    clock.advance(5 * MINUTES)

    assert STATE.READY == operation.result(timeout=5).state
    assert operation.metadata.cancel_time is None


def test_a_cancel_may_come_too_late(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
) -> None:
    """Beyond the point that a plan names, a cancel changes nothing."""
    emulator.plan(Plan(cancel_until=0.8))
    operation = start_backup()
    clock.advance(21 * MINUTES)
    operation.cancel()
    assert not operation.done()
    clock.advance(4 * MINUTES)

    assert STATE.READY == operation.result(timeout=5).state
    assert operation.metadata.cancel_time is None
    assert STATE.READY == databases.get_backup(name=BACKUP).state


def test_a_cancel_may_be_ignored(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A plan may say that cancelling has no effect at all."""
    emulator.plan(Plan(cancel_delay=None))
    operation = start_backup()
    operation.cancel()
    clock.advance(25 * MINUTES)

    assert STATE.READY == operation.result(timeout=5).state


def test_a_cancel_may_be_refused(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A plan may let CancelOperation itself answer an error, which has no effect."""
    emulator.plan(Plan(cancel_error=(Code.UNIMPLEMENTED, "not for this one")))
    operation = start_backup()
    with pytest.raises(exceptions.MethodNotImplemented, match="not for this one"):
        operation.cancel()
    clock.advance(25 * MINUTES)

    assert STATE.READY == operation.result(timeout=5).state


def test_a_queued_backup_can_be_cancelled(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """A cancel works before the work has begun, at 0 percent."""
    emulator.plan(Plan(queued=30 * MINUTES))
    operation = start_backup()
    clock.advance(MINUTES)
    operation.cancel()

    assert operation.cancelled()
    assert 0 == operation.metadata.progress.progress_percent


@pytest.mark.parametrize("plan", [Plan(), Plan(cancel_delay=None), Plan(cancel_until=0.0)])
def test_deleting_a_pending_backup_cancels_it_at_once(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
    plan: Plan,
) -> None:
    """Whatever the plan says of cancels, without its backup the operation has nothing to do."""
    emulator.plan(plan)
    operation = start_backup()
    clock.advance(MINUTES)
    databases.delete_backup(name=BACKUP)

    assert operation.cancelled()
    assert clock.now() == operation.metadata.progress.end_time
    with pytest.raises(exceptions.NotFound):
        databases.get_backup(name=BACKUP)
