# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The list of what is recorded: task and operation side by side."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.reaper.report import list_ledger

from .airflow_tables import back_up
from .harness import BACKUP

if TYPE_CHECKING:
    from .harness import ReaperHarness

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
Capture = pytest.CaptureFixture[str]


def listed(capsys: Capture, *, closed: bool = False, offline: bool = False) -> list[list[str]]:
    """Return the lines of the list, in words."""
    list_ledger(dag_ids=(), closed=closed, offline=offline)
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_line(reaper: ReaperHarness, capsys: Capture) -> None:
    """A line tells the task and its state, the entry, and the operation and its state."""
    scope = reaper.tables.add_task(state="deferred")
    operation = reaper.start_backup()
    reaper.tables.write(scope, reaper.entry(operation))

    heading, line = listed(capsys)

    assert ["TASK", "RUN", "TRY", "TASK", "IS", "ENTRY", "OPERATION", "IS", "OPERATION"] == heading
    assert ["nightly.backup", "manual__1", "1", "deferred", "running", "RUNNING", "0", "%"] == (
        line[:-1]
    )
    assert str(operation) == line[-1]


def test_newer_try_is_shown(reaper: ReaperHarness, capsys: Capture) -> None:
    """Which try an entry belongs to stands before the latest one."""
    scope = reaper.orphan()
    reaper.tables.change_task(scope, try_number=3)

    assert "1/3" == listed(capsys)[1][2]


def test_intent_names_its_target(reaper: ReaperHarness, capsys: Capture) -> None:
    """Of a start whose answer nobody has read, what it was for is told."""
    reaper.tables.write(reaper.tables.add_task(), reaper.entry(None))

    line = " ".join(listed(capsys)[1])

    assert f"failed intended - (not known; started for {BACKUP})" in line


def test_unreadable_entry_is_listed(reaper: ReaperHarness, capsys: Capture) -> None:
    """What cannot be read is not passed over."""
    reaper.tables.write_value(reaper.tables.add_task(), {"version": 99})

    line = " ".join(listed(capsys)[1])

    assert "failed unreadable - a later release of airflow-spanner-lro wrote this" in line


def test_spared_entry_is_told(reaper: ReaperHarness, capsys: Capture) -> None:
    """What the reaper leaves alone can be told from what it does not."""
    reaper.orphan(exempt=True)

    assert "running, exempt" in " ".join(listed(capsys)[1])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"closed": True, "ending": Ending.CANCELLED}, "closed, cancelled"),
        ({"exempt": True, "ending": Ending.FINISHED_FIRST}, "running, exempt, finished first"),
        ({"stopping": NOW, "ending": Ending.NOT_SENT}, "stopping, not sent"),
    ],
)
def test_end_of_a_cancel_is_told(
    reaper: ReaperHarness, capsys: Capture, fields: dict[str, Any], told: str
) -> None:
    """What became of a cancel is read where the entry is listed."""
    reaper.orphan(**fields)

    assert told in " ".join(listed(capsys, closed=True)[1])


def test_operation_that_is_gone(reaper: ReaperHarness, capsys: Capture) -> None:
    """What Spanner does not know any more is told."""
    name = OperationName.parse(f"{BACKUP}/operations/gone")
    reaper.tables.write(reaper.tables.add_task(), reaper.entry(name))

    assert "gone" == listed(capsys)[1][5]


def test_closed_entries_are_left_out(reaper: ReaperHarness, capsys: Capture) -> None:
    """Nothing is owed for them; they are shown on request, and Spanner is not asked."""
    reaper.orphan(closed=True)

    code = list_ledger(dag_ids=(), closed=False, offline=False)
    captured = capsys.readouterr()
    _, line = listed(capsys, closed=True)

    assert 0 == code
    assert ("", "There are no open entries.\n") == (captured.out, captured.err)
    assert ["closed", "-"] == line[4:6]
    assert not reaper.emulator.calls.of("GetOperation")


def test_offline(reaper: ReaperHarness, capsys: Capture) -> None:
    """Without asking Spanner, all else is listed."""
    reaper.orphan()

    _, line = listed(capsys, offline=True)

    assert "-" == line[5]
    assert not reaper.emulator.calls.of("GetOperation")


def test_operation_that_cannot_be_asked_about(reaper: ReaperHarness, capsys: Capture) -> None:
    """A question mark stands for what is not known; why is told, and is a failure."""
    reaper.orphan()
    reaper.emulator.faults.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=1)

    code = list_ledger(dag_ids=(), closed=False, offline=False)

    captured = capsys.readouterr()
    assert 1 == code
    assert "  ?  " in captured.out
    assert "PERMISSION_DENIED" in captured.err


def test_lines_fit_the_terminal(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """At a terminal names are cut at their beginning; a pipe gets them whole."""
    scope = reaper.tables.add_task(task_id="a_task_with_quite_a_name_and_no_end")
    operation = reaper.start_backup()
    reaper.tables.write(scope, reaper.entry(operation))
    list_ledger(dag_ids=(), closed=False, offline=False)
    whole = capsys.readouterr().out

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((120, 24)))
    list_ledger(dag_ids=(), closed=False, offline=False)
    cut = capsys.readouterr().out.splitlines()

    assert str(operation) in whole
    assert 120 >= max(map(len, cut))
    assert cut[1].endswith(operation.operation)


def test_connection_that_does_not_answer(reaper: ReaperHarness, capsys: Capture) -> None:
    """What concerns a whole connection is told once, after the list."""
    reaper.orphan()
    reaper.emulator.faults.fail(method="GetOperation", code=Code.UNAUTHENTICATED, times=None)

    code = list_ledger(dag_ids=(), closed=False, offline=False)

    captured = capsys.readouterr()
    assert 1 == code
    assert "  ?  " in captured.out
    assert 1 == captured.err.count("Connection google_cloud_default")
    assert "UNAUTHENTICATED" in captured.err


def test_connection_that_was_deleted(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Without its connection nobody can ask about an operation, and that is a failure."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    scope = reaper.tables.add_task(author=partial(back_up, gcp_conn_id="deleted"))
    name = OperationName.parse(f"{BACKUP}/operations/one")
    spec = ConnectionSpec(gcp_conn_id="deleted", endpoint="")
    reaper.tables.write(scope, reaper.entry(name, connection_spec=spec))

    code = list_ledger(dag_ids=(), closed=False, offline=False)

    captured = capsys.readouterr()
    assert 1 == code
    assert "  ?  " in captured.out
    assert "there is no such connection" in captured.err


def test_operation_that_was_left_is_told(reaper: ReaperHarness, capsys: Capture) -> None:
    """What is only presumed to be a task's goes on, so its state is shown though it is closed."""
    reaper.orphan(closed=True, left=True)

    line = listed(capsys, closed=True)[1]

    assert ["left", "RUNNING", "0", "%"] == line[4:8]


def test_plain_values(reaper: ReaperHarness) -> None:
    """Programs get the same, by names that stay; the exit code is the same as well."""
    scope = reaper.tables.add_task(state="deferred")
    operation = reaper.start_backup()
    reaper.tables.write(scope, reaper.entry(operation))
    shown: list[Any] = []

    code = list_ledger(dag_ids=(), closed=False, offline=True, show=shown.append)

    ((entry,),) = shown
    assert 0 == code
    assert ("nightly.backup", "manual__1", "deferred", str(operation)) == (
        entry["task"],
        entry["run_id"],
        entry["task_state"],
        entry["operation"],
    )
