# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which client may ask Spanner about a ledger entry: what the reaper refuses, and cannot reach.

An entry itself is only what somebody claims. Its task comes from the serialised Dag, what its
templates came to from what Airflow rendered, the rest from this deployment's configuration; the
decision is in ``core/ledger/authority.py``. Where a connection leads to is decided here, by the
connection and this environment, and an entry that says otherwise gets no client.

What is wrong with a connection concerns every operation that is reached through it, so it is said
once, with what is left because of it, and keeps no other connection's operations waiting.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from airflow_spanner_lro import settings
from airflow_spanner_lro.airflow_internals.dags import SerialisedDags, rendered_fields
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.ledger.authority import Grant, Refusal, authorise, confirm
from airflow_spanner_lro.core.status import Code, code_of, error_text, is_transient
from airflow_spanner_lro.core.text import escape_unprintable
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.reaper.bulk import MOST, RateLimitedClient, RequestAllowance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from airflow_spanner_lro.admin.driver import SyncClock
    from airflow_spanner_lro.core.ledger.authority import AuthoredTask
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.reaper.records import LedgerRow

log = logging.getLogger(__name__)

CALL_ERRORS = (GoogleAPIError, GoogleAuthError)
"""What a call to Spanner may raise; anything else is a bug."""


@dataclass(slots=True, kw_only=True)
class _Unreachable:
    """Why a connection cannot be used, and what is left because of it."""

    reason: str
    left: list[str] = field(default_factory=list)


Allowances = dict[ConnectionSpec, RequestAllowance]
"""How many requests each connection may still send; kept from round to round."""


class AuthorisedClients:
    """The clients of one round, by the settings at its beginning; they are closed at its end.

    :param allowances: where rounds before have noted what they have sent
    :param most: requests that a connection may send in a hundred seconds
    :raises SettingsError: if an option of ``[spanner_lro]`` cannot be used
    """

    def __init__(
        self, *, clock: SyncClock, allowances: Allowances | None = None, most: int = MOST
    ) -> None:
        self.deployment = settings.deployment()
        self._allowed = settings.reaper_connections()
        self._dags = SerialisedDags()
        self._clock = clock
        self._allowances: Allowances = {} if allowances is None else allowances
        self._most = most
        self._clients: dict[ConnectionSpec, RateLimitedClient] = {}
        self._hooks: dict[ConnectionSpec, SpannerAdminHook] = {}
        self._unreachable: dict[ConnectionSpec, _Unreachable] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for hook in self._hooks.values():
            if "client" in vars(hook):
                hook.client.close()

    def client_for(self, row: LedgerRow, entry: LedgerEntry) -> RateLimitedClient | Refusal | None:
        """Return the client for an entry; a refusal if nobody vouches for what it says.

        :returns: None if its connection cannot be used, which is among the troubles then
        :raises AirflowDatabaseError: if the database cannot be read
        """
        grant = self._grant(row, entry)
        if isinstance(grant, Refusal):
            return grant
        connection_spec = grant.connection_spec
        if known := self._unreachable.get(connection_spec):
            known.left.append(row.subject)
            return None
        try:
            hook = self._hook(connection_spec)
            return _contradiction(grant, entry=entry, hook=hook) or self._client(
                connection_spec, hook
            )
        except Exception as exc:
            # credentials are read by whatever code a connection names
            log.debug("No client for %s", connection_spec, exc_info=True)
            self._unreachable[connection_spec] = _Unreachable(
                reason=f"{error_text(exc)}.", left=[row.subject]
            )
            return None

    def is_unreachable(self, row: LedgerRow, entry: LedgerEntry) -> bool:
        """Tell whether an entry's connection has failed meanwhile; the entry is left then."""
        known = self._unreachable.get(replace(entry.connection_spec, endpoint=None))
        if known is not None:
            known.left.append(row.subject)
        return known is not None

    def note_unreachable(self, row: LedgerRow, entry: LedgerEntry, exc: Exception) -> bool:
        """Take note of an error that concerns a whole connection; tell whether it is one."""
        refused = isinstance(exc, GoogleAuthError) or code_of(exc) is Code.UNAUTHENTICATED
        if not refused and not is_transient(exc):
            return False
        connection_spec = replace(entry.connection_spec, endpoint=None)
        known = self._unreachable.setdefault(
            connection_spec, _Unreachable(reason=f"{error_text(exc)}.")
        )
        known.left.append(row.subject)
        return True

    def troubles(self) -> Iterator[str]:
        """Yield a line for each connection that cannot be used."""
        for spec, trouble in self._unreachable.items():
            chain = "".join(f" as {each}" for each in spec.impersonation_chain[-1:])
            # where it leads to may be the very thing that cannot be told
            led = vars(self._hooks[spec]).get("connection_spec") if spec in self._hooks else None
            at = f" at {led.target}" if led and led.target else ""
            yield (
                f"Connection {escape_unprintable(f'{spec.gcp_conn_id}{chain}{at}')}: "
                f"{trouble.reason} Left until it works again: {', '.join(trouble.left)}."
            )

    @property
    def room(self) -> int:
        """How many requests may be sent right now, by the connection that has sent most."""
        rooms = (each.room for each in self._allowances.values())
        return min(rooms, default=self._most)

    def _grant(self, row: LedgerRow, entry: LedgerEntry) -> Grant | Refusal:
        """Decide by the task, as any version of the Dag has it that may have run."""
        if entry.deployment != self.deployment:
            # neither Dags nor connections have to be read for it
            return self._judge(entry, None, None)
        rendered = rendered_fields(row.stored)
        first: Refusal | None = None
        for task in self._dags.tasks(row.stored):
            verdict = self._judge(entry, task, rendered)
            if isinstance(verdict, Grant):
                return verdict
            first = first or verdict
        return first or self._judge(entry, None, rendered)

    def _judge(
        self,
        entry: LedgerEntry,
        task: AuthoredTask | None,
        rendered: dict[str, object] | None,
    ) -> Grant | Refusal:
        return authorise(
            entry,
            task=task,
            rendered=rendered,
            allowed=self._allowed,
            deployment=self.deployment,
        )

    def _client(self, connection_spec: ConnectionSpec, hook: SpannerAdminHook) -> RateLimitedClient:
        if connection_spec not in self._clients:
            allowance = self._allowances.setdefault(
                connection_spec, RequestAllowance(most=self._most)
            )
            self._clients[connection_spec] = RateLimitedClient(
                hook.client, allowance=allowance, clock=self._clock
            )
        return self._clients[connection_spec]

    def _hook(self, connection_spec: ConnectionSpec) -> SpannerAdminHook:
        if connection_spec not in self._hooks:
            self._hooks[connection_spec] = SpannerAdminHook.from_connection(connection_spec)
        return self._hooks[connection_spec]


def _contradiction(grant: Grant, *, entry: LedgerEntry, hook: SpannerAdminHook) -> Refusal | None:
    """Return what is wrong if the connection leads to another place from here than it says."""
    if refusal := confirm(entry, connection_spec=hook.connection_spec):
        return refusal
    # asked last, because it may take credentials
    project = hook.project_id if grant.own_project else None
    return confirm(entry, connection_spec=hook.connection_spec, project=project)
