# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Being told to stop ends in tidy exits: SIGTERM unwinds like Ctrl-C, and tidying is not cut short.

Python unwinds on SIGINT only; SIGTERM and SIGHUP would end the driver at once.
Separate because it changes the state of the whole process, which only a driver may decide on.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(SystemExit):
    """The driver was told to stop by a signal; its status is the shell's 128 + signal."""

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)
        self.signum = signum


@contextmanager
def unwinding() -> Iterator[None]:
    """Within the block SIGTERM and SIGHUP raise :class:`Stopped` in the main thread.

    SIGINT raises ``KeyboardInterrupt`` as usual, also where it was ignored before: a shell without
    job control starts its background jobs that way, and a CI may do so too.
    """

    def stop(signum: int, _frame: FrameType | None) -> NoReturn:
        raise Stopped(signum)

    with (
        _handlers(signal.default_int_handler, signals=(signal.SIGINT,)),
        _handlers(stop, signals=(signal.SIGTERM, signal.SIGHUP)),
    ):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
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
