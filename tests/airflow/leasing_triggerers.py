# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Triggerers that share a budget: both processes of each in one, in virtual time."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from airflow_spanner_lro.triggers.lease_board import LeaseBoard, digest_of
from airflow_spanner_lro.triggers.lease_keeper import LeaseKeeper
from airflow_spanner_lro.triggers.rate_lease import RateLease

if TYPE_CHECKING:
    from collections.abc import Iterator

CAP, BASE = 3.0, 1.0
OLD = json.dumps({"v": 1, "began": 0, "replaced": False, "shares": {}})


@dataclass(slots=True)
class Record:
    """What triggerers share in place of a database, and its time.

    :param failing: what is raised instead
    :param fails_at_end: it is raised by the commit
    """

    text: str = OLD
    now: float = 1_800_000_000.0
    written: int = 0
    failing: Exception | None = None
    fails_at_end: bool = False
    before_commit: Any = None

    @contextmanager
    def hold(self) -> Iterator[Self]:
        """Hold it, as a transaction does."""
        if self.failing and not self.fails_at_end:
            raise self.failing
        before = self.text
        yield self
        if self.before_commit:
            self.before_commit()
        if self.failing:
            self.text = before
            raise self.failing

    def write(self, text: str) -> None:
        """Change it."""
        self.text = text
        self.written += 1


@dataclass(slots=True)
class Clock:
    """Time of all, which passes when it is told to."""

    record: Record
    at: float = 5_000.0

    def __call__(self) -> float:
        """Return it."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds
        self.record.now += seconds


@dataclass(slots=True)
class Triggerer:
    """Both processes of a triggerer, in one."""

    name: str
    record: Record
    clock: Clock
    cap: float = CAP
    board: LeaseBoard = field(default_factory=LeaseBoard)
    keeper: LeaseKeeper = field(init=False)
    lease: RateLease = field(init=False)

    def __post_init__(self) -> None:
        hold: Any = self.record.hold
        self.keeper = LeaseKeeper(
            board=self.board,
            hold=hold,
            holder=self.name,
            cap=self.cap,
            base=BASE,
            clock=self.clock,
        )
        self.lease = RateLease(board=self.board, digest=digest_of("here", "me", "p"), base=BASE)

    def rate(self, wanted: float = 9.0) -> float | None:
        """Ask what may be sent now."""
        return self.lease.rate(wanted=wanted, at=self.clock.at)


def live(clock: Clock, *triggerers: Triggerer, seconds: float, wanted: float = 9.0) -> None:
    """Let triggerers live for some time: they ask, and their main processes look."""
    end = clock.at + seconds
    while clock.at < end:
        for each in triggerers:
            each.rate(wanted)
            each.keeper.look()
        clock.sleep(0.25)
