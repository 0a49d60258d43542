# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which processes belong to us, read from the operating system and not from our memory.

Airflow forks, changes sessions, retitles its processes and loses children to PID 1, so neither
a process group nor a list of pids finds them all.
A mark in the environment does: every child inherits it, and Linux shows it in ``/proc``.
Descendants of what is marked are included, because PostgreSQL overwrites its environment.
macOS hides the environment of others; there, and only there, process groups must do:
the number of a group that has ended may be given to a stranger.

Separate and free of third-party imports, since the guard process loads it too.
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
_LOOK_AGAIN = 0.05
"""Seconds between two looks at the process table while processes are ending."""


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
        time.sleep(_LOOK_AGAIN)
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
