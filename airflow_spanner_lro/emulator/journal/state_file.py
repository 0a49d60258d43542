# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A file of lines to which one emulator at a time appends.

A line is handed to the operating system before :meth:`StateFile.append` returns: killing the
process loses nothing, a crash of the machine may lose the last seconds. It knows nothing of what
the lines say.
"""

from __future__ import annotations

import fcntl
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE = 0o600


class EmulatorStateError(Exception):
    """The file that holds the emulator's state cannot be used."""

    def __init__(self, *, path: Path, reason: str, advice: str, line: int | None = None) -> None:
        where = f", line {line}" if line is not None else ""
        super().__init__(f"The state file {path}{where} cannot be used: {reason}. {advice}")
        self.path = path
        self.line = line


class StateFile:
    """The lines of a file, held for this emulator alone while it is open.

    :param path: where it is; it need not exist
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self.unfinished = b""
        """What follows the last complete line; the first write removes it."""
        # the length of all complete lines
        self._size = 0
        self._broken = ""

    def __del__(self) -> None:
        self.close()

    def open(self) -> list[bytes]:
        """Take the file, and return its lines, save for one that was never finished.

        :raises EmulatorStateError: if it cannot be opened, or another emulator uses it.
        """
        data = self._read(self._take())
        self._size = data.rfind(b"\n") + 1
        self.unfinished = data[self._size :]
        return data[: self._size].split(b"\n")[:-1]

    def append(self, line: str) -> None:
        """Write a line, all of it or nothing.

        :raises OSError: if it cannot be written.
        :raises EmulatorStateError: if another emulator has used the file since it was closed.
        """
        if self._broken:
            raise OSError(self._broken)
        descriptor = self._reopened()
        # half a character of UTF-16 has no other form; the lines are JSON, in which it is that
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        try:
            if self.unfinished:
                os.ftruncate(descriptor, self._size)
                self.unfinished = b""
            written = os.pwrite(descriptor, data, self._size)
            while written < len(data):
                written += os.pwrite(descriptor, data[written:], self._size + written)
        except OSError:
            self._cut_back(descriptor)
            raise
        self._size += len(data)

    def close(self) -> None:
        """Leave the file to others."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _cut_back(self, descriptor: int) -> None:
        """Remove the beginning of a line that could not be written; nothing may follow it."""
        try:
            os.ftruncate(descriptor, self._size)
        except OSError as exc:
            self._broken = f"half a line could not be removed ({exc.strerror})"

    def _reopened(self) -> int:
        """Return the descriptor, after a stop too, provided that nobody else wrote meanwhile."""
        if self._descriptor is not None:
            return self._descriptor
        descriptor = self._take()
        if os.fstat(descriptor).st_size != self._size:
            self.close()
            raise EmulatorStateError(
                path=self.path,
                reason="another emulator has used it since this one stopped",
                advice="Make a new emulator with this file instead of using this one again.",
            )
        return descriptor

    def _take(self) -> int:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        except OSError as exc:
            raise EmulatorStateError(
                path=self.path,
                reason=exc.strerror or str(exc),
                advice="Choose a file that can be read and written, in a folder that exists.",
            ) from exc
        self._descriptor = descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            self.close()
            raise EmulatorStateError(
                path=self.path, reason="it is no ordinary file", advice="Choose another one."
            )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            self.close()
            raise EmulatorStateError(
                path=self.path,
                reason="another emulator uses it",
                advice="Stop that one, or choose another file.",
            ) from exc
        return descriptor

    @staticmethod
    def _read(descriptor: int) -> bytes:
        with open(os.dup(descriptor), "rb") as file:  # noqa: PTH123 - there is no path to it
            return file.read()
