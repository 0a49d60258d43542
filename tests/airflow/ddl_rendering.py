# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators whose DDL is a template, rendered as Airflow does it, and what they make of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from tests.airflow.fakes import FakeTask

if TYPE_CHECKING:
    from pathlib import Path

ATTACK = "a INT64; DROP TABLE Payments; ALTER TABLE Orders ADD COLUMN b"
COLUMN = "ALTER TABLE Orders ADD COLUMN {{ params.value }} INT64"
NOTE = "ALTER TABLE Orders ALTER COLUMN Note SET DEFAULT ('{{ params.value }}')"
MANY = "DROP TABLE A;\nDROP TABLE B;"


def dag_in(folder: Path, *, native: bool = False) -> DAG:
    """Return a Dag whose file is in a folder."""
    dag = DAG(
        "dag",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        render_template_as_native_obj=native,
    )
    dag.fileloc = str(folder / "dag.py")
    return dag


def rendered(operator: Any, **params: Any) -> Any:
    """Return an operator as Airflow executes it: files read, and templates rendered."""
    operator.resolve_template_files()
    copied = operator.prepare_for_execution()
    copied.render_template_fields({"params": params, "ti": FakeTask().ti})
    return copied


def statements(operator: Any) -> list[str]:
    """Return the statements that an operator sends."""
    request = operator.build_request()
    sent = "extra_statements" if operator.ddl_field == "extra_statements" else "statements"
    return list(getattr(request, sent))


def refused(operator: Any, task: FakeTask) -> str:
    """Return why an operator is not executed."""
    with pytest.raises(AirflowFailException) as caught:
        operator.execute(task.context)
    return str(caught.value)
