# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Google provider's Spanner operators and ours in one Dag: the one that our page shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator
from airflow_spanner_lro.operators.base import SpannerAdminOperator
from tests.airflow.fakes import FakeTask, FakeTaskInstance
from tests.airflow.task_runner import play
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from airflow.sdk import DAG

# the Google provider's module for Spanner imports it, and does not require it
pytest.importorskip(
    "airflow.providers.openlineage",
    reason="the Google provider's Spanner hook needs apache-airflow-providers-openlineage, which "
    "would change every Airflow here: `make coverage` runs these by themselves, with it",
)

PAGE = Path(__file__).parents[2] / "docs" / "moving-from-the-google-provider.md"
PROJECT = "projects/my-project"
TS = "20261121T020000"
ORDERS = {"instance_id": "main", "database_id": "orders"}
GOOGLE = "from airflow.providers.google.cloud.operators import spanner as theirs"
OURS = "from airflow_spanner_lro.operators import instances as ours"
SHOWN = """
name = "SpannerDeleteInstanceOperator"
classes = [getattr(module, name) for module in (theirs, ours)]
print(*(class_.__module__ for class_ in classes))
"""


@pytest.fixture
def dag() -> DAG:
    """Return the Dag that a reader pastes."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"__name__": "pasted"}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  # our own page
    made: DAG = names["deploy"].dag
    return made


def test_both_can_be_imported_in_any_order() -> None:
    """Neither set changes the other: the name that both have is a class of each."""
    orders = [(GOOGLE, OURS), (OURS, GOOGLE)]
    processes = [
        subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-c", "\n".join((*imports, SHOWN))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for imports in orders
    ]

    for process in processes:
        told, error = process.communicate()
        assert (
            "airflow.providers.google.cloud.operators.spanner "
            "airflow_spanner_lro.operators.instances"
        ) == told.strip().rpartition("\n")[2], error


def test_airflow_reads_the_dag(dag: DAG) -> None:
    """The Dag keeps Airflow's rules, and the scheduler sees tasks of both sets."""
    dag.validate()
    restored = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))

    types = {each.task_id: each._task_module for each in restored.tasks}
    assert types["delete_old"].startswith("airflow.providers.google.")
    assert types["delete_older"].startswith("airflow_spanner_lro.")
    assert sorted(dag.task_ids) == sorted(types)


def test_the_dag_runs(dag: DAG, monkeypatch: pytest.MonkeyPatch, quick_polls: None) -> None:
    """All tasks work on one emulator: theirs with rows, ours through the trigger."""
    del quick_polls
    require_google_emulator()
    with SpannerAdminEmulator(data=True) as emulator:
        emulator.plan(Plan(duration=timedelta(seconds=0.1)))
        for instance in ("main", "old", "older"):
            emulator.create_instance(f"{PROJECT}/instances/{instance}")
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        # their module lets Airflow load all providers' defaults, and so ours of this one
        monkeypatch.setenv("AIRFLOW__SPANNER_LRO__MAX_ADMIN_REQUESTS_PER_SECOND_BUSY", "1000")
        monkeypatch.setenv(
            "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT",
            '{"conn_type": "google_cloud_platform", "schema": "", "extra": {"is_anonymous": true}}',
        )
        results = {task.task_id: run(task, dag=dag) for task in dag.topological_sort()}
        left = {each.name for each in emulator.resources() if each.noun != "instance config"}

    assert [2] == results["fill"]
    assert "READY" == results["backup"]["state"]
    assert [1] == results["update"]
    assert {
        f"{PROJECT}/instances/main",
        f"{PROJECT}/instances/main/databases/orders",
        f"{PROJECT}/instances/main/backups/before-{TS.lower()}",
    } == left


def run(task: Any, *, dag: DAG) -> Any:
    """Run a task to its end, through all its deferrals."""
    fake = FakeTask(ti=FakeTaskInstance(dag_id=dag.dag_id, task_id=task.task_id))
    context: Any = fake.context | {
        "dag": dag,
        "dag_run": SimpleNamespace(run_id="manual__1", conf={}),
        "run_id": "manual__1",
        "task": task,
        "ts_nodash": TS,
    }
    task.render_template_fields(context)
    if isinstance(task, SpannerAdminOperator):
        return play(task, fake)
    return task.execute(context)
