# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A client for each way of reaching Spanner that the ledgers name, and the ways that are barred.

What is wrong with a connection concerns every operation that was started through it, so it is told
once, with what is left because of it, and keeps no other connection's operations waiting.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from airflow_spanner_lro.core.status import Code, code_of, is_transient
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.access import Access

log = logging.getLogger(__name__)

CALL_ERRORS = (GoogleAPIError, GoogleAuthError)
"""What a call to Spanner may raise; anything else is a bug."""


@dataclass(slots=True, kw_only=True)
class _Bar:
    """Why a way is barred, and what is left because of it."""

    reason: str
    left: list[str] = field(default_factory=list)


class Clients:
    """The clients of one round, which are closed at its end.

    :param connect: returns a client, or raises whatever is wrong with a connection
    """

    def __init__(self, connect: Callable[[Access], SpannerAdminClient] | None = None) -> None:
        self._connect = connect or _connect
        self._clients: dict[Access, SpannerAdminClient] = {}
        self._bars: dict[Access, _Bar] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            client.close()

    def get(self, access: Access, *, what: str) -> SpannerAdminClient | None:
        """Return the client of an access; None if that way is barred.

        :param what: what it is needed for, to be told if it is left
        """
        if access not in self._clients and access not in self._bars:
            try:
                self._clients[access] = self._connect(access)
            except Exception as exc:
                # credentials are read by whatever code a connection names
                log.debug("No client for %s", access, exc_info=True)
                self._bars[access] = _Bar(reason=told(exc))
        if bar := self._bars.get(access):
            bar.left.append(what)
            return None
        return self._clients[access]

    def bar(self, access: Access, exc: Exception, *, what: str) -> bool:
        """Take note of an error that concerns a whole connection; tell whether it is one.

        :param what: what is left because of it
        """
        barring = isinstance(exc, GoogleAuthError) or code_of(exc) is Code.UNAUTHENTICATED
        if not barring and not is_transient(exc):
            return False
        self._bars.setdefault(access, _Bar(reason=told(exc))).left.append(what)
        return True

    def troubles(self) -> Iterator[str]:
        """Yield a line for each way that is barred."""
        for access, bar in self._bars.items():
            chain = "".join(f" as {each}" for each in access.impersonation_chain[-1:])
            at = f" at {access.target}" if access.target else ""
            yield (
                f"Connection {access.gcp_conn_id}{chain}{at}: {bar.reason} "
                f"Left until it works again: {', '.join(bar.left)}."
            )


def told(exc: Exception) -> str:
    """Return what an error says, as a sentence."""
    code = code_of(exc)
    text = str(getattr(exc, "message", "") or str(exc) or type(exc).__name__).rstrip(". ")
    return f"{code.name}: {text}." if code else f"{text}."


def _connect(access: Access) -> SpannerAdminClient:
    return SpannerAdminHook.for_access(access).client
