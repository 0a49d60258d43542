# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Send metrics of operations to Airflow's stats: StatsD, Datadog or OpenTelemetry.

As Airflow does it, a metric goes out under its name with tags, and, while ``[metrics]
legacy_names_on`` is true, also under a dotted name that holds the values of the tags: plain StatsD
knows no tags. Airflow sets its stats up in each of its processes; elsewhere nothing is sent.

Nothing here raises or waits. A kill sends from a thread of its own while the wait that it has
interrupted may be in the middle of sending, and must not wait for that one.
"""

from __future__ import annotations

import logging
import re
import socket
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_spanner_lro.core.operations.settlement import Ending

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.core.drill.report import DrillReport
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.budget import Urgency
    from airflow_spanner_lro.core.polling.wake_ups import IgnoredBecause
    from airflow_spanner_lro.core.status import Code

log = logging.getLogger(__name__)

_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9_.-]")
_MOST_UNSENT = 10_000
"""How many values are kept while a backend takes its time; then the oldest are lost."""


class MetricType(StrEnum):
    """What a metric is to the backend."""

    COUNTER = "counter"
    GAUGE = "gauge"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is measured.

    :param tags: names of its tags, in the order in which the dotted name has their values
    """

    name: str
    type: MetricType
    tags: tuple[str, ...]


WAITING = Metric("spanner_lro.operations_waiting", MetricType.GAUGE, ("hostname",))
REQUESTS = Metric("spanner_lro.requests", MetricType.COUNTER, ("method", "code"))
DETECTION_DELAY = Metric("spanner_lro.detection_delay", MetricType.TIMER, ("kind",))
DURATION = Metric("spanner_lro.operation_duration", MetricType.TIMER, ("kind", "outcome"))
CANCELS = Metric("spanner_lro.cancels", MetricType.COUNTER, ("cause", "ending"))
BUDGET_WAIT = Metric("spanner_lro.budget_wait", MetricType.TIMER, ("urgency",))
WAKE_UPS = Metric("spanner_lro.wake_ups", MetricType.COUNTER, ("effect",))
WAKE_UP_DELAY = Metric("spanner_lro.wake_up_delay", MetricType.TIMER, ())
ROUND_AGE = Metric("spanner_lro.reaper_round_age", MetricType.GAUGE, ())
DRILLS = Metric("spanner_lro.restore_drills", MetricType.COUNTER, ("database", "verdict"))
DRILL_DURATION = Metric("spanner_lro.restore_drill_duration", MetricType.TIMER, ("database",))
DRILL_RESTORE = Metric("spanner_lro.restore_drill_restore", MetricType.TIMER, ("database",))
DRILL_ROWS = Metric("spanner_lro.restore_drill_rows", MetricType.GAUGE, ("database",))
DRILL_BYTES = Metric("spanner_lro.restore_drill_bytes", MetricType.GAUGE, ("database",))

METRICS = (
    WAITING,
    REQUESTS,
    DETECTION_DELAY,
    DURATION,
    CANCELS,
    BUDGET_WAIT,
    WAKE_UPS,
    WAKE_UP_DELAY,
    ROUND_AGE,
    DRILLS,
    DRILL_DURATION,
    DRILL_RESTORE,
    DRILL_ROWS,
    DRILL_BYTES,
)


class WakeUpEffect(StrEnum):
    """What a message did that Spanner's audit log may have sent, if it could be read at all."""

    WOKEN = "woken"
    """Something was polled sooner."""
    NOT_WATCHED = "not_watched"
    """Nobody waits here for what has ended, if anything has."""
    NOT_LAST = "not_last"
    """It tells of no end, but of a start."""


class Cause(StrEnum):
    """Why an operation was asked to end."""

    DEADLINE = "deadline"
    """The task ran out of time, on a worker or deferred."""
    KILL_DEFERRED = "kill_deferred"
    """A user ended a task that was deferred."""
    KILL_ON_WORKER = "kill_on_worker"
    INTERRUPT = "interrupt"
    """Ctrl-C in ``airflow dags test`` or ``airflow tasks test``."""
    REJECTED_DEFERRAL = "rejected_deferral"
    """A user ended a task just before it deferred."""
    RETRY = "retry"
    """A later try wants something else, or found that the end was decided."""
    REAPER = "reaper"
    NOTIFIER = "notifier"
    OPERATOR = "operator"
    """``SpannerCancelOperationOperator``."""
    COMMAND = "command"
    """``airflow spanner-lro cancel``."""
    PAGE = "page"
    """A user of the Operations page."""


class AirflowTelemetry:
    """Sends to Airflow's stats what clients and pollers report about requests and waits.

    Whoever waits has one of these; the operations of all of them are added up.
    """

    def requested(self, *, method: str, code: Code) -> None:
        """Count a request."""
        _count(REQUESTS, method=method, code=code.name)

    def waiting(self, *, operations: int) -> None:
        """Show how many operations this process waits for."""
        _waiting[self] = operations
        total = sum(list(_waiting.values()))
        tags = {"hostname": socket.gethostname()}
        _send(lambda: _backend().gauge(WAITING, total, tags))

    def detected(self, *, snapshot: OperationSnapshot, at: datetime) -> None:
        """Time how long the end of an operation was not seen; nothing if it tells no end."""
        if snapshot.end_time is not None:
            # Spanner's clock may be ahead of ours
            delay = max(at - snapshot.end_time, timedelta())
            _time(DETECTION_DELAY, delay, kind=_kind(snapshot))

    def held_back(self, *, urgency: Urgency, seconds: float) -> None:
        """Time how long a request had to wait for the budget."""
        _time(BUDGET_WAIT, timedelta(seconds=seconds), urgency=urgency.name.lower())


def count_wake_up(effect: WakeUpEffect | IgnoredBecause, *, delay: timedelta | None = None) -> None:
    """Count a message that may have come from Spanner's audit log, by what it did.

    :param delay: how long it was under way, if it tells
    """
    _count(WAKE_UPS, effect=effect.value)
    if delay is not None:
        # clocks differ
        _time(WAKE_UP_DELAY, max(delay, timedelta()))


def show_round_age(age: timedelta) -> None:
    """Show how long ago the reaper's latest round was, in seconds."""
    _send(lambda: _backend().gauge(ROUND_AGE, age.total_seconds(), {}))


def count_cancel(settlement: Settlement | None, *, cause: Cause) -> None:
    """Count an operation that was asked to end, by what became of that.

    :param settlement: None if it could not even be tried, such as for want of credentials
    """
    ending = settlement.ending if settlement else Ending.NOT_SENT
    _count(CANCELS, cause=cause.value, ending=ending.tag)


def count_kill(settlement: Settlement | None, *, cause: Cause, at: datetime) -> None:
    """Count an operation whose task was ended, and time it, because no try concludes it.

    One that has succeeded all the same is timed by the try that delivers it, if there is one.

    :param settlement: None if it could not even be tried
    :param at: when its end was seen
    """
    count_cancel(settlement, cause=cause)
    if settlement and settlement.ending is Ending.CANCELLED:
        time_operation(settlement.snapshot, at=at)


def show_drill(report: DrillReport) -> None:
    """Show what a restore drill has found, when its checks are made."""
    database = report.source.rpartition("/")[2]
    _count(DRILLS, database=database, verdict="passed" if report.passed else "failed")
    _time(DRILL_DURATION, timedelta(seconds=report.seconds), database=database)
    if report.restore_seconds is not None:
        _time(DRILL_RESTORE, timedelta(seconds=report.restore_seconds), database=database)
    _show(DRILL_ROWS, sum(report.rows.values()), database=database)
    if report.size_bytes:
        _show(DRILL_BYTES, report.size_bytes, database=database)


def time_operation(
    snapshot: OperationSnapshot | None, *, at: datetime, started: datetime | None = None
) -> None:
    """Time how long an operation took, if it has ended.

    :param snapshot: the operation as it was seen last
    :param at: when its end was seen: where the service tells none, that is its end
    :param started: when its start was asked for: where the service tells none, that is its start
    """
    if snapshot is None or not snapshot.done:
        return
    start = snapshot.start_time or started
    if start is not None:
        took = max((snapshot.end_time or at) - start, timedelta())
        _time(DURATION, took, kind=_kind(snapshot), outcome=snapshot.state.lower())


def _kind(snapshot: OperationSnapshot) -> str:
    """Return the kind in the API's words, such as ``UpdateDatabaseDdl``."""
    return snapshot.kind.name if snapshot.kind else "unknown"


def _count(metric: Metric, **tags: str) -> None:
    _send(lambda: _backend().incr(metric, tags))


def _show(metric: Metric, value: float, **tags: str) -> None:
    _send(lambda: _backend().gauge(metric, value, tags))


def _time(metric: Metric, duration: timedelta, **tags: str) -> None:
    _send(lambda: _backend().timing(metric, duration, tags))


class _Backend:
    """Airflow's stats, with the dotted names."""

    def __init__(self) -> None:
        from airflow.sdk.configuration import conf  # noqa: PLC0415  # where nobody measures
        from airflow.sdk.observability import stats  # noqa: PLC0415

        self._stats = stats
        self._dotted = conf.getboolean("metrics", "legacy_names_on", fallback=True)

    def incr(self, metric: Metric, tags: dict[str, str]) -> None:
        tags, dotted = self._prepare(metric, tags)
        if dotted:
            self._stats.incr(dotted)
        self._stats.incr(metric.name, tags=tags)

    def gauge(self, metric: Metric, value: float, tags: dict[str, str]) -> None:
        tags, dotted = self._prepare(metric, tags)
        if dotted:
            self._stats.gauge(dotted, value)
        self._stats.gauge(metric.name, value, tags=tags)

    def timing(self, metric: Metric, value: timedelta, tags: dict[str, str]) -> None:
        tags, dotted = self._prepare(metric, tags)
        if dotted:
            self._stats.timing(dotted, value)
        self._stats.timing(metric.name, value, tags=tags)

    def _prepare(self, metric: Metric, tags: dict[str, str]) -> tuple[dict[str, str], str]:
        """Return the tags, fit for every backend, and the dotted name if there is to be one."""
        tags = {tag: _NOT_ALLOWED.sub("_", tags[tag]) for tag in metric.tags}
        if not (self._dotted and metric.tags):
            # without tags the dotted name would be the name
            return tags, ""
        # within a value a dot would begin the next one; so does Airflow
        values = (value.replace(".", "__") for value in tags.values())
        return tags, ".".join((metric.name, *values))


_backend = cache(_Backend)
_waiting: WeakKeyDictionary[AirflowTelemetry, int] = WeakKeyDictionary()
_unsent: deque[Callable[[], None]] = deque(maxlen=_MOST_UNSENT)
_sending = Lock()
_failed: set[type[Exception]] = set()


def _send(emission: Callable[[], None]) -> None:
    """Send a value, or leave it to whoever is sending now."""
    _unsent.append(emission)
    while _unsent and _sending.acquire(blocking=False):
        try:
            while _unsent:
                _try(_unsent.popleft())
        finally:
            _sending.release()


def _try(emission: Callable[[], None]) -> None:
    try:
        emission()
    except Exception as exc:  # noqa: BLE001  # a backend may be anybody's; no cancel waits for it
        if type(exc) not in _failed:
            _failed.add(type(exc))
            log.warning("Metrics cannot be sent; this is said once: %r", exc)
