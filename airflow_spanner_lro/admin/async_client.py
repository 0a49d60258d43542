# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The async admin client: what a triggerer asks, and an async task.

Bound to the event loop it was made in, because gRPC's async channels are.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.longrunning import operations_pb2

from airflow_spanner_lro.admin.channels import RENEW_AGAIN, Channels
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.admin.driver import CALL_TIMEOUT, START_TIMEOUT
from airflow_spanner_lro.admin.requests import (
    Page,
    all_items,
    backups_page_call,
    calls_for,
    getter_of,
    operations_page_call,
    result_of,
)
from airflow_spanner_lro.core.kinds import OperationKind, Service
from airflow_spanner_lro.core.lists.backups import decode_backup
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.omni import require_call, runs_nothing
from airflow_spanner_lro.core.operations.snapshot import (
    ResourceState,
    decode_operation,
    resource_state,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

log = logging.getLogger(__name__)


class AsyncSpannerAdminClient:
    """Start operations, ask about them, cancel them; get and delete resources.

    All timeouts are in seconds; what is repeated and what propagates is as with the sync client.

    :param endpoint: where, and as whom, until ``channels.use`` tells another
    :param proven: the credentials were taken before; see ``channels.py``
    :param renew: returns the same with the credentials that the connection holds by now, for when
        they are refused; None if somebody else sees to that
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        proven: bool = False,
        renew: Callable[[], Awaitable[Endpoint]] | None = None,
    ) -> None:
        self.channels = Channels(
            endpoint, make=Endpoint.async_client, close=self._close_later, proven=proven
        )
        self._closing: set[asyncio.Task[None]] = set()
        self._renew = renew
        self._renewed_at = -math.inf

    @property
    def omni(self) -> bool:
        """Whether it asks Spanner Omni, which does not serve everything."""
        return self.channels.endpoint.omni

    async def _call(self, service: Service, method: str, *args: Any, **kwargs: Any) -> Any:
        """Make a call, and once more with new credentials, as the sync client does."""
        if self.omni:
            require_call(service, method)
        try:
            return await self._call_once(service, method, *args, **kwargs)
        except (GoogleAPIError, GoogleAuthError) as exc:
            if self.channels.may_need_other_certificates(exc):
                await self._renewed()
                raise
            if not (self.channels.refused and await self._renewed()):
                raise
        return await self._call_once(service, method, *args, **kwargs)

    async def _renewed(self) -> bool:
        at = asyncio.get_running_loop().time()
        if self._renew is None or at - self._renewed_at < RENEW_AGAIN:
            return False
        self._renewed_at = at
        try:
            endpoint = await self._renew()
        except Exception as exc:  # noqa: BLE001  # the refusal is what counts
            log.warning("Credentials not renewed: they do not work any more, and %s", exc)
            return False
        if endpoint.certificates is not None and endpoint == self.channels.endpoint:
            return False
        self.channels.use(endpoint)
        return True

    async def _call_once(self, service: Service, method: str, *args: Any, **kwargs: Any) -> Any:
        with self.channels.call() as channel:
            return await getattr(channel.client(service), method)(*args, **kwargs)

    def _close_later(self, client: Any) -> None:
        closing = asyncio.ensure_future(client.transport.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def start(
        self, *, kind: OperationKind, request: Any, timeout: float = START_TIMEOUT
    ) -> OperationSnapshot:
        """Start an operation.

        :param request: a message of the kind's request type
        """
        started = await self._call(
            kind.service, str(kind.rpc), request=request, retry=None, timeout=timeout
        )
        return decode_operation(started.operation)

    async def get(self, *, name: OperationName, timeout: float = CALL_TIMEOUT) -> OperationSnapshot:
        """Get an operation."""
        return decode_operation(await self._operation(name, timeout))

    async def list(
        self, *, resource: ResourceName, filter_: str = "", timeout: float = CALL_TIMEOUT
    ) -> tuple[OperationSnapshot, ...]:
        """List the operations of one resource.

        :param filter_: in the filter language of the List*Operations calls
        """
        query = OperationQuery(call=ListCall.OF_RESOURCE, parent=resource, filter_=filter_)
        return await self.query_operations(query=query, timeout=timeout)

    async def query_operations(
        self, *, query: OperationQuery, timeout: float = CALL_TIMEOUT
    ) -> tuple[OperationSnapshot, ...]:
        """List the operations that a query asks for, all pages of them.

        :param timeout: for each page
        """
        found = await all_items(
            lambda token: self.operations_page(query=query, token=token, timeout=timeout)
        )
        return tuple(filter(query.accepts, map(decode_operation, found)))

    async def operations_page(
        self, *, query: OperationQuery, token: str = "", timeout: float = CALL_TIMEOUT
    ) -> Page[operations_pb2.Operation]:
        """List one page of the operations that a query asks for, as the API returned them.

        :param token: what the page before said; empty for the first page
        """
        if self.omni and runs_nothing(query):
            return Page(items=(), next_token="")
        call, fields = operations_page_call(query, token=token)
        answer = await self._call(*call, **fields, retry=None, timeout=timeout)
        return Page(items=tuple(answer.operations), next_token=answer.next_page_token)

    async def query_backups(
        self, *, query: BackupQuery, timeout: float = CALL_TIMEOUT
    ) -> tuple[BackupFacts, ...]:
        """List the backups that a query asks for, the newest first.

        :param timeout: for each page
        """
        found = await all_items(
            lambda token: self.backups_page(query=query, token=token, timeout=timeout)
        )
        return tuple(filter(query.accepts, found))

    async def backups_page(
        self, *, query: BackupQuery, token: str = "", timeout: float = CALL_TIMEOUT
    ) -> Page[BackupFacts]:
        """List one page of the backups that a query asks for.

        :param token: what the page before said; empty for the first page
        """
        call, fields = backups_page_call(query, token=token)
        answer = await self._call(*call, **fields, retry=None, timeout=timeout)
        return Page(
            items=tuple(map(decode_backup, answer.backups)), next_token=answer.next_page_token
        )

    async def cancel(self, *, name: OperationName, timeout: float = CALL_TIMEOUT) -> None:
        """Ask for cancellation. Returns at once; only a later *get* tells what became of it."""
        await self._call(
            Service.DATABASE_ADMIN,
            "cancel_operation",
            operations_pb2.CancelOperationRequest(name=str(name)),
            retry=None,
            timeout=timeout,
        )

    async def delete(self, *, name: OperationName, timeout: float = CALL_TIMEOUT) -> None:
        """Delete the record of an operation; not supported for those of databases and backups."""
        await self._call(
            Service.DATABASE_ADMIN,
            "delete_operation",
            operations_pb2.DeleteOperationRequest(name=str(name)),
            retry=None,
            timeout=timeout,
        )

    async def get_result(
        self, *, name: OperationName, timeout: float = CALL_TIMEOUT
    ) -> ResourceState | None:
        """Get the resource that a finished operation answered, as it was then; None if none."""
        return result_of(await self._operation(name, timeout))

    async def get_resource(self, *, name: ResourceName, timeout: float = CALL_TIMEOUT) -> Any:
        """Get a resource as the client library's message type; repeated like the sync client's."""
        return await self._call(*getter_of(name), name=str(name), timeout=timeout)

    async def get_resource_state(
        self, *, name: ResourceName, timeout: float = CALL_TIMEOUT
    ) -> ResourceState:
        """Get the state of a resource."""
        return resource_state(
            await self._call(*getter_of(name), name=str(name), retry=None, timeout=timeout)
        )

    async def delete_resource(self, *, name: ResourceName, timeout: float = CALL_TIMEOUT) -> None:
        """Delete a resource. Spanner answers OK for a database or backup that does not exist."""
        calls = calls_for(name)
        named = {calls.delete_field: str(name)}
        await self._call(calls.service, calls.delete, **named, retry=None, timeout=timeout)

    async def _operation(self, name: OperationName, timeout: float) -> operations_pb2.Operation:
        operation: operations_pb2.Operation = await self._call(
            Service.DATABASE_ADMIN,
            "get_operation",
            operations_pb2.GetOperationRequest(name=str(name)),
            retry=None,
            timeout=timeout,
        )
        return operation

    async def close(self) -> None:
        """Close the channels that were opened."""
        for client in self.channels.close():
            await client.transport.close()
