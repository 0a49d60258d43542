# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Renew a triggerer's shares of the budgets that all triggerers of one Airflow divide.

A thread in the main process, which has the database. It sees on a page of memory what the triggers
want, and renews all shares in one transaction every few seconds; sooner if more is wanted than was
asked for, or if less was granted than is due. While nothing is wanted it writes nothing.

What shrinks is shown before the transaction ends, and what grows after it; so at no moment do two
processes believe in more than there is.
"""

from __future__ import annotations

import logging
import math
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.airflow_internals.job_processes import ThreadAfterFork, TriggererThread
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.core.polling.lease import (
    LEASE,
    RENEW_EVERY,
    NewerLeaseFormatError,
    leave,
    parse_record,
    renew,
    write_record,
)
from airflow_spanner_lro.triggers.lease_board import WANTED_FOR, BoardGrant, open_board

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from threading import Event

    from airflow_spanner_lro.airflow_internals.shared_variable import HeldVariable
    from airflow_spanner_lro.core.polling.lease import Grant
    from airflow_spanner_lro.triggers.lease_board import LeaseBoard, Wish

    Hold = Callable[[], AbstractContextManager[HeldVariable]]
    """Opens a transaction that holds the record."""

VARIABLE = "spanner_lro_budget_shares"
"""The Airflow Variable that holds the shares."""
_DESCRIPTION = "Shares of the triggerers in the Spanner request budgets; renewed every few seconds."
_LOOK_EVERY = 0.25
"""Seconds between two looks at what is wanted."""
_SOONER = 1.0
"""Seconds between two renewals where one every few seconds is not enough, or one has failed."""
_LATELY = 15.0
"""Seconds for which more than the usual rate is wanted, if nobody says more."""
_NOTICEABLE = 1.02
_LONGEST_HOST = 60

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Renewed:
    """A share as it was renewed last.

    :param at: when
    :param wanted: what it was asked for
    """

    key: str
    at: float
    wanted: float
    grant: Grant

    def due(self, wanted: float, *, at: float, interval: float) -> bool:
        """Tell whether to renew it again."""
        age = at - self.at
        if age >= interval:
            return True
        short = self.grant.rate * _NOTICEABLE < min(wanted, self.grant.alone)
        return age >= _SOONER and (short or wanted > self.wanted * _NOTICEABLE)


class LeaseKeeper:
    """Renews the shares of one triggerer.

    :param hold: opens a transaction that holds the record of all shares
    :param holder: who this is, among the triggerers
    :param cap: requests a second that all may send together
    :param base: the usual rate of one
    :param clock: the axis of the page
    """

    def __init__(
        self,
        *,
        board: LeaseBoard,
        hold: Hold,
        holder: str,
        cap: float,
        base: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board = board
        self._hold = hold
        self._holder = holder
        self._cap = cap
        self._base = base
        self._clock = clock
        self._renewed: dict[int, _Renewed] = {}
        self._tried_at = -math.inf
        self._done_at: float | None = None
        self._failures = 0
        self._logged_failure = False
        self._interval = RENEW_EVERY
        self._holders = 0

    def run(self, stopped: Event) -> None:
        """Renew until told to stop; then give back what is held."""
        while not stopped.wait(_LOOK_EVERY):
            self.look()
        self.leave()

    def look(self) -> None:
        """See what is wanted, and renew if that is due."""
        at = self._clock()
        self._board.tell_alive(at=at, failing=self._failing)
        wanted = {wish: rate for wish in self._board.wishes() if (rate := self._rate(wish, at)) > 0}
        if not wanted or (self._failures and at - self._tried_at < _SOONER):
            return
        if not any(self._is_due(wish, rate, at=at) for wish, rate in wanted.items()):
            return
        self._tried_at = at
        try:
            holders = self._renew(wanted)
        except (AirflowDatabaseError, NewerLeaseFormatError) as exc:
            self._failures += 1
            if self._failing:
                self._log_failure(exc, at=at)
        else:
            self._failures = 0
            self._log_success(holders)
            self._done_at = at
            # so that many triggerers do not come at the same moments for ever
            self._interval = RENEW_EVERY * random.uniform(0.9, 1.0)  # noqa: S311
        self._board.tell_alive(at=self._clock(), failing=self._failing)

    @property
    def _failing(self) -> bool:
        # once is nothing: another triggerer may be renewing at this moment
        return self._failures > 1

    def leave(self) -> None:
        """Give back all shares, so that others need not wait for their expiry."""
        if not self._renewed:
            return
        self._renewed.clear()
        for wish in self._board.wishes():
            self._board.lower(wish, 0.0)
        # then they expire
        with suppress(AirflowDatabaseError, NewerLeaseFormatError), self._hold() as held:
            record = parse_record(held.text, now=held.now)
            held.write(write_record(leave(record, holder=self._holder)))

    def _rate(self, wish: Wish, at: float) -> float:
        """Return what is wanted still: a wish gets old."""
        age = at - wish.at
        if age <= _LATELY:
            return wish.rate
        return min(wish.rate, self._base) if age <= WANTED_FOR else 0.0

    def _is_due(self, wish: Wish, rate: float, *, at: float) -> bool:
        renewed = self._renewed.get(wish.slot)
        if renewed is None or renewed.key != wish.key:
            return True
        return renewed.due(rate, at=at, interval=self._interval)

    def _renew(self, wanted: dict[Wish, float]) -> int:
        """Renew all shares; return how many triggerers hold one of the same."""
        # a share ends no later here than in the database
        begun = self._clock()
        grants: list[tuple[Wish, float, Grant]] = []
        with self._hold() as held:
            record = parse_record(held.text, now=held.now)
            for wish, rate in wanted.items():
                shown = self._board.granted(wish.slot)
                record, grant = renew(
                    record,
                    key=wish.key,
                    holder=self._holder,
                    wanted=rate,
                    now=held.now,
                    cap=self._cap,
                    base=self._base,
                    held=shown.rate if shown and shown.until > begun else None,
                )
                if grant is not None:
                    grants.append((wish, rate, grant))
                    self._board.lower(wish, grant.rate)
            held.write(write_record(record))
            now = held.now
        for wish, rate, grant in grants:
            until = begun + grant.until - now
            self._board.grant(wish, BoardGrant(rate=grant.rate, until=until, alone=grant.alone))
            self._renewed[wish.slot] = _Renewed(key=wish.key, at=begun, wanted=rate, grant=grant)
        return max((len(record.of(wish.key)) for wish in wanted), default=0)

    def _log_failure(self, exc: Exception, *, at: float) -> None:
        # a moment without the database costs nothing while the shares hold
        held = self._done_at is not None and at - self._done_at < LEASE
        if held or self._logged_failure:
            return
        self._logged_failure = True
        log.warning(
            "Request budget not shared: %s. This triggerer keeps to "
            "max_admin_requests_per_second until it can be; tried again every second.",
            str(exc).rstrip("."),
        )

    def _log_success(self, holders: int) -> None:
        if self._logged_failure:
            self._logged_failure = False
            log.info("The request budget is shared again.")
        if holders != self._holders:
            self._holders = holders
            log.info("Request budget leased; triggerers that divide it now: %d.", holders)


def thread_of_triggerer(*, hostname: str) -> ThreadAfterFork | None:
    """Return what renews the shares; None where the configuration cannot be used."""
    from airflow_spanner_lro import settings  # noqa: PLC0415  # read where it is needed

    try:
        base = settings.max_admin_requests_per_second()
        cap = settings.max_admin_requests_per_second_busy()
    except SettingsError as exc:
        log.error("The request budget is not shared here: %s", exc)  # noqa: TRY400  # it says it all
        return None
    keeper = LeaseKeeper(
        board=open_board(),
        hold=_hold,
        holder=f"{hostname[:_LONGEST_HOST]}/{uuid4().hex[:12]}",
        cap=cap,
        base=base,
    )

    return ThreadAfterFork(
        name="spanner-lro-budget",
        work=keeper.run,
        failed="The request budget is not shared any more; nobody else is affected.",
    )


def _hold() -> AbstractContextManager[HeldVariable]:
    from airflow_spanner_lro.airflow_internals.shared_variable import (  # noqa: PLC0415  # lazily
        held_variable,
    )

    return held_variable(VARIABLE, description=_DESCRIPTION)


hosted = TriggererThread(thread_of_triggerer)
