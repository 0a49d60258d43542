# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Look afresh at operations that somebody looks at, where nobody else has seen them of late.

While a page is open it says which of its rows run. A thread of this process looks at those that no
poller has seen for a minute: through the connection of the row's own task, by the decisions that
the reaper stands under, and by one list for all operations of an instance that share it. However
many look, a connection sends at most twenty requests in a hundred seconds; what there is no room
for stays as it was seen, and each row says when that was.

An api-server without credentials, or one that reaches no Spanner, shows what pollers have seen.
Such a connection is tried again after five minutes, and said in this process's log only: whoever
looks at the page may not be meant to know of it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.core.polling.seen import Facts, SeenOperation
from airflow_spanner_lro.web.other_operations import LookupRefusedError, OtherOperations
from airflow_spanner_lro.web.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spanner_lro.core.connection import ConnectionSpec
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.reaper.authority import Allowances, AuthorisedClients
    from airflow_spanner_lro.reaper.bulk import RateLimitedClient
    from airflow_spanner_lro.reaper.records import LedgerRow

__all__ = ["LookupRefusedError", "Refresher", "refresh"]

EVERY = 30.0
"""Seconds between two looks at an operation."""
STALE_AFTER = timedelta(seconds=60)
"""Age of what others have seen, from which on this process looks itself."""
MOST = 20
"""Requests in a hundred seconds, for each connection: a fifth of a triggerer's usual budget."""
_MOST_ROWS = 500
_WANTED_FOR = 60.0
_AGAIN = 300.0
"""Seconds until a connection that could not be used is tried again."""

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Wanted:
    row: LedgerRow
    until: float
    looked_at: float | None = None


@dataclass(slots=True)
class _Group:
    """Rows whose operations one client may look at."""

    client: RateLimitedClient
    rows: list[LedgerRow] = field(default_factory=list)


class Refresher:
    """Looks at operations for all viewers of this process.

    :param seconds: a clock that only goes forward
    :param starts: whether it has a thread that looks by itself
    """

    def __init__(
        self, *, seconds: Callable[[], float] = time.monotonic, starts: bool = True
    ) -> None:
        self._seconds = seconds
        self._starts = starts
        self._lock = threading.Lock()
        self._wanted: dict[int, _Wanted] = {}
        self._thread: threading.Thread | None = None
        self._allowances: Allowances = {}
        self._unusable: dict[ConnectionSpec, float] = {}
        self._seen: dict[str, SeenOperation] = {}
        self._others = OtherOperations(allowances=self._allowances, most=MOST)

    def want(self, rows: Iterable[LedgerRow]) -> None:
        """Say which rows somebody looks at, of operations that run; returns at once."""
        until = self._seconds() + _WANTED_FOR
        with self._lock:
            for row in rows:
                known = self._wanted.get(row.stored.row)
                looked_at = known.looked_at if known else None
                if known or len(self._wanted) < _MOST_ROWS:
                    wanted = _Wanted(row=row, until=until, looked_at=looked_at)
                    self._wanted[row.stored.row] = wanted
            if self._starts and self._wanted and self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="spanner-lro-refresh", daemon=True
                )
                self._thread.start()

    def instances(self, may_read: Callable[[str], bool]) -> dict[str, Any]:
        """Return the instances whose other operations somebody may look at."""
        return self._others.instances(may_read)

    def operations(self, instance: str, may_read: Callable[[str], bool]) -> dict[str, Any]:
        """Return the operations that run in an instance, whoever has started them.

        :raises LookupRefusedError: if that may not be looked at
        """
        return self._others.operations(instance, may_read)

    def _work(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                # a bug; the page shows what pollers have seen
                log.exception("Operations are not looked at afresh; tried again in %g s.", EVERY)
            time.sleep(EVERY / 6)
            with self._lock:
                if not self._wanted:
                    self._thread = None
                    return

    def look(self) -> int:
        """Look at what is wanted and due; return how many operations were seen."""
        at = self._seconds()
        with self._lock:
            self._wanted = {
                number: each for number, each in self._wanted.items() if each.until > at
            }
            due = [
                each
                for each in self._wanted.values()
                if each.looked_at is None or at - each.looked_at >= EVERY
            ]
            names = {str(_name(each.row)) for each in self._wanted.values()}
        # what nobody looks at any more is forgotten
        self._seen = {name: each for name, each in self._seen.items() if name in names}
        due = [each for each in due if self._is_stale(each.row)]
        if not due:
            return 0
        for each in due:
            each.looked_at = at
        found = self._see([each.row for each in due], at=at)
        self._seen |= {each.name: each for each in found}
        progress().refreshed(self._seen.values())
        return len(found)

    def _is_stale(self, row: LedgerRow) -> bool:
        name = _name(row)
        if name is None or row.entry is None:
            return False
        stored = row.stored
        instance = stored.dag_id, stored.run_id, stored.task_id, stored.map_index
        seen = progress().seen(name, instance=instance)
        return seen is None or (not seen.done and datetime.now(tz=UTC) - seen.seen >= STALE_AFTER)

    def _see(self, rows: list[LedgerRow], *, at: float) -> list[SeenOperation]:
        from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415  # loads gRPC
        from airflow_spanner_lro.reaper.authority import AuthorisedClients  # noqa: PLC0415

        found: list[SeenOperation] = []
        try:
            clients = AuthorisedClients(
                clock=StoppableClock(), allowances=self._allowances, most=MOST
            )
            with clients:
                for group in self._groups(rows, clients, at=at):
                    found += _of_group(group, clients)
        except (AirflowDatabaseError, SettingsError) as exc:
            log.warning("Operations not looked at afresh: %s", exc)
            return found
        for line in clients.troubles():
            log.warning("Operations not looked at afresh. %s", line)
        return found

    def _groups(
        self, rows: list[LedgerRow], clients: AuthorisedClients, *, at: float
    ) -> list[_Group]:
        from airflow_spanner_lro.reaper.bulk import RateLimitedClient  # noqa: PLC0415

        groups: dict[int, _Group] = {}
        for row in rows:
            entry = row.entry
            if entry is None or self._unusable.get(entry.connection_spec, at) > at:
                continue
            client = clients.client_for(row, entry)
            if client is None:
                self._unusable[entry.connection_spec] = at + _AGAIN
            elif isinstance(client, RateLimitedClient):
                groups.setdefault(id(client), _Group(client)).rows.append(row)
        return [*groups.values()]


def _of_group(group: _Group, clients: AuthorisedClients) -> list[SeenOperation]:
    """Look at some operations through one client, as far as there is room for requests."""
    from airflow_spanner_lro.reaper.authority import CALL_ERRORS  # noqa: PLC0415

    named = [(name, row) for row in group.rows if (name := _name(row)) is not None]
    group.client.expect(name for name, _ in named)
    found = []
    for name, row in named:
        if clients.room < 1 or row.entry is None:
            break
        try:
            snapshot = group.client.get(name=name)
        except CALL_ERRORS as exc:
            if clients.note_unreachable(row, row.entry, exc):
                break
            log.debug("Not looked at afresh: %s. %r", name, exc)
            continue
        if row.entry.disproof(snapshot, began=row.task.began):
            # the row is made up: what it names is none of its task's
            continue
        found.append(
            SeenOperation.of(
                str(name),
                Facts.of(snapshot),
                seen=datetime.now(tz=UTC),
                seen_by="api-server",
                emulated=group.client.emulated,
            )
        )
    return found


def _name(row: LedgerRow) -> OperationName | None:
    waited_for = row.entry.waited_for if row.entry else None
    return waited_for.name if waited_for else None


@cache
def refresh() -> Refresher:
    """Return the one of this process."""
    return Refresher()
