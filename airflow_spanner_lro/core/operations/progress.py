# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Log lines about the progress of an operation: a line when something changed.

The log is fed every snapshot and answers with the lines worth logging, most often none.
Rate and remaining time come from the operation's own start time, so a triggerer that takes over in
the middle tells the same story as the one before; if the service's clock is ahead of ours, they
come from what was seen since.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.status import code_name, error_text
from airflow_spanner_lro.core.text import format_duration, format_moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

_NOTICEABLE_POINTS = 10
_NOTICEABLE_AFTER = timedelta(minutes=1)
_COMPLETE = 100


class ProgressLog:
    """Turn the snapshots of one operation into log lines.

    :param record: what another process has logged before, from its ``to_record``; what cannot be
        read of it is logged again
    """

    __slots__ = (
        "_cancelling",
        "_first_seen",
        "_logged_at",
        "_logged_committed",
        "_logged_percent",
        "_throttled",
        "_trouble",
    )

    def __init__(self, record: Mapping[str, Any] | None = None) -> None:
        self._first_seen: tuple[datetime, int] | None = None
        self._logged_percent: int | None = None
        self._logged_at: datetime | None = None
        self._logged_committed = 0
        self._throttled = False
        self._cancelling = False
        self._trouble = ""
        if record:
            self._go_on(record)

    def to_record(self) -> dict[str, Any]:
        """Return what was logged so far as primitives, for who logs from here on; may be empty."""
        if self._logged_at is None:
            return {}
        return {
            "percent": self._logged_percent,
            "committed": self._logged_committed,
            "at": self._logged_at.isoformat(),
        }

    def _go_on(self, record: Mapping[str, Any]) -> None:
        try:
            percent, committed = record["percent"], int(record["committed"])
            percent = None if percent is None else int(percent)
            at = datetime.fromisoformat(record["at"])
        except (KeyError, TypeError, ValueError):
            return
        if at.tzinfo is not None:
            self._logged_percent, self._logged_committed, self._logged_at = percent, committed, at

    def lines(self, answer: OperationSnapshot | Exception, *, now: datetime) -> list[str]:
        """Return the lines to log for an answer to a *get*, oldest first; most often none.

        :param answer: the operation, or the error that came instead
        """
        if isinstance(answer, Exception):
            return self._trouble_lines(answer)
        return self._snapshot_lines(answer, now=now)

    def _snapshot_lines(self, snapshot: OperationSnapshot, *, now: datetime) -> list[str]:
        lines = []
        if self._trouble:
            self._trouble = ""
            lines.append(f"{snapshot.label}: Spanner answers again.")
        if snapshot.throttled is not self._throttled:
            self._throttled = snapshot.throttled
            lines.append(_throttle_line(snapshot))
        if snapshot.cancel_time and not self._cancelling and not snapshot.done:
            self._cancelling = True
            lines.append(f"{snapshot.label}: cancellation is under way.")
        committed = self._newly_committed(snapshot, now=now)
        if snapshot.done:
            committed.append(f"{snapshot.label}: {_end(snapshot, now=now)}")
        elif self._noticeable(snapshot, now=now):
            progress = self._progress(snapshot, now=now)
            self._logged_percent, self._logged_at = snapshot.percent, now
            if committed:
                # a step is one line: what it has brought the whole to stands behind it
                committed[-1] += f"; {progress}"
            else:
                committed.append(f"{snapshot.label}: {progress}")
        lines += committed
        return lines

    def _trouble_lines(self, exc: Exception) -> list[str]:
        """Return a line when Spanner cannot be asked, once for each kind of trouble in a row."""
        what = code_name(exc)
        if what == self._trouble:
            return []
        self._trouble = what
        trouble = error_text(exc)
        return [
            f"Spanner is not answering ({trouble}); the operation keeps running, still waiting."
        ]

    def _newly_committed(self, snapshot: OperationSnapshot, *, now: datetime) -> list[str]:
        total = len(snapshot.statements)
        lines = [
            f"{snapshot.label}: statement {number} of {total} committed at "
            f"{format_moment(statement.committed, now=now)}: {statement.label}"
            for number, statement in enumerate(snapshot.statements, start=1)
            if statement.committed and number > self._logged_committed
        ]
        self._logged_committed = max(self._logged_committed, snapshot.committed)
        return lines

    def _noticeable(self, snapshot: OperationSnapshot, *, now: datetime) -> bool:
        if snapshot.percent is None:
            return self._logged_at is None and self._remember(now)
        if self._logged_percent is None or self._logged_at is None:
            return True
        moved = abs(snapshot.percent - self._logged_percent)
        return moved >= _NOTICEABLE_POINTS or (
            moved > 0 and now - self._logged_at >= _NOTICEABLE_AFTER
        )

    def _remember(self, now: datetime) -> bool:
        self._logged_at = now
        return True

    def _progress(self, snapshot: OperationSnapshot, *, now: datetime) -> str:
        if snapshot.percent is None:
            return "running; operations of this kind have no percentage."
        text = f"{snapshot.percent} %"
        since, base = self._origin(snapshot, snapshot.percent, now=now)
        elapsed = (now - since).total_seconds()
        if elapsed <= 0:
            return text
        text += f" after {format_duration(elapsed)}"
        gained = snapshot.percent - base
        if gained <= 0:
            return text
        rate = gained * 60 / elapsed
        left = timedelta(minutes=(_COMPLETE - snapshot.percent) / rate)
        return (
            f"{text}, {rate:{'.0f' if rate >= _NOTICEABLE_POINTS else '.2g'}} % a minute, "
            f"about {format_duration(left.total_seconds())} left "
            f"(until {format_moment(now + left, now=now)})"
        )

    def _origin(
        self, snapshot: OperationSnapshot, percent: int, *, now: datetime
    ) -> tuple[datetime, int]:
        """Return from when on, and from which percentage, this operation's speed is reckoned."""
        if snapshot.start_time and snapshot.start_time <= now:
            return snapshot.start_time, 0
        self._first_seen = self._first_seen or (now, percent)
        return self._first_seen


def _throttle_line(snapshot: OperationSnapshot) -> str:
    if snapshot.throttled:
        return f"{snapshot.label}: throttled; Spanner holds it back for lack of resources."
    return f"{snapshot.label}: no longer throttled."


def _end(snapshot: OperationSnapshot, *, now: datetime) -> str:
    text = snapshot.state.value.lower()
    if snapshot.start_time:
        ended = snapshot.end_time or snapshot.cancel_time or now
        text += f" after {format_duration((ended - snapshot.start_time).total_seconds())}"
    if snapshot.error and not snapshot.cancelled:
        text += f" with {snapshot.error}"
    return text
