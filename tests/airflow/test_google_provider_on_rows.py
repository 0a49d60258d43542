# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Google provider's hook and operators for Spanner, on an emulator with rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

# the Google provider's module for Spanner imports it, and does not require it
pytest.importorskip(
    "airflow.providers.openlineage",
    reason="the Google provider's Spanner hook needs apache-airflow-providers-openlineage, which "
    "would change every Airflow here: `make coverage` runs these by themselves, with it",
)

PROJECT = "test-project"
SCHEMA = ("CREATE TABLE Orders (Id INT64, Name STRING(MAX)) PRIMARY KEY (Id)",)
_WHERE = {"instance_id": "main", "database_id": "orders"}


@pytest.fixture
def rows_emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with rows and a database; the Google provider is pointed to it."""
    require_google_emulator()
    with SpannerAdminEmulator(clock=ManualClock(), data=True) as emulator:
        emulator.create_database(f"projects/{PROJECT}/instances/main/databases/orders", SCHEMA)
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        monkeypatch.setenv(
            "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT",
            '{"conn_type": "google_cloud_platform", "schema": "", '
            f'"extra": {{"project": "{PROJECT}", "is_anonymous": true}}}}',
        )
        yield emulator


@pytest.mark.usefixtures("rows_emulator")
def test_the_query_operator_changes_rows() -> None:
    """The Google provider's query operator executes DML, and counts the rows that it changes."""
    from airflow.providers.google.cloud.hooks.spanner import SpannerHook  # noqa: PLC0415  # slow
    from airflow.providers.google.cloud.operators.spanner import (  # noqa: PLC0415
        SpannerQueryDatabaseInstanceOperator,
    )

    insert = "INSERT INTO Orders (Id, Name) VALUES (1, 'one'), (2, 'two')"
    delete = "DELETE FROM Orders WHERE Id = 2"
    query = SpannerQueryDatabaseInstanceOperator(
        task_id="query", query=f"{insert}; {delete};", project_id=PROJECT, **_WHERE
    )
    context: Any = MagicMock()
    counts = query.execute(context)

    database = SpannerHook().get_database(project_id=PROJECT, **_WHERE)
    assert database is not None
    with database.snapshot() as snapshot:
        rows = list(snapshot.execute_sql("SELECT Id, Name FROM Orders"))
    assert [2, 1] == counts
    assert [[1, "one"]] == rows


def test_the_hook_creates_and_deletes(rows_emulator: SpannerAdminEmulator) -> None:
    """The hook finds the instance, and deletes the database with its rows."""
    from airflow.providers.google.cloud.hooks.spanner import SpannerHook  # noqa: PLC0415  # slow

    hook = SpannerHook()

    assert hook.get_instance(instance_id="main", project_id=PROJECT) is not None
    assert hook.delete_database(project_id=PROJECT, **_WHERE)
    assert hook.get_database(project_id=PROJECT, **_WHERE) is None
    assert {"instance"} == {each.noun for each in rows_emulator.resources()} - {"instance config"}
