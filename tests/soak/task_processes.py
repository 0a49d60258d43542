# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Find the processes in which tasks run, and kill them: only what the scheduler has spawned."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from tests.cluster.airflow import Component
from tests.cluster.errors import ApiError, ApiUnreachableError
from tests.cluster.rest_api import TaskState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cluster.airflow import LocalAirflow
    from tests.soak.dag_specs import Kind
    from tests.soak.soak_api import SoakApi, TaskProcess

HELD = 6.0
"""Seconds for which an ambushed answer is held back at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProcesses:
    """Knows where tasks run."""

    airflow: LocalAirflow
    api: SoakApi

    def candidates(self) -> tuple[TaskProcess, ...]:
        """Return the tasks that run in a process now."""
        return self._candidates(self.api)

    def kill(self, worker: TaskProcess, *, whole: bool) -> bool:
        """SIGKILL a task's process; tell whether it was there.

        :param whole: its supervisor too
        """
        if worker.pid is None:
            return False
        return _signal(self._family(worker.pid, whole=whole), signal.SIGKILL)

    def evict(self, worker: TaskProcess) -> bool:
        """SIGTERM a task's process, as a node that is drained; tell whether it was there."""
        return worker.pid is not None and _signal([worker.pid], signal.SIGTERM)

    def kill_at_call(self, run_id: str, kind: Kind, *, whole: bool) -> bool:
        """Find the process of a task and kill it, within seconds; tell whether it was there.

        May be called in any thread.
        """
        until = time.monotonic() + HELD
        with suppress(ApiError, ApiUnreachableError), self.api.another() as api:
            while time.monotonic() < until:
                for worker in self._candidates(api):
                    if (worker.run_id, worker.task_id) == (run_id, kind):
                        return self.kill(worker, whole=whole)
        return False

    def _candidates(self, api: SoakApi) -> tuple[TaskProcess, ...]:
        living = self._spawned()
        return tuple(each for each in api.tasks_in(TaskState.RUNNING) if each.pid in living)

    def _spawned(self) -> frozenset[int]:
        """Return the processes below the scheduler; none while it is away."""
        try:
            scheduler = self.airflow.process(Component.SCHEDULER)
        except KeyError:
            return frozenset()
        return frozenset(each.pid for each in scheduler.members()) - {scheduler.pid}

    def _family(self, pid: int, *, whole: bool) -> list[int]:
        """Return a task's process, behind its supervisor if that is meant too."""
        if whole:
            with suppress(psutil.NoSuchProcess):
                supervisor = psutil.Process(pid).ppid()
                if supervisor in self._spawned():
                    return [supervisor, pid]
        return [pid]


def _signal(pids: Sequence[int], signum: signal.Signals) -> bool:
    """Send a signal to processes; tell whether all were there."""
    there = True
    for pid in pids:
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            there = False
    return there
