# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Durations as a Dag author writes them; templates and Dag parameters can hold nothing but text.

Apart from the moments in ``core/arguments/times.py``: a duration means the same whenever one asks.
"""

from __future__ import annotations

import re
from datetime import timedelta

from airflow_spanner_lro.core.errors import InvalidArgumentError

Duration = timedelta | float | str
"""A duration, seconds, or either as text: ``P30D`` in ISO 8601, or ``2592000``."""

# years and months are missing on purpose: how long they are depends on when they begin
_ISO = re.compile(
    r"P(?=[\dT])(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)
_RULE = (
    "expected a duration: a timedelta, seconds, or ISO 8601 text with weeks, days, hours, minutes "
    "or seconds, such as P30D or PT12H"
)


def is_duration_text(value: object) -> bool:
    """Tell whether something is text that is meant as a duration, not as a moment."""
    return isinstance(value, str) and value.startswith("P")


def duration_of(value: object, *, field: str) -> timedelta:
    """Return the duration that an author means.

    :param value: a ``Duration``
    :raises InvalidArgumentError: if it is none
    """
    if isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, str):
            return _from_text(value)
        # a bool is an int to Python, and a mistake to everybody else
        if isinstance(value, int | float) and not isinstance(value, bool):
            return timedelta(seconds=value)
    except (ValueError, OverflowError):
        pass
    raise InvalidArgumentError(field=field, value=value, rule=_RULE)


def _from_text(text: str) -> timedelta:
    if match := _ISO.fullmatch(text):
        return timedelta(**{unit: int(number) for unit, number in match.groupdict("0").items()})
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=float(text))
    raise ValueError(text)
