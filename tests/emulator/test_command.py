# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command line and the pytest plugin, each in a process of its own."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator.command import add_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.emulator import SpannerAdminEmulator

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
COMMAND = [sys.executable, "-m", "airflow_spanner_lro.emulator"]


@pytest.fixture
def running() -> Iterator[subprocess.Popen[str]]:
    """Run the command with a database in it."""
    process = subprocess.Popen(  # noqa: S603
        [
            *COMMAND,
            "--port",
            "0",
            "--log-calls",
            "--database",
            "projects/p/instances/ii/databases/db",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    with process:
        yield process
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_when_it_is_ready_and_stops_cleanly(
    running: subprocess.Popen[str], number: signal.Signals
) -> None:
    """Two lines tell where it listens; a signal ends it with exit code 0 and without noise."""
    assert running.stdout is not None
    first, second = running.stdout.readline(), running.stdout.readline()
    running.send_signal(number)
    rest, errors = running.communicate(timeout=10)

    assert "ready on 127.0.0.1:" in first
    assert second.startswith("export SPANNER_EMULATOR_HOST=localhost:")
    assert (running.returncode, rest, errors) == (0, "The emulator has stopped.\n", "")


def test_a_taken_port_is_one_sentence(empty_emulator: SpannerAdminEmulator) -> None:
    """The exit code is 1, and nothing but a sentence is printed."""
    done = subprocess.run(  # noqa: S603
        [*COMMAND, "--port", str(empty_emulator.port)],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
        timeout=30,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"The emulator cannot listen on {empty_emulator.endpoint}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["--instance", "ii"], ["--database", "db"], ["--time-scale", "0"]]
)
def test_arguments_are_checked(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot work is a usage error."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    with pytest.raises(SystemExit):
        parser.parse_args(arguments)
    assert arguments[0] in capsys.readouterr().err


def test_the_plugin_gives_an_emulator(tmp_path: Path) -> None:
    """The fixtures work, set the variable for the test alone, and load nothing before."""
    (tmp_path / "test_it.py").write_text(
        """
import os, sys

def test_nothing_heavy_is_loaded():
    assert "grpc" not in sys.modules
    assert "SPANNER_EMULATOR_HOST" not in os.environ

def test_the_emulator_runs(spanner_emulator, emulator_clock):
    assert spanner_emulator.running
    assert spanner_emulator.clock is emulator_clock
    assert os.environ["SPANNER_EMULATOR_HOST"] == spanner_emulator.endpoint
"""
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-p",
            "airflow_spanner_lro.emulator.pytest_plugin",
            "test_it.py",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**ENVIRONMENT, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        timeout=60,
    )

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_help_needs_no_grpc() -> None:
    """The arguments can be built without loading the client library."""
    code = (
        "import argparse, sys; from airflow_spanner_lro.emulator import command; "
        "command.add_arguments(argparse.ArgumentParser()); "
        "sys.exit('grpc' in sys.modules or 'proto' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], check=False, env=ENVIRONMENT, timeout=30
    )

    assert done.returncode == 0
