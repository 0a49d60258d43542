# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows about Celery workers: told to end, warmly or coldly, and lost, with all they have or alone.

Each row has a worker of its own, which takes the tasks of the row's queue and no others.
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.airflow import Component
from tests.cluster.rest_api import TaskState
from tests.e2e.guarantee.rows import ONLY_CELERY, Group, row
from tests.e2e.guarantee.worker_loss import OUTLIVES, after_trouble, taken_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.airflow import LocalAirflow
    from tests.cluster.processes import ManagedProcess
    from tests.e2e.conftest import World
    from tests.e2e.guarantee.row_actions import RowActions
    from tests.e2e.guarantee.rows import Scenario

WORKER = Component.WORKER
NUMBERS = {"c1": 11, "c2": 12, "c3": 13, "c4": 14}
"""The numbers of the rows' workers, by the rows' keys, which are the queues' names too."""
WARMLY = 120.0
"""Seconds that a worker may take to end when it waits for its task: twice as long as that takes."""
TASK = "airflow worker -- "
"""How Airflow 3.3.2 titles the process that executes a task."""


@contextmanager
def _with_their_own(world: World) -> Iterator[None]:
    """Start a worker for each row; whatever of them is left in the end goes."""
    for key in NUMBERS:
        employ(world.airflow, key)
    try:
        yield
    finally:
        for number in NUMBERS.values():
            # a row may have ended its own
            with suppress(KeyError):
                world.airflow.kill_component(WORKER, number=number)


WORKERS = Group(name="Celery workers", around=_with_their_own, at_once=True)
"""Each row does something to its worker."""


@row(
    "C1",
    "running: its Celery worker gets SIGTERM (warm)",
    group=WORKERS,
    executors=ONLY_CELERY,
    core=True,
)
def worker_ends_warmly(act: RowActions) -> Scenario:
    """Celery takes no more tasks, waits for the one that it has, and ends."""
    act.plan(OUTLIVES)
    waiting = act.on_worker()
    worker = worker_of(act)
    yield
    assert not act.world.view(waiting.operation).done, "there was nothing left to wait for"
    misplaced = wrongly_loaded(worker)
    act.world.airflow.stop_component(WORKER, number=NUMBERS[act.row.key], grace=WARMLY)
    status = worker.poll()
    yield
    seen = after_trouble(act, waiting)
    wrong = [seen.wrong, *misplaced, "" if status == 0 else f"the worker ended with {status}"]
    return replace(seen, wrong="; ".join(each for each in wrong if each))


@row(
    "C2",
    "running: its Celery worker gets SIGQUIT (cold)",
    within=3,
    group=WORKERS,
    executors=ONLY_CELERY,
    core=True,
)
def worker_ends_coldly(act: RowActions) -> Scenario:
    """Celery ends its children, and Airflow passes that on to the task's process.

    Celery may give the message to the next worker; Airflow then refuses to start the task again.
    """
    waiting = act.on_worker()
    worker = worker_of(act)
    yield
    since = time.time()
    worker.signal(signal.SIGQUIT)
    seen = act.cancelled(waiting, since=since)
    yield
    act.wait_for_task(waiting.run, waiting.task_id, TaskState.FAILED)
    worker.wait(timeout=WARMLY)
    employ(act.world.airflow, act.row.key)
    act.let_pass()
    if (starts := len(act.world.starts_of(waiting.operation))) != 1:
        return replace(seen, wrong=f"{seen.wrong}; it was started {starts} times".lstrip("; "))
    return seen


@row(
    "C3",
    "running: its Celery worker is lost; a retry follows",
    group=WORKERS,
    executors=ONLY_CELERY,
    core=True,
)
def worker_lost_with_its_tasks(act: RowActions) -> Scenario:
    """Nobody tells anybody; the next try is executed by a worker that is there by then."""
    act.plan(OUTLIVES)
    waiting = act.on_worker()
    yield
    act.world.airflow.kill_component(WORKER, number=NUMBERS[act.row.key])
    employ(act.world.airflow, act.row.key)
    yield
    return taken_up(act, waiting)


@row("C4", "running: SIGKILL to the Celery worker alone", group=WORKERS, executors=ONLY_CELERY)
def worker_killed_without_its_tasks(act: RowActions) -> Scenario:
    """Let the kernel kill the supervisor too, as Celery has asked; the task's process is left."""
    act.plan(OUTLIVES)
    waiting = act.on_worker()
    worker = worker_of(act)
    yield
    worker.signal(signal.SIGKILL)
    worker.wait(timeout=WARMLY)
    employ(act.world.airflow, act.row.key)
    yield
    return taken_up(act, waiting)


def employ(airflow: LocalAirflow, key: str) -> ManagedProcess:
    """Start the worker of a row."""
    return airflow.start_component(
        WORKER, "--queues", key, "--concurrency", "1", number=NUMBERS[key]
    )


def worker_of(act: RowActions) -> ManagedProcess:
    """Return the row's worker."""
    return act.world.airflow.process(WORKER, number=NUMBERS[act.row.key])


def wrongly_loaded(worker: ManagedProcess) -> list[str]:
    """Return what is wrong about where gRPC is loaded: in processes of tasks, and in no others.

    Forked processes inherit its threads' locks but not its threads, and hang.
    """
    if sys.platform != "linux":
        return []
    members = worker.members()
    wrong = [
        f"gRPC is {'not ' if each.command.startswith(TASK) else ''}loaded in {each}"
        for each in members
        if each.command.startswith(TASK) != ("cygrpc" in Path(f"/proc/{each.pid}/maps").read_text())
    ]
    return (
        wrong if any(each.command.startswith(TASK) for each in members) else ["no task's process"]
    )
