# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The commands ``reap`` and ``ledger``, as Airflow's own parser calls them."""

from __future__ import annotations

import argparse
import json
import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.cli.cli_config import GroupCommand

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, state_store
from airflow_spanner_lro.cli.airflow_commands import get_cli_commands
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.reaper import bulk, loop

from .harness import BACKUP

if TYPE_CHECKING:
    from .harness import ReaperHarness

Capture = pytest.CaptureFixture[str]


def airflow(*words: str) -> int:
    """Call a command of ours as ``airflow spanner-lro`` would; return the exit code."""
    (group,) = get_cli_commands()
    assert isinstance(group, GroupCommand)
    (command,) = (each for each in group.subcommands if each.name == words[0])
    parser = argparse.ArgumentParser()
    for arg in command.args:
        arg.add_to_parser(parser)
    try:
        command.func(parser.parse_args(words[1:]))
    except SystemExit as exc:
        return int(exc.code or 0)
    return 0


def kill() -> None:
    """Send this process what ends a container."""
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(autouse=True)
def clock(reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no command really sleep."""
    monkeypatch.setattr(loop, "StoppableClock", lambda: reaper.clock)


def test_reap_once(reaper: ReaperHarness, capsys: Capture) -> None:
    """A single run says what it did, in all and one by one, and is a success."""
    reaper.orphan()

    code = airflow("reap")

    line, summary = capsys.readouterr().out.splitlines()
    assert 0 == code
    assert line.startswith("Create backup nightly was cancelled. Task nightly.backup of ")
    assert "1 open entry: 0 kept (task active), 1 cancelled or closed, 0 need attention." == summary


def test_reap_that_left_something_is_a_failure(reaper: ReaperHarness, capsys: Capture) -> None:
    """What could not be done is said on the error stream, and is exit code 1."""
    reaper.orphan()
    reaper.emulator.faults.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, times=1)

    code = airflow("reap")

    captured = capsys.readouterr()
    assert 1 == code
    assert "Grant the caller a role that may cancel" in captured.err
    assert captured.out.endswith("0 cancelled or closed, 1 need attention.\n")


def test_dry_run_says_so(reaper: ReaperHarness, capsys: Capture) -> None:
    """A dry run cancels nothing, and says that nothing was done."""
    reaper.orphan()

    code = airflow("reap", "--dry-run")

    assert 0 == code
    assert "1 would be cancelled or closed" in capsys.readouterr().out
    assert not reaper.cancels


def test_grace_can_be_longer(reaper: ReaperHarness) -> None:
    """With a longer grace, what has ended ten minutes ago is too young."""
    reaper.orphan()

    airflow("reap", "--grace", "1h")

    assert not reaper.cancels


def test_several_dags_can_be_named(reaper: ReaperHarness) -> None:
    """A Dag that is named is reaped, another one is not."""
    reaper.orphan()

    airflow("reap", "--dag-id", "weekly", "--dag-id", "monthly")
    before = len(reaper.cancels)
    airflow("reap", "--dag-id", "weekly", "--dag-id", "nightly")

    assert [0, 1] == [before, len(reaper.cancels)]


def test_signal_ends_the_loop_between_two_entries(
    reaper: ReaperHarness, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun is done, what was not is left to the next start, and that is no failure."""
    # one list would tell about both
    monkeypatch.setattr(bulk, "WORTH_A_LIST", 3)
    first = reaper.orphan()
    second = reaper.tables.add_task(task_id="other")
    reaper.tables.write(second, reaper.entry(OperationName.parse(f"{BACKUP}/operations/other")))
    reaper.upon("GetOperation", kill)

    code = airflow("reap", "--every", "60s")

    assert 0 == code
    assert Stage.CLOSED is reaper.tables.read(first).stage
    assert Stage.RUNNING is reaper.tables.read(second).stage
    assert "Interrupted before all were checked." in capsys.readouterr().out


def test_loop_outlives_a_database_that_is_away(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """A round that could not be made is said, and the next one is."""
    scope = reaper.orphan()
    read, rounds = state_store.stored_values, iter([False, True])

    def away_at_first(**arguments: object) -> object:
        if next(rounds):
            return read(**arguments)  # type: ignore[arg-type]  # passed on as they are
        message = "Airflow's database could not be used: no route"
        raise AirflowDatabaseError(message)

    monkeypatch.setattr(state_store, "stored_values", away_at_first)
    reaper.upon("CancelOperation", kill)

    code = airflow("reap", "--every", "5m")

    assert 0 == code
    assert "no route. The next round tries again." in capsys.readouterr().err
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_database_that_is_away_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """In a single run it is an error like any other."""
    monkeypatch.setattr("airflow.state._backend_instance", object())

    code = airflow("reap")

    assert 1 == code
    assert capsys.readouterr().err.startswith("airflow spanner-lro: [state_store] backend is not")


@pytest.mark.parametrize(
    ("variable", "value"), [("SETTLE_TIMEOUT", "abc"), ("SETTLE_TIMEOUT", ""), ("SETTLE", "5")]
)
def test_mistake_in_the_configuration_is_one_line(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """A reaper that would not do what its configuration says does not begin."""
    monkeypatch.setenv(f"AIRFLOW__SPANNER_LRO__{variable}", value)

    code = airflow("reap", "--every", "1s")

    (line,) = capsys.readouterr().err.splitlines()
    assert 1 == code
    assert line.startswith(f"airflow spanner-lro: [spanner_lro] {variable.lower()}")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("5m", 300), ("1.5h", 5400), ("1d", 86400), ("90", 90), ("PT2H", 7200)],
)
def test_durations(text: str, seconds: float) -> None:
    """Durations are written as one says them, in seconds, or in ISO 8601."""
    assert timedelta(seconds=seconds) == loop.parse_short_duration(text, field="--grace")


def test_duration_that_is_none(capsys: Capture) -> None:
    """A mistake names the option, the value, and what is expected."""
    code = airflow("reap", "--grace", "soon")

    assert 1 == code
    assert "--grace='soon' is not usable: expected a duration, such as 60s" in (
        capsys.readouterr().err
    )


def test_pause_has_a_minimum() -> None:
    """A loop without a pause would only heat the database."""
    with pytest.raises(InvalidArgumentError, match="--every='0s' is not usable: it is at least 1"):
        loop.reap(every="0s", grace="60s", dag_ids=(), dry_run=False, claim=False, program="reap")


def test_plain_values(reaper: ReaperHarness, capsys: Capture) -> None:
    """A round for programs: what would be done, line by line, and how many in all."""
    reaper.orphan()

    airflow("reap", "--dry-run", "-o", "json")

    summary = json.loads(capsys.readouterr().out)
    assert (True, 1, 0) == (summary["dry_run"], summary["reaped"], summary["left"])
    assert 1 == len(summary["lines"])
    assert () == reaper.emulator.calls.of("CancelOperation")
