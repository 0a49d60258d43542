# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The panel on a task instance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.web.ledger.listed import Turn
from airflow_spanner_lro.web.ledger.panel import NOTHING, UNKNOWN, headline, panel

from .ledgers import NOW, backup, entry, operation_of
from .listing import listed, seen

INTENT = entry(operation=None, evidence=None).close()
SOON = NOW + timedelta(minutes=12)
LATER = NOW + timedelta(hours=1)
HOLDER = str(operation_of(backup("other"), 7))


def panel_of(*lines: Any, **given: Any) -> dict[str, Any]:
    """Return the panel of a task with some lines, as somebody sees it who may do everything."""
    usual: dict[str, Any] = {
        "by_operation": {},
        "readable": {"nightly"},
        "actionable": {"nightly"},
        "now": NOW,
    }
    return panel(lines, **usual | given)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            listed(entry(deadline=LATER), seen=seen(percent=64, expected_end=SOON)),
            "RUNNING 64 %, ends about 12:12:00 UTC, will be cancelled 13:00:00 UTC",
        ),
        (listed(entry()), "RUNNING"),
        (
            listed(entry(deadline=LATER).stop(NOW), seen=seen(percent=64)),
            "CANCELLING 64 %",
        ),
        (
            listed(entry(), seen=seen(OperationState.SUCCEEDED, end_time=NOW)),
            "SUCCEEDED, ended 12:00:00 UTC",
        ),
        (
            listed(INTENT, turn=Turn(since=NOW, until=SOON, deadline=LATER)),
            "WAITING, asks again about 12:12:00 UTC, gives up 13:00:00 UTC",
        ),
        (listed(None), "UNREADABLE"),
        (None, "NO OPERATION"),
    ],
)
def test_headline_says_how_far_and_until_when(line: Any, expected: str) -> None:
    """One line: state, percentage, expected end, deadline; and what is not known it leaves out."""
    assert expected == headline(line, now=NOW)


def test_a_task_that_has_started_nothing_says_so() -> None:
    """The panel is there for every task, also for those of others' operators."""
    found = panel_of()

    assert (NOTHING, None, None) == (found["detail_text"], found["current"], found["slot"])
    assert ([], []) == (found["entries"], found["problems"])
    assert UNKNOWN == panel_of(complete=False)["detail_text"], "where old entries are left out"


def test_the_newest_operation_is_the_current_one() -> None:
    """The others are listed below it, the newest first."""
    lines = (listed(entry().close()), listed(entry(number=2, try_number=2), try_number=2, number=2))

    found = panel_of(*lines)

    assert "2" == found["current"]["id"]
    assert ["2", "1"] == [each["id"] for each in found["entries"]]


def test_who_holds_the_slot_is_named_where_his_dag_may_be_seen() -> None:
    """Of another team's task only the operation is told, as Spanner tells the one that waits."""
    turn = Turn(since=NOW, limit="one backup at a time", holders=(HOLDER, "theirs", "a stranger's"))
    ours = listed(entry("other", number=7), dag_id="nightly", seen=seen(percent=30))
    by_operation = {HOLDER: ours, "theirs": listed(entry(), dag_id="secret")}

    found = panel_of(listed(INTENT, turn=turn), by_operation=by_operation)

    assert [
        f"{HOLDER}, of nightly.backup in run: RUNNING 30 %",
        "theirs, of a task that you may not see",
        "a stranger's, which no task of this Airflow has started",
    ] == found["slot"]["holders"]
    assert "Spanner allows one backup at a time." == found["slot"]["text"]
    assert "secret" not in str(found)
    assert "waits" == found["clear"]["verdict"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (listed(INTENT, state="running"), "the log of the task says"),
        (listed(INTENT, turn=Turn(since=NOW)), "Spanner has refused for now. Nobody is known"),
    ],
)
def test_where_nobody_is_known_to_hold_the_slot_the_panel_says_so(line: Any, expected: str) -> None:
    """A wait on a worker names its holders in its log only."""
    found = panel_of(line)

    assert "WAITING" == found["current"]["state"]
    assert expected in found["slot"]["text"]
    assert [] == found["slot"]["holders"]


def test_how_the_cancel_ended_and_what_cannot_be_read_is_said() -> None:
    """In sentences, beside what can be read."""
    lines = (listed(None), listed(entry(try_number=1).stop(NOW), number=2))

    found = panel_of(*lines)

    assert "Its cancel was asked for." == found["cancel_text"]
    assert ["The ledger entry cannot be read: it is damaged."] == found["problems"]
