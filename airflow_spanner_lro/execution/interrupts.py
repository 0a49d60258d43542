# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancel on Ctrl-C in a process that runs its tasks itself: ``airflow dags test``, ``tasks test``.

There, operator and trigger run in the process of the command, without a supervisor. Airflow 3.3.2
takes a ``KeyboardInterrupt`` in an operator for a failed try, and one in a trigger ends the process
without a call to anybody. So the first Ctrl-C is a kill: in an operator the wait ends and the task
fails for good; while a trigger waits, the operation is cancelled first and the process is
interrupted then. The next Ctrl-C does what it always does.

An interrupt is never raised into a wait on a worker: it might strike within a call of gRPC, whose
channel hangs when it is freed. A task's process with a supervisor has SIGINT's default action, and
nothing here changes that.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from airflow_spanner_lro.airflow_internals import runs_tasks_in_process
from airflow_spanner_lro.execution import pending_deferral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.execution.run import OperationRun

TO_RECORD = 2.0
"""Seconds to log and write down what became of an operation that was cancelled."""


class _Interruption:
    """What SIGINT does while a task is executed here, or while its trigger is.

    :param run: returns the run of the task; None before there is one
    """

    def __init__(self, run: Callable[[], OperationRun | None]) -> None:
        self._run = run
        self._deferred: OperationName | None = None
        self.pressed = False

    def defer(self, name: OperationName) -> None:
        """Go on listening while a trigger waits for an operation in this process."""
        self._deferred = name

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """End the operation; raise unless the task itself ends by it."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run = self._run()
        if run is None:
            signal.default_int_handler(signum, frame)
        elif self._deferred is None:
            self.pressed = True
            run.interrupt()
        else:
            run.interrupt()
            # not in this thread, which may have been interrupted while it logged or asked Airflow
            report = threading.Thread(
                target=run.cancel.log_interrupt, args=(self._deferred,), daemon=True
            )
            report.start()
            report.join(TO_RECORD)
            signal.default_int_handler(signum, frame)


@contextmanager
def cancel_on_ctrl_c(run: Callable[[], OperationRun | None]) -> Iterator[None]:
    """Let Ctrl-C end the operation of the task that is executed within, also once it is deferred.

    Without a supervisor only; elsewhere this does nothing.

    :raises AirflowFailException: if the task failed because of Ctrl-C: no retry is wanted then
    """
    if not _is_here():
        yield
        return
    interruption = _Interruption(run)
    signal.signal(signal.SIGINT, interruption)
    listens_on = False
    try:
        yield
    except TaskDeferred:
        note = pending_deferral.current()
        if note is not None and note.run is run():
            if interruption.pressed:
                raise AirflowFailException(str(note.run.cancel.killed_error(note.name))) from None
            interruption.defer(note.name)
            listens_on = True
        raise
    except (AirflowFailException, AirflowSkipException):
        raise
    except Exception as exc:
        if interruption.pressed:
            raise AirflowFailException(str(exc)) from exc
        raise
    finally:
        if not listens_on:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_here() -> bool:
    handler = signal.getsignal(signal.SIGINT)
    return (
        threading.current_thread() is threading.main_thread()
        and (handler is signal.default_int_handler or isinstance(handler, _Interruption))
        and runs_tasks_in_process()
    )
