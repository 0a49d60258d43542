# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a run starts, it stops: every process has a mark, a log file and a known end.

A run marks its processes in their environment, so that it finds them again wherever they went,
and a guard process ends them if the driver is killed.
Separate from Airflow, because the emulator and PostgreSQL are started the same way.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from airflow_spanner_lro.demo.errors import NotReachedError, ProcessDiedError, SurvivorsError
from airflow_spanner_lro.demo.guard import Guard
from airflow_spanner_lro.demo.proctable import ProcessInfo, find_processes, kill_processes
from airflow_spanner_lro.demo.signals import undisturbed
from airflow_spanner_lro.demo.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

log = logging.getLogger(__name__)

_RUN = "SPANNER_LRO_RUN"
_PROCESS = "SPANNER_LRO_PROCESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """What to start, and how it is called in logs and errors."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log_path: Path
    user: str | None = None
    """The account to run as, if not ours; only root may choose."""
    stop_signal: signal.Signals = signal.SIGTERM


class ManagedProcess:
    """A started process with all it spawned; it can be asked, signalled, stopped and killed."""

    def __init__(self, *, spec: ProcessSpec, mark: str) -> None:
        self.spec = spec
        self.started_at = time.time()
        self._mark = mark
        spec.log_path.parent.mkdir(parents=True, exist_ok=True)
        # appended to, so that a restarted component does not erase why it was restarted
        with spec.log_path.open("ab") as output:
            self._log_begins = output.tell()
            self._popen = subprocess.Popen(
                spec.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=spec.environment,
                cwd=spec.directory,
                user=spec.user,
                # a session of its own: Ctrl-C in the terminal is for the driver alone
                start_new_session=True,
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} pid={self.pid} status={self.poll()}>"

    @property
    def name(self) -> str:
        """How it is called in logs and errors."""
        return self.spec.name

    @property
    def pid(self) -> int:
        """The process that was started, which is also its group and its session."""
        return self._popen.pid

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while it runs."""
        return self._popen.poll()

    def wait(self, *, timeout: float) -> int:
        """Wait up to ``timeout`` seconds for its end and return the exit status.

        :raises NotReachedError: if it is still running then.
        """
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired as exc:
            raise NotReachedError(
                what=f"{self.name} to end", timeout=timeout, last="still running"
            ) from exc

    def members(self) -> tuple[ProcessInfo, ...]:
        """Return it and all it spawned, as far as they live."""
        return find_processes(mark=self._mark, groups={self.pid})

    def signal(self, signum: signal.Signals, /, *, everyone: bool = False) -> None:
        """Send a signal to the started process, as an init system does, or to all it spawned."""
        if everyone:
            pids = [member.pid for member in self.members()]
        else:
            # only while its end is not seen is the pid surely its own
            pids = [self.pid] if self.poll() is None else []
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)

    def terminate(self) -> None:
        """Ask it to end, and do not wait.

        Only the started process is asked, as by systemd and Kubernetes: it ends its children.
        """
        self.signal(self.spec.stop_signal)
        # one that was stopped by SIGSTOP would never hear of it
        self.signal(signal.SIGCONT, everyone=True)

    def stop(self, *, grace: float = 5.0) -> None:
        """Ask it to end, wait up to ``grace`` seconds, then kill it with all it spawned."""
        stop_together([self], grace=grace)

    def kill(self) -> None:
        """SIGKILL it with all it spawned, at once, as a lost machine would.

        :raises SurvivorsError: if any is still alive after ten seconds.
        """
        survivors = kill_processes(mark=self._mark, groups={self.pid})
        if survivors:
            raise SurvivorsError(survivors=survivors)
        self._popen.wait()

    def tail(self, *, lines: int = 25) -> tuple[str, ...]:
        """Return the last lines of its log."""
        return tuple(self.spec.log_path.read_text(errors="replace").splitlines()[-lines:])

    def output(self) -> str:
        """Return what it has written so far, without what its predecessors have."""
        return self.spec.log_path.read_bytes()[self._log_begins :].decode(errors="replace")

    def died(self) -> ProcessDiedError:
        """Return the error that tells of its end, with the last lines of its log."""
        return ProcessDiedError(
            name=self.name,
            status=self._popen.returncode,
            log_path=self.spec.log_path,
            tail=self.tail(),
        )

    def check(self) -> None:
        """Do nothing if it runs.

        :raises ProcessDiedError: if it has ended, whatever the status.
        """
        if self.poll() is not None:
            raise self.died()


class ProcessRun:
    """All processes of one run; a context manager after which none of them is alive."""

    def __init__(self) -> None:
        self._token = uuid.uuid4().hex
        self._processes: list[ManagedProcess] = []
        self._guard: Guard | None = None
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def mark(self) -> str:
        """``NAME=value`` in the environment of each process of this run."""
        return f"{_RUN}={self._token}"

    @property
    def processes(self) -> tuple[ManagedProcess, ...]:
        """What was started, oldest first, ended ones included."""
        return tuple(self._processes)

    def start(self, spec: ProcessSpec, /) -> ManagedProcess:
        """Start a process that this run will stop at the latest when it is closed."""
        # threads may start processes side by side, and no two may have one mark
        with undisturbed(), self._one_at_a_time:
            identity = f"{self._token}.{len(self._processes)}"
            environment = {
                **spec.environment,
                _RUN: self._token,
                _PROCESS: identity,
                # setproctitle would overwrite the environment that /proc shows, the mark with it
                "SPT_NOENV": "1",
            }
            marked = replace(spec, environment=environment)
            if self._guard is None:
                self._guard = Guard(mark=self.mark)
            process = ManagedProcess(spec=marked, mark=f"{_PROCESS}={identity}")
            self._processes.append(process)
            self._guard.tell(process.pid)
        log.debug("started %s as %d, log %s", spec.name, process.pid, spec.log_path)
        return process

    def survivors(self) -> tuple[ProcessInfo, ...]:
        """Return every live process of this run; zombies do not count."""
        return find_processes(mark=self.mark, groups=self._groups())

    def close(self, *, grace: float = 5.0) -> None:
        """Stop all at once, and make sure of it; may be repeated.

        :param grace: seconds they get between SIGTERM and SIGKILL.
        :raises SurvivorsError: if any is still alive ten seconds after SIGKILL.
        """
        with undisturbed():
            try:
                stop_together(self._processes, grace=grace)
            finally:
                survivors = kill_processes(mark=self.mark, groups=self._groups())
                for process in self._processes:
                    process.poll()
                if self._guard is not None:
                    self._guard.dismiss()
                    self._guard = None
            if survivors:
                raise SurvivorsError(survivors=survivors)

    def _groups(self) -> frozenset[int]:
        # the pid of an ended process may be anybody's by now
        return frozenset(process.pid for process in self._processes if process.poll() is None)


def stop_together(processes: Sequence[ManagedProcess], *, grace: float) -> None:
    """Ask all to end, wait up to ``grace`` seconds for all, then kill what is left of each."""
    for process in processes:
        process.terminate()
    try:
        wait_until(
            lambda: [process.name for process in processes if process.poll() is None],
            accept=lambda running: not running,
            timeout=grace,
            what="processes to end",
            interval=0.05,
        )
    except NotReachedError as exc:
        log.debug("killed, since they did not end within %g s: %s", grace, exc.last)
    for process in processes:
        process.kill()
