# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The garbage collector's long passes, which stop a triggerer's event loop, made short.

A full pass looks at every object of the process: a quarter of a million that Airflow has loaded,
and some forty for each trigger of whatever class. What is frozen is left out of later passes, and
that is all that changes: it is freed as ever when nothing refers to it any more. Only what is
garbage in a circle, and was frozen before, stays; so there is a limit.

This changes the process of somebody else, so an option turns it off, and it never happens on a
worker. Airflow freezes what it has loaded in its executor and its Dag processor, though not here
(3.3.2).
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONG_PASS = 0.05
"""Seconds from which on a pass is long: what has survived it is left out of the next one."""
MOST_FREEZES = 30
"""So many in the life of a process, beside the first. At some 60,000 objects that is as much as
25,000 waits, and the most that could ever stay behind as garbage."""
_YOUNG = 1
_ALL = 2


class Freezer:
    """Freezes what is there once, and then what has survived each long pass.

    :param clock: returns seconds
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self.left = MOST_FREEZES
        self._asked = False
        self._clock = clock
        self._begun = 0.0

    def start_once(self, wanted: Callable[[], bool]) -> None:
        """Freeze what was loaded so far, if that is wanted; only the first call does anything."""
        if self._asked:
            return
        # whoever cannot say is asked by the next one, who says so to his task
        freezes = wanted()
        self._asked = True
        if not freezes:
            return
        # what is garbage among the youngest would be frozen as well; the rest would take too long
        gc.collect(_YOUNG)
        gc.freeze()
        gc.callbacks.append(self.on_pass)

    def on_pass(self, phase: str, info: dict[str, int]) -> None:
        """Note that the collector begins a pass, or has ended one.

        Right after a full pass nothing is garbage, so nothing is kept that could have been freed.
        """
        if info["generation"] != _ALL:
            return
        if phase == "start":
            self._begun = self._clock()
        elif self.left and self._clock() - self._begun >= LONG_PASS:
            self.left -= 1
            gc.freeze()


FREEZER = Freezer()
"""The one of this process."""
