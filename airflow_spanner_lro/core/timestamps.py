# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Timestamps of messages as the datetimes that everybody else uses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(value: Any) -> datetime | None:
    """Return a message's timestamp as a plain datetime, None for one that is not set.

    proto-plus hands out a subclass with nanoseconds, which does not survive serialisation.
    """
    return datetime.combine(value.date(), value.timetz()) if value else None


def moment_of(value: Any) -> datetime:
    """Return a protobuf timestamp as a plain datetime."""
    return _EPOCH + timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)


def moment_in(message: Any, field: str) -> datetime | None:
    """Return the time in a field of a protobuf message, None if it is not set."""
    return moment_of(getattr(message, field)) if message.HasField(field) else None
