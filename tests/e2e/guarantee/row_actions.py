# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""In a row, act as a user does, see what the emulator saw, and judge how the row ended.

What the emulator saw decides. It is in this process and asking it costs nothing, so wherever either
would do, it is asked and not Airflow, whose components have the machine for themselves meanwhile.
What is wrong is returned and not raised, so that the table can show what was seen all the same.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.emulator import Plan
from tests.cluster.errors import ApiError, NotReachedError
from tests.cluster.rest_api import RunState, TaskState
from tests.cluster.waiting import wait_until
from tests.e2e.guarantee.failure_report import failure_report
from tests.e2e.guarantee.rows import ALLOWANCE, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator import Call, OperationView
    from tests.cluster.rest_api import DagRun, TaskInstance
    from tests.e2e.conftest import World
    from tests.e2e.guarantee.rows import Row


T = TypeVar("T")

INSTANCES = "projects/e2e/instances/guarantee-"
"""Each row has one of its own: operations of an instance are looked at together."""
GET_READY = 240.0
"""Seconds that all rows of a group together may take until their operations run."""
A_WHILE = 15.0
"""Seconds in which what must not happen would have happened."""
NEVER = Plan(duration=timedelta(hours=20))
"""Ends within no test: twenty minutes."""
SOON = Plan(duration=timedelta(minutes=30))
"""Ends after half a minute: under load Airflow 3.3.2 fails tasks that are resumed within seconds
of their deferral, for a state that its scheduler did not expect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingTask:
    """A task whose operation runs."""

    run: DagRun
    task_id: str
    operation: str


class RowActions:
    """What a row may do: get its tasks to where it matters, act as a user, see, and judge.

    :param row: whose key names everything: Dag ``guarantee_<key>``, instance ``guarantee-<key>``,
        database ``<key>``, backups ``<key>-<task id>-...``
    """

    def __init__(self, *, world: World, row: Row) -> None:
        self.world = world
        self.row = row
        self.runs: list[DagRun] = []
        self._forged: list[tuple[TaskInstance, str]] = []

    @property
    def instance(self) -> str:
        """The instance of this row."""
        return f"{INSTANCES}{self.row.key}"

    # -- getting there

    def plan(self, plan: Plan, *, task_id: str = "*", times: int | None = None) -> None:
        """Say what the operations of the row's tasks do; without a word they never end."""
        target = f"{self.instance}/backups/{self.row.key}-{task_id}-*"
        self.world.emulator.plan(plan, target=target, times=times)

    def start(self, *, beside: str = "") -> DagRun:
        """Start a run of the row's Dag, whose databases are there.

        :param beside: of another Dag of the row, whose id ends in this
        """
        for database in (self.row.key, f"{self.row.key}-sibling"):
            name = f"{self.instance}/databases/{database}"
            self.world.emulator.create_database(name, if_missing=True)
        run = self.world.start(f"guarantee_{self.row.key}{beside}")
        self.runs.append(run)
        return run

    def deferred(self, task_id: str = "backup", *, run: DagRun | None = None) -> WaitingTask:
        """Start a run if there is none, and wait until a task waits in the triggerer."""
        return self._waiting(task_id, TaskState.DEFERRED, run=run or self.start())

    def on_worker(self, task_id: str = "backup", *, run: DagRun | None = None) -> WaitingTask:
        """Start a run if there is none, and wait until a task waits on a worker."""
        return self._waiting(task_id, TaskState.RUNNING, run=run or self.start())

    def waiting_task(self, run: DagRun, task_id: str, *, operation: str = "") -> WaitingTask:
        """Return a task with its first operation, or another one; wait until it has started."""
        return WaitingTask(run=run, task_id=task_id, operation=operation or self.operation(task_id))

    def _waiting(self, task_id: str, state: TaskState, *, run: DagRun) -> WaitingTask:
        waiting = self.waiting_task(run, task_id)
        self.wait_for_task(run, task_id, state)
        # whoever waits has begun to: a trigger is loaded, a worker's loop is entered
        self.wait_for_poll(waiting.operation)
        return waiting

    # -- causing things; each returns the moment right before, as by ``time.time()``

    def mark(self, waiting: WaitingTask, state: TaskState) -> float:
        """Mark a task as the button in the UI does."""
        task = self.task(waiting)
        since = time.time()
        self.world.api.set_task_state(task, state)
        return since

    def clear(self, waiting: WaitingTask) -> float:
        """Clear a task as the button in the UI does."""
        task = self.task(waiting)
        since = time.time()
        self.world.api.clear(task)
        return since

    def mark_run(self, run: DagRun, state: RunState) -> float:
        """Mark a run as the button in the UI does."""
        since = time.time()
        self.world.api.set_run_state(run, state)
        return since

    def forge(self, task: TaskInstance, key: str, value: object) -> None:
        """Write into a task's store, as anybody may who may edit the task; until the row ends."""
        self._forged.append((task, key))
        self.world.api.write_state(task, key, value)

    # -- seeing

    def task(self, waiting: WaitingTask) -> TaskInstance:
        """Return a task as it is now."""
        return self.world.task(waiting.run, waiting.task_id)

    def operations(self, task_id: str = "backup") -> tuple[OperationView, ...]:
        """Return what the row's task has started, oldest first."""
        prefix = f"{self.instance}/backups/{self.row.key}-{task_id}-"
        operations = self.world.emulator.operations()
        return tuple(each for each in operations if each.target.startswith(prefix))

    def operation(self, task_id: str = "backup", *, number: int = 1) -> str:
        """Wait until a task has started its first operation, or a later one; return its name."""
        found = self.until(
            lambda: self.operations(task_id),
            accept=lambda seen: len(seen) >= number,
            what=f"operation {number} of {task_id}",
            timeout=GET_READY,
        )
        return found[number - 1].name

    def cancels(self, operation: str) -> tuple[Call, ...]:
        """Return the cancels of an operation that the emulator saw."""
        return self.world.cancels_of(operation)

    def record(self, waiting: WaitingTask) -> LedgerEntry:
        """Return what the latest try of a task has published; wait while it has not yet."""
        record = self.until(
            lambda: self.world.api.xcom(self.task(waiting), RECORD_KEY),
            what=f"the record of {waiting.task_id}",
            interval=0.5,
        )
        return LedgerEntry.from_record(cast("dict[str, Any]", record))

    def deadline(self, waiting: WaitingTask) -> float:
        """Return the deadline that a task has published."""
        deadline = self.record(waiting).deadline
        assert deadline is not None, f"{waiting.task_id} has no deadline"
        return deadline.timestamp()

    def wait_for_task(
        self, run: DagRun, task_id: str, *states: TaskState, timeout: float = GET_READY
    ) -> TaskInstance:
        """Wait until a task is in one of the states."""
        return self.until(
            lambda: self.world.task(run, task_id),
            accept=lambda seen: seen.state in states,
            what=f"{task_id} to be {' or '.join(states)}",
            timeout=timeout,
            interval=1.0,
        )

    def wait_for_poll(self, operation: str) -> None:
        """Wait until somebody looks at an operation again."""
        self.world.wait_for_poll(operation)

    def until(
        self,
        condition: Callable[[], T],
        *,
        what: str,
        accept: Callable[[T], bool] = bool,
        timeout: float = 60.0,
        interval: float = 0.2,
    ) -> T:
        """Wait until something can be seen."""
        what = f"{self.row.id}: {what}"
        return wait_until(condition, accept=accept, what=what, timeout=timeout, interval=interval)

    def report(self) -> str:
        """Return what happened in the row, for whoever has to find out why it falls short."""
        return failure_report(self.world, key=self.row.key, runs=self.runs)

    # -- judging

    def cancelled(
        self, waiting: WaitingTask, *, since: float, again: bool = False, early: float = 0.0
    ) -> Seen:
        """Wait for the cancel of an operation, and for its end; return what was seen.

        :param since: when the causing event happened
        :param again: whether a later try may have started another operation
        :param early: how many seconds before that it may have been cancelled
        """
        patience = (self.row.bound(allowance=ALLOWANCE) or 60.0) + 15
        with suppress(NotReachedError):
            self.until(
                lambda: self.cancels(waiting.operation),
                what="the cancel",
                timeout=max(0.0, since + patience - time.time()),
                interval=0.05,
            )
        cancels = self.cancels(waiting.operation)
        if not cancels:
            return Seen(words="not cancelled", wrong=f"no cancel in {patience:g} s")
        seconds = cancels[0].real_time - since
        ended = self.world.wait_for_end(waiting.operation)
        faults = []
        if seconds < -early:
            faults.append(f"it was cancelled {-seconds:.1f} s before that")
        if ended.state is not OperationState.CANCELLED:
            faults.append(f"the operation is {ended.state}")
        if again:
            faults.extend(self._overlaps(waiting.task_id))
        else:
            faults.extend(self._starts(waiting.operation))
            if self.world.exists(waiting.operation):
                faults.append("the backup is still there")
        return Seen(words="cancelled", seconds=max(0.0, seconds), wrong="; ".join(faults))

    def succeeded(self, waiting: WaitingTask, *, timeout: float = 180.0) -> Seen:
        """Wait for the end of an operation and of its run, both a success; return what was seen."""
        ended = self.world.wait_for_end(waiting.operation, timeout=timeout)
        run = self.world.api.wait_for_run(waiting.run, timeout=timeout, interval=1.0)
        faults = self._touched(waiting.operation)
        if ended.state is not OperationState.SUCCEEDED:
            faults.append(f"the operation is {ended.state}")
        if run.state is not RunState.SUCCESS:
            faults.append(f"the run is {run.state}")
        return Seen(words="succeeded", wrong="; ".join(faults))

    def untouched(self, waiting: WaitingTask, *, since: float) -> Seen:
        """Let a while pass, in which an operation runs on; return what was seen."""
        self.let_pass(since=since)
        faults = self._touched(waiting.operation)
        state = self.world.view(waiting.operation).state
        if state is not OperationState.RUNNING:
            faults.append(f"the operation is {state}")
        return Seen(words="runs on", wrong="; ".join(faults))

    def served_again(self, waiting: WaitingTask, *, since: float) -> Seen:
        """Wait for the try after a clear; one operation serves it, started anew or adopted.

        :param since: when the task was cleared
        """
        self.until(
            lambda: self.record(waiting),
            accept=lambda record: record.try_number > 1 and record.operation is not None,
            what="the next try",
            timeout=GET_READY,
            interval=1.0,
        )
        # a kill that comes late is given the time
        self.let_pass()
        serving = str(self.record(waiting).operation)
        running = [each.name for each in self.operations(waiting.task_id) if not each.done]
        faults = self._overlaps(waiting.task_id)
        if running != [serving]:
            faults.append(f"{running or 'nothing'} runs, and {serving} is waited for")
        wrong = "; ".join(faults)
        if serving == waiting.operation:
            return Seen(words="adopted", wrong=wrong, excused=True)
        cancels = self.cancels(waiting.operation)
        seconds = cancels[0].real_time - since if cancels else None
        return Seen(words="cancelled, started anew", seconds=seconds, wrong=wrong)

    def let_pass(self, *, since: float | None = None, seconds: float = A_WHILE) -> None:
        """Let time pass: for what must not happen, there is nothing else to wait for."""
        end = (time.time() if since is None else since) + seconds
        self.until(lambda: time.time() >= end, what="time to pass")

    def _touched(self, operation: str) -> list[str]:
        faults = self._starts(operation)
        if cancels := self.cancels(operation):
            faults.append(f"it was cancelled {len(cancels)} times")
        return faults

    def _starts(self, operation: str) -> list[str]:
        starts = len(self.world.starts_of(operation))
        return [] if starts == 1 else [f"it was started {starts} times"]

    def _overlaps(self, task_id: str) -> list[str]:
        return [
            f"{after.name} was started while {before.name} ran"
            for before, after in pairwise(self.operations(task_id))
            if before.ended is None or before.ended > after.started
        ]

    # -- in the end

    def leave(self) -> None:
        """End the row's runs that have not ended, since they would hold workers.

        What was written into stores goes, since every reaper that comes later would tell of it.
        """
        for task, key in self._forged:
            self.world.api.delete_state(task, key)
        for run in self.runs:
            # one whose Dag was deleted is gone
            with suppress(ApiError):
                if not self.world.api.dag_run(run).ended:
                    self.world.api.set_run_state(run, RunState.FAILED)
