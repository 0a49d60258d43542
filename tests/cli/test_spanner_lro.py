# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ``spanner-lro`` command against the emulator: what it prints, and its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError

from airflow_spanner_lro.cli import commands, main, waiting
from airflow_spanner_lro.core.status import Code

from .conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from argparse import Namespace

    from airflow_spanner_lro.cli.names import Access
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

_COMMAND = "import sys; from airflow_spanner_lro.cli import main; sys.exit(main())"


def test_list_of_an_instance_shows_what_runs_in_it(
    operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operations of an instance's backups are listed with the instance's own."""
    code = main(["list", INSTANCE])

    assert 0 == code
    assert operation.rpartition("/")[2] in capsys.readouterr().out


@pytest.mark.usefixtures("operation")
def test_a_list_without_operations_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to list is told apart from a mistake, and does not get into a pipe."""
    code = main(["list", f"{INSTANCE}/databases/orders"])
    shown = capsys.readouterr()

    assert 0 == code
    assert "" == shown.out
    assert f"There are no operations of {INSTANCE}/databases/orders." in shown.err


def test_describe_shows_state_and_progress(
    operation: str, emulator_clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operation half-way is shown with its kind, its state and its percentage."""
    emulator_clock.advance(timedelta(minutes=12, seconds=30))
    code = main(["describe", operation])
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())

    assert 0 == code
    assert "Create backup" == lines["kind:"]
    assert "RUNNING" == lines["state:"]
    assert "50" == lines["percent:"]


@pytest.mark.parametrize("form", ["wide", "yaml", "name"])
def test_describe_in_other_forms(
    operation: str, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Each form has the full name."""
    code = main(["describe", operation, "-o", form])

    assert 0 == code
    assert operation in capsys.readouterr().out


def test_wait_ends_when_the_operation_does(
    operation: str, emulator_clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Waiting for an operation that has succeeded prints its end, and is a success."""
    emulator_clock.advance(timedelta(hours=1))
    code = main(["wait", operation])

    assert 0 == code
    assert "Create backup nightly: succeeded after 25 min" in capsys.readouterr().out


def test_wait_gives_up_in_time(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wait whose time is up ends with a status of its own, and cancels nothing."""
    code = main(["wait", operation, "--timeout", "0.1"])

    assert 3 == code
    assert "the operation keeps running. projects/" in capsys.readouterr().err


def test_cancel_says_how_it_ended(operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A cancelled operation is told as such."""
    code = main(["cancel", operation])

    assert 0 == code
    assert "nightly was cancelled." in capsys.readouterr().out


def test_a_refused_cancel_has_a_code_of_its_own(
    operation: str, spanner_emulator: SpannerAdminEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cancel that the service refuses says which role is missing."""
    spanner_emulator.faults.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, times=1)
    code = main(["cancel", operation])

    assert 6 == code
    assert "spanner.backupAdmin" in capsys.readouterr().out


@pytest.mark.usefixtures("spanner_emulator")
@pytest.mark.parametrize(
    ("arguments", "said", "ends_with"),
    [
        pytest.param(
            ["describe", "nonsense"], "operation name='nonsense'", 1, id="a malformed name"
        ),
        pytest.param(["describe", f"{DATABASE}/operations/_x"], "NOT_FOUND", 5, id="a missing one"),
        pytest.param(["wait", f"{DATABASE}/operations/_x"], "NOT_FOUND", 5, id="a missing wait"),
        pytest.param(
            ["wait", f"{DATABASE}/operations/_x", "--timeout", "nan"],
            "--timeout=nan",
            1,
            id="no time",
        ),
        pytest.param(
            ["cancel", f"{DATABASE}/operations/_x", "--timeout", "inf"],
            "--timeout=inf",
            1,
            id="for ever",
        ),
        pytest.param(["watch", INSTANCE, "--interval", "0"], "--interval=0.0", 1, id="no pause"),
        pytest.param(
            ["watch", INSTANCE, "--timeout", "-1"], "--timeout=-1.0", 1, id="back in time"
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], said: str, ends_with: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error is one sentence on the error stream and a code, without a traceback."""
    code = main(arguments)
    errors = capsys.readouterr().err

    assert ends_with == code
    assert said in errors
    assert 1 == len(errors.splitlines())


def test_a_reader_that_has_had_enough(operation: str) -> None:
    """A pipe that is closed at its other end is no reason for a traceback."""
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-c", _COMMAND, "describe", operation],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    os.close(writing)

    assert (141, "") == (ended.returncode, ended.stderr)


@pytest.mark.parametrize("command", ["wait", "cancel"])
def test_an_interrupt_says_what_was_done(
    operation: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """After Ctrl-C nobody is told that nothing was cancelled who had asked for just that."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for module in (commands, waiting):
        monkeypatch.setattr(module, "run", interrupt)

    code = main([command, operation])

    assert 130 == code
    assert ("nothing was cancelled" in capsys.readouterr().err) == (command == "wait")


def test_without_credentials_it_says_how_to_get_some(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an emulator nor credentials: one sentence, and nothing that cannot be done."""

    def none(**_: object) -> None:
        raise DefaultCredentialsError

    monkeypatch.delenv("SPANNER_EMULATOR_HOST", raising=False)
    monkeypatch.setattr("google.auth.default", none)

    code = main(["list", INSTANCE])

    assert 1 == code
    assert "gcloud auth application-default login" in capsys.readouterr().err


def test_credentials_of_the_machine_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an emulator it is Google's endpoint, with the application default credentials."""
    credentials, made = AnonymousCredentials(), []

    def list_operations(access: Access, args: Namespace, *, program: str) -> int:
        assert INSTANCE == args.resource
        made.append((access.connect(), access.default_project()))
        return len(program) - len("spanner-lro")

    monkeypatch.delenv("SPANNER_EMULATOR_HOST", raising=False)
    monkeypatch.setattr("google.auth.default", lambda **_: (credentials, "project"))
    monkeypatch.setattr(commands, "list_operations", list_operations)

    code = main(["list", INSTANCE])

    ((client, project),) = made
    client.close()
    assert (0, "project") == (code, project)
    assert credentials is client.channels.endpoint.credentials


def test_emulator_as_a_command_of_its_own() -> None:
    """The command runs an emulator, says where, and ends when it is told to."""
    with subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-c", _COMMAND, "emulator", "--port", "0", "--no-rest"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready, export = process.stdout.readline(), process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert 0 == code
    assert "ready on 127.0.0.1:" in ready
    assert "SPANNER_EMULATOR_HOST=" in export
