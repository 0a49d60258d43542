# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a try does before it starts anything: one pure decision from the ledger and Spanner.

This is what keeps a retry from starting the same work twice, and from reporting success for work
that somebody else did. Whether two tries ask for the same is decided by the fingerprint of the
request as its author wrote it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


def fingerprint(parts: Mapping[str, object]) -> str:
    """Return a digest of what was asked for: equal for equal requests, in any process.

    :param parts: what makes two requests the same to their author; a moment that is computed anew
        on each try, such as "30 days from now", must come in as it was written.
    """
    # what was not given is left out: a release with one more parameter must not see another request
    given = {key: _plain(value) for key, value in parts.items() if value is not None}
    text = "\n".join(f"{key}={given[key]!r}" for key in sorted(given))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    """Return a value whose ``repr`` tells all of it.

    The results of a mapped task arrive as a sequence that tells neither its items nor, before it
    was read, how many there are.
    """
    # these always told all of themselves, and earlier releases wrote them down as they are
    plain = isinstance(value, str | bytes | list | tuple)
    return list(value) if isinstance(value, Sequence) and not plain else value


class NextStep(Enum):
    """What to do now."""

    START = auto()
    """Nothing of ours goes on: write the intent and start."""
    SEARCH = auto()
    """An intent without a name: the operation may exist; look for it by its target."""
    ADOPT = auto()
    """Our operation is running and is still what is wanted: wait for it."""
    AWAIT_CANCEL = auto()
    """Our operation is being cancelled: wait until it has ended, then start anew."""
    REPLACE = auto()
    """Our operation is running, but the request has changed or its end was decided before: cancel,
    settle, start anew."""
    REFUSE = auto()
    """The same, but it is only presumed to be ours: it is not cancelled, and nothing is started
    beside it."""
    DELIVER = auto()
    """The work was done and never delivered: success at once."""


def next_step(  # noqa: PLR0911  # the rows of a table
    *, entry: LedgerEntry | None, snapshot: OperationSnapshot | None, fingerprint: str
) -> NextStep:
    """Decide what this try does first.

    :param entry: the newest entry in the ledger of this task instance, if any
    :param snapshot: its operation now; None if it has no name, or Spanner does not know it
    :param fingerprint: digest of the request as rendered now
    """
    if entry is None:
        return NextStep.START
    if entry.operation is None:
        return NextStep.START if entry.closed else NextStep.SEARCH
    if snapshot is None:
        return NextStep.START
    unchanged = entry.fingerprint == fingerprint
    if snapshot.done:
        undelivered = snapshot.succeeded and not entry.closed and unchanged
        return NextStep.DELIVER if undelivered else NextStep.START
    if snapshot.cancel_time:
        return NextStep.AWAIT_CANCEL
    # whoever decided its end may have been lost before anything came of it; twice does no harm
    if unchanged and not entry.stopping:
        return NextStep.ADOPT
    return NextStep.REPLACE if entry.may_cancel else NextStep.REFUSE


LATE_KILL = timedelta(seconds=90)
"""How long after an adoption the end is still put down to a kill of the try before: such a kill
lasts up to 28 s, and its effect is seen at the next poll."""


def killed_late(*, entry: LedgerEntry, snapshot: OperationSnapshot, now: datetime) -> bool:
    """Tell whether an operation was cancelled on behalf of the try before the one that adopted it.

    A kill of that try may have been on its way while the operation was adopted, and not every kind
    of operation shows a cancel. The try that adopted it then starts anew, as it would have if it
    had seen the cancel.

    :param snapshot: the operation at its end
    :param now: by the clock that the adoption was noted by, which may differ from Spanner's
    """
    if not snapshot.cancelled or entry.adopted is None:
        return False
    return now - entry.adopted <= LATE_KILL
