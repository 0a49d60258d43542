# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One task over all its tries: how it is played, hurt at the right moment, and judged in the end.

Judged is every call of the row that starts or ends something, with its answer, and every operation.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee.row_actions import GET_READY
from tests.e2e.guarantee.rows import Seen

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import OperationView, Plan
    from tests.cluster.rest_api import DagRun, TaskInstance
    from tests.e2e.guarantee.row_actions import RowActions

STARTS = ("CreateBackup", "RestoreDatabase", "UpdateDatabase", "UpdateDatabaseDdl")
ENDS = ("CancelOperation", "DeleteBackup", "DropDatabase")
BACKUP, SCHEMA = "backup", "schema"
HELD = 15.0
"""Seconds that a call is held: enough to find its process on a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedTask:
    """A row's task, and what the emulator saw of it.

    :param act: the row's
    """

    act: RowActions
    run: DagRun
    task_id: str = BACKUP

    @property
    def task(self) -> TaskInstance:
        """The task as it is now."""
        return self.act.world.task(self.run, self.task_id)

    @property
    def operations(self) -> tuple[OperationView, ...]:
        """Everything that was started in the row, oldest first."""
        operations = self.act.world.emulator.operations()
        return tuple(each for each in operations if f"/{self.act.row.key}-" in each.target)

    def operation(self, number: int = 1) -> OperationView:
        """Wait until the task has started an operation; return it as it is now."""
        return self.act.until(
            lambda: self.operations,
            accept=lambda seen: len(seen) >= number,
            what=f"operation {number}",
            timeout=GET_READY,
        )[number - 1]

    def codes(self, *methods: str) -> list[Code]:
        """Return what calls of these methods about anything of the row were told."""
        calls = self.act.world.emulator.calls.of(*methods)
        return [call.code for call in calls if f"/{self.act.row.key}-" in call.resource]

    def log(self, try_number: int) -> str:
        """Return the log of a try."""
        return self.act.world.api.task_log(self.task, try_number=try_number)

    def freeze(self) -> None:
        """Stop the process that executes the task: it reads nothing and writes nothing any more."""
        self._send(signal.SIGSTOP)

    def kill(self) -> None:
        """Kill the process that executes the task, also one that is frozen, as a lost worker."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        process = self.act.until(
            lambda: self.act.world.airflow.task_process(self.task),
            what="the process that executes the task",
            interval=0.1,
        )
        assert process is not None
        os.kill(process.pid, number)

    def ends(
        self,
        words: str,
        *,
        states: tuple[OperationState, ...] = (OperationState.SUCCEEDED,),
        answers: tuple[Code, ...] = (Code.OK,),
        cancels: int = 0,
        tries: int = 2,
        says: str | tuple[str, ...] = "",
        run: RunState = RunState.SUCCESS,
    ) -> Seen:
        """Wait for the end of the run; return what was seen.

        :param words: for the table
        :param states: how the operations have to have ended
        :param answers: what the start calls have to have been told
        :param cancels: how many calls have to have ended or deleted anything
        :param tries: how many the task has to have had
        :param says: what the log of its last try has to say
        :param run: how the run has to end
        """
        ended = self.act.world.api.wait_for_run(self.run, timeout=GET_READY, interval=1.0)
        task, operations = self.task, self.operations
        compared = (
            ("the run", ended.state, run),
            ("the task", task.state, TaskState(run)),
            ("tries", task.try_number, tries),
            ("operations", [each.state for each in operations], list(states)),
            ("start calls", self.codes(*STARTS), list(answers)),
            ("cancels", len(self.codes(*ENDS)), cancels),
        )
        wrong = [f"{what}: {seen}, not {right}" for what, seen, right in compared if seen != right]
        wrong += [
            f"{after.name} was started while {before.name} ran"
            for before, after in pairwise(operations)
            if before.ended is None or before.ended > after.started
        ]
        wrong += unsaid(self.log(task.try_number), says)
        return Seen(words=words if not wrong else "something else", wrong="; ".join(wrong))


def unsaid(log: str, says: str | tuple[str, ...]) -> list[str]:
    """Return what a log does not say, in sentences."""
    texts = (says,) if isinstance(says, str) else says
    return [f"the log does not say {each!r}" for each in texts if each not in log]


def play(act: RowActions, *plans: Plan, task_id: str = BACKUP, target: str = "") -> PlayedTask:
    """Start the row's Dag.

    :param plans: what its operations do, one after the other; the last one counts for all others
    :param target: what they work on; by default backups of the row, or the database of its schema
    """
    database = f"{act.instance}/databases/{act.row.key}-{SCHEMA}"
    if task_id == SCHEMA:
        act.world.emulator.create_database(database)
    usual = database if task_id == SCHEMA else f"{act.instance}/backups/{act.row.key}-*"
    target = target or usual
    for index, plan in reversed(list(enumerate(plans, start=1))):
        times = None if index == len(plans) else 1
        act.world.emulator.plan(plan, target=target, times=times)
    return PlayedTask(act=act, run=act.start(), task_id=task_id)


def hold(act: RowActions, method: str, resources: str, *, seconds: float = HELD) -> str:
    """Let the next such call wait; return what to give to :func:`wait_until_held`."""
    pattern = f"{act.instance}/{resources}/{act.row.key}-*"
    act.world.emulator.faults.delay(seconds, method=method, resource=pattern, times=1)
    return pattern


def wait_until_held(act: RowActions, pattern: str) -> None:
    """Wait until a call that was to be held has come."""
    faults = act.world.emulator.faults
    act.until(
        lambda: all(fault.resource != pattern for fault in faults.pending()),
        what="the call to hold",
        timeout=GET_READY,
        interval=0.05,
    )
