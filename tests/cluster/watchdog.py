# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Find and kill every process of a run, also when the driver could not do so itself.

Airflow forks, changes sessions, retitles its processes and loses children to PID 1, so neither
a process group nor a list of pids finds them all.
A mark in the environment does: every child inherits it, and Linux shows it in ``/proc``.
Descendants of what is marked are included, because PostgreSQL overwrites its environment.
macOS hides the environment of others; there, and only there, process groups must do:
the number of a group that has ended may be given to a stranger.

Run as ``python -m tests.cluster.watchdog MARK`` it reads process groups from its standard input,
one a line, until the pipe closes. The kernel closes that pipe however the driver ends, by SIGKILL
and by the memory killer too, which no handler in the driver can catch: that is why it is a process
of its own, and why nothing of third parties is imported here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


_PROC = Path("/proc")
_POLL_INTERVAL = 0.05
"""Seconds between two readings of the process table while processes are ending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessInfo:
    """One live process; zombies are not alive and never appear."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.pid} {self.command}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    pid: int
    parent: int
    command: str
    marked: bool


def find_processes(*, mark: str, groups: Collection[int] = ()) -> tuple[ProcessInfo, ...]:
    """Return the live processes that carry a mark, and all that descend from those.

    :param mark: ``NAME=value`` as it stands in the environment.
    :param groups: process groups that stand in for the mark where none can be read.
    """
    if sys.platform == "linux":
        rows = tuple(_linux(mark.encode()))
    else:
        rows = tuple(_portable(groups))
    ours = {row.pid for row in rows if row.marked}
    grown = True
    while grown:
        children = {row.pid for row in rows if row.parent in ours} - ours
        ours |= children
        grown = bool(children)
    ours.discard(os.getpid())
    return tuple(ProcessInfo(pid=row.pid, command=row.command) for row in rows if row.pid in ours)


def kill_processes(
    *, mark: str, groups: Collection[int] = (), timeout: float = 10.0
) -> tuple[ProcessInfo, ...]:
    """SIGKILL all that :func:`find_processes` finds, until none is left; return the survivors.

    :param timeout: seconds; a process in an uninterruptible system call may take some.
    """
    deadline = time.monotonic() + timeout
    while (found := find_processes(mark=mark, groups=groups)) and time.monotonic() < deadline:
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        time.sleep(_POLL_INTERVAL)
    return found


def _linux(mark: bytes) -> Iterator[_Row]:
    for folder in _PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        # a process may end between any two reads, and those of other users are not ours to read
        with suppress(OSError):
            stat = (folder / "stat").read_text(errors="replace")
            # the name stands in parentheses and may itself contain both spaces and parentheses
            name, _, rest = stat.partition("(")[2].rpartition(")")
            state, parent, *_ = rest.split()
            if state in "ZX":
                continue
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
            except PermissionError:
                environment = []
            command = (
                (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
            yield _Row(
                pid=int(folder.name),
                parent=int(parent),
                command=command.strip() or name,
                marked=mark in environment,
            )


def _portable(groups: Collection[int]) -> Iterator[_Row]:
    listing = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,pgid=,stat=,command="],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in listing.stdout.splitlines():
        pid, parent, group, state, command = line.split(maxsplit=4)
        if not state.startswith("Z"):
            yield _Row(
                pid=int(pid),
                parent=int(parent),
                command=command,
                marked=int(group) in groups,
            )


_PACKAGES = Path(__file__).resolve().parents[2]


class Watchdog:
    """Starts the process that kills what a driver leaves behind, and tells it what to kill."""

    def __init__(self, *, mark: str) -> None:
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, mark],
                stdin=reading,
                env={**os.environ, "PYTHONPATH": package_path()},
                start_new_session=True,
            )
        except OSError:
            os.close(self._writing)
            raise
        finally:
            os.close(reading)

    def watch(self, group: int, /) -> None:
        """Name a process group that is to end with the driver."""
        # a watchdog that is gone cannot help, but neither may it stop the driver
        with suppress(BrokenPipeError):
            os.write(self._writing, f"{group}\n".encode())

    def close(self) -> None:
        """Let it kill what is left, and wait for its end."""
        os.close(self._writing)
        self._process.wait()


def package_path() -> str:
    """Return a ``PYTHONPATH`` with which a child finds this very package, installed or not."""
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(_PACKAGES), *([inherited] if inherited else [])])


def main() -> int:
    """Wait for the driver's end, then kill what is left; return how many would not die."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    groups = {int(line) for line in sys.stdin}
    return len(kill_processes(mark=sys.argv[1], groups=groups))


if __name__ == "__main__":
    sys.exit(main())
