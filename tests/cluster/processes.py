# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Start processes that are certain to end: each is marked, logged, and stopped with its run.

A run marks its processes in their environment, so that it finds them again wherever they went,
and a watchdog process ends them if the driver is killed. SIGTERM unwinds a driver like Ctrl-C
(Python does that on SIGINT only), and its tidying up is not cut short by a second one.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn, Self

from tests.cluster.errors import NotReachedError, ProcessDiedError, SurvivorsError
from tests.cluster.waiting import wait_until
from tests.cluster.watchdog import ProcessInfo, Watchdog, find_processes, kill_processes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType, TracebackType

log = logging.getLogger(__name__)

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class TerminatedBySignal(SystemExit):
    """The driver was told to stop by a signal; its status is the shell's 128 + signal."""

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)
        self.signum = signum


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Within the block SIGTERM and SIGHUP raise :class:`TerminatedBySignal` in the main thread.

    SIGINT raises ``KeyboardInterrupt`` as usual, also where it was ignored before: a shell without
    job control starts its background jobs that way, and a CI may do so too.
    """

    def stop(signum: int, _frame: FrameType | None) -> NoReturn:
        raise TerminatedBySignal(signum)

    with (
        _handlers(signal.default_int_handler, signals=(signal.SIGINT,)),
        _handlers(stop, signals=(signal.SIGTERM, signal.SIGHUP)),
    ):
        yield


@contextmanager
def delay_signals() -> Iterator[None]:
    """Within the block signals to end only wait; the first one takes effect afterwards.

    A second, impatient Ctrl-C must not leave half of the processes running.
    """
    waiting: list[int] = []
    try:
        with _handlers(lambda signum, _frame: waiting.append(signum), signals=_ENDINGS):
            yield
    finally:
        if waiting:
            signal.raise_signal(waiting[0])


@contextmanager
def _handlers(handler: signal._HANDLER, *, signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        # only the main thread may set handlers, and only it is interrupted by signals
        yield
        return
    before = {signum: signal.signal(signum, handler) for signum in signals}
    try:
        yield
    finally:
        for signum, previous in before.items():
            # None stands for a handler that was not set from Python
            signal.signal(signum, signal.SIG_DFL if previous is None else previous)


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
        self._watchdog: Watchdog | None = None
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
        with delay_signals(), self._one_at_a_time:
            identity = f"{self._token}.{len(self._processes)}"
            environment = {
                **spec.environment,
                _RUN: self._token,
                _PROCESS: identity,
                # setproctitle would overwrite the environment that /proc shows, the mark with it
                "SPT_NOENV": "1",
            }
            marked = replace(spec, environment=environment)
            if self._watchdog is None:
                self._watchdog = Watchdog(mark=self.mark)
            process = ManagedProcess(spec=marked, mark=f"{_PROCESS}={identity}")
            self._processes.append(process)
            self._watchdog.watch(process.pid)
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
        with delay_signals():
            try:
                stop_together(self._processes, grace=grace)
            finally:
                survivors = kill_processes(mark=self.mark, groups=self._groups())
                for process in self._processes:
                    process.poll()
                if self._watchdog is not None:
                    self._watchdog.close()
                    self._watchdog = None
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
