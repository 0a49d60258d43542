# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One start call, in a thread of its own: its answer counts however late it comes.

Spanner may begin at once and answer half a minute later. Whoever waits may be killed meanwhile, or
its time may be up; the operation runs all the same, and only the answer tells its name.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


class StartCall:
    """A start call that is under way, or has ended.

    :param call: makes it, and returns the operation
    :param on_late_answer: is told the operation, in the call's thread, if it is answered after the
        wait for it was given up
    """

    def __init__(
        self,
        call: Callable[[], OperationSnapshot],
        *,
        on_late_answer: Callable[[OperationSnapshot], None],
    ) -> None:
        self._call = call
        self._on_late_answer = on_late_answer
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._given_up = False
        self._answer: OperationSnapshot | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Make the call."""
        threading.Thread(target=self._work, name="spanner-lro-start", daemon=True).start()

    def wait(self, timeout: float) -> bool:
        """Wait for the call's end; tell whether it has ended.

        :param timeout: how long, in seconds
        """
        return self._ended.wait(timeout)

    def give_up(self) -> bool:
        """Wait no longer; tell whether it has ended after all.

        If it has not, an answer that comes later is told to ``on_late_answer``.
        """
        with self._lock:
            ended = self._ended.is_set()
            self._given_up = not ended
        return ended

    @property
    def answer(self) -> OperationSnapshot | None:
        """The operation; None while the call is under way, and if it has failed."""
        return self._answer

    def result(self) -> OperationSnapshot:
        """Return the operation of a call that has ended.

        :raises Exception: what the call raised, Google's errors among it
        """
        if self._error is not None:
            raise self._error
        if self._answer is None:
            message = "a call that has not ended has no result"
            raise AssertionError(message)
        return self._answer

    def _work(self) -> None:
        try:
            self._answer = self._call()
        except Exception as exc:  # noqa: BLE001  # it is raised where the result is asked for
            self._error = exc
        with self._lock:
            late = self._given_up
            if not late:
                self._ended.set()
        if late:
            try:
                if self._answer is not None:
                    self._on_late_answer(self._answer)
            finally:
                # whoever waits for the name reads what was written down before
                self._ended.set()
