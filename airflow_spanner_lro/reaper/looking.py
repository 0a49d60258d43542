# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Spanner knows of an entry that is left to nobody: its operation, or that of an intent.

An intent names no operation; which one it may have begun, and the evidence for it, is found as a
next try of its task would find it. What an entry names is not yet what its task has started: so it
is compared with what Spanner says, and with what all other entries name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.patience import patiently
from airflow_spanner_lro.core.tries.proof import disproof
from airflow_spanner_lro.execution.lookup import Lookup
from airflow_spanner_lro.reaper.records import naming

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.ports import Clock
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.reaper.records import Record

_PATIENCE = 2.0
"""Seconds for one entry; what lasts longer is left to the next round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """An entry and what Spanner knows of it.

    :param entry: with the name of its operation, if that was found
    :param snapshot: the operation that the task waited for last; None if Spanner knows none
    :param ambiguous: operations that may be the entry's, or somebody else's
    :param disproof: why the operation cannot be what the entry says; empty if it can
    :param others: the other entries that name it
    """

    entry: LedgerEntry
    snapshot: OperationSnapshot | None = None
    ambiguous: tuple[OperationSnapshot, ...] = ()
    disproof: str = ""
    others: tuple[Record, ...] = ()


def look(record: Record, *, entry: LedgerEntry, client: SpannerAdminClient, clock: Clock) -> Sight:
    """Ask Spanner about an entry; an error that passes is waited out for a moment.

    :raises GoogleAPIError: if Spanner cannot be asked; GoogleAuthError if it cannot be reached
    :raises AirflowDatabaseError: if Airflow's database cannot be read
    """
    lookup = Lookup(client=client, claimed=lambda name: bool(naming(name, besides=record)))
    if waited_for := entry.waited_for:
        snapshot = patiently(
            lambda: lookup.operation(waited_for.name), clock=clock, patience=_PATIENCE
        )
    else:
        found = patiently(lambda: lookup.follow_up(entry), clock=clock, patience=_PATIENCE)
        snapshot = found.snapshot
        if snapshot is None or found.evidence is None:
            return Sight(entry=entry, ambiguous=found.ambiguous)
        entry = entry.started_as(snapshot.name, evidence=found.evidence)
    if snapshot is None:
        return Sight(entry=entry)
    return Sight(
        entry=entry,
        snapshot=snapshot,
        disproof=disproof(entry, snapshot, began=record.task.began) or "",
        others=tuple(naming(snapshot.name, besides=record)),
    )
