# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The times of a backup schedule: five fields of numbers, in UTC.

The library that reads them knows more than the service says it does, names and random times among
it; what is not documented is refused here, so that nobody finds that out in production.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise

# it ships no types
from croniter import croniter  # type: ignore[import-untyped]

_FIELDS = 5
_RANGE = re.compile(r"(\*|(?P<low>\d{1,2})(-(?P<high>\d{1,2}))?)(/\d{1,2})?", re.ASCII)
_DAY = timedelta(days=1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# the days of the week fall on the same dates again after 28 years
_CALENDAR = timedelta(days=366 * 28)


class CronError(ValueError):
    """A text that gives no times."""


@dataclass(frozen=True)
class Cron:
    """When a schedule is due.

    :param text: such as ``0 2 * * *``, for every day at two
    """

    text: str

    @classmethod
    @lru_cache(maxsize=1024)
    def parse(cls, text: str) -> Cron:
        """Read the five fields.

        :raises CronError: saying what is wrong with them.
        """
        fields = text.split()
        if len(fields) != _FIELDS:
            message = f"expected {_FIELDS} fields, found {len(fields)}"
            raise CronError(message)
        for field in fields:
            for part in field.split(","):
                _check(part)
        cron = cls(text=text)
        try:
            cron.next_after(_EPOCH)
        except ValueError as exc:  # of which the library's errors are
            raise CronError(str(exc)) from exc
        return cron

    def next_after(self, moment: datetime) -> datetime:
        """Return the first due time after a moment."""
        found: datetime = croniter(self.text, moment, ret_type=datetime).get_next()
        return found.astimezone(UTC)

    @cached_property
    def shortest_gap(self) -> timedelta:
        """The shortest time there can be between two due times; at most a day."""
        minutes, hours, *_ = croniter.expand(self.text)[0]
        times = sorted(
            timedelta(hours=hour, minutes=minute)
            for hour in _all(hours, 24)
            for minute in _all(minutes, 60)
        )
        gaps = [later - earlier for earlier, later in pairwise(times)]
        overnight = times[0] + _DAY - times[-1]
        if overnight < min(gaps, default=_DAY) and self._on_consecutive_days():
            gaps.append(overnight)
        return min(gaps, default=_DAY)

    def _on_consecutive_days(self) -> bool:
        days = Cron(text=" ".join(["0", "0", *self.text.split()[2:]]))
        day = days.next_after(_EPOCH)
        while day < _EPOCH + _CALENDAR:
            day, before = days.next_after(day), day
            if day - before == _DAY:
                return True
        return False


def _check(part: str) -> None:
    found = _RANGE.fullmatch(part)
    if found is None:
        message = f"{part!r} is not of the form *, 2, 2-14, */4 or 2/12"
        raise CronError(message)
    if found["high"] and int(found["low"]) > int(found["high"]):
        message = f"{part!r} ends before it begins"
        raise CronError(message)


def _all(values: list[int | str], count: int) -> list[int]:
    """Return the numbers of an expanded field, of which ``*`` means all."""
    return list(range(count)) if "*" in values else [int(value) for value in values]
