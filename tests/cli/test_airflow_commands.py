# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The commands ``airflow spanner-lro …``, as Airflow's own parser calls them, on the emulator."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.cli.arguments import COMMANDS
from airflow_spanner_lro.core.status import Code

from .conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import Starter


def airflow(*words: str) -> int:
    """Call a command of ours as ``airflow spanner-lro`` would; return the exit code."""
    from airflow.cli.cli_config import GroupCommand  # noqa: PLC0415  # after AIRFLOW_HOME

    from airflow_spanner_lro.cli.airflow_commands import get_cli_commands  # noqa: PLC0415

    (group,) = get_cli_commands()
    assert isinstance(group, GroupCommand)
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for command in group.subcommands:
        sub = commands.add_parser(command.name)
        for arg in command.args:
            arg.add_to_parser(sub)
        sub.set_defaults(func=command.func)
    args = parser.parse_args(words)
    try:
        args.func(args)
    except SystemExit as exc:
        return int(exc.code or 0)
    return 0


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be the usual connection."""
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "google-cloud-platform://")
    # what the commands set, so that it is taken back
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")


def test_list(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The operations of an instance, and of what is in it, are listed."""
    code = airflow("list", INSTANCE)

    assert 0 == code
    assert operation.rpartition("/")[2] in capsys.readouterr().out


def test_describe(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One operation is shown with its kind and state."""
    code = airflow("describe", operation)
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())

    assert 0 == code
    assert ("Create backup", "RUNNING") == (lines["kind:"], lines["state:"])


def test_wait(
    operation: str, emulator_clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Waiting ends with the operation, and a success is exit code 0."""
    emulator_clock.advance(timedelta(hours=1))
    code = airflow("wait", operation)

    assert 0 == code
    assert "Create backup nightly: succeeded after 25 min" in capsys.readouterr().out


@pytest.mark.parametrize("interval", ["0", "0.5", "nan", "inf"])
def test_wait_tells_of_its_interval(
    operation: str,
    interval: str,
    spanner_emulator: SpannerAdminEmulator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An interval that is none is one line, before anything is asked."""
    before = len(spanner_emulator.calls)

    code = airflow("wait", operation, "--poll-interval", interval)

    (line,) = capsys.readouterr().err.splitlines()
    assert 1 == code
    assert line.startswith(f"airflow spanner-lro: poll_interval={float(interval)} is not usable: ")
    assert before == len(spanner_emulator.calls)


def test_wait_gives_up_in_time(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wait whose time is up has a code of its own, and its line says which command it was."""
    code = airflow("wait", operation, "--timeout", "0.1")

    assert 3 == code
    assert capsys.readouterr().err.startswith("airflow spanner-lro: not done after 0.1 s")


def test_cancel(
    operation: str, spanner_emulator: SpannerAdminEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operation is cancelled, and its end is told."""
    code = airflow("cancel", operation)

    assert 0 == code
    assert "nightly was cancelled." in capsys.readouterr().out
    assert 1 == len(spanner_emulator.calls.of("CancelOperation"))


def test_refused_cancel_has_a_code_of_its_own(
    operation: str, spanner_emulator: SpannerAdminEmulator
) -> None:
    """A cancel that the service refuses is exit code 6."""
    spanner_emulator.faults.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, times=1)

    assert 6 == airflow("cancel", operation)


def test_connection_is_the_one_that_is_named(
    operation: str,
    spanner_emulator: SpannerAdminEmulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where to ask comes from the connection."""
    extra = f"extra__google_cloud_platform__spanner_endpoint=http://{spanner_emulator.endpoint}"
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    monkeypatch.setenv("AIRFLOW_CONN_ELSEWHERE", f"google-cloud-platform://?{extra}")

    code = airflow("list", DATABASE, "--gcp-conn-id", "elsewhere")

    assert 0 == code
    assert operation not in capsys.readouterr().out


@pytest.mark.usefixtures("spanner_emulator")
def test_mistake_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An error is one sentence on the error stream and exit code 1, without a traceback."""
    code = airflow("describe", "nonsense")
    errors = capsys.readouterr().err.splitlines()

    assert 1 == code
    assert 1 == len(errors)
    assert errors[0].startswith("airflow spanner-lro: operation name='nonsense'")


def test_missing_connection_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection that does not exist is an error that says how to create it."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST", raising=False)
    # the tests have no database of Airflow's, and one that cannot be read is told as that
    monkeypatch.setattr(
        "airflow.secrets.metastore.MetastoreBackend.get_connection", lambda *_, **__: None
    )

    code = airflow("list", DATABASE, "--gcp-conn-id", "nowhere")

    assert 1 == code
    assert "airflow connections add nowhere" in capsys.readouterr().err


@pytest.mark.slow
def test_definitions_are_light() -> None:
    """Each start of ``airflow`` reads the definitions: two files of ours, and nobody else's."""
    program = (
        "import sys, airflow.cli.cli_config; before = set(sys.modules); "
        "import airflow_spanner_lro.cli.airflow_commands as c; c.get_cli_commands(); "
        "print(*sorted(set(sys.modules) - before))"
    )

    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = done.stdout.splitlines()[-1].split()
    assert ["airflow_commands", "arguments"] == [
        name.rpartition(".")[2] for name in loaded if name.count(".") > 1
    ]
    assert all(name.startswith("airflow_spanner_lro") for name in loaded)


def test_short_names_in_the_project_of_the_connection(
    operation: str,
    spanner_emulator: SpannerAdminEmulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The connection's project is that of short names."""
    extra = "extra__google_cloud_platform__project=p1"
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", f"google-cloud-platform://?{extra}")

    code = airflow("list", "main", "-o", "name")

    assert (0, operation) == (code, capsys.readouterr().out.strip())
    assert len(spanner_emulator.calls)


def test_delete_and_watch(
    starter: Starter, emulator_clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other commands are there as well."""
    name = starter.more_nodes()
    watched = airflow("watch", INSTANCE, "--timeout", "0.1")
    emulator_clock.advance(timedelta(hours=1))
    deleted = airflow("delete", name)

    said = capsys.readouterr().out
    assert (0, 0) == (watched, deleted)
    assert "Update instance main: running" in said
    assert "Update instance main was deleted" in said


def test_both_command_lines_take_the_same_words() -> None:
    """A command is defined once, so whoever knows one command line knows the other."""
    from airflow.cli.cli_config import GroupCommand  # noqa: PLC0415  # after AIRFLOW_HOME

    from airflow_spanner_lro.cli.airflow_commands import get_cli_commands  # noqa: PLC0415

    (group,) = get_cli_commands()
    assert isinstance(group, GroupCommand)
    own = {"--gcp-conn-id", "--impersonation-chain"}
    theirs = {
        command.name: {flag for arg in command.args for flag in arg.flags} - own
        for command in group.subcommands
    }

    assert {
        command.name: {flag for argument in command.arguments for flag in argument.flags}
        for command in COMMANDS
    } == {name: theirs[name] for name in (command.name for command in COMMANDS)}


def test_spanner_omni(
    spanner_emulator: SpannerAdminEmulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of Spanner Omni the operations of databases are listed, and what it has not is refused."""
    where = "projects/default/instances/default"
    spanner_emulator.create_instance(where)
    spanner_emulator.create_database(f"{where}/databases/orders")
    extras = {"spanner_type": "omni", "spanner_endpoint": f"http://{spanner_emulator.endpoint}"}
    stored = json.dumps({"conn_type": "google_cloud_platform", "extra": extras})
    monkeypatch.setenv("AIRFLOW_CONN_OMNI", stored)
    monkeypatch.delenv("SPANNER_EMULATOR_HOST", raising=False)
    before = len(spanner_emulator.calls)

    listed = airflow("list", where, "--gcp-conn-id", "omni")
    methods = [call.method for call in spanner_emulator.calls][before:]
    refused = airflow("list", where, "--type", "BACKUP", "--gcp-conn-id", "omni")

    said = capsys.readouterr()
    assert [0, 1] == [listed, refused]
    assert ["ListDatabaseOperations"] == methods
    assert "console.cloud.google.com" not in said.out
    assert "Not on Spanner Omni: " in said.err
