# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The hook: every verb of Spanner's operations for use in ``@task`` functions, in sync code.

Operators and sensors ask through the same hook. The async hook next door has the same verbs with
the same arguments.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spanner_lro.core.arguments.times import require_seconds
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, stop_all, wait
from airflow_spanner_lro.core.names import OperationName, parse_operation_names
from airflow_spanner_lro.core.polling.policy import DEFAULT_INTERVAL, CancelPolicy, PollPolicy
from airflow_spanner_lro.core.protobuf import message_to_dict
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.hooks import arguments
from airflow_spanner_lro.hooks.connection import SpannerConnectionHook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

T = TypeVar("T")


class SpannerAdminHook(SpannerConnectionHook):
    """Ask the Spanner admin API through an Airflow connection.

    Names are full names (``projects/…/instances/…``) unless they are called ids; durations are in
    seconds. What Google's client library raises (``google.api_core.exceptions``: ``NotFound``,
    ``PermissionDenied``, ``ServiceUnavailable`` …) propagates as it is. An argument that breaks a
    rule is an ``InvalidArgumentError``, a ``ValueError``, before anything is sent.

    The endpoint is, in this order: the argument; the connection's extra ``spanner_endpoint``
    (``host:port``, or ``http://host:port`` for plain text); ``SPANNER_EMULATOR_HOST``; Google's.
    Extra and variable must not contradict each other. Towards a plain-text endpoint no credentials
    are used, and the connection may be missing; ``[spanner_lro] allow_emulator`` can forbid it.

    :param gcp_conn_id: connection of type ``google_cloud_platform``
    :param impersonation_chain: service account to impersonate, or a chain of them
    :param endpoint: overrides connection and environment; empty for Google's own endpoint
    :raises UnusableConnectionError: if the connection does not exist
    """

    def start_operation(
        self, *, kind: OperationKind, request: Mapping[str, Any] | Any
    ) -> OperationSnapshot:
        """Start an operation, once: a lost answer raises, and is not asked for again.

        Operators do more: they adopt what an earlier try started.

        :param kind: one of ``airflow_spanner_lro.core.kinds``, such as ``CREATE_BACKUP``
        :param request: its request, as a message of the client library or a mapping of its fields
        :returns: the operation as Spanner answered it, mostly still running
        :raises InvalidArgumentError: if the request has no such fields, or no call starts the kind
        :raises google.api_core.exceptions.AlreadyExists: if what it is to create is there
        :raises google.api_core.exceptions.FailedPrecondition: if a limit is reached, such as one
            backup at a time for each database
        """
        message = arguments.request_for(kind, request)
        self.warn_if_emulated(warn=self.log.warning)
        return self.client.start(kind=kind, request=message)

    def get_operation(self, *, name: str) -> OperationSnapshot:
        """Get an operation by its full name.

        :raises InvalidNameError: if the name cannot be parsed
        :raises google.api_core.exceptions.NotFound: if Spanner does not know it
        """
        return self.client.get(name=OperationName.parse(name))

    def list_operations(
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
        """List operations: all that are pending, and those that ended within seven days.

        Say where either by a full name or by ids. Without a type these are the operations of that
        one resource, and not of anything within it. The seven days are those of the RPC reference
        of ListDatabaseOperations; it tells none for a list of one resource without a type.

        :param resource: full name of an instance, database, backup, partition or configuration
        :param project_id: where ids are given; by default the connection's
        :param instance_id: exactly one of this and ``config_id``, save that a type of
            configuration operations without either lists those of the whole project
        :param database_id: only operations of this database; with ``BACKUP`` only backups of it
        :param list_type: as ``gcloud spanner operations list --type`` knows them, in any case; see
            :class:`~airflow_spanner_lro.core.lists.queries.OperationType`
        :param filter_: more, in the filter language of the API's List*Operations calls
        :param pending_only: only those that are not done
        :raises InvalidArgumentError: if the arguments do not go together
        :raises google.api_core.exceptions.NotFound: if there is no such resource
        """
        query = arguments.operation_query(
            resource=resource,
            project="" if resource else project_id or self.project_id,
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
        return list(self.client.query_operations(query=query))

    def cancel_operation(
        self, *, name: str, settle_timeout: float = 60.0, clean_up: bool = False
    ) -> Settlement:
        """Cancel an operation and wait for what becomes of it: a refusal is an outcome, no error.

        :param settle_timeout: how long to wait for the outcome, in seconds; 0 only asks
        :param clean_up: if it creates something and had succeeded before, delete that
        :returns: its ``ending``, and a ``sentence`` on it; ``settled`` if nothing of it goes on
        :raises InvalidArgumentError: if the name cannot be parsed or the timeout is none
        """
        (settlement,) = self.cancel_operations(
            names=[str(OperationName.parse(name))], settle_timeout=settle_timeout, clean_up=clean_up
        )
        return settlement

    def cancel_operations(
        self,
        *,
        names: str | Iterable[Any] | None,
        settle_timeout: float = 60.0,
        clean_up: bool = False,
    ) -> tuple[Settlement, ...]:
        """Cancel operations, all of them before the first is waited for; as ``cancel_operation``.

        :param names: one name, many, or what XComs hold where there may be none
        :param settle_timeout: how long to wait for all the outcomes, in seconds
        :returns: an outcome for each operation that was named, in order
        """
        operations = parse_operation_names(names)
        require_seconds(settle_timeout, field="settle_timeout")
        flow = stop_all(operations, policy=CancelPolicy(), cleans_up=clean_up)
        return self._perform(flow, timeout=settle_timeout)

    def delete_operation(self, *, name: str) -> None:
        """Delete the record of an operation of an instance, partition or configuration.

        A running operation goes on, and nobody can see it any more.

        :raises InvalidArgumentError: if it is an operation of a database or backup
        :raises google.api_core.exceptions.NotFound: if Spanner does not know it
        """
        operation = OperationName.parse(name)
        arguments.require_deletable(operation)
        self.client.delete(name=operation)

    def wait_for_operation(
        self,
        *,
        name: str,
        poll_interval: float = DEFAULT_INTERVAL,
        timeout: float | None = None,
        check: bool = False,
    ) -> OperationSnapshot:
        """Wait in this process until an operation is done; it is not cancelled afterwards.

        Errors that pass, such as ``ServiceUnavailable``, are waited out for up to an hour.

        :param poll_interval: the longest time between two polls, in seconds, at least 1
        :param timeout: give up after this many seconds; the operation goes on
        :param check: raise if it did not succeed
        :raises OperationTimeoutError: if it was not done in time
        :raises OperationFailedError: if it failed, with ``check``; ``OperationCancelledError`` if
            it was cancelled
        """
        operation = OperationName.parse(name)
        if timeout is not None:
            require_seconds(timeout, field="timeout")
        flow = wait(name=operation, policy=PollPolicy(maximum=poll_interval))
        try:
            snapshot = self._perform(flow, timeout=timeout)
        except DeadlinePassedError as exc:
            raise arguments.timed_out(operation, timeout) from exc
        return arguments.checked(snapshot, check=check)

    def get_resource(self, *, name: str) -> dict[str, Any]:
        """Get an instance, database, backup, backup schedule, partition or configuration.

        :returns: its fields as the API names them; times as ISO 8601 text, enums by name
        :raises InvalidNameError: if it is none of these
        :raises google.api_core.exceptions.NotFound: if it does not exist
        """
        from airflow_spanner_lro.admin.requests import parse_any  # noqa: PLC0415

        return message_to_dict(self.client.get_resource(name=parse_any(name)))

    def delete_resource(self, *, name: str) -> None:
        """Delete a resource of any of these types; one that does not exist is no error.

        :raises google.api_core.exceptions.FailedPrecondition: if it is protected or in use
        """
        from airflow_spanner_lro.admin.requests import parse_any  # noqa: PLC0415

        try:
            self.client.delete_resource(name=parse_any(name))
        except Exception as exc:
            # Spanner says so for some types of resource, and answers OK for others
            if code_of(exc) is not Code.NOT_FOUND:
                raise

    def list_backups(
        self,
        *,
        instance_id: str,
        database_id: str | None = None,
        filter_: str = "",
        project_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """List the backups in an instance, the newest first.

        :param database_id: only those of this database
        :param filter_: in the filter language of the API's ListBackups call, such as
            ``state:READY``
        :returns: for each ``name``, ``database``, ``state``, ``create_time``, ``version_time``,
            ``expire_time``, ``size_bytes`` and ``schedules`` (names of those that made it)
        """
        query = arguments.backup_query(
            project=project_id or self.project_id,
            instance_id=instance_id,
            database_id=database_id,
            filter_=filter_,
        )
        return [backup.to_dict() for backup in self.client.query_backups(query=query)]

    def _perform(self, flow: Flow[T], *, timeout: float | None) -> T:
        from airflow_spanner_lro.admin.clock import StoppableClock  # noqa: PLC0415  # loads gRPC
        from airflow_spanner_lro.admin.driver import run  # noqa: PLC0415

        clock = StoppableClock()
        deadline = None if timeout is None else clock.now() + timedelta(seconds=timeout)
        return run(flow, client=self.client, clock=clock, deadline=deadline)
