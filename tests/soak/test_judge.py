# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The judge of the soak finds orphans, duplicate starts and false successes, and nothing else."""

from __future__ import annotations

import pytest

from tests.soak.dag_specs import Kind
from tests.soak.evidence import CauseKind, SoakEvidence
from tests.soak.judge import DELIVERY, Charge, judge
from tests.soak.sample_histories import RUN, History, done, failed

CLEAR = CauseKind.CLEAR
EVICT = CauseKind.EVICT
MARK_FAILED = CauseKind.MARK_FAILED
MARK_SUCCESS = CauseKind.MARK_SUCCESS


def test_a_task_that_did_its_work_is_right() -> None:
    """A task whose operation was started once and succeeded before it did is right."""
    charges = done().charges

    assert [] == charges


# -- orphans


def test_an_operation_that_still_runs_is_an_orphan() -> None:
    """An operation that runs after everything has ended is an orphan."""
    charges = failed().tried(0, 10).ran(2, None, "RUNNING").charges

    assert [Charge.ORPHAN] == charges


def test_an_operation_that_is_to_go_on_is_no_orphan() -> None:
    """An operation whose owner wants it to go on may still run."""
    charges = failed(cancelled_on_kill=False).tried(0, 10).ran(2, None, "RUNNING").charges

    assert [] == charges


def leftover(kind: Kind, *, made: bool) -> History:
    """Return a task that a user ended, and whose operation finished all the same."""
    history = History(kind=kind, state="failed", made=made).tried(0, 10).ran(2, 12)
    return history.caused(MARK_FAILED, 10).cancelled(11)


def test_what_a_cancelled_task_leaves_behind_is_an_orphan() -> None:
    """A backup that was finished in spite of its cancel, and not deleted, is an orphan."""
    assert [Charge.ORPHAN] == leftover(Kind.BACKUP, made=True).charges


def test_what_is_cleaned_up_is_no_orphan() -> None:
    """A backup that was finished in spite of its cancel, and deleted, is none."""
    assert [] == leftover(Kind.BACKUP, made=False).deleted(13).charges


def test_what_is_not_to_be_cleaned_up_is_no_orphan() -> None:
    """A schema change that was finished in spite of its cancel stays."""
    assert [] == leftover(Kind.DDL, made=True).charges


def test_what_a_failed_task_made_without_any_cancel_stays() -> None:
    """A backup that nobody cancelled stays for a later try, though its task has failed."""
    charges = History(state="failed", made=True).tried(0, 10).ran(2, 40).charges

    assert [] == charges


def test_what_was_delivered_in_spite_of_a_cancel_stays() -> None:
    """A backup that was finished before its cancel at the deadline took hold is a result."""
    history = History(timeout=30.0).tried(0, 40, "success").ran(2, 34).cancelled(31)

    assert [] == history.charges


# -- duplicate starts


def test_two_operations_at_a_time_are_a_duplicate() -> None:
    """A second operation of a task while its first one runs is a duplicate start."""
    history = History(kind=Kind.DDL).tried(0, 10).tried(20, 70, "success")
    charges = history.ran(2, 40).ran(22, 60).charges

    assert Charge.DUPLICATE in charges


def test_two_operations_at_a_time_are_a_duplicate_whatever_a_user_did() -> None:
    """A clear is no reason to start while the first operation runs."""
    history = History(kind=Kind.DDL).tried(0, 10).tried(20, 70, "success")
    charges = history.caused(CLEAR, 10).ran(2, 40, "CANCELLED").ran(22, 60).charges

    assert [Charge.DUPLICATE] == charges


def test_a_start_after_an_operation_that_failed_is_right() -> None:
    """A retry starts anew what has failed."""
    history = History(kind=Kind.DDL).tried(0, 10).tried(20, 70, "success")
    charges = history.ran(2, 9, "FAILED").ran(22, 60).charges

    assert [] == charges


def twice(kind: Kind = Kind.DDL) -> History:
    """Return a task that did its work until second 40, and once more from 52 on."""
    return History(kind=kind).tried(0, 42).tried(50, 92, "success").ran(2, 40).ran(52, 90)


def test_a_start_after_a_success_is_a_duplicate() -> None:
    """What has succeeded is not started again by a retry."""
    assert [Charge.DUPLICATE] == twice().charges


def test_a_start_after_a_success_and_a_clear_is_right() -> None:
    """What has succeeded is started again if a user clears the task."""
    assert [] == twice().caused(CLEAR, 45).charges


def test_a_clear_that_was_long_before_is_no_reason_to_start_again() -> None:
    """A clear while the operation ran is no reason to start it again after its success."""
    assert [Charge.DUPLICATE] == twice().caused(CLEAR, 40 - DELIVERY - 1).charges


def test_a_clear_of_another_task_is_no_reason_to_start_again() -> None:
    """A clear counts for its own task only."""
    assert [Charge.DUPLICATE] == twice().caused(CLEAR, 45, task_id="copy").charges


def test_a_start_after_what_was_made_is_deleted_is_right() -> None:
    """What was deleted, since it was finished in spite of a cancel, is made anew by a retry."""
    history = twice(Kind.BACKUP).caused(EVICT, 38).cancelled(39).deleted(43)

    assert [] == history.charges


# -- false successes


def test_a_success_without_an_operation_is_false() -> None:
    """A task that has started nothing has not succeeded."""
    assert [Charge.FALSE_SUCCESS] == History().tried(0, 42, "success").charges


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_success_of_what_has_not_succeeded_is_false(state: str) -> None:
    """A task whose operation did not succeed has not either."""
    assert [Charge.FALSE_SUCCESS] == History().tried(0, 42, "success").ran(2, 40, state).charges


def test_a_success_while_the_operation_runs_is_false() -> None:
    """A task whose operation still runs has not succeeded yet."""
    history = History(cancelled_on_kill=False).tried(0, 42, "success").ran(2, None, "RUNNING")

    assert [Charge.FALSE_SUCCESS] == history.charges


def test_a_success_before_the_operation_ended_is_false() -> None:
    """A task is not a success before its operation is."""
    assert [Charge.FALSE_SUCCESS] == History().tried(0, 30, "success").ran(2, 40).charges


def test_a_success_of_nothing_is_false() -> None:
    """A task has not succeeded if what it was to make is not there."""
    assert [Charge.FALSE_SUCCESS] == History(made=False).tried(0, 42, "success").ran(2, 40).charges


def test_a_user_may_call_anything_a_success() -> None:
    """A task that a user marked success is none of ours."""
    history = History(made=False).tried(0, 12, "success").caused(MARK_SUCCESS, 10)

    assert [] == history.ran(2, 13, "CANCELLED").cancelled(12).charges


def test_a_clear_takes_a_mark_back() -> None:
    """A task that was cleared after a user had marked it has to earn its success."""
    history = History(made=False).tried(0, 12).tried(40, 80, "success").caused(MARK_SUCCESS, 10)

    assert [Charge.FALSE_SUCCESS] == history.caused(CLEAR, 30).ran(42, 75, "FAILED").charges


# -- what is told


def test_a_violation_comes_with_its_evidence() -> None:
    """A violation names its run, its operation, the calls about it and the causes there were."""
    history = failed().tried(0, 30).caused(CLEAR, 25).ran(2, 21, "CANCELLED").cancelled(20)
    (violation,) = judge(history.evidence)

    assert RUN == violation.task.run_id
    assert violation.operation is not None
    assert history.name(1) == violation.operation.name
    assert tuple(history.calls) == violation.calls
    assert tuple(history.causes) == violation.causes


def test_evidence_can_be_kept_and_judged_again() -> None:
    """Evidence that was written to a file is the same when it is read."""
    history = done().caused(CLEAR, 30).adopted(35).cancelled(36).deleted(40)

    read = SoakEvidence.from_json(history.evidence.to_json())

    assert history.evidence == read
