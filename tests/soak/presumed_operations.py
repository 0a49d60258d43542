# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations that a task may have started, and nobody can prove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.soak.evidence import OK, case_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.soak.evidence import Call, Left, Operation, SoakEvidence, Task, TaskEvidence

UNANSWERED = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "UNKNOWN", "INTERNAL", "CANCELLED"})
"""What a start call may be told, or its log says, although nobody knows then what became of it."""
CLOCKS = 360.0
"""How far an operation's start may seem to be from the call that nobody answered: clocks differ by
five minutes, and one is to spare."""
LISTING = 5.0
"""How long before its start call a task may have looked what is there already."""
ANSWERING = 15.0
"""How long after a start call its answer may still be on its way."""
ENDING = 10.0
"""How long before a start call a process may have been told to end that makes it all the same."""


class Doubt(StrEnum):
    """What was done in doubt."""

    LEFT = "left running, presumed the task's"
    NOT_OURS = "left running, presumed the task's, and a stranger's"
    DELIVERED = "delivered, presumed the task's, and a stranger's that asked for the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presumption:
    """One case of doubt, and why there was any.

    :param why: which answer was lost, and how
    """

    doubt: Doubt
    task: Task
    operation: Operation
    why: str


def presumptions(evidence: SoakEvidence) -> tuple[Presumption, ...]:
    """Return all that was rightly left or delivered in doubt, task by task."""
    return tuple(
        presumption
        for task in evidence.tasks
        for presumption in _presumed(case_of(task, evidence=evidence))
    )


def _presumed(case: TaskEvidence) -> Iterator[Presumption]:
    operations = {each.name: each for each in (*case.operations, *case.others_operations)}
    for left in case.lefts:
        operation = operations.get(left.operation)
        if operation and (why := why_left(case, operation)):
            doubt = Doubt.NOT_OURS if operation.stranger else Doubt.LEFT
            yield Presumption(doubt=doubt, task=case.task, operation=operation, why=why)
    delivered = delivered_of_others(case)
    if delivered and (why := why_presumed(case, delivered)):
        yield Presumption(doubt=Doubt.DELIVERED, task=case.task, operation=delivered, why=why)


# -- what was left


def why_left(case: TaskEvidence, operation: Operation) -> str | None:
    """Return why an operation may have been left running; None if it may not.

    It is told in log, ledger and list, and an answer was lost by which it would have been known.
    """
    if not any(_is_told(left) for left in case.lefts if left.operation == operation.name):
        return None
    return why_presumed(case, operation) if operation.stranger else _why_own(case, operation)


def _is_told(left: Left) -> bool:
    return left.logged and left.listed


def _why_own(case: TaskEvidence, operation: Operation) -> str | None:
    """Return how the answer of the call was lost that started an operation of the task."""
    before = [call for call in case.starts() if call.at <= operation.started]
    return _why_lost(case, before[-1]) if before else None


# -- what was taken for the task's


def delivered_of_others(case: TaskEvidence) -> Operation | None:
    """Return the stranger's operation whose result was there when the task succeeded, if any."""
    last = case.task.tries[-1] if case.task.tries else None
    if case.task.state != "success" or last is None or last.ended is None:
        return None
    maker = case.maker(last.ended)
    return maker if maker and maker.stranger else None


def why_presumed(case: TaskEvidence, operation: Operation) -> str | None:
    """Return why a stranger's operation may be presumed the task's; None if it may not.

    It was asked for alike, nothing marks the task's own, and it began after a start call of the
    task that nobody answered.
    """
    if not operation.alike or not case.kind.can_be_presumed:
        return None
    for call, following in pairwise((*case.starts(), None)):
        assert call is not None
        begins = call.at - LISTING
        ends = call.at + ANSWERING + CLOCKS
        if following is not None:
            # that one was made with what is there in view
            ends = min(ends, following.at + LISTING)
        if begins <= operation.started <= ends and (why := _why_lost(case, call)):
            return why
    return None


# -- which answer was lost


def _why_lost(case: TaskEvidence, call: Call) -> str | None:
    """Return how the answer of a start call was lost; None if nothing tells that it was."""
    called = f"{call.method} at {_time(call.at)}"
    if call.code in UNANSWERED:
        return f"{called} was answered {call.code}"
    if call.code != OK:
        # refused for certain
        return None
    for blow in case.blows:
        if call.at - 1 <= blow.at <= call.at + ANSWERING:
            return f"{called}: {blow.kind} at {_time(blow.at)}"
    for cause in case.causes:
        if call.at - ENDING <= cause.at <= call.at + ANSWERING:
            return f"{called}: {cause.kind} at {_time(cause.at)}"
    return None


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, tz=UTC):%H:%M:%S}"
