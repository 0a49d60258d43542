# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""``airflow spanner-lro status``: what it prints, and when its exit code asks for attention."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from airflow.jobs.job import Job
from airflow.models.trigger import Trigger
from sqlalchemy import insert

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.reaper import loop, report
from airflow_spanner_lro.reaper.loop import ReaperLoop
from airflow_spanner_lro.reaper.rounds import RoundSummary

from .airflow_tables import back_up
from .harness import BACKUP
from .test_reap_command import airflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.ledger.reaping import RoundRecord

    from .harness import ReaperHarness

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def waiting(reaper: ReaperHarness) -> None:
    """Let a deferred task wait for a backup."""
    scope = reaper.tables.add_task(task_id="waits", state="deferred", run_state="running")
    entry = reaper.entry(reaper.start_backup())
    reaper.tables.write(scope, entry)


def record(ago: timedelta) -> RoundRecord:
    """Record a round that was made some time ago."""
    then = datetime.now(tz=UTC) - ago
    return loop.record_round(RoundSummary(kept=1), host="one (triggerer)", began=then, ended=then)


@pytest.mark.usefixtures("waiting")
def test_all_is_well(reaper: ReaperHarness, capsys: Capture) -> None:
    """A round a moment ago, an entry whose task waits, a connection that works: exit code 0."""
    now = datetime.now(tz=UTC)
    job = {"id": 1, "job_type": "TriggererJob", "state": "running", "hostname": "one"}
    reaper.tables.execute(insert(Job).values(**job, latest_heartbeat=now))
    trigger = {"classpath": "airflow_spanner_lro.triggers.operation.SpannerOperationTrigger"}
    values = {"encrypted_kwargs": "", "created_date": now, "triggerer_id": 1}
    reaper.tables.execute(insert(Trigger).values(**trigger, **values))
    record(timedelta(seconds=3))

    code = airflow("status")

    output = capsys.readouterr().out
    assert 0 == code, output
    assert "runs in the triggerer, every 10 s" in output
    assert "s ago on one (triggerer), took 0 s: 1 kept (task active), 0 cancelled" in output
    assert "1  CreateBackup, waiting for its task (deferred)" in output
    assert "Orphans      0" in output
    assert "one: 1 triggers" in output
    assert "google_cloud_default: usable" in output


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("ago", [None, timedelta(minutes=12)])
def test_reaper_that_is_not_at_work(ago: timedelta | None, capsys: Capture) -> None:
    """With open entries and no round for ten minutes it says what to do, and the code is 1."""
    if ago:
        record(ago)

    code = airflow("status", "--offline")

    output = capsys.readouterr().out
    assert 1 == code
    assert "ATTENTION    No reaper is at work" in output
    assert ("none is recorded" in output) is (ago is None)


@pytest.mark.usefixtures("reaper")
def test_without_entries_nobody_is_missed(capsys: Capture) -> None:
    """Where nothing is owed, a reaper that never ran is no trouble."""
    assert 0 == airflow("status")
    assert "Entries      0 open" in capsys.readouterr().out


@pytest.mark.usefixtures("reaper")
def test_packages_that_do_not_fit_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """A package that a resolver has put aside needs attention, and is told first."""
    problem = "protobuf<8,>=6.33.5 is needed, and 5.29.6 is installed."
    monkeypatch.setattr(report, "unmet_requirements", lambda: [problem])

    code = airflow("status")

    assert 1 == code
    assert f"ATTENTION    {problem}" == capsys.readouterr().out.partition("\n")[0]


def test_orphans_are_named(reaper: ReaperHarness, capsys: Capture) -> None:
    """What is left to nobody is named with its task, its state and its operation."""
    reaper.orphan()
    record(timedelta())

    code = airflow("status")

    output = capsys.readouterr().out
    assert 1 == code
    assert "Orphans      1" in output
    assert "nightly.backup of manual__1, failed in try 1" in output


@pytest.mark.usefixtures("waiting")
def test_connection_that_cannot_be_used(reaper: ReaperHarness, capsys: Capture) -> None:
    """An account that may not look is told with what Spanner says."""
    record(timedelta())
    reaper.emulator.faults.fail(method="GetOperation", code=Code.PERMISSION_DENIED, times=1)

    code = airflow("status")

    output = capsys.readouterr().out
    assert 1 == code
    assert "google_cloud_default: PERMISSION_DENIED" in output


def test_reaper_that_is_switched_off(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Where it is not to run by itself, the option is named."""
    del reaper
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__REAPER", "off")

    airflow("status")

    assert "does not run by itself ([spanner_lro] reaper = off)" in capsys.readouterr().out


def test_entry_that_cannot_be_read(reaper: ReaperHarness, capsys: Capture) -> None:
    """What this release cannot read waits for a person."""
    scope = reaper.tables.add_task(state="deferred", run_state="running")
    reaper.tables.write_value(scope, {"version": 99})
    record(timedelta())

    airflow("status", "--offline")

    assert "waiting for a person (the entry cannot be read)" in capsys.readouterr().out


def test_orphans_without_number(reaper: ReaperHarness, capsys: Capture) -> None:
    """Twenty orphans are named, and the command that names them all."""
    operation = reaper.start_backup()
    for number in range(23):
        scope = reaper.tables.add_task(task_id=f"t{number}", state="failed", run_state="failed")
        reaper.tables.write(scope, reaper.entry(operation))
    record(timedelta())

    airflow("status", "--offline")

    output = capsys.readouterr().out
    assert "Orphans      23" in output
    assert "and 3 more: `airflow spanner-lro ledger`" in output
    assert 20 == output.count("nightly.t")


@pytest.mark.usefixtures("waiting")
def test_triggers_that_no_triggerer_has(reaper: ReaperHarness, capsys: Capture) -> None:
    """A trigger without a triggerer is counted, and that none is alive is said."""
    now = datetime.now(tz=UTC)
    trigger = {"classpath": "airflow_spanner_lro.triggers.operation.SpannerOperationTrigger"}
    values = {"encrypted_kwargs": "", "created_date": now}
    reaper.tables.execute(insert(Trigger).values(**trigger, **values))
    record(timedelta())

    airflow("status", "--offline")

    output = capsys.readouterr().out
    assert "no triggerer is alive" in output
    assert "1 triggers wait for a triggerer" in output


@pytest.mark.usefixtures("waiting")
def test_operation_that_is_gone_says_nothing_against_its_connection(
    reaper: ReaperHarness, capsys: Capture
) -> None:
    """Who is answered NOT_FOUND has been let in."""
    record(timedelta())
    reaper.emulator.faults.fail(method="GetOperation", code=Code.NOT_FOUND, times=1)

    assert 0 == airflow("status")
    assert "google_cloud_default: usable" in capsys.readouterr().out


@pytest.mark.usefixtures("waiting")
def test_offline_asks_nothing(reaper: ReaperHarness) -> None:
    """Spanner is not asked if it is not to be."""
    before = len(reaper.emulator.calls)

    airflow("status", "--offline")

    assert before == len(reaper.emulator.calls)


def test_round_by_hand_is_a_round(reaper: ReaperHarness, capsys: Capture) -> None:
    """A round of the command counts, unless it was a dry run or for some Dags only."""
    reaper.orphan()
    airflow("reap", "--dry-run")
    airflow("reap", "--dag-id", "weekly")
    assert loop.latest_round() is None

    airflow("reap")

    capsys.readouterr()
    assert 0 == airflow("status")
    assert "(command), took" in capsys.readouterr().out


def test_option_that_cannot_be_used(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """An unknown word is an error that names those there are."""
    del reaper
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__REAPER", "worker")

    code = airflow("status")

    assert 1 == code
    assert "it is triggerer, scheduler or off" in capsys.readouterr().err


def test_reaper_makes_it_well(reaper: ReaperHarness, capsys: Capture) -> None:
    """After a round of the reaper there is no orphan any more."""
    reaper.orphan()
    ReaperLoop(host="one", clock=reaper.clock).run_once()

    assert 0 == airflow("status")
    assert "Entries      0 open" in capsys.readouterr().out


def test_entries_that_tell_nothing_of_a_connection(reaper: ReaperHarness, capsys: Capture) -> None:
    """An intent names no operation, and what cannot be read names nothing: neither is asked for."""
    intent = reaper.tables.add_task(task_id="intent", state="deferred", run_state="running")
    reaper.tables.write(intent, reaper.entry(None))
    unreadable = reaper.tables.add_task(task_id="old", state="deferred", run_state="running")
    reaper.tables.write_value(unreadable, {"version": 99})
    record(timedelta())

    code = airflow("status")

    assert 0 == code
    assert "Connections  0 used by open entries" in capsys.readouterr().out
    assert not reaper.emulator.calls.of("GetOperation")


@pytest.mark.usefixtures("waiting")
def test_connection_that_is_refused(reaper: ReaperHarness, capsys: Capture) -> None:
    """Credentials that are not taken are told with the connection, and ask for attention."""
    record(timedelta())
    reaper.emulator.faults.fail(method="GetOperation", code=Code.UNAUTHENTICATED, times=None)

    code = airflow("status")

    output = capsys.readouterr().out
    assert 1 == code
    assert "Connection google_cloud_default" in output
    assert "UNAUTHENTICATED" in output


def test_connection_that_was_deleted(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """A connection that is not there any more is told, and nobody is asked through it."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    author = partial(back_up, gcp_conn_id="deleted")
    scope = reaper.tables.add_task(author=author, state="deferred", run_state="running")
    spec = ConnectionSpec(gcp_conn_id="deleted", endpoint="")
    name = OperationName.parse(f"{BACKUP}/operations/one")
    reaper.tables.write(scope, reaper.entry(name, connection_spec=spec))
    record(timedelta())

    code = airflow("status")

    assert 1 == code
    assert "there is no such connection" in capsys.readouterr().out
    assert not reaper.emulator.calls.of("GetOperation")


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_plain_values(capsys: Capture, form: str, read: Callable[[str], Any]) -> None:
    """Programs get the same as people, numbers as numbers, and the same exit code."""
    record(timedelta(seconds=3))

    code = airflow("status", "-o", form)

    status = read(capsys.readouterr().out)
    assert 0 == code
    assert ("one (triggerer)", 1) == (status["last_round"]["host"], status["last_round"]["kept"])
    assert [1] == [each["number"] for each in status["entries"]]
    assert [] == status["orphans"]
    assert ["usable"] == [each["state"] for each in status["connections"]]


@pytest.mark.usefixtures("reaper")
def test_plain_values_without_anything(capsys: Capture) -> None:
    """What is not known is null, and nobody is asked."""
    airflow("status", "--offline", "-o", "json")

    status = json.loads(capsys.readouterr().out)
    assert (None, []) == (status["last_round"], status["entries"])
    assert "connections" not in status
