# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Google's Spanner emulator: where it is, and a process of it that outlives nobody.

It is a part of the Google Cloud CLI, and the one thing beside ours that answers for Spanner without
being Spanner.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "SPANNER_EMULATOR_BINARY"
ALONE = (("grpc.use_local_subchannel_pool", 1),)
"""A channel that knows nothing of what another one met at this address before."""
HOW_TO_GET_IT = (
    "Google's Spanner emulator is not here: install it by "
    "`gcloud components install cloud-spanner-emulator` or the Debian package "
    f"google-cloud-cli-spanner-emulator, or set {VARIABLE} to its emulator_main"
)

_NAME = "emulator_main"
_IN_SDK = Path("bin", "cloud_spanner_emulator", _NAME)
_SDKS = (Path("/usr/lib/google-cloud-sdk"), Path("~/google-cloud-sdk"))
_START_TIMEOUT = 20.0
_STOP_TIMEOUT = 10.0
_ADDRESS = re.compile(r"Server address: (\S+:\d+)")
# Our end of its standard input closes however this process ends, also when it is killed; and as
# the emulator has a session of its own, a Ctrl-C meant for the tests does not kill the guard first.
_GUARD = '"$@" & child=$!; read -r _; kill "$child"; wait "$child"'


def find_binary() -> Path | None:
    """Return the path of the emulator; None if it is not on this machine."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    if on_path := shutil.which(_NAME):
        return Path(on_path)
    gcloud = shutil.which("gcloud")
    sdks = () if gcloud is None else (Path(gcloud).resolve().parents[1],)
    places = (sdk.expanduser() / _IN_SDK for sdk in (*sdks, *_SDKS))
    return next((place for place in places if os.access(place, os.X_OK)), None)


@contextmanager
def running(binary: Path, *, log: Path) -> Iterator[str]:
    """Run the emulator on a port that it picks itself; yield its address once it answers.

    :param log: a file for what it has to say
    """
    command = ["/bin/sh", "-c", _GUARD, "sh", str(binary), "--host_port=127.0.0.1:0"]
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - the binary that its owner chose
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            address = _address(log)
            _wait_for_answer(address)
            yield address
        finally:
            process.communicate(timeout=_STOP_TIMEOUT)


def _address(log: Path) -> str:
    deadline = time.monotonic() + _START_TIMEOUT
    while (found := _ADDRESS.search(log.read_text(errors="replace"))) is None:
        if time.monotonic() > deadline:
            message = f"Google's emulator did not start: {log.read_text(errors='replace')}"
            raise TimeoutError(message)
        time.sleep(0.01)
    return found[1]


def _wait_for_answer(address: str) -> None:
    request = operations_pb2.ListOperationsRequest(name="projects/test/instances/main/operations")
    with grpc.insecure_channel(address, options=ALONE) as channel:
        stub = operations_pb2_grpc.OperationsStub(channel)
        stub.ListOperations(request, timeout=_START_TIMEOUT, wait_for_ready=True)
