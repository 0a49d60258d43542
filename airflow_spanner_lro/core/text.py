# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Durations, moments and short texts, as log lines, errors and records have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_BYTES_A_STEP = 1024


def format_duration(seconds: float) -> str:
    """Return a duration in its two largest units: ``25 min 3 s``, ``2 h 5 min``, ``4 h``."""
    whole = max(round(seconds), 0)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        large, small = f"{whole // _MINUTE} min", f"{whole % _MINUTE} s"
    elif whole < _DAY:
        large, small = f"{whole // _HOUR} h", f"{whole % _HOUR // _MINUTE} min"
    else:
        large, small = f"{whole // _DAY} d", f"{whole % _DAY // _HOUR} h"
    return large if small.startswith("0 ") else f"{large} {small}"


def format_bytes(size: int) -> str:
    """Return a size in the unit that suits it: ``512 bytes``, ``1.2 GiB``."""
    if size < _BYTES_A_STEP:
        return count_of(size, "byte")
    number = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        number /= _BYTES_A_STEP
        # before it would be shown as 1024.0
        if round(number, 1) < _BYTES_A_STEP:
            return f"{number:.1f} {unit}"
    return f"{number / _BYTES_A_STEP:,.1f} PiB"


def count_of(number: int, noun: str) -> str:
    """Return how many there are, for people: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_moment(when: datetime, *, now: datetime) -> str:
    """Return a moment in UTC, with its date only if it is not today: ``14:05:09 UTC``."""
    when = when.astimezone(UTC)
    same_day = abs(when - now) < timedelta(days=1) and when.date() == now.astimezone(UTC).date()
    return when.strftime("%H:%M:%S UTC" if same_day else "%Y-%m-%d %H:%M UTC")


def to_iso_text(when: datetime | None) -> str | None:
    """Return a moment as ISO 8601 text, None for none: fit for records and events."""
    return when.isoformat() if when else None


def from_iso_text(text: str | None) -> datetime | None:
    """Return the moment that ``to_iso_text`` described."""
    return datetime.fromisoformat(text) if text else None


def shorten(text: str, *, length: int = 60) -> str:
    """Return a text on one line, cut to a length with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def escape_unprintable(text: str) -> str:
    """Return a text with everything escaped that could move a terminal's cursor or end a line."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
