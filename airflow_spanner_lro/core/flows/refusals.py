# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Refusals that pass by themselves, so that they are waited out and fail no task.

Spanner has certainly begun nothing then. How long to pause is in ``policy.py``; refusals that pass
when somebody else's operation ends are in ``turns.py``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.error_text import said
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.operations.errors import RefusedForNowError
from airflow_spanner_lro.core.status import (
    Code,
    ErrorClass,
    classify,
    code_of,
    was_never_sent,
)

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName

QUOTA_LIMIT = "so many requests of a project in a while"
PAST_ONLY = "backups of moments that have passed"
_VERSION_TIME = "version_time"
LONGEST_AHEAD = timedelta(minutes=10)
"""How far the moment of a backup may lie ahead to be waited for."""
_CLOCKS_APART = timedelta(minutes=5)
"""How far Spanner's clock may be behind ours, so that a moment has not passed there yet."""


def start_refused_for_now(
    exc: BaseException, kind: OperationKind, request: Any, *, target: ResourceName, now: datetime
) -> RefusedForNowError | None:
    """Return what to wait out, if a start was refused only for now."""
    early = _refused_too_soon(exc, kind, request, target=target, now=now)
    return early or refused_for_now(exc, target=target)


def refused_for_now(
    exc: BaseException, *, target: ResourceName, verb: str = "started"
) -> RefusedForNowError | None:
    """Return what to wait out, if an error says only that this is not the moment.

    That is so for a quota, and where no token could be had just now: then nothing was sent.

    :param verb: what was to be done to the target
    """
    error = classify(exc)
    if error is ErrorClass.QUOTA:
        return RefusedForNowError(target, limit=QUOTA_LIMIT, told=said(exc), verb=verb)
    if error is ErrorClass.TRANSIENT and was_never_sent(exc):
        limit = "no request without a token, and none could be had just now"
        return RefusedForNowError(target, limit=limit, told=said(exc), verb=verb)
    return None


def _refused_too_soon(
    exc: BaseException, kind: OperationKind, request: Any, *, target: ResourceName, now: datetime
) -> RefusedForNowError | None:
    """Return what to wait for, if a backup was asked for of a moment that has not passed there.

    Whose clock is right is not known here, so Spanner is asked first. A moment far ahead is a
    mistake, and one that has long passed was refused for something else.
    """
    moment: datetime | None = request.backup.version_time if kind is CREATE_BACKUP else None
    if moment is None or code_of(exc) is not Code.INVALID_ARGUMENT or _VERSION_TIME not in str(exc):
        return None
    if not -_CLOCKS_APART < moment - now <= LONGEST_AHEAD:
        return None
    until = moment if moment > now else None
    return RefusedForNowError(target, limit=PAST_ONLY, told=said(exc), until=until)
