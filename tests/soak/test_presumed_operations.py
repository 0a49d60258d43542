# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What was left or delivered in doubt is counted apart, if a lost answer explains it."""

from __future__ import annotations

import pytest

from tests.soak.dag_specs import Kind
from tests.soak.evidence import BlowKind, CauseKind
from tests.soak.judge import Charge
from tests.soak.presumed_operations import CLOCKS, UNANSWERED, Doubt, presumptions
from tests.soak.sample_histories import History, failed

SIGNED = [Kind.BACKUP, Kind.COPY, Kind.DDL]


def lost(code: str = "UNAVAILABLE") -> History:
    """Return a task that has failed, the answer of its start lost, and an operation that runs."""
    return failed(kind=Kind.RESTORE).tried(0, 30).called(2, code=code).ran(2.1, None, "RUNNING")


# -- left running


@pytest.mark.parametrize("code", sorted(UNANSWERED))
def test_what_is_left_and_told_is_no_orphan(code: str) -> None:
    """An operation whose start was never answered may be left running, if that is told."""
    history = lost(code).left()

    assert [] == history.charges
    assert [Doubt.LEFT] == history.doubts


def test_what_runs_and_is_not_left_is_an_orphan() -> None:
    """A lost answer alone is no reason to let an operation run on."""
    assert [Charge.ORPHAN] == lost().charges
    assert [] == lost().doubts


@pytest.mark.parametrize("untold", [{"logged": False}, {"listed": False}])
def test_what_is_left_and_not_told_is_an_orphan(untold: dict[str, bool]) -> None:
    """Neither the log nor the list of the ledger may be silent about it."""
    assert [Charge.ORPHAN] == lost().left(**untold).charges


@pytest.mark.parametrize("code", ["OK", "ALREADY_EXISTS", "RESOURCE_EXHAUSTED"])
def test_what_was_answered_is_not_left(code: str) -> None:
    """An operation whose start was answered is known, and must not be left running."""
    history = lost(code).left()

    assert [Charge.ORPHAN] == history.charges
    assert [] == history.doubts


def test_what_was_answered_is_not_left_though_it_ended_by_itself() -> None:
    """That it ended before the soak did is luck."""
    history = failed(kind=Kind.RESTORE).tried(0, 30).called(2).ran(2.1, 60)

    assert [Charge.ORPHAN] == history.left().charges


@pytest.mark.parametrize("kind", list(BlowKind))
def test_a_blow_may_have_kept_the_answer(kind: BlowKind) -> None:
    """A process that was killed, a connection that was dropped, a late answer: all explain it."""
    history = lost("OK").struck(kind, 4).left()

    assert [] == history.charges
    assert [Doubt.LEFT] == history.doubts


@pytest.mark.parametrize("other", [{"run_id": "s0002"}, {"task_id": "backup"}])
def test_a_blow_to_another_task_explains_nothing(other: dict[str, str]) -> None:
    """A kill of another process has kept no answer from this one."""
    history = lost("OK").struck(BlowKind.KILLED, 4, **other).left()

    assert [Charge.ORPHAN] == history.charges


def test_a_blow_to_all_tasks_may_have_kept_the_answer() -> None:
    """Whatever takes all workers down takes this one down."""
    history = lost("OK").struck(BlowKind.KILLED, 4, run_id=None, task_id=None).left()

    assert [] == history.charges


@pytest.mark.parametrize("at", [0.5, 40.0])
def test_a_blow_at_another_time_explains_nothing(at: float) -> None:
    """What happened before the start call, or long after it, has kept no answer."""
    assert [Charge.ORPHAN] == lost("OK").struck(BlowKind.KILLED, at).left().charges


def test_a_user_may_have_kept_the_answer() -> None:
    """A process that a mark of its task ends during its start call reads no answer."""
    assert [] == lost("OK").caused(CauseKind.MARK_FAILED, 1).left().charges


def test_a_presumption_tells_which_answer_was_lost() -> None:
    """It names the call, when it was made, and what became of its answer."""
    (presumption,) = presumptions(lost().left().evidence)

    assert "RestoreDatabase at 00:00:02 was answered UNAVAILABLE" == presumption.why


def test_a_strangers_operation_that_is_presumed_and_left_is_told_apart() -> None:
    """What was left alone in doubt, and rightly, may turn out to be a stranger's."""
    history = failed(kind=Kind.RESTORE).tried(0, 30).called(2, code="UNAVAILABLE")
    history.ran(2.1, 60, stranger=True, alike=True).left()

    assert [] == history.charges
    assert [Doubt.NOT_OURS] == history.doubts


# -- delivered


def taken(
    kind: Kind = Kind.RESTORE, *, code: str = "UNAVAILABLE", began: float = 4, alike: bool = True
) -> History:
    """Return a task that succeeded with a stranger's operation after its own start was lost."""
    history = History(kind=kind).tried(0, 3).tried(6, 600, "success").called(2, code=code)
    return history.ran(began, began + 30, stranger=True, alike=alike)


def test_what_cannot_be_told_apart_may_be_delivered() -> None:
    """A stranger's operation that was asked for alike right after a lost answer is as good."""
    assert [] == taken().charges
    assert [Doubt.DELIVERED] == taken().doubts


def test_what_is_not_what_was_asked_for_is_not_delivered() -> None:
    """A stranger's operation that differs is a conflict, and never a success."""
    assert [Charge.FALSE_SUCCESS] == taken(alike=False).charges
    assert [] == taken(alike=False).doubts


@pytest.mark.parametrize("kind", SIGNED)
def test_what_would_bear_a_mark_is_not_delivered(kind: Kind) -> None:
    """A backup without the task's mark, and a schema change of another name, are no success."""
    history = taken(kind).adopted(7)

    assert [Charge.FALSE_SUCCESS] == history.charges


@pytest.mark.parametrize("code", ["ALREADY_EXISTS", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED"])
def test_after_a_certain_refusal_nothing_is_delivered(code: str) -> None:
    """A start that was refused for certain has begun nothing."""
    assert [Charge.FALSE_SUCCESS] == taken(code=code).charges


@pytest.mark.parametrize("began", [-20.0, CLOCKS + 60])
def test_what_began_at_another_time_is_not_delivered(began: float) -> None:
    """What was there before the call, or came long after it, is not the call's."""
    assert [Charge.FALSE_SUCCESS] == taken(began=began).charges


def test_what_is_presumed_is_not_cancelled() -> None:
    """In doubt an operation is waited for, and never cancelled."""
    history = failed(kind=Kind.RESTORE).tried(0, 30).called(2, code="UNAVAILABLE")
    history.ran(4, 40, stranger=True, alike=True).caused(CauseKind.MARK_FAILED, 20)

    assert [Charge.TOUCHED] == history.cancelled(21).charges
