# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the judge is given: what the emulator saw, how the tasks ended, who had a cause to cancel.

For each task it is sorted by whose it is: the task's own side, and that of strangers.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

from airflow_spanner_lro.core.operations.snapshot import OperationState
from tests.soak.call_hooks import CANCEL
from tests.soak.dag_specs import Kind


class CauseKind(StrEnum):
    """Why an operation may be cancelled; a kill, a restart, a stall or a fault is never a cause."""

    MARK_FAILED = "a user marked the task failed"
    MARK_SUCCESS = "a user marked the task success"
    CLEAR = "a user cleared the task"
    FAIL_RUN = "a user marked the run failed"
    EVICT = "the task process got SIGTERM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that may have operations cancelled.

    :param task_id: None for all tasks of the run
    :param at: right before it happened
    """

    kind: CauseKind
    run_id: str
    task_id: str | None
    at: float


class BlowKind(StrEnum):
    """What may keep the answer of a start call from a task; no cause to cancel anything."""

    KILLED = "the task's process was killed"
    DROPPED = "connections were dropped"
    SILENCED = "connections fell silent"
    LATE = "the answer came late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """Something that may have kept an answer from a task, or from all of them.

    :param run_id: None for all tasks
    :param task_id: None for all tasks
    """

    kind: BlowKind
    run_id: str | None
    task_id: str | None
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that the emulator answered, or would have but for a fault.

    :param code: the name of the code that was answered
    :param stranger: whether it was a stranger's, and none of Airflow's
    """

    method: str
    resource: str
    at: float
    code: str
    stranger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation with the kind and the target of a task's, as it was in the end.

    :param makes: whether it makes its target
    :param stranger: whether a stranger started it, and not the task
    :param alike: whether that stranger asked for just what the task asks for
    """

    name: str
    run_id: str
    task_id: str
    state: OperationState
    started: float
    ended: float | None
    makes: bool
    stranger: bool = False
    alike: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it has done its work."""
        return self.state is OperationState.SUCCEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try of a task; times are None as long as it has not come to that."""

    number: int
    state: str | None
    started: float | None
    ended: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A later try took an operation up."""

    operation: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A ledger entry that was closed although its operation goes on: it is only presumed ours.

    :param logged: whether the log of the task or of the reaper names the operation
    :param listed: whether ``airflow spanner-lro ledger`` names it
    """

    operation: str
    run_id: str
    task_id: str
    logged: bool
    listed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task instance in the end.

    :param target: what it makes or changes
    :param timeout: its execution_timeout in seconds
    :param cancelled_on_kill: whether its operations are to be cancelled when it is killed
    :param cleans_up: whether what it made in spite of a cancel is deleted
    :param made: whether what it was to make is there, in the state that it should have
    :param tries: oldest first
    """

    dag_id: str
    run_id: str
    task_id: str
    target: str
    state: str | None
    timeout: float | None
    cancelled_on_kill: bool
    cleans_up: bool
    made: bool
    tries: tuple[Try, ...]
    adoptions: tuple[Adoption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakEvidence:
    """A whole soak.

    :param calls: those that start, cancel and delete, strangers' too
    :param reaped_from: since when the reaper was at work
    """

    tasks: tuple[Task, ...]
    operations: tuple[Operation, ...]
    calls: tuple[Call, ...]
    causes: tuple[Cause, ...]
    blows: tuple[Blow, ...]
    lefts: tuple[Left, ...]
    reaped_from: float

    def to_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> SoakEvidence:
        """Return what ``to_json`` wrote."""
        read: dict[str, Any] = json.loads(text)
        return cls(
            tasks=tuple(map(_task, read["tasks"])),
            operations=tuple(
                Operation(**{**each, "state": OperationState(each["state"])})
                for each in read["operations"]
            ),
            calls=tuple(Call(**each) for each in read["calls"]),
            causes=tuple(
                Cause(**{**each, "kind": CauseKind(each["kind"])}) for each in read["causes"]
            ),
            blows=tuple(Blow(**{**each, "kind": BlowKind(each["kind"])}) for each in read["blows"]),
            lefts=tuple(Left(**each) for each in read["lefts"]),
            reaped_from=read["reaped_from"],
        )


def _task(read: dict[str, Any]) -> Task:
    tries = tuple(Try(**each) for each in read["tries"])
    adoptions = tuple(Adoption(**each) for each in read["adoptions"])
    return Task(**{**read, "tries": tries, "adoptions": adoptions})


DELETES = frozenset({"DeleteBackup", "DropDatabase"})
OK = "OK"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvidence:
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


def case_of(task: Task, *, evidence: SoakEvidence) -> TaskEvidence:
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
    return TaskEvidence(
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
