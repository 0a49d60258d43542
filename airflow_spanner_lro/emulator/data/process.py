# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A process of Google's Spanner emulator: it outlives nobody, and its end is noticed at once.

A guard beside it reads from a pipe of ours. However this process ends, also when it is killed, our
end of the pipe closes, and the guard ends the emulator. Both have sessions of their own, so that a
Ctrl-C meant for us does not reach them first.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc
from google.longrunning import operations_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START_TIMEOUT = 20.0
"""For how many seconds it may say nothing before it is taken to be something else."""
STOP_TIMEOUT = 10.0

_ADDRESS = re.compile(r"Server address: (\S+:\d+)")
# the whole group: what it has started goes with it
_GUARD = 'read -r _; kill -9 "-$1" 2>/dev/null'
_LAST_LINES = 2
_LONGEST_LINE = 300
_NOISE = "WARNING: All log messages before"
_CHANNEL = (
    # a channel that knows nothing of what another one met at this address before
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # trailers with an error's details may be long
    ("grpc.max_metadata_size", 2**20),
)


class DataStartError(Exception):
    """Google's emulator cannot be had; says why, in one sentence."""


class GoogleEmulator:
    """A process of Google's emulator, and a channel to it.

    :param binary: its ``emulator_main``
    :ivar binary: the same
    """

    def __init__(self, binary: Path) -> None:
        self.binary = binary
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._address: str | None = None
        self._told = threading.Event()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._stopping = self._serving = self._over = False
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._channel: grpc.Channel | None = None

    @property
    def channel(self) -> grpc.Channel:
        """A channel to it, from its start on."""
        assert self._channel is not None, "it has not started"  # noqa: S101 - only ours to break
        return self._channel

    @property
    def address(self) -> str:
        """Where it listens, ``host:port``."""
        return self._address or ""

    @property
    def pid(self) -> int:
        """The number of its process."""
        return 0 if self._process is None else self._process.pid

    @property
    def why_ended(self) -> str:
        """What to say when it has ended by itself."""
        code = None if self._process is None else self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        # who was ended by others has nothing to say about it
        words = "" if code in (-signal.SIGKILL, -signal.SIGTERM) else self._last_words()
        return f"it has ended ({how}{words})"

    def start(self, *, on_end: Callable[[], None]) -> None:
        """Start it, and wait until it answers.

        :param on_end: is called, on a thread, when it ends by itself
        :raises DataStartError: if it does not start, or is not what it should be.
        """
        with self._lock:
            # whoever does not want it any more may be quicker than its start
            if self._stopping:
                message = "it is not wanted any more"
                raise DataStartError(message)
            self._process = self._launch()
            self._guard = _guard_of(self._process)
            self._reader = threading.Thread(
                target=self._read, args=(self._process, on_end), name="google-emulator", daemon=True
            )
            # whoever stops it joins this thread, so it has to run before the lock is free
            self._reader.start()
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise
        with self._lock:
            self._serving = not self._over
        if not self._serving:
            self.stop()
            raise DataStartError(self.why_ended)

    def ended(self, *, within: float = 0.0) -> bool:
        """Tell whether it has ended, or does so within some seconds."""
        return self._ended.wait(within) if within else self._ended.is_set()

    def stop(self) -> None:
        """End it; nothing of it is left when this returns."""
        with self._lock:
            self._stopping = True
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            # nothing in it is kept, so there is nothing that it would have to put away
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._reader is not None:
            self._reader.join(STOP_TIMEOUT)
        self._dismiss_guard()

    def _launch(self) -> subprocess.Popen[bytes]:
        try:
            # the binary is the one that its user chose
            return subprocess.Popen(  # noqa: S603
                [str(self.binary), "--host_port=127.0.0.1:0"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            message = f"it cannot be started ({exc.strerror or exc})"
            raise DataStartError(message) from exc

    def _wait_until_it_answers(self) -> None:
        if not self._told.wait(START_TIMEOUT):
            message = (
                f"it did not tell its address within {START_TIMEOUT:.0f} s{self._last_words()}"
            )
            raise DataStartError(message)
        if self._address is None:
            raise DataStartError(self.why_ended)
        self._channel = grpc.insecure_channel(self._address, options=_CHANNEL)
        list_operations = self._channel.unary_unary(
            "/google.longrunning.Operations/ListOperations",
            request_serializer=operations_pb2.ListOperationsRequest.SerializeToString,
            response_deserializer=operations_pb2.ListOperationsResponse.FromString,
        )
        request = operations_pb2.ListOperationsRequest(name="projects/p/instances/i/operations")
        try:
            list_operations(request, timeout=START_TIMEOUT, wait_for_ready=True)
        except grpc.RpcError as exc:
            message = f"it does not answer as Google's emulator does ({exc.code().name})"
            raise DataStartError(message) from exc

    def _read(self, process: subprocess.Popen[bytes], on_end: Callable[[], None]) -> None:
        """Read what it says until it ends: a pipe that nobody reads would hold it up."""
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").strip()
            if self._address is None and (found := _ADDRESS.search(line)) is not None:
                self._address = found[1]
                self._told.set()
            elif line and not line.startswith(_NOISE):
                self._lines.append(line[:_LONGEST_LINE])
        process.wait()
        process.stdout.close()
        # before its number can be that of another process
        self._dismiss_guard()
        with self._lock:
            self._over = True
            by_itself = self._serving and not self._stopping
        if by_itself:
            on_end()
        # only now, so that whoever learns of its end knows the reason, too
        self._ended.set()
        self._told.set()

    def _dismiss_guard(self) -> None:
        guard = self._guard
        if guard is not None:
            guard.kill()
            guard.wait()
            assert guard.stdin is not None  # noqa: S101 - it is a pipe
            guard.stdin.close()

    def _last_words(self) -> str:
        return f": {' / '.join(self._lines)}" if self._lines else ""


def _guard_of(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Start what ends a process when ours has ended."""
    return subprocess.Popen(  # noqa: S603 - a number is all that is given
        ["/bin/sh", "-c", _GUARD, "sh", str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
