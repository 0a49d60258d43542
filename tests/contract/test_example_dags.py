# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every example Dag can be imported, is described, and survives Airflow's serialisation."""

from __future__ import annotations

import json
import runpy
from typing import TYPE_CHECKING

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from tests.contract.conftest import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import DAG


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Return one example file after the other."""
    example: Path = request.param
    return example


@pytest.fixture
def dag(path: Path) -> DAG:
    """Return the Dag of a file, made without an Airflow around it."""
    made: DAG = runpy.run_path(str(path))[path.stem]()
    return made


def test_there_are_examples() -> None:
    """The examples are where these tests look for them."""
    assert EXAMPLES


def test_dag_is_named_after_its_file(path: Path, dag: DAG) -> None:
    """A Dag is found by the name of its file, and says what it is for."""
    assert path.stem == dag.dag_id
    assert dag.doc_md
    assert {"example", "spanner"} <= set(dag.tags)
    assert not dag.catchup


def test_dag_keeps_airflows_rules(dag: DAG) -> None:
    """Airflow finds nothing wrong with the Dag, such as a setup before another trigger rule."""
    dag.validate()

    assert dag.topological_sort()


def test_dag_survives_serialisation(dag: DAG) -> None:
    """The scheduler sees the same tasks, and serialising them once more changes nothing."""
    serialized = json.loads(json.dumps(DagSerialization.to_dict(dag)))

    restored = DagSerialization.from_dict(serialized)

    assert sorted(dag.task_ids) == sorted(restored.task_ids)
    assert serialized == json.loads(json.dumps(DagSerialization.to_dict(dag)))
    for task_id in dag.task_ids:
        ours, theirs = dag.get_task(task_id), restored.get_task(task_id)
        assert list(ours.template_fields) == list(theirs.template_fields)
        assert ours.downstream_task_ids == theirs.downstream_task_ids
