# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Times and durations in requests: what is too large for a calendar is the client's mistake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    import proto


def time_in(message: proto.Message, field: str) -> datetime | None:
    """Return a timestamp of a message; None if it is not set.

    :raises RpcError: INVALID_ARGUMENT if there is no such time.
    """
    raw = type(message).pb(message)
    if not raw.HasField(field):
        return None
    try:
        moment: datetime = getattr(raw, field).ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as exc:
        raise errors.bad_time(field, reason=str(exc)) from exc
    return moment


def duration_in(message: proto.Message, field: str) -> timedelta | None:
    """Return a duration of a message; None if it is not set.

    :raises RpcError: INVALID_ARGUMENT if there is no such duration.
    """
    raw = type(message).pb(message)
    if not raw.HasField(field):
        return None
    try:
        duration: timedelta = getattr(raw, field).ToTimedelta()
    except (ValueError, OverflowError) as exc:
        raise errors.bad_time(field, reason=str(exc)) from exc
    return duration
