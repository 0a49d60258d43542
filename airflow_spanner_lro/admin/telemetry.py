# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Counting requests and waits. Who listens, and where it goes, is not known here.

Airflow's stats listen in Airflow's processes (``metrics.py``); elsewhere nobody does. Requests are
counted at the channel, where nothing gets past: pages and the library's retries, too. An
interceptor of gRPC sees each request once, with the code that its caller gets. It
changes nothing about the call: answers, errors, timeouts and cancellation are the caller's.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol

import grpc

from airflow_spanner_lro.core.status import Code, to_code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.budget import Urgency


class Telemetry(Protocol):
    """Counts what happens. Must return at once and raise nothing."""

    def requested(self, *, method: str, code: Code) -> None:
        """Count one request to Spanner: the RPC's name, and how it was answered."""

    def waiting(self, *, operations: int) -> None:
        """Note how many operations are being waited for now, in this process."""

    def detected(self, *, snapshot: OperationSnapshot, at: datetime) -> None:
        """Note that an operation was seen to have ended, and when it was seen."""

    def held_back(self, *, urgency: Urgency, seconds: float) -> None:
        """Note how long a request had to wait for the budget, in seconds."""


class NoTelemetry:
    """Nobody listens."""

    def requested(self, *, method: str, code: Code) -> None:
        """Do nothing."""

    def waiting(self, *, operations: int) -> None:
        """Do nothing."""

    def detected(self, *, snapshot: OperationSnapshot, at: datetime) -> None:
        """Do nothing."""

    def held_back(self, *, urgency: Urgency, seconds: float) -> None:
        """Do nothing."""


NO_TELEMETRY = NoTelemetry()


def counted(channel: grpc.Channel, *, telemetry: Telemetry) -> grpc.Channel:
    """Return the channel with its requests counted; itself if nobody listens."""
    if telemetry is NO_TELEMETRY:
        return channel
    return grpc.intercept_channel(channel, RequestCounter(telemetry))


def counters(telemetry: Telemetry) -> list[grpc.aio.ClientInterceptor] | None:
    """Return what counts the requests of an async channel; None if nobody listens.

    An async channel takes its interceptors when it is made.
    """
    return None if telemetry is NO_TELEMETRY else [AsyncRequestCounter(telemetry)]


class RequestCounter(grpc.UnaryUnaryClientInterceptor):
    """Counts each request of a sync channel, when it has ended."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any
    ) -> Any:
        """Make the call, and count it."""
        method = _rpc(client_call_details.method)
        try:
            outcome = continuation(client_call_details, request)
        except BaseException:
            # a signal has interrupted the wait for the answer, such as Airflow's own timeout
            self._telemetry.requested(method=method, code=Code.CANCELLED)
            raise
        outcome.add_done_callback(partial(self._count, method))
        return outcome

    def _count(self, method: str, outcome: Any) -> None:
        error = outcome.exception()
        # any other error is that of a request which was never sent, as on a closed channel
        if error is None or isinstance(error, grpc.RpcError):
            self._telemetry.requested(method=method, code=_code(outcome.code()))


class AsyncRequestCounter(grpc.aio.UnaryUnaryClientInterceptor):
    """Counts each request of an async channel, when it has ended."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def intercept_unary_unary(
        self,
        continuation: Callable[[Any, Any], Awaitable[Any]],
        client_call_details: Any,
        request: Any,
    ) -> Any:
        """Make the call, and count it; a caller that goes away takes the call along."""
        code = Code.CANCELLED
        try:
            call = await continuation(client_call_details, request)
            # the caller awaits it as well, and is answered or refused then
            with suppress(grpc.RpcError):
                await call
            code = _code(await call.code())
            return call
        finally:
            self._telemetry.requested(method=_rpc(client_call_details.method), code=code)


@cache
def _rpc(method: str | bytes) -> str:
    """Return the RPC's name from its path: gRPC's async channels tell that in bytes."""
    path = method.decode() if isinstance(method, bytes) else method
    return path.rpartition("/")[2]


def _code(status: grpc.StatusCode) -> Code:
    return to_code(status.value[0])
