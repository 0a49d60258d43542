# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Start the reaper with a triggerer or scheduler, and end it with that process.

*Triggerer.* The reaper is a thread in its main process, from the moment when that has forked the
one that runs triggers; gRPC is loaded by that thread alone.

*Scheduler.* The LocalExecutor forks workers at any time, so a thread with gRPC must not be there.
The reaper is a process of its own, started afresh from this module, and a thread without gRPC that
waits for its end. Whether its parent is there that process asks the operating system, every second:
a pipe would be held open by whatever the scheduler has forked.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro import settings
from airflow_spanner_lro.airflow_internals.job_processes import (
    SCHEDULER_JOB,
    TRIGGERER_JOB,
    ThreadAfterFork,
    on_job_type,
)
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.settings import ReaperHost

if TYPE_CHECKING:
    from airflow_spanner_lro.airflow_internals.job_processes import AirflowJob


JOB_TYPES = {TRIGGERER_JOB: ReaperHost.TRIGGERER, SCHEDULER_JOB: ReaperHost.SCHEDULER}
_LEAVE_TIME = 3.0
"""Seconds for the reaper to end between two entries when its host ends."""
_CALL_TIME = 15.0
"""Seconds for a call to Spanner to end after the scheduler has; no call takes longer."""
_EACH = 1.0
_AGAIN = 60.0
"""Seconds until a process that has ended by itself is started again."""

log = logging.getLogger(__name__)


class HostedReaper(Protocol):
    """A reaper that this process hosts."""

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """End it; takes no longer than a few seconds."""


class _HostedHere:
    """What this process hosts; a fork of it hosts nothing."""

    def __init__(self) -> None:
        self.hosted: HostedReaper | None = None
        self.pid = 0

    def take(self, hosted: HostedReaper) -> bool:
        """Note what is hosted from now on; tell whether there was nothing before."""
        if self.pid == os.getpid():
            return False
        self.hosted, self.pid = hosted, os.getpid()
        return True


_here = _HostedHere()


def prepare(job: AirflowJob) -> None:
    """Have the reaper start if this job is of the type that is to host it; never raises."""
    try:
        where = settings.reaper()
        interval = settings.reaper_interval()
        settings.reaper_grace()
    except SettingsError as exc:
        log.error("The reaper does not run here: %s", exc)  # noqa: TRY400  # it says it all
        return
    if where is ReaperHost.OFF:
        return

    def on_type(job_type: str) -> None:
        if JOB_TYPES.get(job_type) is not where:
            return
        hosted: HostedReaper
        if where is ReaperHost.TRIGGERER:
            hosted = thread_of_triggerer(hostname=job.hostname, interval=interval)
        else:
            hosted = ChildProcess(hostname=job.hostname)
        if _here.take(hosted):
            hosted.start()

    on_job_type(job, on_type)


def stop() -> None:
    """End what this process hosts, if anything."""
    if _here.hosted is not None and _here.pid == os.getpid():
        _here.hosted.stop()


def thread_of_triggerer(*, hostname: str, interval: float) -> ThreadAfterFork:
    """Return the reaper as a thread, from the next fork of this process on.

    What is being cancelled when it is stopped is so in Spanner, and its entry says so.
    """

    def work(stopped: Event) -> None:
        # a library that cannot be loaded ends the reaper, and nothing else
        from airflow_spanner_lro.reaper.loop import EventClock, ReaperLoop  # noqa: PLC0415

        clock = EventClock(stopped)
        ReaperLoop(host=f"{hostname} (triggerer)", clock=clock).run(interval=interval)

    return ThreadAfterFork(
        name="spanner-lro-reaper",
        work=work,
        failed="The reaper has ended here; nobody else is affected.",
    )


class ChildProcess:
    """The reaper as a process, which is started again should it end by itself."""

    def __init__(self, *, hostname: str) -> None:
        self._command = [sys.executable, "-m", f"{__package__}.host", hostname, str(os.getpid())]
        self._stopped = Event()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, and a thread that waits for its end."""
        Thread(target=self._keep, name="spanner-lro-reaper", daemon=True).start()

    def stop(self) -> None:
        """End the process."""
        self._stopped.set()
        process = self._process
        if process is not None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LEAVE_TIME)

    def _keep(self) -> None:
        while not self._stopped.is_set():
            try:
                self._process = subprocess.Popen(  # noqa: S603  # our own module
                    self._command, stdin=subprocess.DEVNULL
                )
            except OSError as exc:
                log.warning("The reaper could not be started and is tried again: %s", exc)
            else:
                status = self._process.wait()
                if not self._stopped.is_set():
                    log.warning("The reaper has ended with status %d and is started again.", status)
            self._stopped.wait(_AGAIN)


def main(hostname: str, parent: int) -> None:
    """Make rounds in a process of its own until the parent has ended.

    :param hostname: as Airflow knows this machine
    """
    stopped = Event()
    Thread(target=_end_with, args=(parent, stopped), daemon=True).start()
    # connections of Airflow's database are found, as by Airflow's own commands
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    from airflow_spanner_lro.airflow_internals import metadata_database  # noqa: PLC0415
    from airflow_spanner_lro.reaper.loop import EventClock, ReaperLoop  # noqa: PLC0415

    metadata_database.open_database()
    loop = ReaperLoop(host=f"{hostname} (scheduler)", clock=EventClock(stopped))
    loop.run(interval=settings.reaper_interval())


def _end_with(parent: int, stopped: Event) -> None:
    while os.getppid() == parent:
        time.sleep(_EACH)
    stopped.set()
    time.sleep(_CALL_TIME)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
