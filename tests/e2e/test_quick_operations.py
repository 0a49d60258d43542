# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations of seconds lose no task, wherever it waits for them, and show all that they should.

Airflow 3.3.2 fails a task that is queued for the second time while its executor still reports that
the worker which deferred it has ended.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator import Plan
from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.conftest import INSTANCE, TIME_SCALE

if TYPE_CHECKING:
    from tests.cluster.rest_api import DagRun, TaskInstance
    from tests.e2e.conftest import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

DATABASES = [f"quick{number}" for number in range(4)]
"""As ``dags/e2e_quick_operations.py`` names them."""
DEFERRED = "Pausing task as DEFERRED"
"""The line that Airflow writes when a worker defers a task."""
ROUNDS = 2


@pytest.fixture(autouse=True, scope="module")
def databases(world: World) -> None:
    """Put databases there whose changes take one second to four, by a real clock."""
    for number, database in enumerate(DATABASES):
        name = f"{INSTANCE}/databases/{database}"
        world.emulator.create_database(name)
        duration = timedelta(seconds=(1 + number) * TIME_SCALE)
        world.emulator.plan(Plan(duration=duration), target=name, times=None)


def played(world: World, dag_id: str) -> tuple[DagRun, tuple[TaskInstance, ...]]:
    """Play a Dag, and return its run and its tasks at their ends."""
    run = world.start(dag_id)
    ended = world.api.wait_for_run(run, timeout=240)
    return ended, world.api.task_instances(ended)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_none_is_lost_that_was_deferred_at_once(world: World, number: int) -> None:
    """Changes that end a second to four after their deferral all deliver, in the first try."""
    run, tasks = played(world, "e2e_quick_at_once")

    lost = [
        (task, world.api.task_log(task)) for task in tasks if task.state is not TaskState.SUCCESS
    ]
    assert [] == lost, number
    assert RunState.SUCCESS is run.state
    assert {1} == {task.try_number for task in tasks}
    assert DEFERRED in world.api.task_log(tasks[0])


@pytest.fixture(scope="module")
def on_worker(world: World) -> tuple[DagRun, tuple[TaskInstance, ...]]:
    """Play the Dag that leaves it to the default where its tasks wait."""
    return played(world, "e2e_quick_on_worker")


def test_none_is_deferred_that_ends_while_a_worker_waits(
    world: World, on_worker: tuple[DagRun, tuple[TaskInstance, ...]]
) -> None:
    """By default the worker that started a change of seconds delivers it, too."""
    run, tasks = on_worker

    assert RunState.SUCCESS is run.state
    assert [] == [task for task in tasks if DEFERRED in world.api.task_log(task)]


def test_pages_of_a_task_show_nothing_empty(
    world: World, on_worker: tuple[DagRun, tuple[TaskInstance, ...]]
) -> None:
    """A task in an emulator has one link, no row of a link among its XComs, and its bounds."""
    run, (task, *_) = on_worker

    links = world.api.extra_links(task)
    assert ["Operation panel"] == [name for name, address in links.items() if address]
    assert f"dags/{run.dag_id}/runs/" in str(links["Operation panel"])
    assert {"operation_name", "spanner_lro_record"} >= {
        key for key in world.api.xcom_keys(task) if key != "return_value"
    }
    assert "up to 15 s on a worker, then in the triggerer" in str(world.api.rendered_fields(task))
