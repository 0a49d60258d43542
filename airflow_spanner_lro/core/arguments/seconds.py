# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How long somebody is willing to wait: plain seconds, checked before anything is sent.

Apart from ``core/arguments/durations.py``, which reads what a Dag author writes in other forms.
"""

from __future__ import annotations

from datetime import timedelta

from airflow_spanner_lro.core.errors import InvalidArgumentError

_LONGEST = timedelta(days=3660).total_seconds()
"""No operation takes ten years, and a calendar ends somewhere."""


def require_seconds(value: object, *, field: str) -> None:
    """Refuse what is no time to wait.

    :raises InvalidArgumentError: if it is no number, negative, not a number, or without end
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # what is not a number compares as false
    if not (number and 0 <= value <= _LONGEST):  # type: ignore[operator]  # it is one
        raise InvalidArgumentError(
            field=field,
            value=value,
            rule=f"it is a number of seconds, from 0 to {_LONGEST:.0f}",
        )
