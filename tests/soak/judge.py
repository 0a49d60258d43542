# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The five numbers that must be 0, from evidence alone: each charge with the why and the who.

This is the guarantee once more, told from outside and not from the code's own decisions: it knows
no ledger and no trigger, only what users did, what Spanner was asked and by whom, and what tasks
claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from tests.soak.evidence import DELETES, OK, CauseKind, case_of
from tests.soak.presumed_operations import delivered_of_others, why_left, why_presumed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.soak.evidence import Call, Cause, Operation, SoakEvidence, Task, TaskEvidence, Try

SUCCESS = "success"
GIVEN_UP = frozenset({"failed", "skipped", "upstream_failed", "removed", None})
"""How tasks end other than by succeeding; None is one that its run has ended without."""

LATE_START = 20.0
"""How long after a clear or a SIGTERM the process of the old try may still make its start call:
a heartbeat, the seconds until SIGKILL, and an answer that is held back."""
LATE_KILL = 40.0
"""How long after an adoption a kill of the try before may still come: it had asked before, and
lasts up to 28 s."""
ROUNDING = 1.5
"""Between the clocks, and the moments, that Airflow and the emulator write down."""
DELIVERY = 15.0
"""How long before a task's end its operation may have ended for a clear to mean the next one, and
how long before it what the task made may have been taken away unseen."""
_BEFORE = 1e-6
"""The moment before a call."""


class Charge(StrEnum):
    """What must not be."""

    ORPHAN = "orphans"
    DUPLICATE = "duplicate starts"
    FALSE_CANCEL = "false cancels"
    FALSE_SUCCESS = "false successes"
    TOUCHED = "strangers' operations or resources touched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One violation, with all that was seen of the task and the operation.

    :param why: in words
    :param others: what strangers have started on the same target
    """

    charge: Charge
    why: str
    task: Task
    operation: Operation | None
    others: tuple[Operation, ...]
    calls: tuple[Call, ...]
    causes: tuple[Cause, ...]


def judge(evidence: SoakEvidence) -> tuple[Violation, ...]:
    """Return every violation, task by task."""
    return tuple(
        violation
        for task in evidence.tasks
        for violation in _judge(case_of(task, evidence=evidence))
    )


def _judge(case: TaskEvidence) -> Iterator[Violation]:
    yield from _orphans(case)
    yield from _duplicates(case)
    yield from _false_cancels(case)
    yield from _false_successes(case)
    yield from _touched(case)


def _violation(
    case: TaskEvidence, charge: Charge, why: str, operation: Operation | None
) -> Violation:
    names = {case.task.target} if operation is None else {case.task.target, operation.name}
    calls = (call for call in (*case.calls, *case.others_calls) if call.resource in names)
    return Violation(
        charge=charge,
        why=why,
        task=case.task,
        operation=operation,
        others=tuple(each for each in case.others_operations if each is not operation),
        calls=tuple(sorted(calls, key=lambda call: call.at)),
        causes=case.causes,
    )


# -- orphans


def _orphans(case: TaskEvidence) -> Iterator[Violation]:
    task = case.task
    left = {each.operation for each in case.lefts}
    for operation in case.operations:
        told = why_left(case, operation)
        if operation.ended is None and task.cancelled_on_kill and not told:
            yield _violation(case, Charge.ORPHAN, "it still runs", operation)
        elif operation.name in left and not told:
            why = "it was left running, and that is not told or no answer had been lost"
            yield _violation(case, Charge.ORPHAN, why, operation)
    if task.state == SUCCESS or not task.made or not task.cleans_up or not task.cancelled_on_kill:
        return
    made = next((each for each in reversed(case.operations) if each.succeeded), None)
    if (
        made
        and any(call.code == OK for call in case.cancels(made))
        # and no stranger has taken its place
        and case.maker(inf) is made
    ):
        why = "it finished before its cancel took hold, and what it made was not deleted"
        yield _violation(case, Charge.ORPHAN, why, made)


# -- duplicate starts


def _duplicates(case: TaskEvidence) -> Iterator[Violation]:
    for before, after in pairwise(case.operations):
        if before.ended is None or after.started < before.ended:
            yield _violation(
                case, Charge.DUPLICATE, f"it was started while {before.name} was running", after
            )
        elif before.succeeded and not _asked_again(case, before, after):
            why = (
                f"it was started although {before.name} had succeeded, and nobody cleared the task"
            )
            yield _violation(case, Charge.DUPLICATE, why, after)


def _asked_again(case: TaskEvidence, before: Operation, after: Operation) -> bool:
    """Tell whether there was a reason to do again what had succeeded."""
    assert before.ended is not None
    cleared = any(before.ended - DELIVERY <= at <= after.started for at in case.clears())
    removed = any(before.ended <= call.at <= after.started for call in case.deletions())
    return cleared or removed


# -- false cancels


def _false_cancels(case: TaskEvidence) -> Iterator[Violation]:
    for operation in case.operations:
        for call in case.cancels(operation):
            if not _is_caused(case, operation, call.at):
                why = f"it was cancelled at {_time(call.at)}, and nothing had given a cause"
                yield _violation(case, Charge.FALSE_CANCEL, why, operation)
                break


def _is_caused(case: TaskEvidence, operation: Operation, at: float) -> bool:
    if _deadline_passed(case.task, operation, at):
        return True
    if not case.task.cancelled_on_kill:
        return False
    if any(_excuses(case, cause, operation, at) for cause in case.causes):
        return True
    return at >= case.reaped_from and _is_over(case, at)


def _is_over(case: TaskEvidence, at: float) -> bool:
    """Tell whether the task had ended at a time, other than by succeeding, and no retry was due.

    Nobody waits for its operations then.
    """
    begun = [each for each in case.task.tries if each.started is not None and each.started <= at]
    last = begun[-1] if begun else None
    if last is None or last.state == SUCCESS or last.ended is None or last.ended > at:
        return False
    later = [each.started for each in case.task.tries if each.started and each.started > at]
    if not later:
        return case.task.state in GIVEN_UP
    # it was over until a user cleared it
    return any(at <= clear <= min(later) for clear in case.clears())


def _excuses(case: TaskEvidence, cause: Cause, operation: Operation, at: float) -> bool:
    """Tell whether a cause explains that an operation was cancelled at a time."""
    if cause.at > at:
        return False
    adopted = [
        each.at
        for each in case.task.adoptions
        if each.operation == operation.name and each.at > cause.at
    ]
    if adopted and at > min(adopted) + LATE_KILL:
        # a later try has it, so this is over
        return False
    if cause.kind in {CauseKind.CLEAR, CauseKind.EVICT}:
        # what a later try starts has nothing to do with it
        return operation.started <= cause.at + LATE_START
    later = [clear for clear in case.clears() if clear > cause.at]
    return not later or operation.started <= min(later)


def _deadline_passed(task: Task, operation: Operation, at: float) -> bool:
    """Tell whether the deadline of a try that had the operation had passed at a time."""
    return task.timeout is not None and any(
        _overran(each, operation, timeout=task.timeout, at=at) for each in task.tries
    )


def _overran(each: Try, operation: Operation, *, timeout: float, at: float) -> bool:
    if each.started is None:
        return False
    deadline = each.started + timeout - ROUNDING
    return (
        operation.started <= deadline <= at
        and (operation.ended is None or operation.ended >= deadline)
        and (each.ended is None or each.ended >= deadline)
    )


# -- false successes


def _false_successes(case: TaskEvidence) -> Iterator[Violation]:
    task = case.task
    if task.state != SUCCESS or _marked_success(case):
        return
    newest = case.operations[-1] if case.operations else None
    if taken := _taken_for_its_own(case, newest):
        if not why_presumed(case, taken):
            why = "it succeeded with an operation that a stranger had started"
            yield _violation(case, Charge.FALSE_SUCCESS, why, taken)
    elif newest is None:
        yield _violation(case, Charge.FALSE_SUCCESS, "it has started nothing", None)
    elif newest.ended is None:
        yield _violation(case, Charge.FALSE_SUCCESS, "its operation still runs", newest)
    elif not newest.succeeded:
        yield _violation(case, Charge.FALSE_SUCCESS, f"its operation is {newest.state}", newest)
    elif _is_undone(case, newest) or not (task.made or _is_taken_away(case, newest)):
        why = "what it was to make is not there"
        yield _violation(case, Charge.FALSE_SUCCESS, why, newest)
    elif task.tries and _too_early(task.tries[-1], newest):
        why = "the task had ended before its operation did"
        yield _violation(case, Charge.FALSE_SUCCESS, why, newest)


def _taken_for_its_own(case: TaskEvidence, newest: Operation | None) -> Operation | None:
    """Return the stranger's operation with which a task succeeded, if it did."""
    if case.task.adoptions:
        adopted = case.task.adoptions[-1]
        for each in case.others_operations:
            later = newest is not None and newest.started > adopted.at
            if each.name == adopted.operation and not later:
                return each
    delivered = delivered_of_others(case)
    if newest and newest.succeeded and _is_taken_away(case, newest):
        return None
    return delivered


def _is_taken_away(case: TaskEvidence, newest: Operation) -> bool:
    """Tell whether a stranger deleted what an operation had made, too late for the task to see."""
    deleted = [
        call
        for call in case.deletions()
        if call.at > (newest.started if newest.ended is None else newest.ended)
    ]
    first = min(deleted, key=lambda call: call.at, default=None)
    last = case.task.tries[-1].ended if case.task.tries else None
    return first is not None and first.stranger and (last is None or first.at >= last - DELIVERY)


def _is_undone(case: TaskEvidence, newest: Operation) -> bool:
    """Tell whether the task's own side has deleted what it delivered."""
    return any(
        call.method in DELETES and call.code == OK and case.maker(call.at - _BEFORE) is newest
        for call in case.calls
    )


def _marked_success(case: TaskEvidence) -> bool:
    marks = [each.at for each in case.causes if each.kind is CauseKind.MARK_SUCCESS]
    return bool(marks) and not any(clear > max(marks) for clear in case.clears())


def _too_early(last: Try, newest: Operation) -> bool:
    assert newest.ended is not None
    return last.ended is not None and last.ended < newest.ended - ROUNDING


# -- strangers


def _touched(case: TaskEvidence) -> Iterator[Violation]:
    for operation in case.others_operations:
        if calls := case.cancels(operation):
            why = f"a stranger had started it, and it was cancelled at {_time(calls[0].at)}"
            yield _violation(case, Charge.TOUCHED, why, operation)
    for call in case.calls:
        if call.method not in DELETES:
            continue
        maker = case.maker(call.at - _BEFORE)
        if maker is None and case.kind.makes:
            # nothing was there
            continue
        if maker is None or maker.stranger:
            why = f"the task had not made it, and {call.method} was called at {_time(call.at)}"
            yield _violation(case, Charge.TOUCHED, why, maker)


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, tz=UTC):%H:%M:%S}"
