# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which time passes and nobody acts: deadlines of tasks and of runs, side by side.

The timeouts stand in ``dags/guarantee_deadlines.py``, long enough for all rows to get ready first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.cluster.rest_api import TaskState
from tests.e2e.guarantee.rows import ANY, DEADLINES, row

if TYPE_CHECKING:
    from tests.e2e.guarantee.row_actions import RowActions, WaitingTask
    from tests.e2e.guarantee.rows import Scenario, Seen

TASK_TIMEOUT = 40.0
"""The ``execution_timeout`` of the tasks here, in seconds."""
RUN_TIMEOUT = timedelta(seconds=75)
"""The ``dagrun_timeout`` of the runs here, and the interval of their deadline alert."""
START_UP = 15.0
"""Airflow tells a task a start that is seconds later than the one its REST API shows."""


def overrun(act: RowActions, waiting: WaitingTask, *, ends: TaskState = TaskState.FAILED) -> Seen:
    """Wait for the deadline that a task has published, and for what comes of it."""
    seen = act.cancelled(waiting, since=act.deadline(waiting))
    act.wait_for_task(waiting.run, waiting.task_id, ends)
    return seen


def assert_counted_from_the_start(act: RowActions, waiting: WaitingTask) -> None:
    """Assert that the deadline is the start of the task and its timeout, and nothing else."""
    started = act.task(waiting).started
    assert started is not None
    assert 0 <= act.deadline(waiting) - (started.timestamp() + TASK_TIMEOUT) <= START_UP


@row("E1", "running: execution_timeout passes", within=3, group=DEADLINES, executors=ANY)
def execution_timeout_while_running(act: RowActions) -> Scenario:
    """Airflow calls the operator's on_kill."""
    waiting = act.on_worker()
    assert_counted_from_the_start(act, waiting)
    yield
    return overrun(act, waiting)


@row("E2", "deferred: execution_timeout passes", within=3, group=DEADLINES, executors=ANY)
def execution_timeout_while_deferred(act: RowActions) -> Scenario:
    """Airflow does nothing; the trigger carries the deadline."""
    waiting = act.deferred()
    assert_counted_from_the_start(act, waiting)
    yield
    seen = overrun(act, waiting)
    log = act.world.api.task_log(act.task(waiting))
    assert f" was started. {waiting.operation}" in log
    assert "Cancelling: out of time" in log
    assert " was cancelled." in log
    return seen


@row("E3", "deferred: the operator's own timeout passes", within=3, group=DEADLINES)
def operation_timeout_while_deferred(act: RowActions) -> Scenario:
    """Airflow knows nothing of it; the trigger carries the deadline."""
    waiting = act.deferred()
    yield
    return overrun(act, waiting)


@row("E10a", "deferred: dagrun_timeout passes", within=8, group=DEADLINES)
def dagrun_timeout_while_deferred(act: RowActions) -> Scenario:
    """Airflow skips the task and calls the trigger's on_kill."""
    waiting = act.deferred()
    yield
    return act.cancelled(waiting, since=run_timeout(act, waiting))


@row("E10b", "running: dagrun_timeout passes", within=8, group=DEADLINES, executors=ANY)
def dagrun_timeout_while_running(act: RowActions) -> Scenario:
    """Airflow skips the task and calls the operator's on_kill."""
    waiting = act.on_worker()
    yield
    return act.cancelled(waiting, since=run_timeout(act, waiting))


@row("E14", "deferred, soft_fail: its timeout passes", within=3, group=DEADLINES)
def soft_timeout_while_deferred(act: RowActions) -> Scenario:
    """Airflow is told to skip the task; its operation is cancelled all the same."""
    waiting = act.deferred()
    yield
    return overrun(act, waiting, ends=TaskState.SKIPPED)


@row("E20d", "a deadline alert calls the notifier", within=10, group=DEADLINES)
def deadline_alert(act: RowActions) -> Scenario:
    """Airflow runs the notifier in the triggerer when the run's deadline has passed."""
    waiting = act.deferred()
    yield
    queued = act.world.api.dag_run(waiting.run).queued
    assert queued is not None
    return act.cancelled(waiting, since=(queued + RUN_TIMEOUT).timestamp())


@row("K8c", "deferred: times out, cancel_on_timeout=False", group=DEADLINES)
def timed_out_without_cancel(act: RowActions) -> Scenario:
    """Nothing is cancelled where the owner wants the operation to go on."""
    waiting = act.deferred()
    yield
    act.wait_for_task(waiting.run, waiting.task_id, TaskState.FAILED)
    return act.untouched(waiting, since=act.deadline(waiting))


def run_timeout(act: RowActions, waiting: WaitingTask) -> float:
    """Return when the run's time is over."""
    started = act.world.api.dag_run(waiting.run).started
    assert started is not None
    return (started + RUN_TIMEOUT).timestamp()
