# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Ask Airflow whether a task still waits, and what it has published; one task or many at once.

Triggers can read task states and XComs through the triggerer's main process; the task state store
is out of reach there and a read of it would hang for ever (Airflow 3.3.2).

All triggers of a triggerer ask through one channel, and its main process answers one request for
each round of its own work. Three hundred kills that each ask for two answers would wait longer than
a kill may last. So the first one asks at once, and those that come while it waits ask together, by
Dag run. XComs can only be read one by one there, which is done when no state is waited for, and in
threads of our own: the event loop's few are everybody's. A record that does not come in time counts
as one that cannot be read, since the state of a task that is over is enough to decide.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from airflow_spanner_lro.airflow_internals import task_states, xcom_of
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.ownership import TaskLiveness, UnreadableRecord, liveness_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import TypeVar

    from airflow_spanner_lro.core.ledger.ownership import Published

    T = TypeVar("T")


_THREADS = 4
"""As many keep the channel busy; each of them only waits."""
_TASKS_AT_ONCE = 100
"""Task ids in one request: they are in its address."""


class TaskKey(Protocol):
    """Which task instance, as each of Airflow's descriptions of one tells it."""

    @property
    def dag_id(self) -> str:
        """Its Dag."""

    @property
    def task_id(self) -> str:
        """Its task."""

    @property
    def run_id(self) -> str:
        """Its Dag run."""

    @property
    def map_index(self) -> int | None:
        """Which of a mapped task's instances; -1 for a task that is not mapped."""


class _Run(NamedTuple):
    dag_id: str
    run_id: str


class _Task(NamedTuple):
    task_id: str
    map_index: int

    @property
    def key(self) -> str:
        """What Airflow calls it in its answer."""
        return f"{self.task_id}_{self.map_index}" if self.map_index >= 0 else self.task_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task instance as it is seen from outside."""

    liveness: TaskLiveness
    record: Published


def view_task(task: TaskKey) -> TaskView:
    """Read liveness and record of a task instance, in this order: see ``ownership.py``.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow does not know the liveness
    """
    liveness = read_liveness(task)
    return TaskView(liveness=liveness, record=read_record(task))


def read_liveness(task: TaskKey) -> TaskLiveness:
    """Read the liveness of a task instance.

    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow cannot be asked
    """
    instance = _Task(task.task_id, index_of(task))
    return _read_livenesses(_Run(task.dag_id, task.run_id), [instance])[instance]


def read_record(task: TaskKey) -> Published:
    """Read what the latest try of a task instance has published.

    When that fails, whatever the reason, the task's liveness may be enough to decide.
    """
    try:
        record = xcom_of(
            key=RECORD_KEY,
            dag_id=task.dag_id,
            task_id=task.task_id,
            run_id=task.run_id,
            map_index=index_of(task),
        )
        return None if record is None else LedgerEntry.from_record(record)
    except Exception as exc:  # noqa: BLE001  # it is logged, by whoever decides
        return UnreadableRecord(why=f"{type(exc).__name__}: {exc}")


def index_of(task: TaskKey) -> int:
    """Return the index of a mapped task instance; -1 if it is not mapped."""
    return -1 if task.map_index is None else task.map_index


async def view_task_soon(task: TaskKey, *, timeout: float) -> TaskView:
    """Read liveness and record of a task instance, in this order: see ``ownership.py``.

    :param timeout: seconds for both
    :raises TimeoutError: if the liveness does not come in time
    :raises airflow.sdk.exceptions.AirflowRuntimeError: if Airflow does not know the liveness
    """
    for loop in [loop for loop in _inquiries if loop.is_closed()]:
        _inquiries.pop(loop).close()
    loop = asyncio.get_running_loop()
    inquiry = _inquiries.get(loop)
    if inquiry is None:
        inquiry = _inquiries[loop] = TaskInquiry()
    return await inquiry.view(task, timeout=timeout)


class TaskInquiry:
    """The questions of all triggers of one event loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="spanner-lro-ask")
        self._waiting: dict[_Run, dict[_Task, list[asyncio.Future[TaskLiveness]]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def view(self, task: TaskKey, *, timeout: float) -> TaskView:
        """Read liveness and record of a task instance, in this order.

        :param timeout: seconds for both
        :raises TimeoutError: if the liveness does not come in time
        """
        end = asyncio.get_running_loop().time() + timeout
        async with asyncio.timeout_at(end):
            liveness = await self._liveness(task)
        try:
            async with asyncio.timeout_at(end):
                record = await self._record(task)
        except TimeoutError:
            record = UnreadableRecord(why="no answer in time")
        return TaskView(liveness=liveness, record=record)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _liveness(self, task: TaskKey) -> TaskLiveness:
        answer: asyncio.Future[TaskLiveness] = asyncio.get_running_loop().create_future()
        run = self._waiting.setdefault(_Run(task.dag_id, task.run_id), {})
        run.setdefault(_Task(task.task_id, index_of(task)), []).append(answer)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _record(self, task: TaskKey) -> Published:
        while self._asking is not None:
            await asyncio.wait({self._asking})
        return await self._in_thread(read_record, task)

    async def _ask(self) -> None:
        try:
            while self._waiting:
                run = next(iter(self._waiting))
                await self._ask_about(run, self._waiting.pop(run))
        finally:
            self._asking = None

    async def _ask_about(
        self, run: _Run, waiting: dict[_Task, list[asyncio.Future[TaskLiveness]]]
    ) -> None:
        for tasks in _requests(waiting):
            try:
                found = await self._in_thread(_read_livenesses, run, tasks)
            except Exception as exc:  # noqa: BLE001  # it is the answer for those who asked
                for answer in _unanswered(waiting, tasks):
                    answer.set_exception(exc)
            else:
                for task in tasks:
                    for answer in _unanswered(waiting, [task]):
                        answer.set_result(found[task])

    async def _in_thread(self, read: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, read, *arguments)


_inquiries: dict[asyncio.AbstractEventLoop, TaskInquiry] = {}


def _unanswered(
    waiting: Mapping[_Task, list[asyncio.Future[TaskLiveness]]], tasks: Iterable[_Task]
) -> list[asyncio.Future[TaskLiveness]]:
    """Return whom the answer about some tasks is for; whoever has given up is gone."""
    return [answer for task in tasks for answer in waiting[task] if not answer.done()]


def _requests(tasks: Collection[_Task]) -> list[list[_Task]]:
    """Divide tasks of a run so that each request is short, and its answer unmistakable."""
    by_id: dict[str, list[_Task]] = {}
    for task in tasks:
        by_id.setdefault(task.task_id, []).append(task)
    # the first instance of a mapped task ``a`` and a task ``a_0`` have the same key in an answer
    alike = {task_id for task_id in by_id if _mapped_by(task_id) in by_id}
    together = [each for each in by_id if each not in alike]
    requests = [by_id[task_id] for task_id in sorted(alike)]
    for first in range(0, len(together), _TASKS_AT_ONCE):
        ids = together[first : first + _TASKS_AT_ONCE]
        requests.append([task for task_id in ids for task in by_id[task_id]])
    return requests


def _mapped_by(task_id: str) -> str | None:
    """Return the id of the mapped task that may have an instance of this key."""
    mapped, _, index = task_id.rpartition("_")
    return mapped if mapped and index.isdecimal() else None


def _read_livenesses(run: _Run, tasks: Collection[_Task]) -> dict[_Task, TaskLiveness]:
    """Read the livenesses of task instances of a run; blocks."""
    indices = {task.map_index for task in tasks}
    alone = indices.pop() if len(indices) == 1 else -1
    states = task_states(
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_ids={task.task_id for task in tasks},
        # of thousands of mapped instances, if only one is wanted
        map_index=alone if alone >= 0 else None,
    )
    return {
        task: liveness_of(states[task.key]) if task.key in states else TaskLiveness.MISSING
        for task in tasks
    }
