# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Round after round: unattended in a triggerer or scheduler, and by ``airflow spanner-lro reap``.

Of all processes that run it unattended, one makes a round at a time: the one that holds the lock.
It is a matter of cost and not of safety, since two rounds at once see each other's work in the
database. So if the lock is held and no round gets recorded, as when a machine was lost with it, a
round is made all the same. Trouble is logged when it begins, changes and ends, and never raised:
whoever hosts this has other things to do.

A signal ends the command between two entries. Operations that are being cancelled then are so in
Spanner, and their entries say so: the next round sees what has become of them.
"""

from __future__ import annotations

import logging
import re
import signal
import socket
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro import metrics, settings
from airflow_spanner_lro.admin.clock import StoppableClock, WaitStoppedError
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError, metadata_database
from airflow_spanner_lro.core.arguments.times import parse_duration
from airflow_spanner_lro.core.errors import InvalidArgumentError, SettingsError
from airflow_spanner_lro.core.ledger.reaping import ROUND_KEY, RoundRecord
from airflow_spanner_lro.reaper.rounds import ReaperRound, RoundOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from threading import Event
    from types import FrameType

    from airflow_spanner_lro.reaper.authority import Allowances
    from airflow_spanner_lro.reaper.rounds import RoundSummary

LOCK = "spanner_lro_reaper"
"""The name of the lock in Airflow's database."""
FAILED = 1
INTERRUPTED = 130

_LOST = timedelta(minutes=3)
"""A lock that is held for so long without a round is held by nobody who lives."""
_AT_MOST = 40.0
"""Seconds in which a round begins new cancels."""
_SETTLE = 5.0
"""Seconds a round waits for outcomes at most; those that take longer show in a later round."""
_ABOUT = "The Spanner reaper's latest round, written by it; see `airflow spanner-lro status`."
_SHORT = re.compile(r"(\d+(?:\.\d+)?)([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST = timedelta(seconds=1)

log = logging.getLogger(__name__)


class EventClock(StoppableClock):
    """A clock that an event stops, which may be there before this module is loaded."""

    def __init__(self, stopped: Event) -> None:
        super().__init__()
        self._stopped = stopped


class ReaperLoop:
    """Makes rounds unattended.

    :param host: the machine as Airflow knows it, and what kind of process this is
    """

    def __init__(self, *, host: str, clock: StoppableClock) -> None:
        self._host = host
        self._clock = clock
        self._allowances: Allowances = {}
        self._trouble = _Trouble()
        self._warnings = _RepeatedWarnings()
        self._last_record: RoundRecord | None = None

    def run(self, *, interval: float) -> None:
        """Make rounds until the clock is stopped; never raises.

        :param interval: seconds between two rounds
        """
        log.info("The reaper runs in this process, every %g s.", interval)
        with suppress(WaitStoppedError):
            while not self._clock.stopped:
                self.run_once()
                self._clock.sleep(interval)

    def run_once(self) -> RoundSummary | None:
        """Make a round, unless another process makes them; never raises.

        :returns: None if none was made, or not to its end
        """
        try:
            summary = self._round_if_sole()
        except (AirflowDatabaseError, SettingsError) as exc:
            self._trouble.begin(str(exc))
            return None
        except WaitStoppedError:
            return None
        except Exception as exc:
            # the next round may fare better, and whoever hosts this must not suffer
            if self._trouble.begin(f"This is a defect of the reaper: {exc!r}"):
                log.exception("A round of the reaper has failed.")
            return None
        self._trouble.end()
        return summary

    def _round_if_sole(self) -> RoundSummary | None:
        latest, now = latest_round(), self._clock.now()
        if latest is not None:
            metrics.show_round_age(latest.age(now))
        before, self._last_record = self._last_record, latest
        if before is not None and latest != before:
            # somebody else is at work; clocks of two machines may differ, so only changes count
            return None
        with metadata_database.sole_holder(LOCK) as held:
            if not held and (latest is None or latest.age(now) < _LOST):
                return None
            summary = self._round()
            if not (summary.elsewhere or summary.interrupted):
                self._last_record = record_round(
                    summary, host=self._host, began=now, ended=self._clock.now()
                )
                metrics.show_round_age(timedelta())
        return summary

    def _round(self) -> RoundSummary:
        options = RoundOptions(
            grace=timedelta(seconds=settings.reaper_grace()),
            settle_timeout=min(settings.settle_timeout(), _SETTLE),
            unattended=True,
            at_most=_AT_MOST,
        )
        with self._warnings.in_this_round() as warn:
            summary = ReaperRound(
                options=options,
                clock=self._clock,
                log_info=log.info,
                warn=warn,
                allowances=self._allowances,
            ).run()
        if summary.reaped:
            log.info("%s", summary.line(dry_run=False))
        return summary


class _Trouble:
    """What keeps rounds from being made: logged when it begins, when it changes, when it ends."""

    def __init__(self) -> None:
        self._logged = ""

    def begin(self, what: str) -> bool:
        """Take note of trouble; tell whether it is news."""
        if what == self._logged:
            return False
        self._logged = what
        log.warning("The reaper could not make a round and goes on trying: %s", what)
        return True

    def end(self) -> None:
        """Take note that a round was made, or that somebody else makes them."""
        if self._logged:
            log.info("The reaper makes rounds again.")
        self._logged = ""


class _RepeatedWarnings:
    """Warnings about entries, each of which is logged once as long as every round repeats it."""

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


def latest_round() -> RoundRecord | None:
    """Return what is recorded of the latest round, whoever made it.

    :raises AirflowDatabaseError: if the database cannot be read
    """
    return RoundRecord.from_json(metadata_database.variable(ROUND_KEY))


def record_round(
    summary: RoundSummary, *, host: str, began: datetime, ended: datetime
) -> RoundRecord:
    """Record a round, where status, tasks and triggers can see it.

    :raises AirflowDatabaseError: if the database cannot be written
    """
    record = RoundRecord(
        host=host,
        ended=ended,
        seconds=round((ended - began).total_seconds(), 3),
        kept=summary.kept,
        reaped=summary.reaped,
        left=summary.left,
    )
    metadata_database.put_variable(ROUND_KEY, record.to_json(), description=_ABOUT)
    return record


def reap(
    *,
    every: str | None,
    grace: str,
    dag_ids: Sequence[str],
    dry_run: bool,
    claim: bool,
    program: str,
    show: Callable[[Any], None] | None = None,
) -> int:
    """Run the command ``reap``, and return the exit code.

    :param every: how long to pause between rounds; None for a single round
    :param grace: how long everything has to be over before an entry is judged
    :param claim: the ledgers in this database are ours, although they were reaped elsewhere before
    :param program: what a line about a whole round begins with
    :param show: is given each round as plain values, instead of lines
    :raises InvalidArgumentError: if a duration is none
    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    :raises AirflowDatabaseError: if Airflow's database cannot be used in a single round
    """
    settings.check()
    pause = None if every is None else parse_short_duration(every, field="--every", least=_SHORTEST)
    options = RoundOptions(
        grace=parse_short_duration(grace, field="--grace"),
        settle_timeout=settings.settle_timeout(),
        dag_ids=tuple(dag_ids),
        dry_run=dry_run,
        claim=claim,
    )
    warn = partial(print, file=sys.stderr, flush=True)
    clock = StoppableClock()
    with _stopped_by_signals(clock):
        if pause is None:
            summary = _printed_round(options, clock=clock, warn=warn, show=show)
            if summary.interrupted:
                return INTERRUPTED
            return FAILED if summary.left or summary.elsewhere else 0
        while not clock.stopped:
            try:
                _printed_round(options, clock=clock, warn=warn, show=show)
            except AirflowDatabaseError as exc:
                warn(f"{program}: {str(exc).rstrip('.')}. The next round tries again.")
            try:
                clock.sleep(pause.total_seconds())
            except WaitStoppedError:
                break
    return 0


def _printed_round(
    options: RoundOptions,
    *,
    clock: StoppableClock,
    warn: Callable[[str], None],
    show: Callable[[Any], None] | None,
) -> RoundSummary:
    lines: list[str] = []
    say = lines.append if show else partial(print, flush=True)
    began = clock.now()
    summary = ReaperRound(options=options, clock=clock, log_info=say, warn=warn).run()
    if not (options.dry_run or options.dag_ids or summary.elsewhere or summary.interrupted):
        host = f"{socket.gethostname()} (command)"
        record_round(summary, host=host, began=began, ended=clock.now())
    if show:
        show({"dry_run": options.dry_run, "lines": lines} | asdict(summary))
    else:
        say(summary.line(dry_run=options.dry_run))
    return summary


def parse_short_duration(text: str, *, field: str, least: timedelta = timedelta()) -> timedelta:
    """Return a duration as one writes it at a terminal: ``60s``, ``5m``, ``90``, ``PT2H``.

    :raises InvalidArgumentError: if it is none, or too short
    """
    if short := _SHORT.fullmatch(text):
        found = timedelta(seconds=float(short[1]) * _SECONDS[short[2]])
    else:
        try:
            found = parse_duration(text, field=field)
        except InvalidArgumentError as exc:
            rule = "expected a duration, such as 60s, 5m, 1h, 90 (seconds) or PT2H"
            raise InvalidArgumentError(field=field, value=text, rule=rule) from exc
    if found < least:
        rule = f"it is at least {least.total_seconds():g} s"
        raise InvalidArgumentError(field=field, value=text, rule=rule)
    return found


@contextmanager
def _stopped_by_signals(clock: StoppableClock) -> Iterator[None]:
    """Let the first SIGTERM or SIGINT stop the clock; the next one does what it always does."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        restore()
        clock.stop()

    for each in before:
        signal.signal(each, stop)
    try:
        yield
    finally:
        restore()
