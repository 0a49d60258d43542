# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the two processes of a triggerer use, measured from outside."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import psutil

from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tests.cluster.processes import ManagedProcess

_BLOCKED = re.compile(r"^(\S+Z) .*async thread was blocked for ([0-9.]+) seconds", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one process has used up to now.

    :param memory: bytes of its own and shared ones (RSS)
    :param cpu: seconds, in user and system
    """

    memory: int
    cpu: float

    @classmethod
    def of(cls, process: psutil.Process) -> Use:
        """Look at a process."""
        with process.oneshot():
            times = process.cpu_times()
            return cls(memory=process.memory_info().rss, cpu=times.user + times.system)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A look at the triggerer.

    :param at: real time, as by ``time.time()``
    :param running: how many triggers are assigned to it
    :param deferred: how many task instances are deferred
    :param main: the process that talks to the database, and keeps the logs
    :param runner: the process with the event loop
    """

    at: float
    running: int
    deferred: int
    main: Use
    runner: Use

    @property
    def memory(self) -> int:
        """Bytes of both."""
        return self.main.memory + self.runner.memory

    @property
    def cpu(self) -> float:
        """Seconds of both."""
        return self.main.cpu + self.runner.cpu


def wait_for_processes(triggerer: ManagedProcess) -> tuple[psutil.Process, psutil.Process]:
    """Return the two processes of a triggerer as soon as both are there."""
    main = psutil.Process(triggerer.pid)
    children = wait_until(main.children, timeout=60, what="the triggerer's second process")
    return main, children[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A time in which nothing moved in the event loop, as the triggerer complained of it."""

    at: datetime
    seconds: float


def blocks_of(triggerer: ManagedProcess) -> tuple[Block, ...]:
    """Return what a triggerer has complained of."""
    text = triggerer.spec.log_path.read_text(errors="replace")
    return tuple(
        Block(at=datetime.fromisoformat(at), seconds=float(seconds))
        for at, seconds in _BLOCKED.findall(text)
    )


def starts_of(logs: Path) -> tuple[datetime, ...]:
    """Return when each trigger began to run, which is the first that its log tells."""
    firsts = []
    for path in logs.rglob("*.trigger.*.log"):
        with path.open() as lines:
            firsts.append(datetime.fromisoformat(json.loads(next(lines))["timestamp"]))
    return tuple(sorted(firsts))


def busiest(times: Iterable[float], *, seconds: float) -> int:
    """Return the largest number of moments within any so many seconds."""
    window: deque[float] = deque()
    most = 0
    for moment in sorted(times):
        window.append(moment)
        while moment - window[0] >= seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that is no less than so many percent of them."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent) // 100) - 1)]


def between(samples: Sequence[Sample], begin: float, end: float) -> tuple[Sample, Sample] | None:
    """Return the first and the last of the samples taken within a time, if there are two."""
    inside = [each for each in samples if begin <= each.at <= end]
    return (inside[0], inside[-1]) if len(inside) > 1 else None


def now() -> float:
    """Return the real time, as the emulator and Airflow's database tell it."""
    return time.time()
