# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``airflow spanner-lro reap``: one round, or one after the other until told to end.

A signal ends it between two entries. Operations that are being cancelled then are so in Spanner,
and their entries say so: the next round sees what has become of them.
"""

from __future__ import annotations

import re
import signal
import socket
import sys
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from airflow_spanner_lro import settings
from airflow_spanner_lro.admin.clock import StoppableClock, WaitStoppedError
from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.arguments.durations import duration_of
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.reaper.patrol import record_round
from airflow_spanner_lro.reaper.rounds import Orders, Round
from airflow_spanner_lro.reaper.sentences import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from airflow_spanner_lro.reaper.rounds import Tally

FAILED = 1
INTERRUPTED = 130

_SHORT = re.compile(r"(\d+(?:\.\d+)?)([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST = timedelta(seconds=1)


def reap(
    *,
    every: str | None,
    grace: str,
    dag_ids: Sequence[str],
    dry_run: bool,
    claim: bool,
    program: str,
) -> int:
    """Run the reaper, and return the exit code.

    :param every: how long to pause between rounds; None for a single round
    :param grace: how long everything has to be over before an entry is judged
    :param claim: the ledgers in this database are ours, although they were reaped elsewhere before
    :param program: what a line about a whole round begins with
    :raises InvalidArgumentError: if a duration is none
    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    :raises AirflowDatabaseError: if Airflow's database cannot be used in a single round
    """
    settings.check()
    pause = None if every is None else parse_duration(every, field="--every", least=_SHORTEST)
    orders = Orders(
        grace=parse_duration(grace, field="--grace"),
        settle_timeout=settings.settle_timeout(),
        dag_ids=tuple(dag_ids),
        dry_run=dry_run,
        claim=claim,
    )
    warn = partial(print, file=sys.stderr, flush=True)
    clock = StoppableClock()
    with _stopped_by_signals(clock):
        if pause is None:
            tally = _round(orders, clock=clock, warn=warn)
            if tally.interrupted:
                return INTERRUPTED
            return FAILED if tally.left or tally.elsewhere else 0
        while not clock.stopped:
            try:
                _round(orders, clock=clock, warn=warn)
            except AirflowDatabaseError as exc:
                warn(f"{program}: {exc} The next round tries again.")
            try:
                clock.sleep(pause.total_seconds())
            except WaitStoppedError:
                break
    return 0


def _round(orders: Orders, *, clock: StoppableClock, warn: Callable[[str], None]) -> Tally:
    tell = partial(print, flush=True)
    began = clock.now()
    tally = Round(orders=orders, clock=clock, tell=tell, warn=warn).go()
    if not (orders.dry_run or orders.dag_ids or tally.elsewhere or tally.interrupted):
        host = f"{socket.gethostname()} (command)"
        record_round(tally, host=host, began=began, ended=clock.now())
    tell(summary(tally, dry_run=orders.dry_run))
    return tally


def parse_duration(text: str, *, field: str, least: timedelta = timedelta()) -> timedelta:
    """Return a duration as one writes it at a terminal: ``60s``, ``5m``, ``90``, ``PT2H``.

    :raises InvalidArgumentError: if it is none, or too short
    """
    if short := _SHORT.fullmatch(text):
        found = timedelta(seconds=float(short[1]) * _SECONDS[short[2]])
    else:
        try:
            found = duration_of(text, field=field)
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
