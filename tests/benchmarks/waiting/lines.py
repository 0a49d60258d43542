# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A line of JSON each way: how the benchmark talks to the processes that it starts.

Over plain file descriptors in the event loop, so that a process ends when the one that started it
does, however that ended: its input is closed then.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any


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
