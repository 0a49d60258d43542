# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Sensors on real Airflow: they begin to wait in the triggerer, and need a worker at the end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator import Plan
from tests.cluster.rest_api import RunState, TaskState
from tests.cluster.waiting import wait_until
from tests.e2e.conftest import INSTANCE

if TYPE_CHECKING:
    from tests.cluster.rest_api import DagRun
    from tests.e2e.conftest import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

NOT_YET = re.compile(r"(?:does not exist|has no backup) yet.*?(?P<name>projects/\S+)")
"""The first line that a sensor logs wherever it waits, if what it waits for is not there."""


PATIENT = ("e2e_sensor_templated", "e2e_sensor_on_worker")
"""Dags whose sensors wait until a test lets them go on."""
REFUSED = ("e2e_sensor_bad_state", "e2e_sensor_bad_state_soft")
"""Dags whose sensors come to their ends by themselves, whenever somebody looks."""


@pytest.fixture(autouse=True, scope="module")
def runs(world: World) -> dict[str, DagRun]:
    """Put the database there that backups are made of; start Dags in which no time is measured."""
    world.emulator.create_database(f"{INSTANCE}/databases/sensed")
    return {dag_id: world.start(dag_id) for dag_id in (*PATIENT, *REFUSED)}


def log_while_deferred(world: World, run: DagRun, *, says: re.Pattern[str]) -> re.Match[str]:
    """Return the log of a sensor that is deferred, with what the trigger has written in it."""
    world.api.wait_for_task(run, "wait", TaskState.DEFERRED)
    found = wait_until(
        lambda: says.search(world.api.task_log(world.task(run, "wait"))),
        timeout=60,
        what=f"the trigger of {run.dag_id} to say {says.pattern!r}",
    )
    assert found
    return found


def began_on_worker(log: str) -> bool:
    """Tell whether a log has the line that Airflow writes when a worker defers a task."""
    return "Pausing task as DEFERRED" in log


def test_a_sensor_with_templates_begins_in_the_triggerer(
    world: World, runs: dict[str, DagRun]
) -> None:
    """A sensor whose templates the triggerer renders finds its backup without a worker before."""
    run = runs["e2e_sensor_templated"]
    found = log_while_deferred(world, run, says=NOT_YET)
    log, backup = found.string, found["name"]
    world.emulator.create_backup(backup, f"{INSTANCE}/databases/sensed")
    ended = world.api.wait_for_run(run)
    facts = world.api.xcom(world.task(run, "wait"))

    assert not began_on_worker(log)
    assert backup.startswith(f"{INSTANCE}/backups/sensed-")
    assert RunState.SUCCESS == ended.state
    assert isinstance(facts, dict)
    assert (backup, "READY") == (facts["name"], facts["state"])


def test_a_sensor_with_an_xcom_begins_in_the_triggerer(world: World) -> None:
    """A sensor that waits for the output of another task gets it in the triggerer."""
    world.emulator.plan(
        Plan(duration=timedelta(minutes=20)), target=f"{INSTANCE}/backups/started-*"
    )
    run = world.start("e2e_sensor_xcom")
    operation = world.operation_of(run, "start")
    log = log_while_deferred(world, run, says=re.compile("Create backup started-")).string
    ended = world.api.wait_for_run(run)
    found = world.api.xcom(world.task(run, "wait"))

    assert not began_on_worker(log)
    assert RunState.SUCCESS == ended.state
    assert [operation] == found
    assert () == world.cancels_of(operation)


def test_a_sensor_that_a_triggerer_could_not_render_begins_on_a_worker(
    world: World, runs: dict[str, DagRun]
) -> None:
    """A sensor whose templates need a worker looks there once, and then defers."""
    run = runs["e2e_sensor_on_worker"]
    log = log_while_deferred(world, run, says=NOT_YET).string
    world.emulator.create_database(f"{INSTANCE}/databases/wait-for-me")
    ended = world.api.wait_for_run(run)

    assert began_on_worker(log)
    assert RunState.SUCCESS == ended.state


@pytest.mark.parametrize(
    ("dag_id", "state"),
    [
        pytest.param("e2e_sensor_timeout", TaskState.FAILED, id="hard"),
        pytest.param("e2e_sensor_soft_timeout", TaskState.SKIPPED, id="soft"),
    ],
)
def test_a_sensor_times_out_in_the_triggerer(world: World, dag_id: str, state: TaskState) -> None:
    """A wait ends on time although no worker has begun it, and as a sensor's does: for good."""
    run = world.start(dag_id)
    world.api.wait_for_run(run)
    task = world.task(run, "wait")
    log = world.api.task_log(task)

    assert state == task.state
    assert 1 == task.try_number
    assert NOT_YET.search(log)
    assert not began_on_worker(log)


@pytest.mark.parametrize(
    ("dag_id", "state"),
    [
        pytest.param("e2e_sensor_bad_state", TaskState.FAILED, id="hard"),
        pytest.param("e2e_sensor_bad_state_soft", TaskState.SKIPPED, id="soft"),
    ],
)
def test_a_bad_argument_is_explained_by_the_triggerer(
    world: World, runs: dict[str, DagRun], dag_id: str, state: TaskState
) -> None:
    """An argument that no worker has seen is refused in words, and for good."""
    run = runs[dag_id]
    world.api.wait_for_run(run)
    task = world.task(run, "wait")
    log = world.api.task_log(task)

    assert state == task.state
    assert 1 == task.try_number
    assert f"state='{run.run_id}' is not usable: expected one of CREATING" in log
    assert not began_on_worker(log)


def test_the_example_runs_unchanged_and_again(world: World) -> None:
    """The example Dag runs unchanged on the emulator, and succeeds every time."""
    ends = [
        world.api.wait_for_run(world.start("example_spanner_sensors"), timeout=140).state
        for _ in range(2)
    ]

    assert [RunState.SUCCESS, RunState.SUCCESS] == ends
