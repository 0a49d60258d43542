# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which cancels the judge of the soak takes for false, and which have a cause."""

from __future__ import annotations

import pytest

from tests.soak.evidence import CauseKind
from tests.soak.judge import LATE_KILL, LATE_START, Charge
from tests.soak.sample_histories import REAPED_FROM, History, done, failed

CLEAR = CauseKind.CLEAR
EVICT = CauseKind.EVICT
FAIL_RUN = CauseKind.FAIL_RUN
MARK_FAILED = CauseKind.MARK_FAILED


def test_a_cancel_without_a_cause_is_false() -> None:
    """A cancel is false if nobody gave a cause."""
    history = failed().tried(0, 30).ran(2, 21, "CANCELLED").cancelled(20)

    assert [Charge.FALSE_CANCEL] == history.charges


def test_a_cancel_that_failed_is_as_false() -> None:
    """A cancel without a cause is false also if Spanner did not take it."""
    assert [Charge.FALSE_CANCEL] == done().cancelled(20, code="UNAVAILABLE").charges


@pytest.mark.parametrize("kind", list(CauseKind))
def test_a_cancel_after_its_cause_is_right(kind: CauseKind) -> None:
    """A cancel is right after a user or a SIGTERM ended the task."""
    history = failed().tried(0, 30).caused(kind, 15).ran(2, 21, "CANCELLED").cancelled(20)

    assert [] == history.charges


@pytest.mark.parametrize("kind", list(CauseKind))
def test_a_cancel_before_its_cause_is_false(kind: CauseKind) -> None:
    """A cancel is false if its cause came after it."""
    history = failed().tried(0, 30).caused(kind, 25).ran(2, 21, "CANCELLED").cancelled(20)

    assert [Charge.FALSE_CANCEL] == history.charges


@pytest.mark.parametrize("kind", list(CauseKind))
def test_a_cancel_of_what_is_to_go_on_is_false(kind: CauseKind) -> None:
    """No kill is a cause for an operation that is not to be cancelled on kill."""
    history = failed(cancelled_on_kill=False).tried(0, 30).ran(2, 21, "CANCELLED")

    assert [Charge.FALSE_CANCEL] == history.caused(kind, 15).cancelled(20).charges


def test_a_failed_run_ends_all_its_tasks() -> None:
    """A mark of the run is a cause for each of its tasks."""
    history = failed().tried(0, 30).ran(2, 21, "CANCELLED").cancelled(20)

    assert [] == history.caused(FAIL_RUN, 15, task_id=None).charges


@pytest.mark.parametrize("other", [{"task_id": "copy"}, {"run_id": "s0002"}])
def test_a_cause_of_another_task_is_none(other: dict[str, str]) -> None:
    """What a user did to another task, or to another run, is no cause."""
    history = failed().tried(0, 30).ran(2, 21, "CANCELLED").cancelled(20)

    assert [Charge.FALSE_CANCEL] == history.caused(MARK_FAILED, 15, **other).charges


@pytest.mark.parametrize("kind", [CLEAR, EVICT])
def test_what_a_later_try_started_is_not_cancelled_for_an_old_cause(kind: CauseKind) -> None:
    """A clear is no cause for the operation that the next try has started."""
    history = failed().tried(0, 10).tried(12, 90).caused(kind, 10)
    history.ran(2, 12, "CANCELLED").cancelled(11)
    history.ran(10 + LATE_START + 1, 80, "CANCELLED").cancelled(79, number=2)

    assert [Charge.FALSE_CANCEL] == history.charges


def test_a_mark_ends_with_the_clear_that_follows() -> None:
    """A mark is no cause for what the next try has started."""
    history = failed().tried(0, 10).tried(52, 90).caused(MARK_FAILED, 10).caused(CLEAR, 12)
    history.ran(2, 12, "CANCELLED").cancelled(11).ran(52, 80, "CANCELLED").cancelled(79, number=2)

    assert [Charge.FALSE_CANCEL] == history.charges


def late_kill(at: float) -> History:
    """Return a cleared task whose next try adopts at second 15, and a cancel after that."""
    history = failed().tried(0, 10).tried(12, 95).caused(CLEAR, 10).adopted(15)
    return history.ran(2, at + 1, "CANCELLED").cancelled(at)


def test_a_late_kill_right_after_an_adoption_is_right() -> None:
    """A kill of the try before may still be on its way when a try adopts."""
    assert [] == late_kill(15 + LATE_KILL / 2).charges


def test_a_cancel_of_what_was_adopted_is_false() -> None:
    """An operation that a later try has adopted is not cancelled for an old cause."""
    assert [Charge.FALSE_CANCEL] == late_kill(15 + LATE_KILL + 1).charges


def overrun(cancel: float) -> History:
    """Return a task with 30 s of patience, and a cancel of its operation."""
    history = failed(timeout=30.0).tried(0, cancel + 2)
    return history.ran(2, cancel + 1, "CANCELLED").cancelled(cancel)


def test_a_cancel_at_the_deadline_is_right() -> None:
    """An operation is cancelled when the deadline of the task has passed."""
    assert [] == overrun(31).charges


def test_a_cancel_long_after_the_deadline_is_right() -> None:
    """Airflow's own deferral timeout, or the next try, may cancel what overran."""
    assert [] == overrun(80).charges


def test_a_cancel_before_the_deadline_is_false() -> None:
    """An operation is not cancelled before the deadline."""
    assert [Charge.FALSE_CANCEL] == overrun(20).charges


def test_a_cancel_before_the_deadline_is_false_though_it_is_slow() -> None:
    """It does not matter that the operation ended only after the deadline."""
    history = failed(timeout=30.0).tried(0, 42).ran(2, 40, "CANCELLED").cancelled(20)

    assert [Charge.FALSE_CANCEL] == history.charges


def test_a_deadline_does_not_count_for_what_has_ended() -> None:
    """There is no reason to cancel what had ended before the deadline passed."""
    history = failed(timeout=30.0).tried(0, 42).ran(2, 20, "FAILED").cancelled(31)

    assert [Charge.FALSE_CANCEL] == history.charges


def test_a_retry_has_a_deadline_of_its_own() -> None:
    """The deadline of an earlier try is none for what a later one has started."""
    history = failed(timeout=30.0).tried(0, 32).tried(40, 60)
    history.ran(2, 31, "CANCELLED").cancelled(30.5)
    history.ran(42, 51, "CANCELLED").cancelled(50, number=2)

    assert [Charge.FALSE_CANCEL] == history.charges


def test_a_deadline_counts_no_more_once_its_try_has_ended() -> None:
    """The deadline of a try that was lost before is none for the try that adopts."""
    history = failed(timeout=30.0).tried(0, 10).tried(20, 45).adopted(22)

    assert [Charge.FALSE_CANCEL] == history.ran(2, 36, "CANCELLED").cancelled(35).charges


def test_the_reaper_cancels_what_nobody_waits_for() -> None:
    """Once the reaper is at work, what a failed task has left is cancelled with reason."""
    at = REAPED_FROM + 5
    history = failed().tried(0, 30).ran(2, at + 1, "CANCELLED").cancelled(at)

    assert [] == history.charges


@pytest.mark.parametrize("state", ["running", "deferred", "up_for_retry"])
def test_the_reaper_cancels_nothing_that_is_waited_for(state: str) -> None:
    """The reaper has no reason to cancel for a task that has not ended."""
    at = REAPED_FROM + 5
    history = History(state=state).tried(0, None).ran(2, at + 1, "CANCELLED").cancelled(at)

    assert [Charge.FALSE_CANCEL] == history.charges


def reaped_between_tries() -> History:
    """Return a task whose operation is cancelled while there is no try, after the first one."""
    at = REAPED_FROM + 5
    history = failed().tried(0, at - 3).tried(at + 7, at + 30)
    return history.ran(2, at + 1, "CANCELLED").cancelled(at)


def test_the_reaper_cancels_nothing_that_a_retry_takes_up() -> None:
    """The reaper has no reason to cancel what the next try is going to adopt."""
    assert [Charge.FALSE_CANCEL] == reaped_between_tries().charges


def test_the_reaper_may_come_before_a_user_clears() -> None:
    """A task that had failed for good is over, though a user clears it later."""
    assert [] == reaped_between_tries().caused(CLEAR, REAPED_FROM + 8).charges


def test_the_reaper_cancels_nothing_before_it_is_there() -> None:
    """Without a reaper nobody has a reason to cancel what a failed task has left."""
    history = failed().tried(0, 30).ran(2, 41, "CANCELLED").cancelled(40)

    assert [Charge.FALSE_CANCEL] == history.charges


def test_the_reaper_leaves_alone_what_is_to_go_on() -> None:
    """The reaper has no reason to cancel what is not to be cancelled on kill."""
    at = REAPED_FROM + 5
    history = failed(cancelled_on_kill=False).tried(0, 30).ran(2, at + 1, "CANCELLED")

    assert [Charge.FALSE_CANCEL] == history.cancelled(at).charges
