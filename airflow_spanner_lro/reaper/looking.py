# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Spanner knows of an entry that is left to nobody: its operation, or that of an intent.

An intent names no operation. A next try of its task would take whatever was started for its target
since; here it must be certain that it is the task's own, because it may be cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.drive import START_TIMEOUT
from airflow_spanner_lro.admin.patience import patiently
from airflow_spanner_lro.execution.lookup import CLOCK_SKEW, UNDATED, Finder
from airflow_spanner_lro.reaper.records import named_elsewhere

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.ports import Clock
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.reaper.records import Record

_LATEST = timedelta(seconds=START_TIMEOUT) + CLOCK_SKEW
"""How long after its intent the start call of a task may have reached Spanner."""
_PATIENCE = 2.0
"""Seconds for one entry; what lasts longer is left to the next round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """An entry and what Spanner knows of it.

    :param entry: with the name of its operation, if that was found
    :param snapshot: the operation that the task waited for last; None if Spanner knows none
    :param unsure: an operation that may be the entry's, or somebody else's
    """

    entry: LedgerEntry
    snapshot: OperationSnapshot | None = None
    unsure: OperationSnapshot | None = None


def look(record: Record, *, entry: LedgerEntry, client: SpannerAdminClient, clock: Clock) -> Sight:
    """Ask Spanner about an entry; an error that passes is waited out for a moment.

    :raises GoogleAPIError: if Spanner cannot be asked; GoogleAuthError if it cannot be reached
    """
    finder = Finder(client=client)
    if waited_for := entry.waited_for:
        found = patiently(lambda: finder.look(waited_for.name), clock=clock, patience=_PATIENCE)
        return Sight(entry=entry, snapshot=found)
    candidates = [
        (since, each)
        for since, each in patiently(
            lambda: finder.candidates(entry), clock=clock, patience=_PATIENCE
        )
        if since and since >= entry.intended - CLOCK_SKEW
        if not named_elsewhere(each.name, besides=record)
    ]
    own = [pair for pair in candidates if pair[0] <= entry.intended + _LATEST]
    if own:
        snapshot = max(own, key=itemgetter(0))[1]
        return Sight(entry=entry.started_as(snapshot.name), snapshot=snapshot)
    undated = [each for since, each in candidates if since == UNDATED]
    return Sight(entry=entry, unsure=undated[0] if undated else None)
