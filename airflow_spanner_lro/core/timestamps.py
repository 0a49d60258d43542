# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Timestamps of messages as the datetimes that everybody else uses."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def plain(value: Any) -> datetime | None:
    """Return a message's timestamp as a plain datetime, None for one that is not set.

    proto-plus hands out a subclass with nanoseconds, which does not survive serialisation.
    """
    return datetime.combine(value.date(), value.timetz()) if value else None
