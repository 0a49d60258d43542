# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The same verbs in async code: for ``@task async def`` functions, and for triggers of one's own.

Connections, credentials and the loading of the client library block, so the sync hook does them in
a thread; everything after that awaits. Importing this module loads neither of Google's libraries.
"""

from __future__ import annotations

import asyncio
import functools
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar, cast

from airflow.sdk import BaseHook

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.hooks import verbs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
    from airflow_spanner_lro.hooks.verbs import Step, Verb

P = ParamSpec("P")
T = TypeVar("T")


def _awaited(
    verb: Callable[P, Verb[T]],
) -> Callable[Concatenate[SpannerAdminAsyncHook, P], Coroutine[Any, Any, T]]:
    """Return the method that performs a verb, and whose answer is awaited."""

    @functools.wraps(verb)
    async def method(self: SpannerAdminAsyncHook, /, *args: P.args, **kwargs: P.kwargs) -> T:
        steps = verb(*args, **kwargs)
        try:
            step = next(steps)
            while True:
                try:
                    answer = await self._answer(step)
                except Exception as exc:  # noqa: BLE001  # the verb decides, and mostly lets it pass
                    step = steps.throw(exc)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    method.__signature__ = verbs.signature_of(verb)  # type: ignore[attr-defined]  # for help()
    return method


class SpannerAdminAsyncHook(BaseHook):
    """Ask the Spanner admin API from async code.

    ::

        async with SpannerAdminAsyncHook() as hook:
            done = await hook.wait_for_operation(await hook.start_operation(…))

    Every verb is the one of :class:`~airflow_spanner_lro.hooks.spanner_admin.SpannerAdminHook`, to
    be awaited. Leaving the ``async with``
    closes the channels; without it, await :meth:`close`. A hook connects when it is first used, and
    anew in another event loop; calls of one loop may be made at the same time.

    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    :param endpoint: overrides connection and environment; empty for Google's own endpoint
    """

    def __init__(
        self,
        *,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        endpoint: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        chain = impersonation_chain or ()
        self._connection_spec = ConnectionSpec(
            gcp_conn_id=gcp_conn_id,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
            endpoint=endpoint,
        )
        self._hook: SpannerAdminHook | None = None
        self._client: AsyncSpannerAdminClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Return this hook."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Close the channels that were opened; the next call opens new ones, in its own loop."""
        client, loop = self._client, self._loop
        self._forget()
        if client is not None and loop is asyncio.get_running_loop():
            await client.close()

    def _forget(self) -> None:
        self._client = self._loop = None
        # a lock that was waited for belongs to that loop for ever
        self._connecting = asyncio.Lock()

    async def get_client(self) -> AsyncSpannerAdminClient:
        """Return the client of this hook, made when first used.

        :raises UnusableConnectionError: if the connection does not exist
        """
        if self._loop is not asyncio.get_running_loop():
            # channels belong to the loop in which they were opened, and end with it
            self._forget()
            self._loop = asyncio.get_running_loop()
        # the first caller connects, off the loop, and the others wait for it
        async with self._connecting:
            if self._client is None:
                self._client = await asyncio.to_thread(self._connect)
            return self._client

    def _connect(self) -> AsyncSpannerAdminClient:
        """Load the client library, read the connection and its key: all of it blocks."""
        from airflow_spanner_lro.admin.async_client import (  # noqa: PLC0415  # loads gRPC
            AsyncSpannerAdminClient,
        )
        from airflow_spanner_lro.hooks.spanner_admin import (  # noqa: PLC0415  # and Google's
            SpannerAdminHook,
        )

        hook = self._hook = SpannerAdminHook.from_connection(self._connection_spec)

        async def renew() -> Endpoint:
            return await asyncio.to_thread(hook.reconnect)

        return AsyncSpannerAdminClient(hook.connect(), renew=renew)

    start_operation = _awaited(verbs.start_operation)
    get_operation = _awaited(verbs.get_operation)
    list_operations = _awaited(verbs.list_operations)
    cancel_operation = _awaited(verbs.cancel_operation)
    cancel_operations = _awaited(verbs.cancel_operations)
    delete_operation = _awaited(verbs.delete_operation)
    wait_for_operation = _awaited(verbs.wait_for_operation)
    get_resource = _awaited(verbs.get_resource)
    delete_resource = _awaited(verbs.delete_resource)
    list_backups = _awaited(verbs.list_backups)

    async def _answer(self, step: Step) -> Any:
        match step:
            case verbs.Call(of):
                return await of(await self.get_client())
            case verbs.Perform(flow=flow, timeout=timeout):
                return await self._perform(flow, timeout=timeout)
            case verbs.Need.PROJECT:
                hook = await self._connected_hook()
                return await asyncio.to_thread(lambda: hook.project_id)
            case verbs.Need.WARNING:
                hook = await self._connected_hook()
                return hook.warn_if_emulated(warn=self.log.warning)

    async def _connected_hook(self) -> SpannerAdminHook:
        await self.get_client()
        return cast("SpannerAdminHook", self._hook)

    async def _perform(self, flow: Flow[T], *, timeout: float | None) -> T:
        client = await self.get_client()
        from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415  # loaded by now
        from airflow_spanner_lro.admin.driver import arun  # noqa: PLC0415

        clock = LoopClock()
        deadline = None if timeout is None else clock.now() + timedelta(seconds=timeout)
        return await arun(flow, client=client, clock=clock, deadline=deadline)
