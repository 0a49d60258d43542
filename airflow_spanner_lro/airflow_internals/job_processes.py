# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Work beside Airflow's own in a triggerer's or scheduler's process, from when that is safe.

Airflow 3.3.2 calls ``on_starting`` from the constructor of a job, before it says of which type the
job is; so its type is awaited by an event of SQLAlchemy, and no thread has to wait for it.

The main process of a triggerer forks the one that runs triggers, once and at the beginning, and
never again. A thread in the main process starts right after that fork: there is no thread at the
time of the fork, and what a thread imports is loaded by it alone.
"""

from __future__ import annotations

import logging
import os
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    class AirflowJob(Protocol):
        """Airflow's ``Job``."""

        hostname: str


TRIGGERER_JOB, SCHEDULER_JOB = "TriggererJob", "SchedulerJob"
"""What Airflow 3.3.2 calls the jobs of those processes."""
_LEAVE_TIME = 3.0
"""Seconds for a thread to end when its process does."""

log = logging.getLogger(__name__)


def on_job_type(job: AirflowJob, then: Callable[[str], None]) -> None:
    """Call back when a job that is being made says of which type it is."""
    # lazily: each of Airflow's processes loads the listener
    from airflow.jobs.job import Job  # noqa: PLC0415
    from sqlalchemy import event  # noqa: PLC0415

    def on_set(target: object, value: object, _old: object, _initiator: object) -> None:
        if target is job:
            then(str(value))

    attribute: Any = Job.job_type
    event.listen(attribute, "set", on_set)


class ThreadAfterFork:
    """A thread in this process, from its next fork on; a fork of it has none.

    :param work: what it does until the event it is given is set
    :param failed: what is logged should that raise, which ends this thread and nothing else
    """

    def __init__(self, *, name: str, work: Callable[[Event], None], failed: str) -> None:
        self._name = name
        self._work = work
        self._failed = failed
        self._pid = os.getpid()
        self._thread: Thread | None = None
        self._stopped = Event()

    def start(self) -> None:
        """Wait for the fork."""
        os.register_at_fork(after_in_parent=self._forked)

    def stop(self) -> None:
        """End the thread, and wait for that a few seconds."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_LEAVE_TIME)

    def _forked(self) -> None:
        # the process that was forked forks as well
        if self._thread is not None or os.getpid() != self._pid:
            return
        self._thread = Thread(target=self.run, name=self._name, daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Do the work; its process has other things to do, whatever becomes of it."""
        try:
            self._work(self._stopped)
        except Exception:
            log.exception("%s", self._failed)


class TriggererThread:
    """A thread in a triggerer's main process, from its fork on; in any other process nothing.

    :param make: returns the thread, given the machine's name as ``hostname``; None for none
    """

    def __init__(self, make: Callable[..., ThreadAfterFork | None]) -> None:
        self._make = make
        self.thread: ThreadAfterFork | None = None

    def prepare(self, job: AirflowJob) -> None:
        """Have it start if this is a triggerer's job; never raises."""

        def on_type(job_type: str) -> None:
            if job_type == TRIGGERER_JOB and self.thread is None:
                self.thread = self._make(hostname=job.hostname)
                if self.thread is not None:
                    self.thread.start()

        on_job_type(job, on_type)

    def stop(self) -> None:
        """End it with its process, if it is there."""
        if self.thread is not None:
            self.thread.stop()
