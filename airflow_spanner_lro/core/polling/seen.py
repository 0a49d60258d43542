# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What somebody has last seen of an operation, for those who only look.

What an emulator says of times is emulated; ``seen``, ``expected_end`` and ``rate`` are real.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from airflow_spanner_lro.core.operations.snapshot import OperationState, StatementProgress

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.expected_end import ExpectedEnd

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


class Facts(NamedTuple):
    """What a poll tells of an operation, without its name: small, since thousands are kept.

    The fields are those of a snapshot (``core/operations/snapshot.py``).
    """

    state: OperationState
    kind: OperationKind | None
    percent: int | None
    start_time: datetime | None
    end_time: datetime | None
    cancel_time: datetime | None
    error: str | None
    throttled: bool
    statements: tuple[StatementProgress, ...]

    @classmethod
    def of(cls, snapshot: OperationSnapshot) -> Facts:
        """Return what a snapshot tells."""
        return cls(
            snapshot.state,
            snapshot.kind,
            snapshot.percent,
            snapshot.start_time,
            snapshot.end_time,
            snapshot.cancel_time,
            str(snapshot.error) if snapshot.error else None,
            snapshot.throttled,
            snapshot.statements,
        )


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
        name: str,
        facts: Facts,
        *,
        seen: datetime,
        seen_by: str = "",
        forecast: Forecast | None = None,
        emulated: Emulated | None = None,
        line: SeenLine | None = None,
    ) -> SeenOperation:
        """Return an operation as it was seen.

        :param forecast: what its progress foretells
        """
        foretold = forecast if facts.state is OperationState.RUNNING else None
        return cls(
            name=name,
            seen=seen,
            seen_by=seen_by,
            rate=foretold.rate if foretold else None,
            expected_end=foretold.end if foretold else None,
            emulated=emulated,
            line=line,
            **facts._asdict(),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An operation as a poller has last seen it; its times are those of the poller's axis.

    :param name: its full name
    :param changed_at: when it was seen to be otherwise than before
    :param end: what is known of its end; None if it has ended
    """

    name: str
    facts: Facts
    seen_at: float
    changed_at: float
    end: ExpectedEnd | None = None


class RecentlyEnded:
    """The operations that were seen to end lately; whoever waited for them does no more."""

    def __init__(self) -> None:
        self._ended: dict[str, Sighting] = {}

    def note(self, snapshot: OperationSnapshot, *, at: float) -> None:
        """Remember one for a while."""
        name = str(snapshot.name)
        self._ended.pop(name, None)
        facts = Facts.of(snapshot)
        self._ended[name] = Sighting(name=name, facts=facts, seen_at=at, changed_at=at)
        self._forget(at=at)

    def lately(self, *, at: float) -> tuple[Sighting, ...]:
        """Return those that it has not been long for."""
        self._forget(at=at)
        return tuple(self._ended.values())

    def _forget(self, *, at: float) -> None:
        while self._ended:
            first = next(iter(self._ended.values()))
            if len(self._ended) <= _ENDED and first.seen_at + ENDED_FOR >= at:
                break
            del self._ended[first.name]
