# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The four numbers that must be 0, from evidence alone: each charge with the why and the who.

This is the guarantee once more, told from outside and not from the code's own decisions: it knows
no ledger and no trigger, only what users did, what Spanner was asked and what tasks claimed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from .evidence import CauseKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .evidence import Call, Cause, Evidence, Operation, Task, Try

CANCEL = "CancelOperation"
DELETES = frozenset({"DeleteBackup", "DropDatabase"})
SUCCESS = "success"
GIVEN_UP = frozenset({"failed", "skipped", "upstream_failed", "removed", None})
"""How tasks end other than by succeeding; None is one that its run has ended without."""
_OK = "OK"

LATE_START = 20.0
"""How long after a clear or a SIGTERM the process of the old try may still make its start call:
a heartbeat, the seconds until SIGKILL, and an answer that is held back."""
LATE_KILL = 40.0
"""How long after an adoption a kill of the try before may still come: it had asked before, and
lasts up to 28 s."""
ROUNDING = 1.5
"""Between the clocks, and the moments, that Airflow and the emulator write down."""
DELIVERY = 15.0
"""How long before a task's end its operation may have ended for a clear to mean the next one."""


class Charge(StrEnum):
    """What must not be."""

    ORPHAN = "orphans"
    DUPLICATE = "duplicate starts"
    FALSE_CANCEL = "false cancels"
    FALSE_SUCCESS = "false successes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One violation, with all that was seen of the task and the operation.

    :param why: in words
    """

    charge: Charge
    why: str
    task: Task
    operation: Operation | None
    calls: tuple[Call, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One task with all that concerns it."""

    task: Task
    operations: tuple[Operation, ...]
    causes: tuple[Cause, ...]
    calls: tuple[Call, ...]
    reaped_from: float

    def charge(self, charge: Charge, why: str, operation: Operation | None) -> Violation:
        names = {self.task.target} if operation is None else {self.task.target, operation.name}
        return Violation(
            charge=charge,
            why=why,
            task=self.task,
            operation=operation,
            calls=tuple(call for call in self.calls if call.resource in names),
            causes=self.causes,
        )

    def cancels(self, operation: Operation) -> tuple[Call, ...]:
        return tuple(
            call for call in self.calls if call.method == CANCEL and call.resource == operation.name
        )

    def clears(self) -> tuple[float, ...]:
        return tuple(each.at for each in self.causes if each.kind is CauseKind.CLEAR)


def judge(evidence: Evidence) -> tuple[Violation, ...]:
    """Return every violation, task by task."""
    return tuple(
        violation
        for task in evidence.tasks
        for violation in _judge(_case_of(task, evidence=evidence))
    )


def _case_of(task: Task, *, evidence: Evidence) -> _Case:
    operations = sorted(
        (
            each
            for each in evidence.operations
            if (each.run_id, each.task_id) == (task.run_id, task.task_id)
        ),
        key=lambda each: each.started,
    )
    concerned = {task.target, *(each.name for each in operations)}
    return _Case(
        task=task,
        operations=tuple(operations),
        causes=tuple(
            sorted(
                (
                    each
                    for each in evidence.causes
                    if each.run_id == task.run_id and each.task_id in {None, task.task_id}
                ),
                key=lambda each: each.at,
            )
        ),
        calls=tuple(
            sorted(
                (each for each in evidence.calls if each.resource in concerned),
                key=lambda each: each.at,
            )
        ),
        reaped_from=evidence.reaped_from,
    )


def _judge(case: _Case) -> Iterator[Violation]:
    yield from _orphans(case)
    yield from _duplicates(case)
    yield from _false_cancels(case)
    yield from _false_successes(case)


# -- orphans


def _orphans(case: _Case) -> Iterator[Violation]:
    task = case.task
    for operation in case.operations:
        if operation.ended is None and task.cancelled_on_kill:
            yield case.charge(Charge.ORPHAN, "it still runs", operation)
    if task.state == SUCCESS or not task.made or not task.cleans_up or not task.cancelled_on_kill:
        return
    made = next((each for each in reversed(case.operations) if each.succeeded), None)
    if made and any(call.code == _OK for call in case.cancels(made)):
        why = "it finished before its cancel took hold, and what it made was not deleted"
        yield case.charge(Charge.ORPHAN, why, made)


# -- duplicate starts


def _duplicates(case: _Case) -> Iterator[Violation]:
    for before, after in pairwise(case.operations):
        if before.ended is None or after.started < before.ended:
            yield case.charge(
                Charge.DUPLICATE, f"it was started while {before.name} was running", after
            )
        elif before.succeeded and not _asked_again(case, before, after):
            why = (
                f"it was started although {before.name} had succeeded, and nobody cleared the task"
            )
            yield case.charge(Charge.DUPLICATE, why, after)


def _asked_again(case: _Case, before: Operation, after: Operation) -> bool:
    """Tell whether there was a reason to do again what had succeeded."""
    assert before.ended is not None
    cleared = any(before.ended - DELIVERY <= at <= after.started for at in case.clears())
    removed = any(
        call.method in DELETES and call.code == _OK and before.ended <= call.at <= after.started
        for call in case.calls
    )
    return cleared or removed


# -- false cancels


def _false_cancels(case: _Case) -> Iterator[Violation]:
    for operation in case.operations:
        for call in case.cancels(operation):
            if not _is_caused(case, operation, call.at):
                at = datetime.fromtimestamp(call.at, tz=UTC)
                why = f"it was cancelled at {at:%H:%M:%S}, and nothing had given a cause"
                yield case.charge(Charge.FALSE_CANCEL, why, operation)
                break


def _is_caused(case: _Case, operation: Operation, at: float) -> bool:
    if _deadline_passed(case.task, operation, at):
        return True
    if not case.task.cancelled_on_kill:
        return False
    if any(_excuses(case, cause, operation, at) for cause in case.causes):
        return True
    return at >= case.reaped_from and _is_over(case, at)


def _is_over(case: _Case, at: float) -> bool:
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


def _excuses(case: _Case, cause: Cause, operation: Operation, at: float) -> bool:
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


def _false_successes(case: _Case) -> Iterator[Violation]:
    task = case.task
    if task.state != SUCCESS or _marked_success(case):
        return
    newest = case.operations[-1] if case.operations else None
    if newest is None:
        yield case.charge(Charge.FALSE_SUCCESS, "it has started nothing", None)
    elif newest.ended is None:
        yield case.charge(Charge.FALSE_SUCCESS, "its operation still runs", newest)
    elif not task.made:
        yield case.charge(Charge.FALSE_SUCCESS, "what it was to make is not there", newest)
    elif not newest.succeeded:
        yield case.charge(Charge.FALSE_SUCCESS, f"its operation is {newest.state}", newest)
    elif task.tries and _too_early(task.tries[-1], newest):
        why = "the task had ended before its operation did"
        yield case.charge(Charge.FALSE_SUCCESS, why, newest)


def _marked_success(case: _Case) -> bool:
    marks = [each.at for each in case.causes if each.kind is CauseKind.MARK_SUCCESS]
    return bool(marks) and not any(clear > max(marks) for clear in case.clears())


def _too_early(last: Try, newest: Operation) -> bool:
    assert newest.ended is not None
    return last.ended is not None and last.ended < newest.ended - ROUNDING
