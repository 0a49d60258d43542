# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A person cancels an operation from the page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import OPTIMIZE_RESTORED_DATABASE
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import DatabaseName, OperationName
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.operations.snapshot import FollowUp
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.reaper.records import LockedRow
from airflow_spanner_lro.web.actions import cancelling, subject
from tests.reaper.airflow_tables import back_up
from tests.reaper.harness import DATABASE

if TYPE_CHECKING:
    from .api_server import ApiServer

NOW = datetime.now(tz=UTC)


def test_a_user_cancels(server: ApiServer) -> None:
    """Who may change task instances cancels what a task waits for, and is told how it ended."""
    row = server.running()

    answer = server.act("cancel", row)

    assert (200, "cancelled") == (answer.status_code, answer.json()["outcome"])
    assert 1 == len(server.cancels)


def test_the_list_shows_a_cancel_at_once(server: ApiServer) -> None:
    """Whoever has just cancelled does not see the operation run on for seconds."""
    row = server.running()
    before = server.get(f"/operations/{row}").json()["state"]

    server.act("cancel", row)

    assert ("RUNNING", "CANCELLING") == (
        before,
        server.get(f"/operations/{row}").json()["state"],
    )


def test_the_entry_of_a_task_at_work_says_who_it_was_and_stays_the_tasks(
    server: ApiServer,
) -> None:
    """The task goes on from the end by itself, and can tell who has asked for it."""
    row = server.running()

    server.act("cancel", row)

    entry = server.entry(row)
    assert (Stage.RUNNING, "user") == (entry.stage, entry.cancelled_by)


def test_the_entry_of_a_task_that_has_ended_is_closed(server: ApiServer) -> None:
    """Where nobody waits, what became of the cancel is written down as from the reaper."""
    row = server.running(state="failed", run_state="failed")

    server.act("cancel", row)

    entry = server.entry(row)
    assert (Stage.CLOSED, Ending.CANCELLED) == (entry.stage, entry.ending)


@pytest.mark.parametrize("state", ["up_for_retry", "queued", "scheduled"])
def test_the_next_try_does_not_adopt_what_was_cancelled_before_it(
    server: ApiServer, state: str
) -> None:
    """A task that is to run again finds the decision, and starts anew."""
    row = server.running(state=state)

    told = server.get(f"/operations/{row}/cancel").json()
    server.act("cancel", row)

    assert "starts a new operation" in told["task_will"]
    assert Stage.CLOSED is server.entry(row).stage


def test_a_person_is_told_before_what_the_task_will_do(server: ApiServer) -> None:
    """With retries left a cancel is not the end, and what is has a name."""
    row = server.running(max_tries=2)

    told = server.get(f"/operations/{row}/cancel").json()

    assert told["allowed"]
    assert "nightly" == told["confirm"]
    assert "nightly.backup of manual__1" in told["whose"]
    assert "2 retries are left, and the next one starts a new operation" in told["task_will"]
    assert "mark the task as failed" in told["task_will"]
    assert not server.emulator.calls.of("GetOperation")


def test_a_person_is_told_that_no_retry_is_left(server: ApiServer) -> None:
    """Without retries the cancel ends the task."""
    told = server.get(f"/operations/{server.running()}/cancel").json()

    assert told["task_will"].endswith("No retry is left.")


def test_a_newer_try_is_told_of(server: ApiServer) -> None:
    """The entry is of a try that has been followed by another one."""
    told = server.get(f"/operations/{server.running(try_number=2)}/cancel").json()

    assert "in try 2 by now" in told["task_will"]


@pytest.mark.parametrize(
    ("given", "status"),
    [({"confirm": "weekly"}, 400), ({"confirm": ""}, 400), ({"plan": "0" * 16}, 409)],
)
def test_nothing_is_cancelled_that_was_not_confirmed(
    server: ApiServer, given: dict[str, str], status: int
) -> None:
    """Another id, or another state of things than was shown, cancels nothing."""
    answer = server.act("cancel", server.running(), **given)

    assert status == answer.status_code
    assert answer.json()["detail"]["title"].startswith("Nothing was done: ")
    assert not server.cancels


def test_a_second_submit_cancels_nothing_else(server: ApiServer) -> None:
    """The same form sent again is told that it has ended."""
    row = server.running()
    told = server.get(f"/operations/{row}/cancel").json()
    body = {"confirm": told["confirm"], "plan": told["plan"]}

    outcomes = [server.post(f"/operations/{row}/cancel", body).json()["outcome"] for _ in range(2)]

    assert ["cancelled", "finished_first"] == outcomes
    assert 1 == len(server.cancels)


def test_a_form_that_is_shown_does_not_cancel_what_a_later_try_has_started(
    server: ApiServer,
) -> None:
    """Another operation under the same number is not what the person was told about."""
    row = server.running()
    told = server.get(f"/operations/{row}/cancel").json()
    server.act("cancel", row)
    scope = server.scope(row)
    server.tables.write(scope, server.reaper.entry(server.reaper.start_backup(), try_number=2))

    answer = server.post(
        f"/operations/{row}/cancel", {"confirm": told["confirm"], "plan": told["plan"]}
    )

    assert 409 == answer.status_code
    assert 1 == len(server.cancels)


def test_an_operation_that_has_ended_is_not_cancelled(server: ApiServer) -> None:
    """It is told, and its task delivers it."""
    row = server.running()
    server.pass_time(3600 * 24)

    answer = server.act("cancel", row)

    assert "finished_first" == answer.json()["outcome"]
    assert "SUCCEEDED" in answer.json()["text"]
    assert not server.cancels
    assert server.has_backup()
    assert not server.entry(row).cancelled_by


def test_a_task_that_ends_in_between_keeps_its_outcome(server: ApiServer) -> None:
    """Its entry is closed between the look at Spanner and the cancel: nothing is sent."""
    row = server.running()
    scope = server.scope(row)

    def deliver() -> None:
        server.tables.write(scope, server.entry(row).close())

    server.reaper.upon("GetOperation", deliver)
    answer = server.act("cancel", row)

    assert 409 == answer.status_code
    assert "gone on at this very moment" in answer.json()["detail"]["title"]
    assert not server.cancels
    assert Stage.CLOSED is server.entry(row).stage


def test_what_finishes_first_stays(server: ApiServer) -> None:
    """A cancel that comes too late deletes nothing, and nobody is said to have cancelled it."""
    server.emulator.plan(Plan(cancel_delay=None))
    row = server.running(state="failed", run_state="failed")

    server.reaper.upon("CancelOperation", lambda: server.pass_time(3600 * 24))
    answer = server.act("cancel", row)

    assert "finished_first" == answer.json()["outcome"]
    assert not server.entry(row).cancelled_by


def test_a_refused_cancel_is_told_and_leaves_no_name(server: ApiServer) -> None:
    """Spanner's refusal is the outcome; the task goes on as if nobody had asked."""
    row = server.running()
    server.emulator.faults.fail(method="CancelOperation", code=Code.PERMISSION_DENIED)

    answer = server.act("cancel", row)

    assert (200, "refused") == (answer.status_code, answer.json()["outcome"])
    entry = server.entry(row)
    assert (Stage.RUNNING, "") == (entry.stage, entry.cancelled_by)


def test_a_cancel_that_takes_its_time_is_told_as_that(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not seen to have ended in time is still running, and its entry waits for the end."""
    monkeypatch.setattr(cancelling, "_SETTLE", 0.3)
    server.emulator.plan(Plan(cancel_delay=timedelta(hours=1)))
    row = server.running(state="failed", run_state="failed")

    answer = server.act("cancel", row)

    assert "still_running" == answer.json()["outcome"]
    assert Stage.STOPPING is server.entry(row).stage


def test_spanner_is_away(server: ApiServer) -> None:
    """It is told, nothing is written into the entry, and the server goes on."""
    row = server.running()
    server.emulator.stop()

    answer = server.act("cancel", row)

    assert 503 == answer.status_code
    assert "UNAVAILABLE" in answer.json()["detail"]["title"]
    assert not server.entry(row).cancelled_by
    assert 200 == server.get("/operations").status_code


def test_the_connection_is_not_here(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An api-server without the task's connection says so, and what else can be done."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    scope = server.tables.add_task(
        state="deferred", run_state="running", author=partial(back_up, gcp_conn_id="deleted")
    )
    elsewhere = ConnectionSpec(gcp_conn_id="deleted", endpoint="")
    entry = server.reaper.entry(server.reaper.start_backup(), connection_spec=elsewhere)
    row = server.own(scope, entry)

    answer = server.act("cancel", row)

    detail = answer.json()["detail"]
    assert 503 == answer.status_code
    assert "Connection deleted" in detail["title"]
    assert "mark the task as failed" in detail["what_to_do"]
    assert not server.cancels


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        pytest.param({"closed": True}, "Nothing is owed", id="closed"),
        pytest.param({"closed": True, "left": True}, "never answered", id="left"),
        pytest.param({"evidence": Evidence.PRESUMED}, "presumed", id="presumed"),
        pytest.param({"operation": None, "evidence": None}, "not known by name", id="intent"),
    ],
)
def test_what_is_not_the_tasks_to_end_is_not_cancelled(
    server: ApiServer, fields: dict[str, Any], why: str
) -> None:
    """The reason is told beforehand, and counts when somebody asks all the same."""
    scope = server.tables.add_task(state="deferred", run_state="running")
    name = fields.pop("operation", server.reaper.start_backup())
    row = server.own(scope, server.reaper.entry(name, **fields))

    told = server.get(f"/operations/{row}/cancel").json()
    answer = server.act("cancel", row)

    assert not told["allowed"]
    assert why in told["why_not"]
    assert 409 == answer.status_code
    assert not server.cancels


def test_an_unreadable_entry_is_told_and_left_alone(server: ApiServer) -> None:
    """What nobody can read nobody can act on."""
    row = server.running()
    server.tables.write_text(server.scope(row), "{")

    answer = server.get(f"/operations/{row}/cancel")

    assert 409 == answer.status_code
    assert "cannot be read" in answer.json()["detail"]["title"]


@pytest.mark.parametrize("number", ["0", "99", "-1", "x", "9" * 40, "1%00", "²"])
def test_an_unknown_number_is_not_there(server: ApiServer, number: str) -> None:
    """Whatever is asked for that is no entry is answered with 404."""
    assert 404 == server.get(f"/operations/{number}/cancel").status_code


def test_the_audit_log_has_who_did_what(server: ApiServer) -> None:
    """Before the cancel and after it, with user, task and operation."""
    row = server.running()

    server.act("cancel", row)

    assert [
        ("spanner_lro_cancel", "user", "nightly", "asked"),
        ("spanner_lro_cancel_outcome", "user", "nightly", "cancelled"),
    ] == [(*line[:3], json.loads(line[3])["outcome"]) for line in server.audit]
    assert str(server.entry(row).operation) == json.loads(server.audit[0][3])["operation"]


def test_what_the_audit_log_does_not_get_is_not_done(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a trace of who it was nothing is cancelled."""
    row = server.running()

    def fail(*_: object, **__: object) -> None:
        raise AirflowDatabaseError("no space left")

    monkeypatch.setattr(subject, "write_audit_log", fail)
    answer = server.act("cancel", row)

    assert 503 == answer.status_code
    assert not server.cancels


def test_a_follow_up_is_not_the_tasks_to_cancel(server: ApiServer) -> None:
    """What Spanner has started by itself goes on."""
    scope = server.tables.add_task(state="deferred", run_state="running")
    name = server.reaper.start_backup()
    row = server.own(scope, server.reaper.entry(name, follow_up=FollowUp(name=name, ours=False)))

    told = server.get(f"/operations/{row}/cancel").json()

    assert "started by Spanner itself" in told["why_not"]


def test_a_kind_that_cannot_be_cancelled_is_told(server: ApiServer) -> None:
    """Spanner would refuse it."""
    scope = server.tables.add_task(state="deferred", run_state="running")
    entry = server.reaper.entry(
        OperationName.parse(f"{DATABASE}/operations/x"),
        kind=OPTIMIZE_RESTORED_DATABASE,
        target=DatabaseName.parse(DATABASE),
    )
    row = server.own(scope, entry)

    assert "does not cancel" in server.get(f"/operations/{row}/cancel").json()["why_not"]


def test_a_database_that_fails_afterwards_takes_nothing_back(server: ApiServer) -> None:
    """The operation is cancelled; its entry says that its end was decided, and the reaper sees."""
    row = server.running(state="failed", run_state="failed")
    broken = pytest.MonkeyPatch()

    def fail(*_: object, **__: object) -> None:
        raise AirflowDatabaseError("no space left")

    def break_database() -> None:
        broken.setattr(cancelling, "locked", fail)
        broken.setattr(subject, "write_audit_log", fail)

    server.reaper.upon("CancelOperation", break_database)
    answer = server.act("cancel", row)
    broken.undo()

    assert "cancelled" == answer.json()["outcome"]
    assert Stage.STOPPING is server.entry(row).stage


def test_what_its_task_has_written_meanwhile_stays(server: ApiServer) -> None:
    """A try that has begun during the cancel has its own entry, and its word counts."""
    row = server.running(state="failed", run_state="failed")
    scope = server.scope(row)

    def go_on() -> None:
        server.tables.write(scope, server.entry(row).owned_by(2, deadline=None, now=NOW))

    server.reaper.upon("CancelOperation", go_on)
    server.act("cancel", row)

    assert (Stage.RUNNING, 2) == (server.entry(row).stage, server.entry(row).try_number)


def test_an_entry_that_changes_as_it_is_written_is_left_alone(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite holds no rows: there the statement that writes it finds out."""
    row = server.running()
    monkeypatch.setattr(LockedRow, "replace", lambda *_: None)

    answer = server.act("cancel", row)

    assert 409 == answer.status_code
    assert not server.cancels


def test_a_second_entry_of_the_same_task_is_no_obstacle(server: ApiServer) -> None:
    """A task instance that names its operation twice names its own."""
    row = server.running()
    server.tables.write(server.scope(row), server.entry(row).close(), number=2)

    assert 200 == server.act("cancel", row).status_code
