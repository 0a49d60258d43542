# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation as a Dag sees it: keys that stay, values that are JSON."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from airflow_spanner_lro.core.kinds import (
    KINDS,
    RESTORE_DATABASE,
    UPDATE_DATABASE_DDL,
    OperationKind,
)
from airflow_spanner_lro.core.operations.rendering import to_dict
from airflow_spanner_lro.core.operations.snapshot import StatementProgress

from .builders import BACKUP, NAME, NOW, OTHER, failed, running, succeeded


def test_an_operation_that_failed() -> None:
    """What is known is there in plain words and numbers, and the rest is None."""
    told = to_dict(failed(percent=40, start_time=NOW, end_time=NOW + timedelta(minutes=5)))

    assert told == {
        "name": str(NAME),
        "resource": str(BACKUP),
        "kind": "CreateBackup",
        "title": "Create backup",
        "done": True,
        "state": "FAILED",
        "percent": 40,
        "start_time": "2026-11-21T12:00:00+00:00",
        "end_time": "2026-11-21T12:05:00+00:00",
        "cancel_time": None,
        "error": {"code": "RESOURCE_EXHAUSTED", "message": "no room"},
        "statements": [],
        "throttled": False,
        "follow_up": None,
    }


def test_a_schema_change() -> None:
    """Each statement tells how far it is, and when it was committed."""
    statements = (
        StatementProgress(label="CREATE TABLE A", percent=100, committed=NOW),
        StatementProgress(label="CREATE INDEX B", percent=10),
    )

    told = to_dict(running(kind=UPDATE_DATABASE_DDL, statements=statements, throttled=True))

    assert [
        {
            "label": "CREATE TABLE A",
            "percent": 100,
            "committed": "2026-11-21T12:00:00+00:00",
        },
        {"label": "CREATE INDEX B", "percent": 10, "committed": None},
    ] == told["statements"]
    assert ("RUNNING", False, True) == (told["state"], told["done"], told["throttled"])


def test_a_restore_names_what_follows() -> None:
    """The operation that goes on with the work can be waited for by its name."""
    told = to_dict(succeeded(kind=RESTORE_DATABASE, follow_up=OTHER))

    assert ("RestoreDatabase", str(OTHER)) == (told["kind"], told["follow_up"])


def test_an_unknown_kind() -> None:
    """An operation of a kind that this release does not know has a title all the same."""
    told = to_dict(running(kind=None))

    assert (None, "Operation") == (told["kind"], told["title"])


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_kinds_are_called_as_their_calls_are(kind: OperationKind) -> None:
    """The name of a kind is that of the call that starts it; and everything is JSON."""
    told = to_dict(running(kind=kind))

    assert told["kind"] == (kind.method or "OptimizeRestoredDatabase")
    assert told == json.loads(json.dumps(told))
