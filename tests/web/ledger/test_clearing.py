# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the panel says that clearing a task would do."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import DatabaseName, OperationName
from airflow_spanner_lro.core.operations.schema_change import StatementRecord
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.operations.snapshot import (
    FollowUp,
    OperationState,
    StatementProgress,
)
from airflow_spanner_lro.web.ledger.clearing import Clearing, clearing
from airflow_spanner_lro.web.ledger.listed import Turn

from .ledgers import NOW, backup, entry, operation_of
from .listing import listed, seen

INTENT = entry(operation=None, evidence=None)
PRESUMED = entry(evidence=Evidence.PRESUMED)
SPANNERS_OWN = FollowUp(name=operation_of(backup(), 2))
DATABASE = DatabaseName(project="test", instance="main", database="orders")
CHANGE: dict[str, Any] = {
    "kind": UPDATE_DATABASE_DDL,
    "target": DATABASE,
    "operation": OperationName(resource=DATABASE, operation="ours_1"),
    "evidence": Evidence.NAMED,
    "statements": tuple(StatementRecord(digest=each) for each in "abc"),
}
HALF = (
    StatementProgress(label="CREATE TABLE a", percent=100, committed=NOW),
    StatementProgress(label="CREATE TABLE b", percent=40),
)


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        # a task that waits: the clear reaches it first
        (entry(), {"state": "deferred"}, Clearing.STARTS_ANEW),
        (entry(), {"state": "running"}, Clearing.STARTS_ANEW),
        (entry(exempt=True), {"state": "deferred"}, Clearing.ADOPTS),
        (entry(exempt=True), {"state": "running"}, Clearing.ADOPTS),
        (PRESUMED, {"state": "deferred"}, Clearing.ADOPTS),
        (entry(follow_up=SPANNERS_OWN), {"state": "deferred"}, Clearing.ADOPTS),
        (entry().noting_cancel_by("ann"), {"state": "deferred"}, Clearing.WAITS),
        # one that has ended: its operation goes on
        (entry(), {"state": "failed"}, Clearing.ADOPTS),
        (entry(), {"state": "up_for_retry"}, Clearing.ADOPTS),
        (entry().stop(NOW), {"state": "failed"}, Clearing.WAITS),
        (entry(), {"state": "failed", "seen": seen(cancel_time=NOW)}, Clearing.WAITS),
        (
            entry(),
            {"state": "failed", "seen": seen(OperationState.SUCCEEDED)},
            Clearing.DELIVERS,
        ),
        (
            entry().exempt_from_reaping(ending=Ending.FINISHED_FIRST),
            {"state": "failed"},
            Clearing.DELIVERS,
        ),
        (entry(), {"state": "failed", "seen": seen(OperationState.FAILED)}, Clearing.STARTS_ANEW),
        # one whose outcome was delivered
        (entry().close(), {"state": "success", "tried": "success"}, Clearing.STARTS_ANEW),
        (entry().close(), {"state": "failed", "tried": "failed"}, Clearing.STARTS_ANEW),
        # where it is not known what there is
        (INTENT, {"state": "failed"}, Clearing.ADOPTS),
        (INTENT.close(), {"state": "failed"}, Clearing.STARTS_ANEW),
        (INTENT.close(), {"turn": Turn(since=NOW)}, Clearing.WAITS),
        (None, {"state": "failed"}, Clearing.WAITS),
        (PRESUMED.leave(), {"state": "failed"}, Clearing.STARTS_ANEW),
        (
            PRESUMED.leave(),
            {"state": "failed", "seen": seen()},
            Clearing.ADOPTS,
        ),
    ],
)
def test_what_a_clear_does(written: Any, given: dict[str, Any], expected: Clearing) -> None:
    """The next try's decision, after that of whoever is at work now."""
    answer = clearing(listed(written, **given))

    assert expected is answer.verdict
    assert answer.text.endswith(".")


def test_a_task_without_an_operation_starts_one() -> None:
    """There is nothing to adopt."""
    assert Clearing.STARTS_ANEW is clearing(None).verdict


def test_a_presumed_operation_that_was_to_end_keeps_its_task_waiting() -> None:
    """Neither is it cancelled, nor is anything started beside it."""
    stopped = entry(evidence=Evidence.PRESUMED).stop(NOW)

    answer = clearing(listed(stopped, state="failed", seen=seen()))

    assert Clearing.WAITS is answer.verdict


@pytest.mark.parametrize("closed", [False, True])
def test_a_schema_change_goes_on_where_it_has_stopped(closed: bool) -> None:
    """What is committed stays, and the answer says with which statement it goes on."""
    written = entry(**CHANGE)
    if closed:
        statements = (StatementRecord(digest="a", committed=NOW), *written.statements[1:])
        written = entry(**CHANGE | {"statements": statements}).close()
    looked = seen(OperationState.FAILED, statements=HALF)

    answer = clearing(listed(written, state="failed", seen=looked))

    assert Clearing.CONTINUES is answer.verdict
    assert "1 of 3 statements are committed" in answer.text
    assert "statement 2" in answer.text


def test_a_schema_change_that_was_delivered_runs_again() -> None:
    """Whoever clears a task that has succeeded wants it all again."""
    done = tuple(StatementRecord(digest=each, committed=NOW) for each in "abc")

    answer = clearing(listed(entry(**CHANGE | {"statements": done}).close(), state="success"))

    assert Clearing.STARTS_ANEW is answer.verdict
