# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One task with all that concerns it, sorted by whose it is: the task's side, and strangers'."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from tests.soak.ambush import CANCEL
from tests.soak.evidence import CauseKind
from tests.soak.recipes import Kind

if TYPE_CHECKING:
    from tests.soak.evidence import Blow, Call, Cause, Evidence, Left, Operation, Task

DELETES = frozenset({"DeleteBackup", "DropDatabase"})
OK = "OK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One task with all that concerns it, each in the order of time.

    :param operations: those that it started
    :param calls: those of Airflow, about its target and about any operation with that target
    :param others_operations: those that strangers started on its target
    :param others_calls: those of strangers
    :param blows: what may have kept an answer from it
    :param lefts: its ledger entries that were closed although their operations go on
    """

    task: Task
    operations: tuple[Operation, ...]
    causes: tuple[Cause, ...]
    calls: tuple[Call, ...]
    others_operations: tuple[Operation, ...]
    others_calls: tuple[Call, ...]
    blows: tuple[Blow, ...]
    lefts: tuple[Left, ...]
    reaped_from: float

    @property
    def kind(self) -> Kind:
        """What the task does."""
        return Kind(self.task.task_id)

    @property
    def meddled(self) -> bool:
        """Whether strangers had to do with it."""
        return bool(self.others_operations or self.others_calls)

    def cancels(self, operation: Operation) -> tuple[Call, ...]:
        """Return the calls by which Airflow asked to cancel an operation."""
        return tuple(
            call for call in self.calls if call.method == CANCEL and call.resource == operation.name
        )

    def starts(self) -> tuple[Call, ...]:
        """Return the task's start calls."""
        return tuple(call for call in self.calls if call.method == self.kind.method)

    def deletions(self) -> tuple[Call, ...]:
        """Return the calls, whosever, that have deleted its target."""
        return tuple(
            call
            for call in chain(self.calls, self.others_calls)
            if call.method in DELETES and call.code == OK
        )

    def clears(self) -> tuple[float, ...]:
        """Return when users cleared it."""
        return tuple(each.at for each in self.causes if each.kind is CauseKind.CLEAR)

    def maker(self, at: float) -> Operation | None:
        """Return the operation whose target it was that was there at a time.

        None also for what no operation has made, such as the database of a schema change.
        """
        made = [
            each
            for each in chain(self.operations, self.others_operations)
            if each.makes and each.started <= at
        ]
        if not made:
            return None
        newest = max(made, key=lambda each: each.started)
        if newest.ended is not None and newest.ended <= at and not newest.succeeded:
            return None
        gone = any(newest.started < call.at <= at for call in self.deletions())
        return None if gone else newest


def case_of(task: Task, *, evidence: Evidence) -> Case:
    """Return all that concerns a task."""
    operations = sorted(
        (
            each
            for each in evidence.operations
            if (each.run_id, each.task_id) == (task.run_id, task.task_id)
        ),
        key=lambda each: each.started,
    )
    concerned = {task.target, *(each.name for each in operations)}
    calls = sorted(
        (each for each in evidence.calls if each.resource in concerned), key=lambda each: each.at
    )
    causes = (
        each
        for each in evidence.causes
        if each.run_id == task.run_id and each.task_id in {None, task.task_id}
    )
    blows = (
        each
        for each in evidence.blows
        if each.run_id in {None, task.run_id} and each.task_id in {None, task.task_id}
    )
    return Case(
        task=task,
        operations=tuple(each for each in operations if not each.stranger),
        causes=tuple(sorted(causes, key=lambda each: each.at)),
        calls=tuple(each for each in calls if not each.stranger),
        others_operations=tuple(each for each in operations if each.stranger),
        others_calls=tuple(each for each in calls if each.stranger),
        blows=tuple(sorted(blows, key=lambda each: each.at)),
        lefts=tuple(
            each
            for each in evidence.lefts
            if (each.run_id, each.task_id) == (task.run_id, task.task_id)
        ),
        reaped_from=evidence.reaped_from,
    )
