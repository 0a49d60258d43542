# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that Airflow makes out of a mapped task, in a Dag whose default_args suit many."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk import DAG

from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator
from tests.airflow.fakes import BACKUP, FakeTask
from tests.airflow.task_runner import play

if TYPE_CHECKING:
    from tests.airflow.fakes import Stage

TABLE = "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)"
DEFAULTS = {
    "project_id": "test",
    "instance_id": "main",
    "expire_time": "P30D",
    "poll_interval": 5,
    "retries": 2,
    # of other families
    "node_count": 3,
    "no_such_argument": True,
}


@pytest.fixture
def dag() -> DAG:
    """Return a Dag with defaults of several families."""
    return DAG("dag", schedule=None, default_args=DEFAULTS)


def test_expanded_backup_is_made(stage: Stage, dag: DAG) -> None:
    """Each of the mapped tasks is an operator like any other, defaults included."""
    stage.emulator.plan(Plan(duration=timedelta()))
    with dag:
        mapped = SpannerCreateBackupOperator.partial(task_id="backup", database_id="orders").expand(
            backup_id=["nightly", "weekly"]
        )

    operator = cast("Any", mapped).unmap({"backup_id": "nightly"})

    assert (5, "P30D") == (operator.poll_interval, operator.expire_time)
    assert BACKUP == play(operator, FakeTask())["name"]


def test_expanded_schema_changes_have_names_of_their_own(stage: Stage, dag: DAG) -> None:
    """Mapped schema changes of one database, started at once, do not take each other's name."""
    stage.emulator.plan(Plan(duration=timedelta()))
    statements = [TABLE, "CREATE TABLE B (Id INT64) PRIMARY KEY (Id)"]
    with dag:
        mapped = SpannerUpdateDatabaseDdlOperator.partial(
            task_id="ddl", database_id="orders"
        ).expand_kwargs([{"ddl_statements": each} for each in statements])

    for index, text in enumerate(statements):
        task = FakeTask()
        task.ti.map_index = index
        play(cast("Any", mapped).unmap({"ddl_statements": text}), task)

    assert 2 == len({operation.name for operation in stage.emulator.operations()})
