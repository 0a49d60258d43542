# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The detail of an operation, its row, and what they make of what somebody has made up."""

from __future__ import annotations

import json
import shlex
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_spanner_lro.airflow_internals.task_instances import PastTry
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import UPDATE_INSTANCE
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import InstanceName, OperationName
from airflow_spanner_lro.core.operations.schema_change import StatementRecord
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.operations.snapshot import (
    FollowUp,
    OperationState,
)
from airflow_spanner_lro.core.polling.seen import Emulated, SeenLine
from airflow_spanner_lro.web.ledger.detail import detail
from airflow_spanner_lro.web.ledger.rows import iso, row

from .ledgers import NOW, backup, entry, operation_of
from .listing import listed, seen
from .test_clearing import CHANGE, HALF

EMULATOR = ConnectionSpec(gcp_conn_id="google_cloud_default", endpoint="http://localhost:9010")


def detail_of(line: Any, **given: Any) -> dict[str, Any]:
    """Return the detail of a line, as somebody sees it who may do everything."""
    usual: dict[str, Any] = {"of_task": [line], "tries": [], "actionable": {"nightly"}}
    found = detail(line, **usual | {"deletable": {"nightly"}} | given)
    # what cannot be sent would be an error only then
    json.dumps(found, allow_nan=False).encode()
    return found


def names(found: dict[str, Any]) -> list[str]:
    """Return the names of stages."""
    return [each["name"] for each in found["stages"]]


def test_stages_tell_what_has_happened_in_its_order() -> None:
    """From the intent to the end, each with its time as far as it is known."""
    written = entry(
        unanswered=NOW, adopted=NOW, follow_up=FollowUp(name=operation_of(backup(), 2), ours=True)
    )
    stopped = written.stop(NOW).noting_cancel_by("mallory\x1b[2J")
    looked = seen(OperationState.CANCELLED, start_time=NOW, cancel_time=NOW, end_time=NOW)

    found = detail_of(listed(stopped, seen=looked))

    assert [
        "intended",
        "unanswered",
        "started",
        "follow_up",
        "adopted",
        "stopping",
        "cancelling",
        "ended",
    ] == names(found)
    assert "mallory\\x1b[2J" in found["stages"][5]["text"]
    assert NOW.isoformat() == found["stages"][2]["at"]


def test_an_entry_that_is_closed_says_so_last() -> None:
    """With the time at which it was written."""
    left = detail_of(listed(entry().leave()))["stages"]
    closed = detail_of(listed(entry().close(), tried="success"))["stages"]

    assert ("closed", NOW.isoformat()) == (closed[-1]["name"], closed[-1]["at"])
    assert "left running" in left[-1]["text"]


def test_each_statement_has_a_bar() -> None:
    """What is committed, what runs, and what waits; Spanner runs them one after the other."""
    found = detail_of(listed(entry(**CHANGE), seen=seen(statements=HALF)))["statements"]

    assert [
        ("CREATE TABLE a", "committed", 100),
        ("CREATE TABLE b", "running", 40),
        ("Statement 3", "waiting", None),
    ] == [(each["text"], each["state"], each["percent"]) for each in found]
    assert NOW.isoformat() == found[0]["committed"]


def test_statements_of_earlier_tries_are_shown_as_theirs() -> None:
    """The operation was given only those that were not committed yet."""
    statements = (StatementRecord(digest="a", committed=NOW), *CHANGE["statements"][1:])
    written = entry(**CHANGE | {"statements": statements, "carried": 1})

    found = detail_of(listed(written, seen=seen(statements=HALF[1:])))["statements"]

    assert [
        ("Statement 1 (committed by an earlier try)", "committed"),
        ("CREATE TABLE b", "running"),
        ("Statement 3", "waiting"),
    ] == [(each["text"], each["state"]) for each in found]


def test_no_statement_runs_once_the_operation_has_ended() -> None:
    """What was not committed by then was not run."""
    looked = seen(OperationState.FAILED, statements=HALF)

    found = detail_of(listed(entry(**CHANGE), seen=looked))["statements"]

    assert ["committed", "waiting", "waiting"] == [each["state"] for each in found]


def test_thousands_of_statements_are_cut_with_a_word() -> None:
    """The page says of how many it shows the beginning."""
    many = tuple(StatementRecord(digest=str(each)) for each in range(1500))

    found = detail_of(listed(entry(**CHANGE | {"statements": many})))

    assert 1000 == len(found["statements"])
    assert "Shown are the first 1000 of 1,500 statements." in found["problems"]


def test_commands_can_be_copied_whatever_the_entry_says() -> None:
    """A connection id that somebody made up stays one word of the shell."""
    spec = ConnectionSpec(gcp_conn_id="x; rm -rf /\n", impersonation_chain=("a@b", "$(id)"))

    found = detail_of(listed(entry(connection_spec=spec)))["commands"]

    assert ["Describe", "Wait for it", "Cancel"] == [each["title"] for each in found]
    words = shlex.split(found[2]["text"])
    assert ["airflow", "spanner-lro", "cancel", str(entry().operation)] == words[:4]
    assert ["--gcp-conn-id=x; rm -rf /\\n", "--impersonation-chain=a@b,$(id)"] == words[4:]
    assert "\n" not in found[2]["text"]


def test_what_has_ended_is_not_to_be_waited_for_or_cancelled() -> None:
    """Only looking at it is left; of what has no name nothing is."""
    ended = detail_of(listed(entry().close(), tried="success"))
    intent = detail_of(listed(entry(operation=None, evidence=None)))

    assert ["Describe"] == [each["title"] for each in ended["commands"]]
    assert [] == intent["commands"]
    assert not ended["may_cancel"]


def test_tries_are_listed_with_what_they_own() -> None:
    """The latest first; one that has started nothing is there, too."""
    lines = [listed(entry().close()), listed(entry(number=2, try_number=3), try_number=3)]
    tries = [
        PastTry(try_number=each, state=state, started=NOW, ended=None)
        for each, state in ((1, "failed"), (2, None), (3, "deferred"))
    ]

    found = detail_of(lines[1], of_task=lines, tries=tries)["tries"]

    assert [
        (3, str(operation_of(backup(), 2)), "deferred"),
        (2, None, "none"),
        (1, str(operation_of(backup(), 1)), "failed"),
    ] == [(each["try_number"], each["operation"], each["state"]) for each in found]


def test_only_finished_operations_of_instances_may_be_deleted() -> None:
    """Spanner keeps no others; and only by who may."""
    main = InstanceName(project="test", instance="main")
    name = OperationName(resource=main, operation="o")
    changed = entry(kind=UPDATE_INSTANCE, target=main, operation=name)

    assert detail_of(listed(changed.close()))["may_delete"]
    assert not detail_of(listed(changed))["may_delete"]
    assert not detail_of(listed(changed.close()), deletable=set())["may_delete"]
    assert not detail_of(listed(entry().close()))["may_delete"]


def test_an_entry_that_cannot_be_read_says_what_to_do() -> None:
    """Which key of the state store to delete, with control characters escaped."""
    found = detail_of(listed(None, key="spanner_lro:\x1b"))

    assert "UNREADABLE" == found["state"]
    assert "delete the key spanner_lro:\\x1b from" in found["problems"][0]
    assert [] == found["stages"]
    assert not found["may_delete"]


def test_the_last_line_of_the_log_is_fit_to_be_shown() -> None:
    """As a poller has published it, which anybody may have written who edits Variables."""
    line = SeenLine(at=NOW, text="64 %\x00" + "x" * 60_000)

    found = detail_of(listed(entry(), seen=seen(line=line)))["log_line"]

    assert found["text"].startswith("64 %\\x00")
    assert len(found["text"]) <= 2000


def test_an_emulator_is_said_loudly_and_has_no_console() -> None:
    """Neither an entry's emulator nor one that a poller talks to has a page of the console."""
    looked = seen(emulated=Emulated(time_scale=60.0), start_time=NOW + timedelta(days=9))

    by_entry = detail_of(listed(entry(connection_spec=EMULATOR)))
    by_poller = detail_of(listed(entry(), seen=looked))
    real = row(listed(entry()), actionable=())

    assert ({"time_scale": None}, None) == (by_entry["emulated"], by_entry["console_url"])
    assert ({"time_scale": 60.0}, None) == (by_poller["emulated"], by_poller["console_url"])
    assert entry().intended.isoformat() == by_poller["started"], "not the emulator's own time"
    assert by_poller["stages"][1]["text"].endswith("(emulated time)")
    assert real["emulated"] is None
    assert real["console_url"].startswith("https://console.cloud.google.com/spanner/")


@pytest.mark.parametrize("endpoint", ["omni://a:1", "omni+http://a:1"])
def test_spanner_omni_is_no_emulator_and_has_no_console(endpoint: str) -> None:
    """Its times are real ones, also in plain text, and Google's console does not show it."""
    spec = ConnectionSpec(gcp_conn_id="omni", endpoint=endpoint)

    found = row(listed(entry(connection_spec=spec)), actionable=())

    assert (None, None) == (found["emulated"], found["console_url"])


def test_an_emulated_end_is_told_in_real_time() -> None:
    """When it was seen, not what the emulator's clock says."""
    looked = seen(OperationState.SUCCEEDED, emulated=Emulated(), end_time=NOW + timedelta(days=9))

    assert seen().seen == listed(entry(), seen=looked).ended


@pytest.mark.parametrize(
    "moment",
    [
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_a_moment_beyond_the_calendar_is_not_known(moment: datetime) -> None:
    """An entry may claim any; it breaks neither the list nor the detail."""
    found = detail_of(listed(entry(intended=moment, deadline=moment)))

    assert (None, None) == (found["started"], found["deadline"])
    assert iso(None) is None
    assert "2026-03-01T12:00:00+00:00" == iso(NOW.astimezone(timezone(timedelta(hours=5))))


def test_a_forged_entry_is_text_and_no_more() -> None:
    """What is made up stays in its fields: cut, escaped, and never a link to elsewhere."""
    record = entry().to_record() | {
        "deployment": "<script>alert(1)</script>",
        "asked": {"a": "<b>"},
        "cancelled_by": "\u202eevil\n",
        "connection_spec": {
            "gcp_conn_id": "<img onerror=alert(1)>\x07",
            "impersonation_chain": [],
            "endpoint": "http://evil.example",
        },
    }
    forged = LedgerEntry.from_record(record)

    found = detail_of(listed(forged))

    assert "<img onerror=alert(1)>\\x07" == found["connection"]
    assert found["console_url"] is None
    assert "\\u202eevil\\n" in found["ending"]
    assert "evil.example" not in json.dumps(found)


@pytest.mark.parametrize("ending", Ending)
def test_how_a_cancel_ended_is_told(ending: Ending) -> None:
    """With who asked for it, if somebody did."""
    stopped = entry().stop(NOW, ending=ending)

    plain = row(listed(stopped), actionable=())["ending"]
    by = row(listed(stopped.noting_cancel_by("ann")), actionable=())["ending"]

    assert plain.endswith(".")
    assert f"{plain} (ann asked for it.)" == by
    assert row(listed(entry()), actionable=())["ending"] is None
    assert "Its cancel was asked for." == row(listed(entry().stop(NOW)), actionable=())["ending"]


@pytest.mark.parametrize(
    ("state", "given", "expected"),
    [
        ("failed", {}, "Nobody waits for it any more: the reaper ends it."),
        ("failed", {"deployment": "other"}, "deployment that wrote its entry is to see to it."),
        ("none", {}, "Its task will be run again."),
        (
            "deferred",
            {"seen": seen(throttled=True)},
            "Spanner holds it back for lack of resources.",
        ),
        ("deferred", {}, "Runs."),
    ],
)
def test_the_state_says_who_waits(state: str, given: dict[str, Any], expected: str) -> None:
    """An orphan is called one, and so on."""
    assert row(listed(entry(), state=state, **given), actionable=())["state_text"].endswith(
        expected
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"evidence": Evidence.PRESUMED}, "so the reaper leaves it running."),
        ({"operation": None, "evidence": None}, "finds out what its start call has begun."),
        ({"follow_up": FollowUp(name=operation_of(backup(), 2))}, "and the reaper leaves it."),
    ],
)
def test_of_an_orphan_it_is_said_what_the_reaper_makes_of_it(
    changes: dict[str, Any], expected: str
) -> None:
    """It does not end everything that nobody waits for."""
    shown = row(listed(entry(**changes), state="failed"), actionable=())

    assert shown["orphaned"]
    assert shown["state_text"].endswith(expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"state": "running", "try_number": 2, "minutes": 0}, "A newer try of its task may take"),
        ({"state": "failed", "minutes": 0}, "the reaper looks after it in a moment."),
    ],
)
def test_what_was_only_just_left_is_not_called_an_orphan(
    given: dict[str, Any], expected: str
) -> None:
    """Others get their grace first."""
    shown = row(listed(entry(), **given), actionable=())

    assert not shown["orphaned"]
    assert expected in shown["state_text"]


def test_the_error_of_an_operation_is_cut_and_escaped() -> None:
    """Spanner's words may quote what somebody asked for."""
    looked = seen(OperationState.FAILED, error="INVALID_ARGUMENT: \x1b]0;" + "x" * 60_000)

    shown = row(listed(entry(), seen=looked), actionable=())["error"]

    assert shown.startswith("INVALID_ARGUMENT: \\x1b]0;")
    assert len(shown) <= 2000


def test_the_error_of_an_operation_is_told_for_as_long_as_its_entry_is_there() -> None:
    """What pollers have seen is published for minutes only."""
    closed = entry(failure="RESOURCE_EXHAUSTED: no room").close()

    assert "RESOURCE_EXHAUSTED: no room" == row(listed(closed), actionable=())["error"]
    assert row(listed(entry().close()), actionable=())["error"] is None


def test_times_of_all_rows_have_a_zone() -> None:
    """A page in another zone shows the same moments."""
    shown = row(listed(entry(deadline=NOW)), actionable=())

    for name in ("started", "deadline"):
        assert datetime.fromisoformat(shown[name]).utcoffset() == timedelta()
