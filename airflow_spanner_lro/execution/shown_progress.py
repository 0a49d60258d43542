# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Publish what a wait on a worker has last seen, in the task's own state store.

A triggerer publishes for thousands (``triggers/progress_publisher.py``); a task that waits itself
has only its store. So it writes one key, beside its ledger, every thirty seconds, and nothing while
a wait is short.

It is written by a thread of its own: a kill may interrupt the task's main thread anywhere, and must
not find it in the middle of a message to the supervisor, whose answer the kill would wait for in
vain. What cannot be written is left to the next time.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from typing import TYPE_CHECKING

from airflow_spanner_lro.airflow_internals import runs_tasks_in_process
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.polling.expected_end import ExpectedEnd
from airflow_spanner_lro.core.polling.seen import Facts, SeenLine, SeenOperation, forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Any

    from airflow_spanner_lro.core.polling.seen import Emulated

FIRST_AFTER = 20.0
"""Seconds of a wait until it is published."""
EVERY = 30.0
"""Seconds between two writes."""

log = logging.getLogger(__name__)


class ShownProgress:
    """What one task shows of the operation that it waits for on a worker.

    :param write: writes a record into the task's store
    :param emulated: returns what is known of the emulator that answers
    :param seconds: a clock that only goes forward
    """

    def __init__(
        self,
        *,
        write: Callable[[dict[str, Any]], None],
        emulated: Callable[[], Emulated | None],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._emulated = emulated
        self._seconds = seconds
        self._name = ""
        self._end = ExpectedEnd(since=0.0)
        self._due = 0.0
        self._line: SeenLine | None = None
        self._writing: threading.Thread | None = None

    def on_snapshot(
        self, polled: OperationSnapshot | Exception, *, now: datetime, lines: Sequence[str]
    ) -> None:
        """Take note of a poll; publish it if that is due.

        :param lines: what the log said of it
        """
        if not isinstance(polled, OperationSnapshot) or polled.done:
            # the end is in the ledger, where whoever looks finds it
            return
        at = self._seconds()
        if str(polled.name) != self._name:
            self._name, self._end = str(polled.name), ExpectedEnd(since=at)
            self._due = at + FIRST_AFTER
        self._end.on_running(polled, at=at, now=now)
        if lines:
            self._line = SeenLine(at=now, text=lines[-1])
        if at >= self._due:
            self._due = at + EVERY
            self._publish(polled, at=at, now=now)

    def _publish(self, snapshot: OperationSnapshot, *, at: float, now: datetime) -> None:
        if self._writing is not None and self._writing.is_alive():
            return
        # without a supervisor there is none to keep messages of two threads apart (Airflow 3.3.2)
        if runs_tasks_in_process():
            return
        seen = SeenOperation.of(
            str(snapshot.name),
            Facts.of(snapshot),
            seen=now,
            forecast=forecast(self._end, at=at, now=now),
            emulated=self._emulated(),
            line=self._line,
        )
        self._writing = threading.Thread(
            target=self._work, args=(seen,), name="spanner-lro-progress", daemon=True
        )
        self._writing.start()

    def _work(self, seen: SeenOperation) -> None:
        from airflow_spanner_lro.core.polling.seen_record import alone  # noqa: PLC0415  # when due

        try:
            self._write(alone(seen, host=socket.gethostname()))
        except Exception as exc:  # noqa: BLE001  # it is only shown to people; the wait goes on
            log.debug("Progress is not shown this time: %r", exc)
