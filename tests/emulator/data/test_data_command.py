# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows from the command line, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.cloud.spanner_v1 import types as spanner_types
from google.longrunning import operations_pb2

from tests.emulator.data.waiting import wait_until
from tests.emulator.support.channels import open_channel
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "projects/test/instances/main/databases/orders"
ROOT = Path(__file__).parents[3]


class Running:
    """The command in a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.lines = [process.stdout.readline()]
        while not self.lines[-1].startswith("export SPANNER_EMULATOR_HOST="):
            assert self.lines[-1], self.lines
            self.lines.append(process.stdout.readline())
        self.endpoint = self.lines[-1].strip().rpartition("=")[2]

    def rest_of_output(self) -> str:
        """End it; return what else it has printed."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        rest = self.process.stdout.read()
        assert 0 == self.process.wait(30)
        return rest


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Run the command until the context ends."""
    command = [sys.executable, "-m", "airflow_spanner_lro.emulator", "--port=0", "--no-rest"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [*command, f"--database={DATABASE}", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def _create_session(endpoint: str) -> str:
    """Create a session; return its name."""
    with open_channel(endpoint) as channel:
        create: Any = channel.unary_unary(
            "/google.spanner.v1.Spanner/CreateSession",
            request_serializer=spanner_types.CreateSessionRequest.serialize,
            response_deserializer=spanner_types.Session.deserialize,
        )
        request = spanner_types.CreateSessionRequest(database=DATABASE)
        return str(create(request, timeout=60).name)


def _google_of(pid: int) -> list[int]:
    """Return the processes of Google's emulator that a process has started."""
    children = (
        child
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    )
    return [
        int(child)
        for child in children
        if "emulator_main" in Path(f"/proc/{child}/cmdline").read_text().split("\0")[0]
    ]


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_it_has_rows_and_leaves_nothing(end: signal.Signals) -> None:
    """With ``--data`` there are sessions, and however the command ends, nothing is left."""
    require_google_emulator()
    with running("--data") as command:
        session = _create_session(command.endpoint)
        (google,) = _google_of(command.process.pid)
        command.process.send_signal(end)
        command.process.wait(30)
        wait_until(lambda: _gone(google))

    assert session.startswith(f"{DATABASE}/sessions/")


@pytest.mark.slow
def test_a_wrong_path_is_told(tmp_path: Path) -> None:
    """A path without an emulator is told in one sentence, and admin calls are answered."""
    with running(f"--data-emulator={tmp_path / 'none'}") as command:
        with pytest.raises(grpc.RpcError) as refused:
            _create_session(command.endpoint)
        with open_channel(command.endpoint) as channel:
            get: Any = channel.unary_unary(
                "/google.spanner.admin.instance.v1.InstanceAdmin/GetInstance",
                request_serializer=operations_pb2.GetOperationRequest.SerializeToString,
            )
            # the request has the same form
            get(operations_pb2.GetOperationRequest(name=DATABASE.rpartition("/databases")[0]))
        output = "".join(command.lines) + command.rest_of_output()

    assert grpc.StatusCode.UNAVAILABLE is refused.value.code()
    sentence = "Google's Spanner emulator does not start: it cannot be started (No such file"
    assert sentence in str(refused.value.details())
    assert 1 == output.count(sentence)
    assert "Traceback" not in output
