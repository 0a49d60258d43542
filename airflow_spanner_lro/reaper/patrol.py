# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The reaper by itself: round after round until it is told to end, whatever happens in between.

Of all processes that patrol, one makes a round at a time: the one that holds the lock. It is a
matter of cost and not of safety, since two rounds at once see each other's work in the database.
So if the lock is held and no round gets recorded, as when a machine was lost with it, a round is
made all the same.

Trouble is told when it begins, changes and ends, and never raised: whoever runs this has other
things to do.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro import airflow_database, metrics, settings
from airflow_spanner_lro.admin.clock import StoppableClock, WaitStoppedError
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.core.tries.round_record import ROUND_KEY, RoundRecord
from airflow_spanner_lro.reaper.rounds import Orders, Round
from airflow_spanner_lro.reaper.sentences import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from threading import Event

    from airflow_spanner_lro.reaper.clients import Allowances
    from airflow_spanner_lro.reaper.rounds import Tally

LOCK = "spanner_lro_reaper"
"""The name of the lock in Airflow's database."""
_LOST = timedelta(minutes=3)
"""A lock that is held for so long without a round is held by nobody who lives."""
_AT_MOST = 40.0
"""Seconds in which a round begins new cancels."""
_SETTLE = 5.0
"""Seconds a round waits for outcomes at most; those that take longer show in a later round."""
_ABOUT = "The Spanner reaper's latest round, written by it; see `airflow spanner-lro status`."

log = logging.getLogger(__name__)


class PatrolClock(StoppableClock):
    """A clock that an event stops, which may be there before this module is loaded."""

    def __init__(self, stopped: Event) -> None:
        super().__init__()
        self._stopped = stopped


class Patrol:
    """Makes rounds.

    :param host: the machine as Airflow knows it, and what kind of process this is
    """

    def __init__(self, *, host: str, clock: StoppableClock) -> None:
        self._host = host
        self._clock = clock
        self._allowances: Allowances = {}
        self._troubles = _Troubles()
        self._said = _SaidOnce()
        self._seen: RoundRecord | None = None

    def run(self, *, interval: float) -> None:
        """Make rounds until the clock is stopped; never raises.

        :param interval: seconds between two rounds
        """
        log.info("The reaper runs here by itself, every %g s.", interval)
        with suppress(WaitStoppedError):
            while not self._clock.stopped:
                self.turn()
                self._clock.sleep(interval)

    def turn(self) -> Tally | None:
        """Make a round, unless it is somebody else's turn; never raises.

        :returns: None if none was made, or not to its end
        """
        try:
            tally = self._round_if_sole()
        except (AirflowDatabaseError, SettingsError) as exc:
            self._troubles.begin(str(exc))
            return None
        except WaitStoppedError:
            return None
        except Exception as exc:
            # the next round may fare better, and whoever hosts this must not suffer
            if self._troubles.begin(f"This is a defect of the reaper: {exc!r}"):
                log.exception("A round of the reaper has failed.")
            return None
        self._troubles.end()
        return tally

    def _round_if_sole(self) -> Tally | None:
        before, now = latest_round(), self._clock.now()
        if before is not None:
            metrics.show_round_age(before.age(now))
        seen, self._seen = self._seen, before
        if seen is not None and before != seen:
            # somebody else is at work; clocks of two machines may differ, so only changes count
            return None
        with airflow_database.sole_holder(LOCK) as held:
            if not held and (before is None or before.age(now) < _LOST):
                return None
            tally = self._round()
            if not (tally.elsewhere or tally.interrupted):
                self._seen = record_round(
                    tally, host=self._host, began=now, ended=self._clock.now()
                )
                metrics.show_round_age(timedelta())
        return tally

    def _round(self) -> Tally:
        orders = Orders(
            grace=timedelta(seconds=settings.reaper_grace()),
            settle_timeout=min(settings.settle_timeout(), _SETTLE),
            by_itself=True,
            at_most=_AT_MOST,
        )
        with self._said.in_this_round() as warn:
            tally = Round(
                orders=orders,
                clock=self._clock,
                tell=log.info,
                warn=warn,
                allowances=self._allowances,
            ).go()
        if tally.reaped:
            log.info("%s", summary(tally, dry_run=False))
        return tally


def latest_round() -> RoundRecord | None:
    """Return what is recorded of the latest round, whoever made it.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    return RoundRecord.from_json(airflow_database.variable(ROUND_KEY))


def record_round(tally: Tally, *, host: str, began: datetime, ended: datetime) -> RoundRecord:
    """Record a round, where status, tasks and triggers can see it.

    :raises AirflowDatabaseError: if the database cannot be written
    """
    record = RoundRecord(
        host=host,
        ended=ended,
        seconds=round((ended - began).total_seconds(), 3),
        kept=tally.kept,
        reaped=tally.reaped,
        left=tally.left,
    )
    airflow_database.put_variable(ROUND_KEY, record.to_json(), description=_ABOUT)
    return record


class _Troubles:
    """What keeps rounds from being made: told when it begins, when it changes, and when it ends."""

    def __init__(self) -> None:
        self._told = ""

    def begin(self, what: str) -> bool:
        """Hear of trouble; tell whether it is news."""
        if what == self._told:
            return False
        self._told = what
        log.warning("The reaper could not make a round and goes on trying: %s", what)
        return True

    def end(self) -> None:
        """Hear that a round was made, or that somebody else makes them."""
        if self._told:
            log.info("The reaper makes rounds again.")
        self._told = ""


class _SaidOnce:
    """Warnings about entries, each of which is told once as long as every round repeats it."""

    def __init__(self) -> None:
        self._before: set[str] = set()

    @contextmanager
    def in_this_round(self) -> Iterator[Callable[[str], None]]:
        """Return what to call with the warnings of a round."""
        now: set[str] = set()

        def warn(line: str) -> None:
            if line not in self._before | now:
                log.warning("%s", line)
            now.add(line)

        yield warn
        self._before = now
