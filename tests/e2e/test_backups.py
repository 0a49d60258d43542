# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A backup on real Airflow: it succeeds, overruns, is killed, and outlives a triggerer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.demo.airflow import Component
from airflow_spanner_lro.demo.records import RunState, TaskState
from airflow_spanner_lro.demo.stage import deadline_of
from airflow_spanner_lro.demo.waiting import wait_until
from airflow_spanner_lro.emulator import Plan

from .conftest import INSTANCE, LONG_TIME, seen_at

if TYPE_CHECKING:
    from .conftest import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

OVERRUN_TIMEOUT = timedelta(seconds=15)
PROMPTLY = timedelta(seconds=3)
START_UP = timedelta(seconds=15)
LONG = Plan(duration=LONG_TIME)


def test_a_deferred_backup_succeeds(world: World) -> None:
    """A deferred backup succeeds when its operation does, was started once and never cancelled."""
    run = world.start("e2e_deferred")
    operation = world.operation_of(run)
    world.api.wait_for_task(run, "backup", TaskState.DEFERRED)
    ended = world.api.wait_for_run(run)
    backup = world.api.xcom(world.task(run))

    assert RunState.SUCCESS == ended.state
    assert OperationState.SUCCEEDED is world.view(operation).state
    assert isinstance(backup, dict)
    assert "READY" == backup["state"]
    assert 1 == len(world.starts_of(operation))
    assert () == world.cancels_of(operation)


@pytest.mark.parametrize("dag_id", ["e2e_overrun", "e2e_overrun_on_worker"])
def test_an_overrunning_backup_is_cancelled(world: World, dag_id: str) -> None:
    """A backup that overruns execution_timeout is cancelled within 3 s, and leaves nothing."""
    world.emulator.plan(LONG, target=f"{INSTANCE}/backups/overrun-*")
    run = world.start(dag_id)
    operation = world.operation_of(run)
    ended = world.api.wait_for_run(run)
    task = world.task(run)
    deadline = deadline_of(world.api, task)
    first_cancel = seen_at(world.cancels_of(operation)[0])

    assert RunState.FAILED == ended.state
    assert OperationState.CANCELLED is world.view(operation).state
    assert not world.exists(operation)
    assert task.started is not None
    assert deadline is not None
    assert timedelta() <= first_cancel - deadline <= PROMPTLY
    # the deadline itself is counted from the start of the task, give or take Airflow's start-up
    assert timedelta() <= deadline - (task.started + OVERRUN_TIMEOUT) <= START_UP


def test_a_timeout_says_what_became_of_the_operation(world: World) -> None:
    """The log of a task that timed out while deferred names operation, deadline and outcome."""
    world.emulator.plan(LONG, target=f"{INSTANCE}/backups/overrun-*")
    run = world.start("e2e_overrun")
    operation = world.operation_of(run)
    world.api.wait_for_run(run)
    log = world.api.task_log(world.task(run))

    assert f"Create backup runs as operation {operation}" in log
    assert "has passed; cancelling." in log
    assert "The operation was cancelled." in log


@pytest.mark.parametrize("hurt", ["restarted", "killed"])
def test_a_triggerer_that_goes_away_cancels_nothing(world: World, hurt: str) -> None:
    """A triggerer that is restarted or killed in the middle of a wait cancels nothing."""
    world.emulator.plan(
        Plan(duration=timedelta(minutes=40)), target=f"{INSTANCE}/backups/deferred-*", times=1
    )
    run = world.start("e2e_deferred")
    operation = world.operation_of(run)
    world.api.wait_for_task(run, "backup", TaskState.DEFERRED)
    world.wait_for_poll(operation)
    if hurt == "restarted":
        world.airflow.stop_component(Component.TRIGGERER)
    else:
        world.airflow.kill_component(Component.TRIGGERER)
    world.airflow.start_component(Component.TRIGGERER)
    world.wait_for_poll(operation)
    ended = world.api.wait_for_run(run, timeout=180)

    assert RunState.SUCCESS == ended.state
    assert OperationState.SUCCEEDED is world.view(operation).state
    assert 1 == len(world.starts_of(operation))
    assert () == world.cancels_of(operation)


@pytest.mark.parametrize(
    ("dag_id", "prefix", "waiting", "within"),
    [
        pytest.param(
            "e2e_deferred", "deferred-*", TaskState.DEFERRED, timedelta(seconds=5), id="deferred"
        ),
        pytest.param(
            "e2e_on_worker", "on-worker-*", TaskState.RUNNING, timedelta(seconds=8), id="worker"
        ),
    ],
)
def test_marking_the_task_failed_cancels(
    world: World, dag_id: str, prefix: str, waiting: TaskState, within: timedelta
) -> None:
    """A backup whose task a user marks failed is cancelled in time, and leaves nothing."""
    world.emulator.plan(LONG, target=f"{INSTANCE}/backups/{prefix}", times=1)
    run = world.start(dag_id)
    operation = world.operation_of(run)
    world.api.wait_for_task(run, "backup", waiting)
    world.wait_for_poll(operation)
    marked = datetime.now(tz=UTC)
    world.api.set_task_state(world.task(run), TaskState.FAILED)
    cancels = wait_until(
        lambda: world.cancels_of(operation), timeout=60, what=f"{operation} to be cancelled"
    )
    ended = world.wait_for_end(operation)

    # twice what an idle machine needs
    assert seen_at(cancels[0]) - marked <= 2 * within
    assert OperationState.CANCELLED is ended.state
    assert not world.exists(operation)
