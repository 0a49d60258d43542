# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a triggerer is lost, stalled, full or told to end."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ledger.ownership import KillDecision
from airflow_spanner_lro.emulator import Plan
from tests.cluster.rest_api import TaskState
from tests.e2e.guarantee.disruptions import SECOND, TRIGGERER, TRIGGERER_KILLED, TRIGGERER_STALLED
from tests.e2e.guarantee.reaper_actions import WITHIN, by_itself
from tests.e2e.guarantee.rows import ANY, row

if TYPE_CHECKING:
    from tests.e2e.guarantee.row_actions import RowActions, WaitingTask
    from tests.e2e.guarantee.rows import Scenario

BACKSTOP = 10.0
"""``deferral_grace``, see ``tests/e2e/conftest.py``: how long Airflow leaves it to a triggerer."""
OUTLIVES = Plan(duration=timedelta(minutes=70))
"""Ends when a triggerer that was lost is back: after 70 seconds."""
OUTLIVES_A_STALL = Plan(duration=timedelta(minutes=110))
"""Ends when one that was stalled is back, after the deadline of the row beside: 110 seconds."""
OUTLIVES_TWO = Plan(duration=timedelta(minutes=90))
"""Ends when that triggerer has been ended and started once more: after 90 seconds."""


@row(
    "E4",
    "its triggerer is lost, and its deadline passes",
    within=20,
    group=TRIGGERER_KILLED,
    executors=ANY,
)
def deadline_while_the_triggerer_is_down(act: RowActions) -> Scenario:
    """Airflow ends the deferral a while after the deadline, and resumes the task on a worker."""
    waiting = act.deferred()
    deadline = act.deadline(waiting)
    yield
    assert time.time() < deadline, "the deadline had passed before the triggerer was lost"
    seen = act.cancelled(waiting, since=deadline)
    act.wait_for_task(waiting.run, waiting.task_id, TaskState.FAILED)
    assert seen.seconds is None or seen.seconds > BACKSTOP, "it was not the backstop"
    return seen


@row("E16", "marked failed before a full triggerer loads it", within=WITHIN, group=TRIGGERER_KILLED)
def marked_failed_before_it_is_loaded(act: RowActions) -> Scenario:
    """Airflow deletes the trigger and calls nothing."""
    yield
    run = act.start()
    for task_id in ("backup", "sibling"):
        act.wait_for_task(run, task_id, TaskState.DEFERRED)
    left = act.until(
        lambda: [each for each in act.world.api.task_instances(run) if not each.triggerer_host],
        accept=lambda seen: len(seen) == 1,
        what="one of two to take the triggerer's only place",
    )
    waiting = act.waiting_task(run, left[0].task_id)
    act.mark(waiting, TaskState.FAILED)
    since = wait_until_forgotten(act, waiting)
    yield
    return by_itself(act, waiting, since=since)


@row(
    "E17a",
    "triggerer killed: marked failed, a new one starts",
    within=WITHIN,
    group=TRIGGERER_KILLED,
)
def marked_failed_before_a_new_triggerer(act: RowActions) -> Scenario:
    """Airflow deletes the trigger when a triggerer starts, and calls nothing."""
    waiting = act.deferred()
    yield
    act.mark(waiting, TaskState.FAILED)
    since = wait_until_forgotten(act, waiting)
    yield
    return by_itself(act, waiting, since=since)


@row(
    "E17b",
    "triggerer killed, another lives: marked failed",
    within=WITHIN,
    group=TRIGGERER_KILLED,
)
def marked_failed_beside_another_triggerer(act: RowActions) -> Scenario:
    """Airflow deletes the trigger in the triggerer that lives, and calls nothing."""
    waiting = act.deferred()
    yield
    act.world.airflow.wait_until_ready()
    act.mark(waiting, TaskState.FAILED)
    since = wait_until_forgotten(act, waiting)
    yield
    return by_itself(act, waiting, since=since)


@row("K1a", "its triggerer gets SIGTERM, and starts again", group=TRIGGERER_KILLED)
def triggerer_ended(act: RowActions) -> Scenario:
    """Airflow cancels the trigger without a word, and runs it anew."""
    act.plan(OUTLIVES_TWO)
    waiting = act.deferred()
    yield
    yield
    # the triggerer that follows the one that was killed; by now nobody else needs it undisturbed
    wait_until_moved(act, waiting, to=1)
    process = act.world.airflow.process(TRIGGERER)
    act.world.airflow.stop_component(TRIGGERER, grace=30.0)
    assert process.poll() != -signal.SIGKILL, "the triggerer did not end by itself"
    act.world.airflow.start_component(TRIGGERER)
    act.wait_for_poll(waiting.operation)
    return act.succeeded(waiting)


@row("K1b", "its triggerer is killed, and starts again", group=TRIGGERER_KILLED)
def triggerer_killed(act: RowActions) -> Scenario:
    """Airflow gives the trigger to the new one, once it misses the old one's heartbeats."""
    act.plan(OUTLIVES)
    waiting = act.deferred()
    yield
    yield
    return act.succeeded(waiting)


@row("K2", "its triggerer stalls, another takes over, it returns", group=TRIGGERER_STALLED)
def triggerer_stalled(act: RowActions) -> Scenario:
    """Airflow 3.3.2 calls on_kill in the triggerer that comes back."""
    act.plan(OUTLIVES_A_STALL)
    waiting = act.deferred()
    yield
    wait_until_moved(act, waiting, to=SECOND)
    yield
    wait_until_killed(act, waiting, KillDecision.MOVED)
    return act.succeeded(waiting)


@row("K6", "cleared and adopted, while its triggerer stalls", group=TRIGGERER_STALLED)
def adopted_while_the_triggerer_stalls(act: RowActions) -> Scenario:
    """Airflow calls on_kill of the old try late, when the new one has long been deferred."""
    act.plan(OUTLIVES_A_STALL)
    waiting = act.deferred()
    yield
    act.clear(waiting)
    act.until(
        lambda: act.task(waiting),
        accept=lambda seen: seen.try_number > 1 and seen.state is TaskState.DEFERRED,
        what="the next try to be deferred",
        interval=1.0,
    )
    wait_until_moved(act, waiting, to=SECOND)
    yield
    wait_until_killed(act, waiting, KillDecision.ADOPTED)
    return act.succeeded(waiting)


def wait_until_forgotten(act: RowActions, waiting: WaitingTask) -> float:
    """Wait until Airflow has deleted the trigger of a task; return when that was over at last.

    It changes the task instance, and to the reaper a task that has just changed is a young one.
    """
    act.until(
        lambda: act.task(waiting),
        accept=lambda seen: seen.trigger_id is None,
        what="Airflow to delete the trigger",
        interval=0.5,
    )
    return time.time()


def wait_until_moved(act: RowActions, waiting: WaitingTask, *, to: int) -> None:
    """Wait until a triggerer has a task's trigger, and runs it.

    :param to: its number
    """
    host = act.world.airflow.host(TRIGGERER, number=to)
    act.until(
        lambda: act.task(waiting),
        accept=lambda seen: seen.triggerer_host == host,
        what=f"the trigger to be in triggerer {to}",
        interval=0.5,
    )
    act.wait_for_poll(waiting.operation)


def wait_until_killed(act: RowActions, waiting: WaitingTask, decision: KillDecision) -> None:
    """Wait until on_kill of the first try was called, and has decided so."""
    task = act.task(waiting)
    act.until(
        lambda: act.world.api.task_log(task, try_number=1),
        accept=lambda log: f"is not cancelled: {decision.value}" in log,
        what=f"on_kill that says: {decision.value}",
        interval=1.0,
    )
