# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sync admin client: everything a worker asks of Spanner goes through here.

The generated clients' own retries are off: exactly one layer decides what is asked again, and that
is a flow, or the task. All timeouts are in seconds. Google's exceptions propagate as they are.
"""

from __future__ import annotations

import logging
import math
import time
from itertools import chain
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.longrunning import operations_pb2

from airflow_spanner_lro.admin.channels import RENEW_AGAIN, Channels
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.admin.driver import CALL_TIMEOUT, START_TIMEOUT
from airflow_spanner_lro.admin.emulated import emulated
from airflow_spanner_lro.admin.requests import (
    backups_page_call,
    calls_for,
    getter_of,
    operations_page_call,
    result_of,
)
from airflow_spanner_lro.core.kinds import OperationKind, Service
from airflow_spanner_lro.core.lists.backups import decode_backup
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.omni import can_list, require_call, runs_nothing
from airflow_spanner_lro.core.operations.snapshot import (
    ResourceState,
    decode_metadata,
    decode_operation,
    resource_state,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
    from airflow_spanner_lro.core.names import (
        DatabaseName,
        InstanceName,
        OperationName,
        ResourceName,
    )
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.seen import Emulated


log = logging.getLogger(__name__)


class SpannerAdminClient:
    """Start operations, ask about them, cancel them; get and delete resources.

    :param endpoint: where, and as whom
    :param renew: returns the same with the credentials that the connection holds by now, for when
        they are refused; may block
    """

    def __init__(self, endpoint: Endpoint, *, renew: Callable[[], Endpoint] | None = None) -> None:
        self.channels = Channels(endpoint, make=Endpoint.sync_client, close=_close)
        self._renew = renew
        self._renewed_at = -math.inf

    @property
    def emulated(self) -> Emulated | None:
        """What is known of the emulator that answers; None if there is none."""
        return emulated(self.channels.endpoint)

    @property
    def omni(self) -> bool:
        """Whether it asks Spanner Omni, which does not serve everything."""
        return self.channels.endpoint.omni

    @property
    def database_admin(self) -> Any:
        """The generated ``DatabaseAdminClient``, for calls that have no method here."""
        return self.channels.client(Service.DATABASE_ADMIN)

    @property
    def instance_admin(self) -> Any:
        """The generated ``InstanceAdminClient``, for calls that have no method here."""
        return self.channels.client(Service.INSTANCE_ADMIN)

    def _call(self, service: Service, method: str, *args: Any, **kwargs: Any) -> Any:
        """Make a call, and once more where new credentials have taken the place of refused ones.

        Nothing was done of what was refused, so that is no second start.
        """
        if self.omni:
            require_call(service, method)
        try:
            return self._call_once(service, method, *args, **kwargs)
        except (GoogleAPIError, GoogleAuthError) as exc:
            if self.channels.may_need_other_certificates(exc):
                self._renewed()
                raise
            if not (self.channels.refused and self._renewed()):
                raise
        return self._call_once(service, method, *args, **kwargs)

    def _call_once(self, service: Service, method: str, *args: Any, **kwargs: Any) -> Any:
        with self.channels.call() as channel:
            return getattr(channel.client(service), method)(*args, **kwargs)

    def _renewed(self) -> bool:
        at = time.monotonic()
        if self._renew is None or at - self._renewed_at < RENEW_AGAIN:
            return False
        self._renewed_at = at
        try:
            endpoint = self._renew()
        except Exception as exc:  # noqa: BLE001  # the refusal is what counts
            log.warning("Credentials not renewed: they do not work any more, and %s", exc)
            return False
        if endpoint.certificates is not None and endpoint == self.channels.endpoint:
            return False
        self.channels.use(endpoint)
        return True

    def start(
        self, *, kind: OperationKind, request: Any, timeout: float = START_TIMEOUT
    ) -> OperationSnapshot:
        """Start an operation.

        :param request: a message of the kind's request type
        """
        started = self._call(
            kind.service, str(kind.rpc), request=request, retry=None, timeout=timeout
        )
        return decode_operation(started.operation)

    def get(self, *, name: OperationName, timeout: float = CALL_TIMEOUT) -> OperationSnapshot:
        """Get an operation."""
        return decode_operation(self._operation(name, timeout))

    def query_operations(
        self, *, query: OperationQuery, timeout: float = CALL_TIMEOUT
    ) -> tuple[OperationSnapshot, ...]:
        """List the operations that a query asks for, all pages of them.

        :param timeout: for each page
        """
        return tuple(filter(query.accepts, map(decode_operation, self._list(query, timeout))))

    def list_with_metadata(
        self, *, resource: ResourceName, timeout: float = CALL_TIMEOUT
    ) -> tuple[tuple[OperationSnapshot, Any], ...]:
        """List the operations of one resource, each with its metadata message.

        :return: pairs; the message is None where this release does not know the metadata's type
        """
        query = OperationQuery(call=ListCall.OF_RESOURCE, parent=resource)
        return tuple(
            (decode_operation(each), decode_metadata(each)) for each in self._list(query, timeout)
        )

    def _list(self, query: OperationQuery, timeout: float) -> list[operations_pb2.Operation]:
        if self.omni and runs_nothing(query):
            return []
        found: list[operations_pb2.Operation] = []
        token = ""
        while True:
            call, fields = operations_page_call(query, token=token)
            page = self._call(*call, **fields, retry=None, timeout=timeout)
            found += page.operations
            token = page.next_page_token
            if not token:
                return found

    def list(
        self, *, resource: ResourceName, filter_: str = "", timeout: float = CALL_TIMEOUT
    ) -> tuple[OperationSnapshot, ...]:
        """List the operations of one resource.

        :param filter_: in the filter language of the List*Operations calls
        """
        query = OperationQuery(call=ListCall.OF_RESOURCE, parent=resource, filter_=filter_)
        return self.query_operations(query=query, timeout=timeout)

    def list_within(
        self, *, instance: InstanceName, timeout: float = CALL_TIMEOUT
    ) -> tuple[OperationSnapshot, ...]:
        """List the operations of an instance, and those of all databases and backups in it.

        The service keeps those that ended for seven days.
        """
        calls = (ListCall.OF_RESOURCE, ListCall.OF_DATABASES, ListCall.OF_BACKUPS)
        queries = [OperationQuery(call=call, parent=instance) for call in calls]
        if self.omni:
            queries = list(filter(can_list, queries))
        listed = (self.query_operations(query=query, timeout=timeout) for query in queries)
        return tuple(chain.from_iterable(listed))

    def query_backups(
        self, *, query: BackupQuery, timeout: float = CALL_TIMEOUT
    ) -> tuple[BackupFacts, ...]:
        """List the backups that a query asks for, the newest first.

        :param timeout: for each page
        """
        found: list[BackupFacts] = []
        token = ""
        while True:
            call, fields = backups_page_call(query, token=token)
            page = self._call(*call, **fields, retry=None, timeout=timeout)
            found += map(decode_backup, page.backups)
            token = page.next_page_token
            if not token:
                return tuple(filter(query.accepts, found))

    def cancel(self, *, name: OperationName, timeout: float = CALL_TIMEOUT) -> None:
        """Ask for cancellation. Returns at once; only a later *get* tells what became of it."""
        self._call(
            Service.DATABASE_ADMIN,
            "cancel_operation",
            operations_pb2.CancelOperationRequest(name=str(name)),
            retry=None,
            timeout=timeout,
        )

    def delete(self, *, name: OperationName, timeout: float = CALL_TIMEOUT) -> None:
        """Delete the record of an operation; not supported for those of databases and backups."""
        self._call(
            Service.DATABASE_ADMIN,
            "delete_operation",
            operations_pb2.DeleteOperationRequest(name=str(name)),
            retry=None,
            timeout=timeout,
        )

    def get_result(
        self, *, name: OperationName, timeout: float = CALL_TIMEOUT
    ) -> ResourceState | None:
        """Get the resource that a finished operation answered, as it was then; None if none."""
        return result_of(self._operation(name, timeout))

    def get_resource(
        self, *, name: ResourceName, retried: bool = True, timeout: float = CALL_TIMEOUT
    ) -> Any:
        """Get a resource as the client library's message type.

        Unlike the other calls this one is repeated by the library while Spanner cannot be reached:
        a task whose work is done and that only has to read its result must not fail for that.

        :param retried: whether it is
        """
        once: dict[str, Any] = {} if retried else {"retry": None}
        return self._call(*getter_of(name), name=str(name), timeout=timeout, **once)

    def get_resource_state(
        self, *, name: ResourceName, timeout: float = CALL_TIMEOUT
    ) -> ResourceState:
        """Get the state of a resource."""
        return resource_state(
            self._call(*getter_of(name), name=str(name), retry=None, timeout=timeout)
        )

    def delete_resource(self, *, name: ResourceName, timeout: float = CALL_TIMEOUT) -> None:
        """Delete a resource. Spanner answers OK for a database or backup that does not exist."""
        calls = calls_for(name)
        named = {calls.delete_field: str(name)}
        self._call(calls.service, calls.delete, **named, retry=None, timeout=timeout)

    def change(self, *, rpc: str, request: Any, timeout: float = START_TIMEOUT) -> Any:
        """Make a change that is done when the call answers; return the resource as it is then.

        :param rpc: method of the generated database admin client, such as ``update_backup``
        :param request: a message of the method's request type
        """
        return self._call(Service.DATABASE_ADMIN, rpc, request=request, retry=None, timeout=timeout)

    def get_ddl(self, *, name: DatabaseName, timeout: float = CALL_TIMEOUT) -> tuple[str, ...]:
        """Get the committed statements of a database's schema; repeated like ``get_resource``."""
        ddl = self._call(
            Service.DATABASE_ADMIN, "get_database_ddl", database=str(name), timeout=timeout
        )
        return tuple(ddl.statements)

    def _operation(self, name: OperationName, timeout: float) -> operations_pb2.Operation:
        operation: operations_pb2.Operation = self._call(
            Service.DATABASE_ADMIN,
            "get_operation",
            operations_pb2.GetOperationRequest(name=str(name)),
            retry=None,
            timeout=timeout,
        )
        return operation

    def close(self) -> None:
        """Close the channels that were opened."""
        for client in self.channels.close():
            _close(client)


def _close(client: Any) -> None:
    client.transport.close()
