# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a row can do: start its Dag, get to where it matters, and act as a user does."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import Plan
from tests.cluster.errors import ApiError
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee.looking import Going
from tests.e2e.guarantee.verdicts import Verdicts

if TYPE_CHECKING:
    from tests.cluster.rest_api import DagRun, TaskInstance
    from tests.e2e.conftest import World
    from tests.e2e.guarantee.rows import Row

NEVER = Plan(duration=timedelta(hours=20))
"""Ends within no test: twenty minutes."""
SOON = Plan(duration=timedelta(minutes=30))
"""Ends after half a minute: under load Airflow 3.3.2 fails tasks that are resumed within seconds
of their deferral, for a state that its scheduler did not expect."""


class Act(Verdicts):
    """What a scenario is given: hands, eyes and judgement of one row."""

    def __init__(self, *, world: World, row: Row) -> None:
        super().__init__(world=world, row=row)
        self._forged: list[tuple[TaskInstance, str]] = []

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

    def deferred(self, task_id: str = "backup", *, run: DagRun | None = None) -> Going:
        """Start a run if there is none, and wait until a task waits in the triggerer."""
        return self._waiting(task_id, TaskState.DEFERRED, run=run or self.start())

    def on_worker(self, task_id: str = "backup", *, run: DagRun | None = None) -> Going:
        """Start a run if there is none, and wait until a task waits on a worker."""
        return self._waiting(task_id, TaskState.RUNNING, run=run or self.start())

    def going(self, run: DagRun, task_id: str, *, operation: str = "") -> Going:
        """Return a task with its first operation, or another one; wait until it has started."""
        return Going(run=run, task_id=task_id, operation=operation or self.operation(task_id))

    def _waiting(self, task_id: str, state: TaskState, *, run: DagRun) -> Going:
        going = self.going(run, task_id)
        self.wait_for_task(run, task_id, state)
        # whoever waits has begun to: a trigger is loaded, a worker's loop is entered
        self.wait_for_poll(going.operation)
        return going

    # -- causing things; each returns the moment right before, as by ``time.time()``

    def mark(self, going: Going, state: TaskState) -> float:
        """Mark a task as the button in the UI does."""
        task = self.task(going)
        since = time.time()
        self.world.api.set_task_state(task, state)
        return since

    def clear(self, going: Going) -> float:
        """Clear a task as the button in the UI does."""
        task = self.task(going)
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
