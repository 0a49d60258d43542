# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is recorded of the reaper's latest round, and when it is too old to be relied on.

Whoever may edit Variables can edit the record. Nothing is done on its word but to warn.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

ROUND_KEY = "spanner_lro_reaper_round"
"""The Airflow Variable that holds the record."""
OVERDUE = timedelta(minutes=10)
"""A reaper that has made no round for so long is not at work."""
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRecord:
    """A round of the reaper.

    :param host: the machine, and what kind of process: triggerer, scheduler or command
    :param ended: when it was over
    :param seconds: how long it took
    :param kept: entries whose tasks were active
    :param reaped: entries whose operations were cancelled, or that were closed
    :param left: entries that need attention, by a person or the next round
    """

    host: str
    ended: datetime
    seconds: float
    kept: int
    reaped: int
    left: int

    def age(self, now: datetime) -> timedelta:
        """Return how long ago it was; clocks of two machines may differ."""
        return max(now - self.ended, timedelta())

    def to_json(self) -> str:
        """Return the record as it is stored."""
        return json.dumps({**asdict(self), "ended": self.ended.isoformat(), "version": 1})

    @classmethod
    def from_json(cls, text: str | None) -> RoundRecord | None:
        """Return what ``to_json`` described; None if there is none, or it is damaged."""
        try:
            data = json.loads(text or "")
            ended = datetime.fromisoformat(data["ended"])
            return cls(
                host=str(data["host"])[:_LONGEST],
                ended=ended if ended.tzinfo else ended.replace(tzinfo=UTC),
                seconds=float(data["seconds"]),
                kept=int(data["kept"]),
                reaped=int(data["reaped"]),
                left=int(data["left"]),
            )
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            return None


def overdue(record: RoundRecord | None, *, now: datetime) -> str | None:
    """Return what is wrong if no round was made for ten minutes, as a clause; None if one was."""
    if record is None:
        return "no round of the reaper was ever recorded here"
    age = record.age(now)
    if age <= OVERDUE:
        return None
    return (
        f"its last round was {age.total_seconds() / 60:.0f} minutes ago "
        f"({record.ended:%Y-%m-%d %H:%M:%S} UTC)"
    )
