# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command at a terminal: a pseudo-terminal of any size, and what a person sees on it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMAND = "import sys; from airflow_spanner_lro.cli import main; sys.exit(main())"
_PATIENCE = 40.0
_MOMENT = 0.05


class Terminal:
    """Runs ``spanner-lro`` at a terminal of its own.

    :param variables: environment variables, beside those of this process
    """

    def __init__(
        self,
        *words: str,
        columns: int = 80,
        lines: int = 24,
        variables: dict[str, str] | None = None,
    ) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"}
        }
        environment |= {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | (variables or {})
        self._process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-c", _COMMAND, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self._file = ours
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        """Everything that came, control sequences and all."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_PATIENCE)
        os.close(self._file)

    @property
    def lines(self) -> list[str]:
        """What is on the screen now, without what is empty."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def cursor_hidden(self) -> bool:
        """Whether the cursor is hidden."""
        return bool(self._screen.cursor.hidden)

    def until(self, condition: Callable[[list[str]], bool]) -> list[str]:
        """Read until what is on the screen meets a condition; return the lines.

        What is drawn at once may come in pieces, so nothing may follow for a moment.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            met = condition(self.lines)
            more = self._read(_MOMENT if met else 0.1)
            if met and not more:
                return self.lines
            assert time.monotonic() < deadline, "\n".join(self.lines)
            assert more or self._process.poll() is None, "\n".join(self.lines)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """Ask it to end, as `timeout` does."""
        self._process.terminate()

    def end(self) -> int:
        """Read until the command has ended; return its exit code."""
        deadline = time.monotonic() + _PATIENCE
        while self._read(0.1) or self._process.poll() is None:
            assert time.monotonic() < deadline, "\n".join(self.lines)
        return self._process.wait(_PATIENCE)

    def _read(self, seconds: float) -> bool:
        """Read what there is; return whether there was something."""
        ready, _, _ = select.select([self._file], [], [], seconds)
        try:
            data = os.read(self._file, 65536) if ready else b""
        except OSError:
            # as Linux says that nobody has the other end open any more
            data = b""
        self.written += data
        self._stream.feed(data)
        return bool(data)
