# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A client for each way of reaching Spanner that tasks may use, and the ways that are barred.

Where a way leads to is decided here, by its connection and this environment, and an entry that says
otherwise gets no client. What is wrong with a connection concerns every operation that is reached
through it, so it is told once, with what is left because of it, and keeps no other connection's
operations waiting.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from airflow_spanner_lro.core.error_text import error_text
from airflow_spanner_lro.core.status import Code, code_of, is_transient
from airflow_spanner_lro.core.tries.authority import confirm
from airflow_spanner_lro.core.words import escaped
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.reaper.pacing import MOST, RateLimitedClient, ReaperBudget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from airflow_spanner_lro.admin.ports import Clock
    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.core.tries.authority import Grant, Refusal
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry

log = logging.getLogger(__name__)

CALL_ERRORS = (GoogleAPIError, GoogleAuthError)
"""What a call to Spanner may raise; anything else is a bug."""


@dataclass(slots=True, kw_only=True)
class _Bar:
    """Why a way is barred, and what is left because of it."""

    reason: str
    left: list[str] = field(default_factory=list)


ReaperBudgets = dict["Access", ReaperBudget]
"""How many requests each way may still send; kept from round to round."""


class Clients:
    """The clients of one round, which are closed at its end.

    :param budgets: where rounds before have noted what they have sent
    """

    def __init__(self, *, clock: Clock, budgets: ReaperBudgets | None = None) -> None:
        self._clock = clock
        self._allowances: ReaperBudgets = {} if budgets is None else budgets
        self._paced: dict[Access, RateLimitedClient] = {}
        self._hooks: dict[Access, SpannerAdminHook] = {}
        self._bars: dict[Access, _Bar] = {}

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

    def get(
        self, permit: Grant, *, entry: LedgerEntry, what: str
    ) -> RateLimitedClient | Refusal | None:
        """Return the client for an entry; a refusal if its way leads to another place from here.

        :param what: what it is needed for, to be told if it is left
        :returns: None if the way is barred
        """
        way = permit.access
        if bar := self._bars.get(way):
            bar.left.append(what)
            return None
        try:
            hook = self._hook(way)
            return _refusal(permit, entry=entry, hook=hook) or self._client(way, hook)
        except Exception as exc:
            # credentials are read by whatever code a connection names
            log.debug("No client for %s", way, exc_info=True)
            self._bars[way] = _Bar(reason=told(exc), left=[what])
            return None

    def is_barred(self, access: Access, *, what: str) -> bool:
        """Tell whether a way was barred meanwhile, and note what is left because of it."""
        bar = self._bars.get(replace(access, endpoint=None))
        if bar is not None:
            bar.left.append(what)
        return bar is not None

    def bar(self, access: Access, exc: Exception, *, what: str) -> bool:
        """Take note of an error that concerns a whole connection; tell whether it is one.

        :param what: what is left because of it
        """
        barring = isinstance(exc, GoogleAuthError) or code_of(exc) is Code.UNAUTHENTICATED
        if not barring and not is_transient(exc):
            return False
        way = replace(access, endpoint=None)
        self._bars.setdefault(way, _Bar(reason=told(exc))).left.append(what)
        return True

    def troubles(self) -> Iterator[str]:
        """Yield a line for each way that is barred."""
        for way, bar in self._bars.items():
            chain = "".join(f" as {each}" for each in way.impersonation_chain[-1:])
            hook = self._hooks.get(way)
            at = f" at {hook.access.target}" if hook and hook.access.target else ""
            yield (
                f"Connection {escaped(f'{way.gcp_conn_id}{chain}{at}')}: {bar.reason} "
                f"Left until it works again: {', '.join(bar.left)}."
            )

    @property
    def room(self) -> int:
        """How many requests may be sent right now, by the way that has sent most."""
        rooms = (each.room for each in self._allowances.values())
        return min(rooms, default=MOST)

    def _client(self, way: Access, hook: SpannerAdminHook) -> RateLimitedClient:
        if way not in self._paced:
            budget = self._allowances.setdefault(way, ReaperBudget())
            self._paced[way] = RateLimitedClient(hook.client, budget=budget, clock=self._clock)
        return self._paced[way]

    def _hook(self, way: Access) -> SpannerAdminHook:
        if way not in self._hooks:
            self._hooks[way] = SpannerAdminHook.for_access(way)
        return self._hooks[way]


def _refusal(permit: Grant, *, entry: LedgerEntry, hook: SpannerAdminHook) -> Refusal | None:
    if refusal := confirm(entry, access=hook.access):
        return refusal
    # asked last, because it may take credentials
    project = hook.project_id if permit.own_project else None
    return confirm(entry, access=hook.access, project=project)


def told(exc: Exception) -> str:
    """Return what an error says, as a sentence."""
    return f"{error_text(exc)}."
