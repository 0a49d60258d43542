# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The processes of one measurement: started, asked, and ended whatever happens.

They are asked and answer in lines of JSON, over plain file descriptors in the event loop, so that a
process ends when the one that started it does, however that ended: its input is closed then.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


ROOT = Path(__file__).resolve().parents[3]
_LONGEST_LINE = 16 * 2**20
_TAIL = 2000


class ChildError(Exception):
    """A process ended before it had answered."""


class Child:
    """A process that answers lines."""

    def __init__(self, process: asyncio.subprocess.Process, *, log: Path) -> None:
        self._process = process
        self._log = log
        self._seen = psutil.Process(process.pid)

    async def ask(self, within: float = 60.0, **record: Any) -> dict[str, Any]:
        """Send a line and return the answer.

        :raises TimeoutError: if there is none in time
        :raises ChildError: if the process has ended
        """
        reading, writing = self._process.stdout, self._process.stdin
        assert reading is not None
        assert writing is not None
        writing.write(json.dumps(record).encode() + b"\n")
        line = await asyncio.wait_for(reading.readline(), timeout=within)
        if not line:
            tail = self._log.read_text(errors="replace")[-_TAIL:]
            message = f"a process of the benchmark has ended:\n{tail}"
            raise ChildError(message)
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def memory(self) -> int:
        """Resident memory in bytes."""
        return int(self._seen.memory_info().rss)

    @property
    def cpu(self) -> float:
        """CPU seconds used so far."""
        times = self._seen.cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def child(module: str, *, log: Path, environment: Mapping[str, str]) -> AsyncIterator[Child]:
    """Run a module of this package in a process of its own."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"tests.benchmarks.waiting.{module}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env=environment,
            limit=_LONGEST_LINE,
            # Ctrl-C is for us; they end when we do
            start_new_session=True,
        )
    try:
        yield Child(process, log=log)
    finally:
        # also when we are being cancelled: nothing is awaited before
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


class Lines:
    """One end of a conversation.

    :param reading: file descriptor to read from
    :param writing: file descriptor to write to
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._rest = b""
        self._lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        os.set_blocking(reading, False)
        asyncio.get_running_loop().add_reader(reading, self._receive)

    async def read(self) -> dict[str, Any] | None:
        """Return the next line; None at the end."""
        return await self._lines.get()

    def write(self, **record: Any) -> None:
        """Write a line."""
        data = json.dumps(record).encode() + b"\n"
        while data:
            data = data[os.write(self._writing, data) :]

    def _receive(self) -> None:
        data = os.read(self._reading, 2**16)
        if not data:
            asyncio.get_running_loop().remove_reader(self._reading)
            self._lines.put_nowait(None)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._lines.put_nowait(json.loads(line))
