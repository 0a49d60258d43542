# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What somebody has last seen of an operation, for those who only look.

What an emulator says of times is emulated; ``seen``, ``expected_end`` and ``rate`` are real.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.snapshot import OperationState, StatementProgress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.expected_end import ExpectedEnd
    from airflow_spanner_lro.core.polling.watched_operation import WatchedOperation

ENDED_FOR = 300.0
"""Seconds for which an operation that has ended is told of; by then its task has the outcome."""
_ENDED = 1000
_HOUR = 3600.0
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulated:
    """An emulator answers.

    :param time_scale: emulated seconds for each real one; 0 if its time stands still, None if it
        does not tell
    """

    time_scale: float | None = None

    @property
    def text(self) -> str:
        """What to say of it, loudly."""
        if self.time_scale is None:
            return "EMULATOR"
        if self.time_scale == 0:
            return "EMULATOR, its time stands still"
        return f"EMULATOR ×{self.time_scale:g}"  # noqa: RUF001  # a sign of multiplication


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLine:
    """The last line of the log about the progress of an operation."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenOperation:
    """An operation as somebody has last seen it.

    :param name: its full name
    :param rate: percent an hour
    :param expected_end: when progress so far foretells its end
    :param seen: when that was, by the clock of whoever saw it
    :param seen_by: on which machine
    :param emulated: an emulator said it; its times are emulated
    :param line: what the task's log says of it last

    The rest is as in :class:`~airflow_spanner_lro.core.operations.snapshot.OperationSnapshot`.
    """

    name: str
    state: OperationState
    seen: datetime
    seen_by: str = ""
    kind: OperationKind | None = None
    percent: int | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    cancel_time: datetime | None = None
    error: str | None = None
    throttled: bool = False
    statements: tuple[StatementProgress, ...] = ()
    rate: float | None = None
    expected_end: datetime | None = None
    emulated: Emulated | None = None
    line: SeenLine | None = None

    @classmethod
    def of(
        cls,
        snapshot: OperationSnapshot,
        *,
        seen: datetime,
        seen_by: str = "",
        forecast: Forecast | None = None,
        emulated: Emulated | None = None,
        line: SeenLine | None = None,
    ) -> SeenOperation:
        """Return what a snapshot tells.

        :param forecast: what its progress foretells
        """
        foretold = None if snapshot.done else forecast
        return cls(
            name=str(snapshot.name),
            state=snapshot.state,
            kind=snapshot.kind,
            percent=snapshot.percent,
            start_time=snapshot.start_time,
            end_time=snapshot.end_time,
            cancel_time=snapshot.cancel_time,
            error=str(snapshot.error) if snapshot.error else None,
            throttled=snapshot.throttled,
            statements=snapshot.statements,
            rate=foretold.rate if foretold else None,
            expected_end=foretold.end if foretold else None,
            seen=seen,
            seen_by=seen_by,
            emulated=emulated,
            line=line,
        )

    @property
    def done(self) -> bool:
        """It had ended."""
        return self.state is not OperationState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the progress of an operation foretells.

    :param end: the middle of the time in which it is expected to end; None if that is not known
    :param rate: percent an hour; None likewise
    """

    end: datetime | None = None
    rate: float | None = None


def forecast(end: ExpectedEnd, *, at: float, now: datetime) -> Forecast | None:
    """Return what is foretold of an operation that runs; None if nothing is.

    :param at: the time on the axis of ``end``
    :param now: the same moment by the wall clock
    """
    speed, middle = end.speed, end.middle
    if speed is None and middle is None:
        return None
    moment = None
    if middle is not None and middle - at < (_LATEST - now).total_seconds():
        # an end that is late is expected now, and not in the past
        moment = now + timedelta(seconds=max(middle - at, 0.0))
    return Forecast(end=moment, rate=None if speed is None else speed * _HOUR)


class RecentlyEnded:
    """The operations that were seen to end lately; whoever waited for them does no more."""

    def __init__(self) -> None:
        self._ended: dict[str, tuple[OperationSnapshot, float]] = {}

    def note(self, snapshot: OperationSnapshot, *, at: float) -> None:
        """Remember one for a while."""
        name = str(snapshot.name)
        self._ended.pop(name, None)
        self._ended[name] = snapshot, at
        self._forget(at=at)

    def __iter__(self) -> Iterator[tuple[OperationSnapshot, float]]:
        """Yield each of them, and when it was seen to have ended."""
        yield from tuple(self._ended.values())

    def _forget(self, *, at: float) -> None:
        while self._ended:
            name, (_, seen_at) = next(iter(self._ended.items()))
            if len(self._ended) <= _ENDED and seen_at + ENDED_FOR >= at:
                break
            del self._ended[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An operation as a poller has last seen it; its times are those of the poller's axis.

    :param changed_at: when it was seen to be otherwise than before
    :param end: what is known of its end; None if it has ended
    """

    snapshot: OperationSnapshot
    seen_at: float
    changed_at: float
    end: ExpectedEnd | None = None


def sightings(
    watched: Iterable[WatchedOperation], ended: Iterable[tuple[OperationSnapshot, float]]
) -> Iterator[Sighting]:
    """Yield what was seen of operations: those that are watched, and those that have ended."""
    for each in watched:
        if each.seen is not None:
            yield Sighting(
                snapshot=each.seen, seen_at=each.seen_at, changed_at=each.changed_at, end=each.end
            )
    for snapshot, at in ended:
        yield Sighting(snapshot=snapshot, seen_at=at, changed_at=at)
