# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Entries that somebody else than the task has written: refused and told, before anything is sent.

Whoever may edit a task instance may write its ledger. Its connection, its endpoint, its kind and
its target come from the serialised Dag all the same, and Spanner says what an operation is.
"""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.spanner_admin_database_v1 import CopyBackupRequest, CreateDatabaseRequest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import COPY_BACKUP, CREATE_DATABASE
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.reaper.report import list_ledger

from .airflow_tables import LONG_AGO, back_up
from .harness import BACKUP, INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .harness import ReaperHarness

Capture = pytest.CaptureFixture[str]
ALLOW = "AIRFLOW__SPANNER_LRO__REAPER_CONNECTIONS"


@contextmanager
def listening() -> Iterator[tuple[str, Callable[[], bool]]]:
    """Listen at an address; return it, and what tells whether anybody has come."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)

        def visited() -> bool:
            try:
                server.accept()
            except BlockingIOError:
                return False
            return True

        yield f"127.0.0.1:{server.getsockname()[1]}", visited


def forge(reaper: ReaperHarness, **fields: Any) -> None:
    """Let somebody rewrite the entry of a task that has left an operation running."""
    scope = reaper.orphan()
    reaper.tables.write(scope, replace(reaper.tables.read(scope), **fields))


def untouched(reaper: ReaperHarness) -> bool:
    """Tell that nothing was cancelled or deleted, and that an operation still runs."""
    calls = reaper.emulator.calls.of("CancelOperation", "DeleteBackup", "DropDatabase")
    return not calls and "RUNNING" == reaper.emulator.operations()[-1].state


@pytest.mark.parametrize("command", ["reap", "dry run", "ledger"])
@pytest.mark.parametrize("by", ["entry", "connection"])
def test_no_request_goes_to_an_endpoint_of_the_entrys_own(
    reaper: ReaperHarness, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: str, by: str
) -> None:
    """An endpoint in the entry, or that of a connection it names, is never connected to."""
    with listening() as (address, visited):
        extra = {"spanner_endpoint": f"http://{address}"}
        connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
        monkeypatch.setenv("AIRFLOW_CONN_MINE", connection)
        conn_id = "mine" if by == "connection" else "google_cloud_default"
        forge(
            reaper,
            connection_spec=ConnectionSpec(gcp_conn_id=conn_id, endpoint=f"http://{address}"),
        )

        if command == "ledger":
            list_ledger(dag_ids=(), closed=False, offline=False)
        else:
            reaper.reap(dry_run=command == "dry run")
        came = visited()

    said = capsys.readouterr()
    assert not came
    assert f"refused: another {'endpoint' if by == 'entry' else 'connection'}" in said.out or (
        reaper.warned and "Refused: " in reaper.warned[0]
    )
    assert not reaper.emulator.calls.of("GetOperation")
    assert untouched(reaper)


def test_impersonation_is_the_tasks(reaper: ReaperHarness) -> None:
    """An entry cannot let the reaper act as another account."""
    connection_spec = ConnectionSpec(
        gcp_conn_id="google_cloud_default",
        impersonation_chain=("admin@p.iam.gserviceaccount.com",),
        endpoint=f"http://{reaper.emulator.endpoint}",
    )
    forge(reaper, connection_spec=connection_spec)

    reaper.reap()

    assert (
        "as admin@p.iam.gserviceaccount.com, and its task has impersonation_chain=none."
        in (reaper.warned[0])
    )
    assert untouched(reaper)


def test_endpoint_that_differs_here_is_told(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reaper without the worker's environment does not ask elsewhere; it says what differs."""
    reaper.orphan()
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")

    summary = reaper.reap()

    assert 1 == summary.left
    assert f"it was started at http://{reaper.emulator.endpoint}" in reaper.warned[0]
    assert "leads to Google's own endpoint from here" in reaper.warned[0]
    assert untouched(reaper)


def test_operation_of_another_teams_target_is_not_touched(reaper: ReaperHarness) -> None:
    """An entry for something that its task does not name is refused."""
    reaper.tables.add_task(author=partial(back_up, backup_id="ours"))
    theirs = reaper.start_backup()
    scope = reaper.tables.add_task(task_id="forged", author=partial(back_up, backup_id="ours"))
    reaper.tables.write(scope, reaper.entry(theirs, cleans_up=True))

    summary = reaper.reap()

    assert [0, 1] == [summary.reaped, summary.left]
    assert "the backup is ours, written in its Dag, and the entry names another" in reaper.warned[0]
    assert untouched(reaper)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (COPY_BACKUP, BackupName.parse(BACKUP)),
        (CREATE_DATABASE, DatabaseName.parse(f"{INSTANCE}/databases/orders")),
    ],
    ids=str,
)
def test_operation_of_another_kind_than_its_tasks_is_refused(
    reaper: ReaperHarness, kind: Any, target: Any
) -> None:
    """A task that makes backups has started nothing else."""
    forge(reaper, kind=kind, target=target, operation=None, evidence=None)

    reaper.reap()

    assert (
        f"a SpannerCreateBackupOperator, which does not start this: {kind.title}"
        in (reaper.warned[0])
    )
    assert not reaper.emulator.calls.of("GetOperation", "ListBackupOperations")
    assert untouched(reaper)


def test_spanner_says_of_which_kind_an_operation_is(reaper: ReaperHarness) -> None:
    """An operation of the right target that somebody else's call has begun is left alone."""
    source = reaper.start_backup(reaper.request("source"))
    reaper.time.advance(timedelta(hours=11))
    expire = reaper.time.now() + timedelta(days=9)
    request = CopyBackupRequest(
        parent=INSTANCE,
        backup_id="nightly",
        source_backup=str(source.resource),
        expire_time=expire,
    )
    copy = reaper.client.start(kind=COPY_BACKUP, request=request).name
    reaper.tables.write(reaper.tables.add_task(), reaper.entry(copy))

    summary = reaper.reap()

    assert 1 == summary.left
    assert "It is Copy backup, and the task starts: Create backup." in reaper.warned[0]
    assert untouched(reaper)


def test_operation_that_began_before_the_run_is_not_its_tasks(reaper: ReaperHarness) -> None:
    """What was begun before the run of the task was made cannot be its doing."""
    reaper.emulator.plan(Plan(duration=timedelta(hours=9)))
    operation = reaper.start_backup()
    reaper.clock.sleep(1800)
    scope = reaper.tables.add_task(ago=timedelta(minutes=-15))
    reaper.tables.write(scope, reaper.entry(operation, intended=reaper.clock.now() - LONG_AGO))

    summary = reaper.reap()

    assert 1 == summary.left
    assert "before the run of the task" in reaper.warned[0]
    assert untouched(reaper)


@pytest.mark.parametrize("closed", [True, False])
def test_operation_that_another_tasks_entry_names_is_not_touched(
    reaper: ReaperHarness, closed: bool
) -> None:
    """Whoever forges an entry for an operation that has one cannot have it cancelled."""
    operation = reaper.start_backup()
    theirs = reaper.tables.add_task(task_id="theirs", state="deferred")
    reaper.tables.write(theirs, reaper.entry(operation, closed=closed))
    forged = reaper.tables.add_task(task_id="forged")
    reaper.tables.write(forged, reaper.entry(operation, cleans_up=True))

    summary = reaper.reap()

    assert 1 == summary.left
    assert (
        "another task's entry names it as well (nightly.theirs of manual__1" in (reaper.warned[0])
    )
    assert untouched(reaper)


def test_the_key_that_waits_keeps_the_operation(reaper: ReaperHarness) -> None:
    """Of two entries of one task the older try's does not take away what the task waits for."""
    operation = reaper.start_backup()
    scope = reaper.tables.add_task(state="deferred", run_state="running", try_number=2)
    reaper.tables.write(scope, reaper.entry(operation), number=1)
    reaper.tables.write(scope, reaper.entry(operation, try_number=2), number=2)

    summary = reaper.reap()

    assert [2, 0, 0] == [summary.kept, summary.reaped, summary.left]
    assert untouched(reaper)


def test_two_keys_of_one_ended_task_are_both_settled(reaper: ReaperHarness) -> None:
    """Where nobody waits any more, two entries for one operation are in nobody's way."""
    operation = reaper.start_backup()
    scope = reaper.tables.add_task()
    for number in (1, 2):
        reaper.tables.write(scope, reaper.entry(operation), number=number)

    reaper.reap()
    reaper.reap()

    assert 1 == len(reaper.cancels)
    assert [Stage.CLOSED] * 2 == [
        reaper.tables.read(scope, number=number).stage for number in (1, 2)
    ]


def test_a_key_that_cannot_be_read_may_be_the_one_that_waits(reaper: ReaperHarness) -> None:
    """An entry that a later release wrote beside it keeps the reaper away."""
    operation = reaper.start_backup()
    scope = reaper.tables.add_task()
    reaper.tables.write(scope, reaper.entry(operation))
    record = reaper.entry(operation).to_record() | {"version": 99}
    reaper.tables.write_value(scope, record, number=2)

    summary = reaper.reap()

    assert 2 == summary.left
    assert untouched(reaper)


@pytest.mark.parametrize(
    "damage",
    [
        {"intended": "2026-01-01T00:00:00"},
        {"intended": 7},
        {"try_number": "1"},
        {"try_number": -1},
        {"version": 3},
        {"operation": "projects/test/instances/main/backups/other/operations/o"},
        {"target": "projects/test/instances/main/databases/orders"},
        {"connection_spec": None},
        {"kind": "\x1b[2J"},
        {"deadline": "9999-12-31T23:59:59-23:59"},
        {"intended": "0001-01-01T00:00:00+14:00"},
    ],
    ids=str,
)
def test_bad_entry_keeps_no_other_waiting(reaper: ReaperHarness, damage: dict[str, Any]) -> None:
    """What is damaged, naive or from another release is told, and later orphans are reaped."""
    broken = reaper.tables.add_task(task_id="broken")
    record = reaper.entry(None).to_record() | damage
    reaper.tables.write_value(broken, record)
    scope = reaper.orphan()

    reaper.reap()

    assert Stage.CLOSED is reaper.tables.read(scope).stage
    assert any("nightly.broken" in line for line in reaper.warned)


@pytest.mark.parametrize(
    "text", ["nonsense", '"text"', "[1]", "null", "[" * 100_000, '{"kind": "\\ud800"}'], ids=len
)
def test_text_that_is_no_entry_keeps_no_other_waiting(reaper: ReaperHarness, text: str) -> None:
    """Anything at all may stand under the key of an entry."""
    broken = reaper.tables.add_task(task_id="broken")
    reaper.tables.write_text(broken, text)
    scope = reaper.orphan()

    summary = reaper.reap()

    assert [1, 1] == [summary.left, summary.reaped]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_control_characters_are_escaped(reaper: ReaperHarness, capsys: Capture) -> None:
    """Nothing in an entry, or in the name of its key or run, moves the cursor of a terminal."""
    evil = "\x1b[2J\r\n\u202eevil"
    endpoint = f"http://{reaper.emulator.endpoint}"
    forge(reaper, connection_spec=ConnectionSpec(gcp_conn_id=evil, endpoint=endpoint))
    other = reaper.tables.add_task(task_id="other")
    reaper.tables.write_value(other, {"kind": evil}, number=evil)

    reaper.reap()
    list_ledger(dag_ids=(), closed=False, offline=False)

    said = capsys.readouterr()
    lines = [*reaper.warned, *said.out.splitlines(), *said.err.splitlines()]
    assert all(line.isprintable() for line in lines)
    assert r"\x1b[2J\r\n\u202eevil" in reaper.warned[0]


def test_an_entry_says_how_long_it_is_at_most(reaper: ReaperHarness) -> None:
    """A megabyte of text is not printed."""
    scope = reaper.tables.add_task()
    reaper.tables.write_value(scope, {"kind": "x" * 1_000_000})

    reaper.reap()

    assert 1000 > len(reaper.warned[0])


def test_future_of_an_entry_keeps_no_other_waiting(reaper: ReaperHarness) -> None:
    """An entry from the end of time is too young for ever, and nobody else's trouble."""
    late = reaper.tables.add_task(task_id="late")
    end = datetime.max.replace(tzinfo=UTC)
    reaper.tables.write(late, reaper.entry(None, intended=end))
    scope = reaper.orphan()

    summary = reaper.reap()

    assert [1, 1] == [summary.kept, summary.reaped]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_database_that_another_team_creates_is_not_dropped(reaper: ReaperHarness) -> None:
    """The worst case: another team's new database, named with the wish to clean up."""
    request = CreateDatabaseRequest(parent=INSTANCE, create_statement="CREATE DATABASE `theirs`")
    reaper.emulator.plan(Plan(duration=LONG_AGO * 9), kind=CREATE_DATABASE)
    operation = reaper.client.start(kind=CREATE_DATABASE, request=request).name
    scope = reaper.tables.add_task()
    target = DatabaseName.parse(f"{INSTANCE}/databases/theirs")
    forged = reaper.entry(operation, kind=CREATE_DATABASE, target=target, cleans_up=True)
    reaper.tables.write(scope, forged)

    reaper.reap()

    assert untouched(reaper)
    assert reaper.has(str(target))
