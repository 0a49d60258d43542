# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A binary that is not there, does not start, dies or is another thing: one sentence, no more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.cloud import spanner_admin_instance_v1 as instance_v1
from google.cloud.spanner_admin_instance_v1.services.instance_admin.transports import (
    InstanceAdminGrpcTransport,
)
from google.cloud.spanner_v1 import types as spanner_types

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.emulator.data import process
from airflow_spanner_lro.emulator.data.binary import BINARY_VARIABLE, find_binary
from airflow_spanner_lro.emulator.data.process import DataStartError, GoogleEmulator
from tests.emulator.data.waiting import wait_until
from tests.emulator.support.channels import open_channel
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

DATABASE = "projects/test/instances/main/databases/orders"
_OUR_END = """
import sys, time
from pathlib import Path
from airflow_spanner_lro.emulator.data.process import GoogleEmulator

google = GoogleEmulator(Path(sys.argv[1]))
google.start(on_end=lambda: None)
print(google.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes an executable of a shell script."""

    def make(text: str) -> Path:
        path = tmp_path / "emulator_main"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return make


def _start(binary: Path) -> str:
    """Start what is no emulator; return why it does not start."""
    google = GoogleEmulator(binary)
    with pytest.raises(DataStartError) as refused:
        google.start(on_end=lambda: None)
    if google.pid:
        assert not _alive(google.pid)
    return str(refused.value)


def _alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _ask_for_session(endpoint: str) -> grpc.RpcError:
    """Ask for a session on the database; return how that is refused."""
    with open_channel(endpoint) as channel:
        create: Any = channel.unary_unary(
            "/google.spanner.v1.Spanner/CreateSession",
            request_serializer=spanner_types.CreateSessionRequest.serialize,
        )
        request = spanner_types.CreateSessionRequest(database=DATABASE)
        with pytest.raises(grpc.RpcError) as refused:
            create(request, timeout=30)
    return refused.value


def _instances_of(endpoint: str) -> list[str]:
    with open_channel(endpoint) as channel:
        client = instance_v1.InstanceAdminClient(
            transport=InstanceAdminGrpcTransport(channel=channel)
        )
        return [each.name for each in client.list_instances(parent="projects/test")]


def test_one_that_is_not_there(tmp_path: Path) -> None:
    """A path at which there is nothing is told as such."""
    assert "it cannot be started (No such file or directory)" == _start(tmp_path / "nothing")


def test_one_that_is_no_program(tmp_path: Path) -> None:
    """A file that cannot be executed is told as such."""
    path = tmp_path / "emulator_main"
    path.write_text("no program")

    assert "it cannot be started (Permission denied)" == _start(path)


def test_one_that_exits(script: Callable[[str], Path]) -> None:
    """One that exits at once is told with its exit code and its last words."""
    reason = _start(script("echo cannot open the socket >&2; exit 3"))

    assert "it has ended (exit code 3: cannot open the socket)" == reason


def test_one_that_is_another_version(
    script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that never tells its address is given up, with what it said, and ended."""
    monkeypatch.setattr(process, "START_TIMEOUT", 0.2)
    reason = _start(script("echo Emulator 9.0 listens by other means; sleep 600"))

    assert "it did not tell its address within 0 s: Emulator 9.0 listens by other means" == reason


def test_one_at_whose_address_nobody_is(
    script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that tells an address and does not answer there is given up."""
    monkeypatch.setattr(process, "START_TIMEOUT", 0.5)
    reason = _start(script("echo Server address: 127.0.0.1:1; sleep 600"))

    assert reason.startswith("it does not answer as Google's emulator does (")


def test_the_admin_plane_goes_on_without_it(
    script: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    """When it does not start, data calls are told why, and admin calls are answered."""
    with SpannerAdminEmulator(clock=ManualClock(), data=script("exit 3")) as emulator:
        emulator.create_database(DATABASE)
        refused = _ask_for_session(emulator.endpoint)
        instances = _instances_of(emulator.endpoint)

    assert grpc.StatusCode.UNAVAILABLE is refused.code()
    assert "Google's Spanner emulator does not start: it has ended (exit code 3)." in str(
        refused.details()
    )
    assert ["projects/test/instances/main"] == instances
    warnings = [each.getMessage() for each in caplog.records if "does not start" in each.message]
    assert 1 == len(warnings)


def test_a_machine_without_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where it is not installed, that and how to get it is said once; data calls hear it, too."""
    monkeypatch.setattr("airflow_spanner_lro.emulator.data.plane.find_binary", lambda: None)
    with SpannerAdminEmulator(clock=ManualClock(), data=True) as emulator:
        emulator.create_database(DATABASE)
        refused = _ask_for_session(emulator.endpoint)
        instances = _instances_of(emulator.endpoint)

    assert grpc.StatusCode.UNAVAILABLE is refused.code()
    assert "is not on this machine: install it by" in str(refused.details())
    assert ["projects/test/instances/main"] == instances
    assert 1 == sum("is not on this machine" in each.message for each in caplog.records)


def test_an_emulator_without_rows() -> None:
    """Without the option, data calls are not implemented, and the answer names the option."""
    with SpannerAdminEmulator(clock=ManualClock()) as emulator:
        refused = _ask_for_session(emulator.endpoint)

    assert grpc.StatusCode.UNIMPLEMENTED is refused.code()
    assert "--data" in str(refused.details())


def test_the_variable_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has it elsewhere says so by a variable."""
    monkeypatch.setenv(BINARY_VARIABLE, "/opt/other/emulator_main")

    assert Path("/opt/other/emulator_main") == find_binary()


def test_it_dies_with_us() -> None:
    """When the process that has started it is killed, it is gone, too."""
    binary = require_google_emulator()
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _OUR_END, str(binary)], stdout=subprocess.PIPE, text=True
    ) as ours:
        assert ours.stdout is not None
        google = int(ours.stdout.readline())
        was_there = _alive(google)
        os.kill(ours.pid, signal.SIGKILL)

    assert was_there
    wait_until(lambda: not _alive(google))


def test_one_that_is_not_wanted_any_more(script: Callable[[str], Path]) -> None:
    """Who stops it before it has started never starts it."""
    google = GoogleEmulator(script("sleep 600"))
    google.stop()
    with pytest.raises(DataStartError, match="not wanted any more"):
        google.start(on_end=lambda: None)

    assert 0 == google.pid


def test_one_that_ends_right_after_it_answered(
    script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for one that runs, and nobody is told of its end a second time."""

    def answered(self: GoogleEmulator) -> None:
        assert self.ended(within=20.0)

    monkeypatch.setattr(GoogleEmulator, "_wait_until_it_answers", answered)

    assert "it has ended (exit code 4)" == _start(script("exit 4"))


def test_a_bug_in_keeping_rows_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Data calls do not wait for ever, and the admin plane goes on."""

    def bug(self: GoogleEmulator, *, on_end: Callable[[], None]) -> None:
        del self, on_end
        message = "no such thing"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(GoogleEmulator, "start", bug)
    with SpannerAdminEmulator(clock=ManualClock(), data=Path("/bin/true")) as emulator:
        assert emulator.data is not None
        assert emulator.data.wait_until_started(20.0)
        emulator.create_database(DATABASE)
        refused = _ask_for_session(emulator.endpoint)

    assert grpc.StatusCode.UNAVAILABLE is refused.code()
    assert "the emulator has a bug: ZeroDivisionError" in str(refused.details())
    assert "failed to keep rows" in caplog.text


class _UnavailableError(grpc.RpcError):
    """Google's emulator says that it cannot answer."""

    def code(self) -> grpc.StatusCode:
        """Return what it says."""
        return grpc.StatusCode.UNAVAILABLE


def test_one_that_runs_may_say_for_itself_that_it_is_unavailable() -> None:
    """Only the end of the process is told in words of our own."""
    binary = require_google_emulator()
    with SpannerAdminEmulator(clock=ManualClock(), data=binary) as emulator:
        assert emulator.data is not None
        assert emulator.data.wait_until_started(20.0)
        while_it_runs = emulator.data.error_of(_UnavailableError())
        os.kill(emulator.data.pid, signal.SIGKILL)
        afterwards = emulator.data.error_of(_UnavailableError())

    assert while_it_runs is None
    assert afterwards is not None
    assert "is gone" in afterwards.message


def test_stopping_while_it_starts_is_no_trouble(
    script: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    """Who stops the emulator at once waits for no address, leaves no process, and is not warned."""
    with SpannerAdminEmulator(clock=ManualClock(), data=script("sleep 600")) as emulator:
        data = emulator.data
        assert data is not None
        wait_until(lambda: data.pid != 0)
        pid = data.pid

    assert not _alive(pid)
    assert "" == data.problem
    assert [] == [each.message for each in caplog.records if "does not start" in each.message]


def test_one_that_is_stopped_at_the_very_moment_of_its_start(
    script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stops it then waits until it can be stopped, and nothing of it is left."""
    google = GoogleEmulator(script("sleep 600"))
    real = threading.Thread.start
    with ThreadPoolExecutor(1) as pool:
        stops: list[Future[None]] = []

        def start_late(self: threading.Thread) -> None:
            if self.name == "google-emulator":
                stops.append(pool.submit(google.stop))
                wait(stops, 0.3)
            real(self)

        monkeypatch.setattr(threading.Thread, "start", start_late)
        with pytest.raises(DataStartError):
            google.start(on_end=lambda: None)
        (stop,) = stops

        assert stop.result(20.0) is None
    assert not _alive(google.pid)
