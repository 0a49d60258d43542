# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Decoding schema changes, whose metadata is parallel lists, each of which may be short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.operations.decode import snapshot_of
from airflow_spanner_lro.core.operations.snapshot import StatementProgress

from .builders import NOW, after, operation

if TYPE_CHECKING:
    from datetime import datetime


def test_one_progress_for_each_statement() -> None:
    """The lists of a schema change are lined up, and its percentage is their mean."""
    metadata = database_v1.UpdateDatabaseDdlMetadata(
        statements=["CREATE TABLE T (Id INT64) PRIMARY KEY (Id)", "CREATE INDEX I ON T(Id)"],
        commit_timestamps=[after(10)],
        progress=[
            {"progress_percent": 100, "start_time": NOW, "end_time": after(10)},
            {"progress_percent": 31, "start_time": after(10), "end_time": after(20)},
        ],
        actions=[
            {"action": "CREATE", "entity_type": "TABLE", "entity_names": ["T"]},
            {"action": "CREATE", "entity_type": "INDEX", "entity_names": ["I", "J"]},
        ],
        throttled=True,
    )

    snapshot = snapshot_of(operation(metadata))

    assert (
        StatementProgress(label="CREATE TABLE T", percent=100, committed=after(10)),
        StatementProgress(label="CREATE INDEX I, J", percent=31),
    ) == snapshot.statements
    assert (65, NOW, after(20), True) == (
        snapshot.percent,
        snapshot.start_time,
        snapshot.end_time,
        snapshot.throttled,
    )


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        pytest.param({}, [("A", 0, None), ("B", 0, None)], id="nothing yet"),
        pytest.param(
            {"progress": [{"progress_percent": 50}]},
            [("A", 50, None), ("B", 0, None)],
            id="progress of the first only",
        ),
        pytest.param(
            {"commit_timestamps": [NOW]},
            [("A", 100, NOW), ("B", 0, None)],
            id="a commit without progress counts as 100 %",
        ),
        pytest.param(
            {"commit_timestamps": [NOW, after(1)], "progress": [{"progress_percent": 99}]},
            [("A", 100, NOW), ("B", 100, after(1))],
            id="more commits than progresses",
        ),
        pytest.param(
            {"actions": [{"action": "DROP", "entity_type": "TABLE", "entity_names": ["T"]}]},
            [("DROP TABLE T", 0, None), ("B", 0, None)],
            id="action of the first only",
        ),
        pytest.param(
            {"actions": [{}, {"action": "ANALYZE"}]},
            [("A", 0, None), ("ANALYZE", 0, None)],
            id="an empty action tells nothing",
        ),
        pytest.param(
            {"commit_timestamps": [NOW] * 3, "progress": [{}] * 3},
            [("A", 100, NOW), ("B", 100, NOW)],
            id="more commits than statements",
        ),
    ],
)
def test_lists_of_different_lengths(
    lists: dict[str, Any], expected: list[tuple[str, int, datetime | None]]
) -> None:
    """What a list of a schema change does not tell yet is taken as not begun."""
    metadata = database_v1.UpdateDatabaseDdlMetadata(statements=["A", "B"], **lists)

    snapshot = snapshot_of(operation(metadata))

    assert expected == [(each.label, each.percent, each.committed) for each in snapshot.statements]
    assert sum(percent for _, percent, _ in expected) // 2 == snapshot.percent


def test_a_schema_change_without_statements() -> None:
    """No statements, no percentage."""
    snapshot = snapshot_of(operation(database_v1.UpdateDatabaseDdlMetadata()))

    assert (snapshot.percent, snapshot.statements) == (None, ())
    assert (snapshot.start_time, snapshot.end_time) == (None, None)


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        pytest.param("ALTER TABLE T\n  ADD COLUMN C", "ALTER TABLE T ADD COLUMN C", id="layout"),
        pytest.param("x" * 60, "x" * 60, id="just fits"),
        pytest.param("x" * 61, "x" * 59 + "…", id="too long"),
    ],
)
def test_a_statement_is_labelled_by_its_first_words(statement: str, label: str) -> None:
    """Where the service gives no action, a statement is one line of 60 characters at most."""
    metadata = database_v1.UpdateDatabaseDdlMetadata(statements=[statement])

    snapshot = snapshot_of(operation(metadata))

    assert [label] == [each.label for each in snapshot.statements]
