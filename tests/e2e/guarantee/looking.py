# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a row can see: the operations of its tasks, their records, and the calls about them.

What the emulator saw decides. It is in this process and asking it costs nothing, so wherever either
would do, it is asked and not Airflow, whose components have the machine for themselves meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from tests.cluster.waiting import wait_until
from tests.e2e.guarantee.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator import Call, OperationView
    from tests.cluster.rest_api import DagRun, TaskInstance, TaskState
    from tests.e2e.conftest import World
    from tests.e2e.guarantee.rows import Row

T = TypeVar("T")

INSTANCES = "projects/e2e/instances/guarantee-"
"""Each row has one of its own: operations of an instance are looked at together."""
GET_READY = 240.0
"""Seconds that all rows of a group together may take until their operations run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A task whose operation runs."""

    run: DagRun
    task_id: str
    operation: str


class Looks:
    """One row's view of the world.

    :param row: whose key names everything: Dag ``guarantee_<key>``, instance ``guarantee-<key>``,
        database ``<key>``, backups ``<key>-<task id>-...``
    """

    def __init__(self, *, world: World, row: Row) -> None:
        self.world = world
        self.row = row
        self.runs: list[DagRun] = []

    @property
    def instance(self) -> str:
        """The instance of this row."""
        return f"{INSTANCES}{self.row.key}"

    def task(self, going: Going) -> TaskInstance:
        """Return a task as it is now."""
        return self.world.task(going.run, going.task_id)

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

    def record(self, going: Going) -> LedgerEntry:
        """Return what the latest try of a task has published; wait while it has not yet."""
        record = self.until(
            lambda: self.world.api.xcom(self.task(going), RECORD_KEY),
            what=f"the record of {going.task_id}",
            interval=0.5,
        )
        return LedgerEntry.from_record(cast("dict[str, Any]", record))

    def deadline(self, going: Going) -> float:
        """Return the deadline that a task has published."""
        deadline = self.record(going).deadline
        assert deadline is not None, f"{going.task_id} has no deadline"
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

    def story(self) -> str:
        """Return what happened in the row, for whoever has to find out why it falls short."""
        return tell(self.world, key=self.row.key, runs=self.runs)
