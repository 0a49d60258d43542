# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who goes first when fewer requests may be sent than are wanted.

The more urgent one does, but each third request goes to the one who has waited longest, so nobody
starves. Only cancels, and polls that a cancel waits for, always go first: an operation that nobody
wants costs money, and a kill has half a minute.
"""

from __future__ import annotations

from enum import IntEnum

FAIR_EACH = 3
"""Each request of that number is for the one who has waited longest."""


class Urgency(IntEnum):
    """How urgent a request is; less is more urgent."""

    CANCEL = 0
    """It cancels an operation. It has an allowance of its own, and gives way to nobody."""
    DECIDING = 1
    """It looks at an operation so that somebody can decide whether to cancel it."""
    ENDING = 2
    """It looks at an operation that is about to end, or that seems to have ended."""
    USUAL = 3

    def rank(self, *, due: float, fair: bool) -> tuple[int, float]:
        """Return where a request stands among others; the lowest goes first.

        :param due: since when it is wanted
        :param fair: it is the turn of the one who has waited longest
        """
        return (min(self, Urgency.ENDING) if fair else self), due
