# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tell a budget in the triggers' process which part of the installation's requests it may send.

The share itself is renewed by the main process, see ``lease_keeper``. Where there is none, or it
cannot reach the database, each triggerer keeps to the usual rate; where the usual rates of all that
were last seen would exceed the cap, to its part of the cap.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from airflow_spanner_lro.triggers.lease_board import WANTED_FOR, digest_of, inherited_board

if TYPE_CHECKING:
    from airflow_spanner_lro.triggers.lease_board import LeaseBoard

FIRST_GRANT = 3.0
"""Seconds to wait for a first grant without sending: a whole one is given in less than one."""


class RateLease:
    """The share of one budget: the requests that are sent to a project.

    :param base: the usual rate
    """

    def __init__(self, *, board: LeaseBoard, digest: bytes, base: float) -> None:
        self._board = board
        self._digest = digest
        self._base = base
        self._waiting_since: float | None = None
        self._asked_at = -math.inf

    @classmethod
    def inherited(cls, *parts: str, base: float) -> RateLease | None:
        """Return the lease of a budget, by what tells it from others; None if nothing is shared."""
        board = inherited_board()
        if board is None:
            return None
        return cls(board=board, digest=digest_of(*parts), base=base)

    def rate(self, *, wanted: float, at: float) -> float | None:
        """Return how many requests a second may be sent now; None for the usual rate.

        0 is an answer as well: the share is about to come, or others hold everything and will have
        made room within a few seconds.

        :param wanted: how many could be made use of
        :param at: on the axis of ``time.monotonic``
        """
        if at - self._asked_at > WANTED_FOR:
            # whatever was granted then has expired, and is asked for again
            self._waiting_since = None
        self._asked_at = at
        slot = self._board.want(self._digest, rate=wanted, at=at)
        if slot is None:
            return None
        granted = self._board.granted(slot)
        if granted is not None and at < granted.until:
            self._waiting_since = None
            return granted.rate
        if self._waiting_since is None:
            self._waiting_since = at
        waited = at - self._waiting_since
        if waited <= FIRST_GRANT and self._board.answering(at=at, within=FIRST_GRANT):
            return 0.0
        if granted is not None and granted.alone < self._base:
            return granted.alone
        return None
