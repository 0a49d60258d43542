# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Finding again what an earlier try, or a start whose answer was lost, has left in Spanner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code, code_of

if TYPE_CHECKING:
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry

CLOCK_SKEW = timedelta(seconds=10)
"""How far the worker's clock may be ahead of Spanner's when an intent is matched by time."""
UNDATED = datetime.max.replace(tzinfo=UTC)
"""The start of an operation that runs and tells no time: later than any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """Asks Spanner what there is; what it does not know is None, not an error."""

    client: SpannerAdminClient

    def look(self, name: OperationName) -> OperationSnapshot | None:
        """Get an operation."""
        try:
            return self.client.get(name=name)
        except Exception as exc:
            if code_of(exc) is Code.NOT_FOUND:
                return None
            raise

    def find(self, intent: LedgerEntry) -> OperationSnapshot | None:
        """Find the operation of an intent: by its name if we chose it, else by its target."""
        if intent.operation:
            return self.look(intent.operation)
        earliest = intent.intended - CLOCK_SKEW
        dated = [(since, each) for since, each in self.candidates(intent) if since is not None]
        recent = [(since, each) for since, each in dated if since >= earliest]
        return max(recent, key=itemgetter(0))[1] if recent else None

    def candidates(self, intent: LedgerEntry) -> list[tuple[datetime | None, OperationSnapshot]]:
        """Return the operations of an intent's kind and target, with when each was started.

        None where nothing tells; ``UNDATED`` for a creation of a database that still runs: the
        service tells no time for it. While it runs it is the only one of its name.
        """
        try:
            listed = self.client.list(resource=intent.target)
        except Exception as exc:
            # no such target, hence no operation that made it
            if code_of(exc) is Code.NOT_FOUND:
                return []
            raise
        return [(self._since(each), each) for each in listed if each.kind is intent.kind]

    def _since(self, snapshot: OperationSnapshot) -> datetime | None:
        if snapshot.start_time is not None:
            return snapshot.start_time
        if not snapshot.done:
            return UNDATED
        # the database that it answered has a time
        made = self.client.get_result(name=snapshot.name)
        return made.create_time if made else None

    def still_there(self, *, target: ResourceName, made_by: OperationName) -> bool:
        """Tell whether what an operation made exists: that very thing, and no namesake."""
        try:
            made = self.client.get_result(name=made_by)
            there = self.client.get_resource_state(name=target)
        except Exception as exc:
            if code_of(exc) is Code.NOT_FOUND:
                return False
            raise
        return made is not None and made.create_time == there.create_time
