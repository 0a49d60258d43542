# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an operation can be what a record says of it, by what Spanner says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import (
    COPY_BACKUP,
    CREATE_BACKUP,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE_DDL,
)
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import run_began
from airflow_spanner_lro.core.names import BackupName, DatabaseName, OperationName
from airflow_spanner_lro.core.operations.snapshot import FollowUp, OperationSnapshot, OperationState

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = BackupName.parse("projects/p/instances/main/backups/nightly")
NAME = OperationName(resource=TARGET, operation="o")
SNAPSHOT = OperationSnapshot(
    name=NAME, state=OperationState.RUNNING, kind=CREATE_BACKUP, start_time=BEGAN
)
ENTRY = LedgerEntry(
    kind=CREATE_BACKUP,
    target=TARGET,
    fingerprint="f",
    intended=BEGAN,
    try_number=1,
    connection_spec=ConnectionSpec(gcp_conn_id="mine"),
    operation=NAME,
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"kind": COPY_BACKUP}, "It is Copy backup, and the task starts: Create backup."),
        ({"kind": None}, "It is an operation of a kind not known here, and"),
        ({"start_time": BEGAN - timedelta(minutes=6)}, None),
        ({"start_time": BEGAN - timedelta(minutes=6, seconds=1)}, "It began at 2025-12-31T23:53"),
        ({"start_time": None}, None),
        (
            {"name": OperationName.parse(f"{str(TARGET).replace('/p/', '/q/')}/operations/o")},
            "It works on projects/q/instances/main/backups/nightly, and the task on",
        ),
        (
            {"name": OperationName.parse(f"{str(TARGET).replace('/p/', '/42/')}/operations/o")},
            None,
        ),
    ],
    ids=str,
)
def test_operation(changes: dict[str, Any], told: str | None) -> None:
    """It must be of the target and of the kind, and not older than the run."""
    found = ENTRY.disproof(replace(SNAPSHOT, **changes), began=BEGAN)

    assert (found is None) if told is None else str(found).startswith(told)


def test_run_that_tells_no_beginning() -> None:
    """Without it the other two are all there is."""
    assert ENTRY.disproof(replace(SNAPSHOT, start_time=BEGAN.replace(year=1)), began=None) is None


@pytest.mark.parametrize(
    ("kind", "may"),
    [(OPTIMIZE_RESTORED_DATABASE, True), (UPDATE_DATABASE_DDL, False), (RESTORE_DATABASE, False)],
)
def test_follow_up(kind: Any, may: bool) -> None:
    """What goes on with the work is of one of the kinds that may."""
    database = DatabaseName.parse("projects/p/instances/main/databases/new")
    name = OperationName(resource=database, operation="o")
    entry = replace(
        ENTRY,
        kind=RESTORE_DATABASE,
        target=database,
        operation=name,
        follow_up=FollowUp(name=name),
    )

    found = entry.disproof(replace(SNAPSHOT, name=name, kind=kind), began=BEGAN)

    assert may is (found is None)


@pytest.mark.parametrize(
    ("run", "began"),
    [
        (None, None),
        ({}, None),
        ({"run_after": "2026-01-01T00:00:00Z", "start_date": None}, BEGAN),
        ({"run_after": "2026-01-01T00:00:00"}, None),
        (SimpleNamespace(run_after=BEGAN, start_date=BEGAN + timedelta(days=1)), BEGAN),
        (SimpleNamespace(run_after=BEGAN + timedelta(days=1), start_date=BEGAN), BEGAN),
    ],
)
def test_beginning_of_a_run(run: Any, began: datetime | None) -> None:
    """Contexts tell of runs in two forms; the earlier of two moments holds also after a clear."""
    assert began == run_began(run)
