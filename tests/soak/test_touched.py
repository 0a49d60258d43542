# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The judge of the soak finds what was done to strangers, and no more than that.

In each history operation 1 is the stranger's, unless it is said otherwise.
"""

from __future__ import annotations

import pytest

from tests.soak.dag_specs import Kind
from tests.soak.evidence import CauseKind
from tests.soak.judge import Charge, judge
from tests.soak.sample_histories import History, failed

MARK_FAILED = CauseKind.MARK_FAILED


def met(kind: Kind = Kind.BACKUP, *, ended: float | None = 40, alike: bool = False) -> History:
    """Return a task that failed, as a stranger had been there before it."""
    history = History(kind=kind, state="failed", made=True).tried(0, 10).called(3, code="NO")
    return history.ran(2, ended, stranger=True, alike=alike)


def test_a_conflict_is_no_charge() -> None:
    """A task that fails since a stranger was there first has done nothing wrong."""
    assert [] == met().charges


@pytest.mark.parametrize("kind", list(Kind))
def test_a_cancel_of_a_strangers_operation_is_a_touch(kind: Kind) -> None:
    """An operation that a stranger started is not the task's to cancel, whatever its kind."""
    assert [Charge.TOUCHED] == met(kind).cancelled(12).charges


@pytest.mark.parametrize("alike", [True, False])
def test_a_cause_does_not_excuse_a_touch(alike: bool) -> None:
    """A user's mark is about the task's own operation, though a stranger asked for the same."""
    history = met(alike=alike).caused(MARK_FAILED, 9).cancelled(12)

    assert [Charge.TOUCHED] == history.charges


def test_a_cancel_that_failed_is_a_touch() -> None:
    """A cancel of a stranger's operation counts also if Spanner did not take it."""
    assert [Charge.TOUCHED] == met().cancelled(12, code="UNAVAILABLE").charges


def test_many_cancels_of_one_operation_are_one_touch() -> None:
    """Operations are counted, not calls."""
    assert [Charge.TOUCHED] == met().cancelled(12).cancelled(14).charges


def test_a_cancel_by_the_stranger_is_none() -> None:
    """A stranger may cancel what a stranger has started."""
    assert [] == met().cancelled(12, stranger=True).charges


def test_a_cancel_of_what_a_stranger_merely_cancelled_is_judged_as_ever() -> None:
    """The task's own operation stays its own, though a stranger has cancelled it before."""
    history = failed().tried(0, 30).caused(MARK_FAILED, 15).ran(2, 21, "CANCELLED")

    assert [] == history.cancelled(14, stranger=True).cancelled(20).charges


def test_a_strangers_cancel_is_no_false_cancel() -> None:
    """What a stranger does to the task's operation is not the task's doing."""
    history = failed().tried(0, 30).ran(2, 21, "CANCELLED").cancelled(20, stranger=True)

    assert [] == history.charges


@pytest.mark.parametrize("at", [12.0, 41.0])
def test_a_deletion_of_a_strangers_resource_is_a_touch(at: float) -> None:
    """What a stranger has made, or is making, is not the task's to delete."""
    assert [Charge.TOUCHED] == met().deleted(at).charges


def test_a_deletion_that_failed_is_a_touch() -> None:
    """A deletion of a stranger's resource counts also if Spanner refused it."""
    assert [Charge.TOUCHED] == met().deleted(12, code="FAILED_PRECONDITION").charges


def test_a_deletion_by_the_stranger_is_none() -> None:
    """A stranger may delete what a stranger has made."""
    assert [] == met().deleted(41, stranger=True).charges


def cleaned_up() -> History:
    """Return a task that a user ended, whose operation finished first and was cleaned up."""
    history = failed().tried(0, 12).caused(MARK_FAILED, 10).ran(2, 11)
    return history.cancelled(10.5).deleted(13)


def test_a_task_may_delete_its_own() -> None:
    """What the task's own operation has made is no stranger's."""
    assert [] == cleaned_up().charges


def test_what_a_stranger_made_afterwards_is_not_touched_by_an_earlier_deletion() -> None:
    """A deletion concerns what was there when it was called."""
    assert [] == cleaned_up().ran(14, 40, stranger=True).charges


def test_a_deletion_of_what_a_stranger_made_in_its_place_is_a_touch() -> None:
    """A stranger's resource is not the task's, though the task made one of the name before."""
    history = failed().tried(0, 12).caused(MARK_FAILED, 10).ran(2, 11).cancelled(10.5)
    history.deleted(11.5, stranger=True).ran(12, 30, stranger=True)

    assert [Charge.TOUCHED] == history.deleted(13).charges


def test_a_deletion_of_nothing_touches_nothing() -> None:
    """Once the stranger's operation has failed or been cancelled, nothing is there to touch."""
    history = failed().tried(0, 10).ran(2, 20, "CANCELLED", stranger=True)

    assert [] == history.deleted(21).charges


def test_a_drop_of_a_changed_database_is_a_touch() -> None:
    """A task that changes a schema has not made the database."""
    history = failed(kind=Kind.DDL).tried(0, 10).ran(2, 9, "FAILED")

    assert [Charge.TOUCHED] == history.deleted(12).charges


def test_a_touch_comes_with_its_evidence() -> None:
    """A touch names the stranger's operation, and every call about it, whosever."""
    history = met().cancelled(12).cancelled(13, stranger=True)
    (violation,) = judge(history.evidence)

    assert violation.operation is not None
    assert history.name(1) == violation.operation.name
    assert tuple(history.calls) == violation.calls


# -- what strangers do to the other numbers


def test_what_a_stranger_leaves_running_is_no_orphan() -> None:
    """Nobody has to end what a stranger has started."""
    assert [] == met(ended=None).charges


def test_what_runs_beside_a_strangers_operation_is_no_duplicate() -> None:
    """A schema change of a stranger may run at the same time as the task's."""
    history = History(kind=Kind.DDL).tried(0, 62, "success").ran(2, 40, stranger=True)

    assert [] == history.ran(3, 60).charges


def test_a_start_after_a_stranger_deleted_the_result_is_right() -> None:
    """What a stranger has taken away is made anew by a retry."""
    history = History().tried(0, 42).tried(50, 92, "success").ran(2, 40).ran(52, 90)

    assert [] == history.deleted(45, stranger=True).charges


def test_what_a_stranger_made_in_its_place_is_no_orphan_of_the_task() -> None:
    """A backup of the name that is there in the end may be a stranger's."""
    history = History(state="failed", made=True).tried(0, 12).caused(MARK_FAILED, 10)
    history.ran(2, 11).cancelled(10.5).deleted(12, stranger=True)

    assert [] == history.ran(13, 40, stranger=True).charges


# -- successes


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.makes])
def test_a_success_with_a_strangers_result_is_false(kind: Kind) -> None:
    """A task has not succeeded by what a stranger has made."""
    history = History(kind=kind).tried(0, 42, "success").called(3, code="ALREADY_EXISTS")

    assert [Charge.FALSE_SUCCESS] == history.ran(2, 40, stranger=True).charges


def test_a_success_with_an_earlier_own_operation_does_not_excuse_it() -> None:
    """A retry that takes a stranger's for its own succeeds falsely, whatever the try before did."""
    history = History().tried(0, 42).tried(60, 92, "success").ran(2, 40)
    history.deleted(45, stranger=True).ran(46, 80, stranger=True)

    assert [Charge.FALSE_SUCCESS] == history.charges


def test_a_success_by_a_strangers_schema_change_is_false() -> None:
    """A task that adopted a stranger's schema change has not succeeded."""
    history = History(kind=Kind.DDL).tried(0, 10).tried(20, 42, "success").ran(2, 9, "FAILED")
    history.ran(12, 40, stranger=True).adopted(21, number=2)

    assert [Charge.FALSE_SUCCESS] == history.charges


def delivered() -> History:
    """Return a task that made a backup from second 2 to 40, which is gone by now."""
    return History(made=False).tried(0, 42, "success").ran(2, 40)


def test_what_a_stranger_deletes_after_its_delivery_was_a_success() -> None:
    """A success stays one, though a stranger deletes the result later."""
    assert [] == delivered().deleted(60, stranger=True).charges


def test_what_a_stranger_replaces_after_its_delivery_was_a_success() -> None:
    """A success stays one, though a stranger puts another result in its place later."""
    history = delivered().deleted(60, stranger=True).ran(61, 90, stranger=True)

    assert [] == history.charges


def test_what_a_stranger_deleted_long_before_its_delivery_is_a_false_success() -> None:
    """A task that succeeds long after its result was deleted has not looked."""
    history = History(made=False).tried(0, 42).tried(60, 90, "success").ran(2, 40)

    assert [Charge.FALSE_SUCCESS] == history.deleted(45, stranger=True).charges


def test_a_delivered_result_that_the_task_deletes_is_a_false_success() -> None:
    """Nobody excuses that, though a stranger makes another one afterwards."""
    history = History().tried(0, 42, "success").ran(2, 40)
    history.deleted(60).ran(61, 90, stranger=True)

    assert [Charge.FALSE_SUCCESS] == history.charges
