# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every example Dag on real Airflow: it runs unchanged, succeeds, and leaves nothing running."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.cluster.rest_api import RunState, TaskState
from tests.cluster.waiting import wait_until
from tests.e2e.conftest import EXAMPLES, LONG_TIME

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import Call
    from tests.cluster.rest_api import DagRun
    from tests.e2e.conftest import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

INSTANCE = "projects/demo-project/instances/demo-instance"
SHORT = Plan(duration=timedelta(minutes=15))
"""Still long enough that Airflow's scheduler has heard of a deferral before the task is resumed:
under load 3.3.2 fails tasks that are resumed within seconds, for a state that it did not expect."""
UPON_A_BACKUP = "example_spanner_asset_restore"
BACKS_UP = "example_spanner_asset_backup"
CHANGE_SCHEMAS = ("example_spanner_schema_change", "example_spanner_sql_files")
"""They change the database that the drill compares with; a change after its backup is a loss."""
WATCHED = "example_spanner_backup_watcher"
STARTED = sorted(
    path.stem for path in EXAMPLES.glob("*.py") if path.stem not in (UPON_A_BACKUP, WATCHED)
)
FAIL_ON_PURPOSE = {"example_spanner_timeout_cancel": {"backup"}}
"""Tasks of examples that show a failure, by the Dag."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """The runs of all examples, side by side."""

    world: World
    runs: dict[str, DagRun]

    def wait(self, dag_id: str) -> DagRun:
        """Wait until a run has ended."""
        return self.world.api.wait_for_run(self.runs[dag_id], timeout=600)

    def failures(self, dag_id: str) -> dict[str, str]:
        """Return the logs of the tasks that have failed, by their ids."""
        tasks = self.world.api.task_instances(self.runs[dag_id])
        failed = [task for task in tasks if task.state is TaskState.FAILED]
        return {task.task_id: self.world.api.task_log(task) for task in failed}

    def wait_for_first(self, dag_id: str) -> DagRun:
        """Wait until a Dag that nobody started by hand has had a run."""
        run = wait_until(
            lambda: self.world.api.latest_run(dag_id), timeout=180, what=f"a run of {dag_id}"
        )
        assert run is not None
        return self.world.api.wait_for_run(run, timeout=600)


@pytest.fixture(scope="module")
def examples(world: World) -> Examples:
    """Start all examples at once: they take turns where Spanner wants them to."""
    for database in ("clickstream", "invoices"):
        world.emulator.create_database(f"{INSTANCE}/databases/{database}")
    for dag_id in sorted(world.api.dag_ids()):
        # what rows have left for a person the reaper tells: on purpose, or since their tasks were
        # put where workers would, and Airflow has rendered nothing of them
        if dag_id.startswith(("guarantee_n", "guarantee_e23")):
            world.api.delete_dag(dag_id)
    # in a test nobody wants to wait for what usually takes half a day
    world.emulator.plan(SHORT, target="projects/demo-project/*")
    world.emulator.plan(Plan(duration=LONG_TIME), target=f"{INSTANCE}/backups/overrun-*")
    for dag_id in (UPON_A_BACKUP, WATCHED):
        world.api.wait_for_dags(dag_id)
        world.api.unpause(dag_id)
    together = [dag_id for dag_id in STARTED if dag_id != BACKS_UP]
    examples = Examples(world=world, runs={dag_id: world.start(dag_id) for dag_id in together})
    for dag_id in CHANGE_SCHEMAS:
        examples.wait(dag_id)
    return Examples(world=world, runs=examples.runs | {BACKS_UP: world.start(BACKS_UP)})


@pytest.mark.parametrize("dag_id", STARTED)
def test_an_example_succeeds(examples: Examples, dag_id: str) -> None:
    """An example Dag runs unchanged on the emulator, beside all others, and succeeds.

    A run may succeed whatever becomes of its teardowns, so each task is looked at.
    """
    ended = examples.wait(dag_id)

    failures = examples.failures(dag_id)
    assert FAIL_ON_PURPOSE.get(dag_id, set()) == set(failures), "\n".join(failures.values())
    assert RunState.SUCCESS == ended.state


def test_a_new_backup_starts_the_restore_drill(examples: Examples) -> None:
    """A backup whose task has the asset as its outlet starts the Dag that restores it."""
    examples.wait(BACKS_UP)

    ended = examples.wait_for_first(UPON_A_BACKUP)
    api = examples.world.api
    others = [each for each in api.task_instances(ended) if each.state is not TaskState.SUCCESS]

    assert RunState.SUCCESS == ended.state, [api.task_log(each) for each in others]
    assert examples.world.emulator.calls.of("RestoreDatabase")


def test_a_watched_backup_starts_a_dag(examples: Examples) -> None:
    """A backup that no task made, such as one of a schedule, is an event of the watched asset."""
    world = examples.world

    def looks() -> tuple[Call, ...]:
        return world.emulator.calls.of("ListBackups").on(INSTANCE)

    wait_until(
        lambda: [call for call in looks() if call.code is Code.OK],
        timeout=120,
        what="the watcher to look for the first time",
    )
    world.emulator.create_backup(f"{INSTANCE}/backups/by-hand", f"{INSTANCE}/databases/invoices")

    run = examples.wait_for_first(WATCHED)

    assert [f"{INSTANCE}/backups/by-hand"] == world.api.xcom(world.task(run, "tell"))


def test_nothing_runs_on(examples: Examples) -> None:
    """When all examples have ended, no operation of theirs is left running."""
    for dag_id in examples.runs:
        examples.wait(dag_id)

    running = [
        each.name
        for each in examples.world.emulator.operations()
        if "projects/demo-project/" in each.name and not each.done
    ]
    assert [] == running
