# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The channels of a client that lives for months: watched, and replaced while they are in use.

Two things happen to a channel in that time. Its connection goes silent: a firewall forgets it and
drops every packet, and each request waits for nothing until its deadline. And its credentials are
refused: a key is revoked, an account deleted. In the first case a new channel to the same endpoint
is opened, in the second one with the credentials that the connection holds by then. Calls that are
under way end on the channel on which they began; it is closed after the last of them.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.status import (
    Code,
    code_of,
    error_message,
    is_credentials_error,
    was_never_sent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.core.kinds import Service

SILENT_AFTER = 5.0
"""Seconds without an answer to anything, from which on a deadline that passes is not put down to
one slow call."""

REFUSED_FOR = 10.0
"""Seconds after a refusal during which nothing is sent with the same credentials."""
RENEW_AGAIN = 10.0
"""Seconds between two reads of a connection whose credentials are refused."""

log = logging.getLogger(__name__)


class CredentialsRefusedError(SpannerLroError, GoogleAuthError):
    """Spanner, or whoever gives out tokens, does not take the credentials any more.

    :param message: what they said
    :param origin: where the credentials come from, in words
    :param retryable: they were taken before, so it is waited until they are replaced
    """

    def __init__(self, message: str, *, origin: str, retryable: bool) -> None:
        where = origin or "the connection"
        super().__init__(  # type: ignore[no-untyped-call]  # google-auth's
            f"Credentials refused: Spanner does not take those of {where} ({message.rstrip('.')}). "
            f"Put a valid key into {where}, or give its account the access back; running tasks "
            "read it again by themselves.",
            retryable=retryable,
        )


class Channel:
    """The generated clients of one endpoint, which share one fate."""

    __slots__ = ("_answered_at", "_clients", "_make", "calls", "endpoint", "refused", "refused_at")

    def __init__(self, endpoint: Endpoint, *, make: Callable[[Endpoint, Service], Any]) -> None:
        self.endpoint = endpoint
        self.refused = ""
        """What was said of the credentials, if they were refused."""
        self.refused_at = -math.inf
        # a set, and no number: threads add to it at the same time
        self.calls: set[object] = set()
        self._make = make
        self._clients: dict[Service, Any] = {}
        self._answered_at = -math.inf

    def client(self, service: Service) -> Any:
        """Return the generated client of a service; its connection is made at the first call."""
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = self._make(self.endpoint, service)
        return client

    def answered(self, *, at: float) -> None:
        """Note that somebody is there, whatever the answer."""
        self._answered_at = at

    @property
    def was_answered(self) -> bool:
        """Whether anything was answered here."""
        return self._answered_at > -math.inf

    def is_silent(self, *, since: float, at: float) -> bool:
        """Tell, of a call whose deadline has passed, whether nothing else was answered meanwhile.

        :param since: when it was made
        """
        return at - max(since, self._answered_at) >= SILENT_AFTER

    def opened(self) -> list[Any]:
        """Return the generated clients that were made, and forget them."""
        clients, self._clients = list(self._clients.values()), {}
        return clients


class Channels:
    """What a client asks through: always the newest channel.

    :param endpoint: where, and as whom, until ``use`` tells another
    :param make: makes a generated client
    :param close: closes one, when the last call on its channel has ended
    :param proven: the credentials were taken before, by another process: refused ones are waited
        for from the first call on
    :param now: seconds on an axis that goes forward
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        make: Callable[[Endpoint, Service], Any],
        close: Callable[[Any], None],
        proven: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._close = close
        self._now = now
        self._current = Channel(endpoint, make=make)
        self._left: set[Channel] = set()
        """On these something is under way still, or will be for ever: a call that the exception of
        a signal has ended keeps gRPC from closing its channel, and who frees it hangs."""
        self.proven = proven
        self.on_refused: Callable[[], None] | None = None
        """Is called when credentials are refused."""

    @property
    def endpoint(self) -> Endpoint:
        """Where, and as whom, it asks."""
        return self._current.endpoint

    @property
    def refused(self) -> str:
        """What was said of the credentials, if they were refused; empty as long as they are not."""
        return self._current.refused

    @property
    def taken(self) -> bool:
        """Whether something was answered with the credentials that are used now."""
        return self._current.was_answered and not self._current.refused

    @property
    def waiting_to_close(self) -> int:
        """How many channels were replaced and are not closed yet."""
        return len(self._left)

    def may_need_other_certificates(self, exc: Exception) -> bool:
        """Tell whether an error may come from certificates that were replaced on one side.

        Then nothing is answered but that no connection can be made, and whether the call was sent
        nobody knows: it is no refusal after which it may be made again.
        """
        return self.endpoint.certificates is not None and code_of(exc) is Code.UNAVAILABLE

    def client(self, service: Service) -> Any:
        """Return the generated client of a service, for calls that are not made here."""
        return self._current.client(service)

    def use(self, endpoint: Endpoint) -> None:
        """Ask by another channel from the next call on."""
        old, self._current = self._current, Channel(endpoint, make=self._make)
        self._left.add(old)
        self._let_go(old)

    @contextmanager
    def call(self) -> Iterator[Channel]:
        """Make one call on the channel that this returns, and note how it ended.

        :raises CredentialsRefusedError: if the credentials are refused that were taken before
        """
        channel, token, since = self._current, object(), self._now()
        if self.proven and channel.refused and since - channel.refused_at < REFUSED_FOR:
            # a thousand waits would ask for a thousand tokens
            raise self._refusal(channel)
        channel.calls.add(token)
        try:
            yield channel
        except (GoogleAPIError, GoogleAuthError) as exc:
            channel.calls.discard(token)
            self._on_error(channel, exc, since=since)
            raise
        except (Exception, asyncio.CancelledError):
            channel.calls.discard(token)
            raise
        else:
            channel.calls.discard(token)
            channel.answered(at=self._now())
            self.proven, channel.refused = True, ""
        finally:
            self._let_go(channel)

    def close(self) -> list[Any]:
        """Return the generated clients to be closed now, whatever is under way on them."""
        left, self._left = self._left, set()
        return [client for each in (self._current, *left) for client in each.opened()]

    def _on_error(self, channel: Channel, exc: Exception, *, since: float) -> None:
        if is_credentials_error(exc):
            self._on_refusal(channel, exc)
        elif code_of(exc) is Code.DEADLINE_EXCEEDED:
            # of several calls that were under way at once, the first one counts
            if channel is self._current and channel.is_silent(since=since, at=self._now()):
                log.info(
                    "Channel replaced: nothing was answered on it for %g s or more, so its "
                    "connection may be dead; asking on a new one. %s",
                    SILENT_AFTER,
                    channel.endpoint.target or "spanner.googleapis.com",
                )
                self.use(channel.endpoint)
        elif code_of(exc) not in {None, Code.UNAVAILABLE}:
            # UNAVAILABLE is said by gRPC as well, where there is nobody
            channel.answered(at=self._now())

    def _on_refusal(self, channel: Channel, exc: Exception) -> None:
        first, channel.refused = not channel.refused, error_message(exc)
        channel.refused_at = self._now()
        if first and self.on_refused is not None:
            self.on_refused()
        if self.proven or was_never_sent(exc):
            raise self._refusal(channel) from exc

    def _refusal(self, channel: Channel) -> CredentialsRefusedError:
        origin = channel.endpoint.origin
        return CredentialsRefusedError(channel.refused, origin=origin, retryable=self.proven)

    def _let_go(self, channel: Channel) -> None:
        if channel is not self._current and not channel.calls:
            self._left.discard(channel)
            for client in channel.opened():
                self._close(client)
