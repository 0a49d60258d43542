# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The same verbs in async code: for ``@task async def`` functions, and for triggers of one's own.

Connections, credentials and the loading of the client library block, so the sync hook does them in
a thread; everything after that awaits. Importing this module loads neither of Google's libraries.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airflow.sdk import BaseHook

from airflow_spanner_lro.core.arguments.times import require_seconds
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, stop_all, wait
from airflow_spanner_lro.core.names import OperationName, parse_operation_names
from airflow_spanner_lro.core.polling.policy import DEFAULT_INTERVAL, CancelPolicy, PollPolicy
from airflow_spanner_lro.core.protobuf import message_to_dict
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.hooks import arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

T = TypeVar("T")


class SpannerAdminAsyncHook(BaseHook):
    """Ask the Spanner admin API from async code.

    ::

        async with SpannerAdminAsyncHook() as hook:
            await hook.wait_for_operation(name=name)

    Every verb has the parameters, results and errors of the one in
    :class:`~airflow_spanner_lro.hooks.spanner_admin.SpannerAdminHook`. Leaving the ``async with``
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

    async def _project(self, project_id: str | None) -> str:
        if project_id:
            return project_id
        await self.get_client()
        return await asyncio.to_thread(lambda: self._hook.project_id)  # type: ignore[union-attr]  # connected

    async def start_operation(
        self, *, kind: OperationKind, request: Mapping[str, Any] | Any
    ) -> OperationSnapshot:
        """Start an operation, once: a lost answer raises, and is not asked for again."""
        client = await self.get_client()
        return await client.start(kind=kind, request=arguments.request_for(kind, request))

    async def get_operation(self, *, name: str) -> OperationSnapshot:
        """Get an operation by its full name."""
        operation = OperationName.parse(name)
        return await (await self.get_client()).get(name=operation)

    async def list_operations(
        self,
        *,
        resource: str | None = None,
        project_id: str | None = None,
        instance_id: str | None = None,
        database_id: str | None = None,
        backup_id: str | None = None,
        partition_id: str | None = None,
        config_id: str | None = None,
        list_type: str | None = None,
        filter_: str = "",
        pending_only: bool = False,
    ) -> list[OperationSnapshot]:
        """List operations: all that are pending, and those that ended within seven days."""
        query = arguments.operation_query(
            resource=resource,
            project="" if resource else await self._project(project_id),
            ids={
                "instance_id": instance_id,
                "database_id": database_id,
                "backup_id": backup_id,
                "partition_id": partition_id,
                "config_id": config_id,
            },
            list_type=list_type,
            filter_=filter_,
            pending=pending_only,
        )
        return list(await (await self.get_client()).query_operations(query=query))

    async def cancel_operation(
        self, *, name: str, settle_timeout: float = 60.0, clean_up: bool = False
    ) -> Settlement:
        """Cancel an operation and wait for what becomes of it."""
        (settlement,) = await self.cancel_operations(
            names=[str(OperationName.parse(name))], settle_timeout=settle_timeout, clean_up=clean_up
        )
        return settlement

    async def cancel_operations(
        self,
        *,
        names: str | Iterable[Any] | None,
        settle_timeout: float = 60.0,
        clean_up: bool = False,
    ) -> tuple[Settlement, ...]:
        """Cancel operations, all of them before the first is waited for."""
        operations = parse_operation_names(names)
        require_seconds(settle_timeout, field="settle_timeout")
        flow = stop_all(operations, policy=CancelPolicy(), cleans_up=clean_up)
        return await self._perform(flow, timeout=settle_timeout)

    async def delete_operation(self, *, name: str) -> None:
        """Delete the record of an operation of an instance, partition or configuration."""
        operation = OperationName.parse(name)
        arguments.require_deletable(operation)
        await (await self.get_client()).delete(name=operation)

    async def wait_for_operation(
        self,
        *,
        name: str,
        poll_interval: float = DEFAULT_INTERVAL,
        timeout: float | None = None,
        check: bool = False,
    ) -> OperationSnapshot:
        """Wait until an operation is done; it is not cancelled afterwards."""
        operation = OperationName.parse(name)
        if timeout is not None:
            require_seconds(timeout, field="timeout")
        flow = wait(name=operation, policy=PollPolicy(maximum=poll_interval))
        try:
            snapshot = await self._perform(flow, timeout=timeout)
        except DeadlinePassedError as exc:
            raise arguments.timed_out(operation, timeout) from exc
        return arguments.checked(snapshot, check=check)

    async def get_resource(self, *, name: str) -> dict[str, Any]:
        """Get an instance, database, backup, backup schedule, partition or configuration."""
        client = await self.get_client()
        from airflow_spanner_lro.admin.requests import parse_any  # noqa: PLC0415

        return message_to_dict(await client.get_resource(name=parse_any(name)))

    async def delete_resource(self, *, name: str) -> None:
        """Delete a resource of any of these types; one that does not exist is no error."""
        client = await self.get_client()
        from airflow_spanner_lro.admin.requests import parse_any  # noqa: PLC0415

        try:
            await client.delete_resource(name=parse_any(name))
        except Exception as exc:
            if code_of(exc) is not Code.NOT_FOUND:
                raise

    async def list_backups(
        self,
        *,
        instance_id: str,
        database_id: str | None = None,
        filter_: str = "",
        project_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """List the backups in an instance, the newest first."""
        query = arguments.backup_query(
            project=await self._project(project_id),
            instance_id=instance_id,
            database_id=database_id,
            filter_=filter_,
        )
        found = await (await self.get_client()).query_backups(query=query)
        return [backup.to_dict() for backup in found]

    async def _perform(self, flow: Flow[T], *, timeout: float | None) -> T:
        client = await self.get_client()
        from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415  # loaded by now
        from airflow_spanner_lro.admin.driver import arun  # noqa: PLC0415

        clock = LoopClock()
        deadline = None if timeout is None else clock.now() + timedelta(seconds=timeout)
        return await arun(flow, client=client, clock=clock, deadline=deadline)
