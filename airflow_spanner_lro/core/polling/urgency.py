# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who goes first when fewer requests may be sent than are wanted.

Whoever is more urgent has a head start, not a right of way: the one who has waited longer by more
than the head start goes first all the same, and so nobody starves. Only cancels always go first:
an operation that nobody wants costs money, and a kill has half a minute.
"""

from __future__ import annotations

import math
from enum import IntEnum


class Urgency(IntEnum):
    """How urgent a request is; less is more urgent."""

    CANCEL = 0
    """It cancels an operation, or is a step on the way there."""
    ENDING = 1
    """It looks at an operation that is about to end, or that seems to have ended."""
    USUAL = 2

    @property
    def head_start(self) -> float:
        """By how many seconds it may be due later than a usual request, and still go first."""
        return _HEAD_STARTS[self]


_HEAD_STARTS = {Urgency.CANCEL: math.inf, Urgency.ENDING: 15.0, Urgency.USUAL: 0.0}
