# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Those who listen to an operation: one who waits for its end, and one who looks once."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.drive import Observer


class FirstAnswer:
    """Hears one answer, whatever it is."""

    __slots__ = ("end",)

    def __init__(self) -> None:
        self.end: asyncio.Future[OperationSnapshot] = asyncio.get_running_loop().create_future()

    def hear(self, answer: OperationSnapshot | Exception, *, lasting: bool) -> bool:  # noqa: ARG002
        """Take the answer."""
        _settle(self.end, answer)
        return True


class UntilDone:
    """Hears of an operation until it is done.

    :param observe: is told everything that is heard
    """

    __slots__ = ("_context", "_last", "_observe", "end")

    def __init__(self, observe: Observer | None) -> None:
        self.end: asyncio.Future[OperationSnapshot] = asyncio.get_running_loop().create_future()
        self._observe = observe
        # Airflow finds out by the context in which task's log a line belongs
        self._context = copy_context()
        self._last = False

    def give_up_after_next(self) -> None:
        """Take the next answer for the last: the deadline has passed."""
        self._last = True

    def fail(self, exc: Exception) -> None:
        """End the wait with an error, if it has not ended."""
        _settle(self.end, exc)

    def hear(self, answer: OperationSnapshot | Exception, *, lasting: bool) -> bool:
        """Go on listening, unless this is the end or an error that does not pass."""
        if self._observe:
            try:
                self._context.run(self._observe, answer)
            except Exception as exc:  # noqa: BLE001  # a bug of this listener, and of no other
                _settle(self.end, exc)
        done = isinstance(answer, OperationSnapshot) and answer.done
        if done or lasting:
            _settle(self.end, answer)
        elif self._last:
            _settle(self.end, DeadlinePassedError())
        return self.end.done()


def _settle(end: asyncio.Future[OperationSnapshot], answer: OperationSnapshot | Exception) -> None:
    if end.done():
        return
    if isinstance(answer, Exception):
        end.set_exception(answer)
    else:
        end.set_result(answer)
