# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A round of the reaper, against the emulator over a real channel and a real Airflow database.

What the reaper cancels is counted by Airflow's stats.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import MagicMock, call

import pytest
from airflow.sdk._shared.observability.metrics import stats

from airflow_spanner_lro import metrics
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.reaper import bulk

from .harness import BACKUP

if TYPE_CHECKING:
    from .harness import ReaperHarness


WAITING = [None, "scheduled", "queued", "running", "deferred", "restarting", "up_for_retry"]
ENDED = ["failed", "success", "skipped", "upstream_failed", "removed"]


@pytest.mark.parametrize("state", ENDED)
def test_operation_of_an_ended_task_is_cancelled(reaper: ReaperHarness, state: str) -> None:
    """However its task has ended, an operation that was left running is cancelled."""
    scope = reaper.orphan(state=state)

    summary = reaper.reap()

    assert [1, 0] == [summary.reaped, summary.left]
    assert Stage.CLOSED is reaper.tables.read(scope).stage
    assert "CANCELLED" == reaper.emulator.operations()[-1].state


def test_line_and_summary_say_what_was_done(reaper: ReaperHarness) -> None:
    """A line names the task, its state, the operation, and how the cancel ended."""
    reaper.orphan()

    reaper.reap()

    (line,) = reaper.logged
    assert line.startswith("Create backup nightly was cancelled. Task nightly.backup of manual__1")
    assert f", failed in try 1, spanner_lro:1: {BACKUP}/operations/" in line


@pytest.mark.parametrize("state", WAITING)
def test_operation_of_a_task_that_waits_is_left_alone(
    reaper: ReaperHarness, state: str | None
) -> None:
    """Whatever a task that has not ended waits for, its operation goes on, and nobody asks."""
    scope = reaper.tables.add_task(state=state, run_state="running")
    reaper.tables.write(scope, reaper.entry(reaper.start_backup()))

    summary = reaper.reap()

    assert [1, 0, 0] == [summary.kept, summary.reaped, summary.left]
    assert not reaper.cancels
    assert not reaper.emulator.calls.of("GetOperation")


def test_task_that_will_not_be_scheduled_again_is_over(reaper: ReaperHarness) -> None:
    """A cleared task whose run has ended will not be run any more."""
    scope = reaper.tables.add_task(state=None, run_state="failed")
    reaper.tables.write(scope, reaper.entry(reaper.start_backup()))

    assert 1 == reaper.reap().reaped


def test_task_instance_that_was_deleted_comes_again(reaper: ReaperHarness) -> None:
    """The scheduler makes a deleted task instance anew while its run goes on."""
    scope = reaper.tables.add_task(state="deferred", run_state="running")
    reaper.tables.write(scope, reaper.entry(reaper.start_backup()))
    reaper.tables.delete_task(scope)

    assert 1 == reaper.reap().kept


def test_task_instance_that_was_deleted_from_an_ended_run_is_over(reaper: ReaperHarness) -> None:
    """Nobody will make it anew in a run that has ended."""
    scope = reaper.orphan()
    reaper.tables.delete_task(scope)

    assert 1 == reaper.reap().reaped


def test_task_that_ended_a_moment_ago_is_left_alone(reaper: ReaperHarness) -> None:
    """Whoever else cancels gets time for it."""
    scope = reaper.orphan()
    reaper.tables.change_task(scope, updated_at=datetime.now(tz=UTC))

    assert 1 == reaper.reap().kept


def test_mapped_tasks_are_told_apart(reaper: ReaperHarness) -> None:
    """Each instance of a mapped task is judged by its own state."""
    waits = reaper.tables.add_task(state="deferred", map_index=0)
    ended = reaper.tables.add_task(state="failed", map_index=1)
    reaper.tables.write(waits, reaper.entry(OperationName.parse(f"{BACKUP}/operations/waits")))
    reaper.tables.write(ended, reaper.entry(reaper.start_backup()))

    reaper.reap()

    assert Stage.RUNNING is reaper.tables.read(waits).stage
    assert Stage.CLOSED is reaper.tables.read(ended).stage


def test_dry_run_changes_nothing(reaper: ReaperHarness) -> None:
    """A dry run says what it would do, and leaves database and Spanner as they are."""
    scope = reaper.orphan()
    before = reaper.tables.read(scope)

    summary = reaper.reap(dry_run=True)

    assert 1 == summary.reaped
    assert "Create backup nightly would be cancelled; it is RUNNING 0 %." in reaper.logged[0]
    assert before == reaper.tables.read(scope)
    assert not reaper.cancels


def test_only_the_dags_that_are_named(reaper: ReaperHarness) -> None:
    """With Dags named, entries of others are not looked at."""
    reaper.orphan()

    assert 0 == reaper.reap(dag_ids=("weekly",)).reaped
    assert 1 == reaper.reap(dag_ids=("weekly", "nightly")).reaped


def test_closed_entries_cost_nothing(reaper: ReaperHarness) -> None:
    """What is closed does not even leave the database."""
    scope = reaper.tables.add_task()
    reaper.tables.write(scope, reaper.entry(reaper.start_backup(), closed=True))

    summary = reaper.reap()

    assert 0 == summary.kept + summary.reaped + summary.left
    assert not reaper.emulator.calls.of("GetOperation")


def test_spared_operation_goes_on(reaper: ReaperHarness) -> None:
    """What its owner wants to go on without its task is left alone."""
    reaper.orphan(exempt=True)

    assert 1 == reaper.reap().kept
    assert not reaper.cancels


def test_success_that_nobody_was_told_stays(reaper: ReaperHarness) -> None:
    """Work that is done is left for a clear of the task, and not looked at again."""
    scope = reaper.orphan(cleans_up=True)
    reaper.time.advance(timedelta(hours=11))

    reaper.reap()

    assert reaper.tables.read(scope).exempt
    assert reaper.has(BACKUP)
    assert "clear the task to have it delivered" in reaper.logged[0]
    assert 1 == reaper.reap().kept


def test_what_was_made_in_spite_of_the_cancel_is_deleted(reaper: ReaperHarness) -> None:
    """If the reaper's cancel comes too late, and the owner cleans up, so does the reaper."""
    reaper.emulator.plan(Plan(duration=timedelta(hours=1)))
    scope = reaper.orphan(cleans_up=True)
    reaper.upon("CancelOperation", lambda: reaper.time.advance(timedelta(hours=2)))

    reaper.reap()

    assert not reaper.has(BACKUP)
    assert " What it had made was deleted. Task " in reaper.logged[0]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_what_could_not_be_deleted_is_told(reaper: ReaperHarness) -> None:
    """A clean-up that is forbidden leaves something to be seen to, and to be delivered."""
    scope = reaper.orphan(cleans_up=True)
    reaper.upon("CancelOperation", lambda: reaper.time.advance(timedelta(hours=2)))
    reaper.emulator.faults.fail(method="DeleteBackup", code=Code.PERMISSION_DENIED, times=1)

    summary = reaper.reap()

    assert 1 == summary.left
    assert "What it made could not be deleted: PERMISSION_DENIED" in reaper.warned[0]
    assert reaper.tables.read(scope).exempt


def test_failure_that_nobody_was_told_is_closed(reaper: ReaperHarness) -> None:
    """Of an operation that failed nothing goes on."""
    reaper.emulator.plan(Plan(fail_with=(Code.RESOURCE_EXHAUSTED, "no room")))
    scope = reaper.orphan()
    reaper.time.advance(timedelta(hours=11))

    reaper.reap()

    assert "Create backup nightly has ended already (RESOURCE_EXHAUSTED" in reaper.logged[0]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_operation_that_is_gone_is_closed_with_a_warning(reaper: ReaperHarness) -> None:
    """What Spanner does not know any more is settled, and said."""
    scope = reaper.tables.add_task()
    gone = OperationName.parse(f"{BACKUP}/operations/gone")
    reaper.tables.write(scope, reaper.entry(gone))

    summary = reaper.reap()

    assert [1, 0] == [summary.reaped, summary.left]
    assert (
        "Create backup nightly is not known to Spanner any more. The entry is closed."
        in (reaper.warned[0])
    )
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_refused_cancel_is_told_and_tried_again(reaper: ReaperHarness) -> None:
    """A missing permission is said with the role that has it; the entry stays open."""
    scope = reaper.orphan()
    reaper.emulator.faults.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, times=1)

    summary = reaper.reap()
    reaper.clock.sleep(61)
    again = reaper.reap()

    assert [1, 1] == [summary.left, again.reaped]
    assert "spanner.backupAdmin" in reaper.warned[0]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_forbidden_look_is_told_and_changes_nothing(reaper: ReaperHarness) -> None:
    """What may not even be looked at is not cancelled."""
    scope = reaper.orphan()
    reaper.emulator.faults.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=1)

    summary = reaper.reap()

    assert 1 == summary.left
    assert "spanner.viewer" in reaper.warned[0]
    assert Stage.RUNNING is reaper.tables.read(scope).stage


def test_hiccup_is_waited_out(reaper: ReaperHarness) -> None:
    """An error that passes at once keeps nothing from being reaped."""
    reaper.orphan()
    reaper.emulator.faults.fail(method="GetOperation", code=Code.UNAVAILABLE, times=2)

    assert 1 == reaper.reap().reaped


def test_closed_entry_may_be_cleaned_up_some_day(reaper: ReaperHarness) -> None:
    """Airflow keeps an open entry for ever, and a closed one as long as any other value."""
    scope = reaper.orphan()
    before = reaper.tables.expiry(scope)

    reaper.reap()

    assert before is None
    assert reaper.tables.expiry(scope) is not None


def test_signal_ends_a_round(reaper: ReaperHarness) -> None:
    """A round that is told to end begins nothing more."""
    reaper.orphan()
    reaper.clock.stop()

    summary = reaper.reap()

    assert summary.interrupted
    assert not reaper.cancels


def test_what_is_decided_when_a_signal_comes_is_still_cancelled(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that says that its operation is being cancelled does not say so in vain."""
    # one list would tell about both
    monkeypatch.setattr(bulk, "WORTH_A_LIST", 3)
    scope = reaper.orphan()
    other = reaper.tables.add_task(task_id="other")
    reaper.tables.write(other, reaper.entry(OperationName.parse(f"{BACKUP}/operations/other")))

    def disturb_the_second_look() -> None:
        reaper.upon("GetOperation", disturb)

    def disturb() -> None:
        reaper.clock.stop()
        reaper.emulator.faults.fail(method="GetOperation", code=Code.UNAVAILABLE, times=1)

    reaper.upon("GetOperation", disturb_the_second_look)

    summary = reaper.reap()

    assert summary.interrupted
    assert Stage.CLOSED is reaper.tables.read(scope).stage
    assert Stage.RUNNING is reaper.tables.read(other).stage


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (11, "has succeeded, and nobody was told. What it has done would be left for a later try"),
        (None, "is not known to Spanner any more. The entry would be closed."),
    ],
)
def test_dry_run_says_what_would_be_left_or_closed(
    reaper: ReaperHarness, hours: int | None, told: str
) -> None:
    """What has ended is not cancelled, and the dry run says what becomes of its entry instead."""
    scope = reaper.orphan()
    before = reaper.tables.read(scope)
    if hours:
        reaper.time.advance(timedelta(hours=hours))
    else:
        reaper.emulator.faults.fail(method="GetOperation", code=Code.NOT_FOUND, times=None)

    reaper.reap(dry_run=True)

    assert told in reaper.logged[0]
    assert before == reaper.tables.read(scope)


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Return what stands behind Airflow's stats, without dotted names."""
    backend = MagicMock()
    monkeypatch.setattr(stats, "_backend", backend)
    monkeypatch.setattr(metrics, "_backend", metrics._Backend)
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", "False")
    return backend


def test_a_cancel_is_counted(reaper: ReaperHarness, backend: MagicMock) -> None:
    """Each operation that is cancelled counts once, beside the requests for it."""
    reaper.orphan()

    reaper.reap()

    cancel = call("spanner_lro.cancels", tags={"cause": "reaper", "ending": "cancelled"})
    request = call("spanner_lro.requests", tags={"method": "CancelOperation", "code": "OK"})
    assert [1, 1] == [backend.incr.mock_calls.count(each) for each in (cancel, request)]


def test_what_only_would_be_cancelled_is_not_counted(
    reaper: ReaperHarness, backend: MagicMock
) -> None:
    """A dry run has no endings."""
    reaper.orphan()

    reaper.reap(dry_run=True)

    assert {"spanner_lro.requests"} == {each.args[0] for each in backend.incr.mock_calls}
