# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Check and convert what the hook's verbs are given, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError
from airflow_spanner_lro.core.kinds import OperationKind
from airflow_spanner_lro.core.lists.backups import BackupQuery
from airflow_spanner_lro.core.lists.queries import query_for_ids, query_for_resource
from airflow_spanner_lro.core.names import (
    MANAGED_RESOURCES,
    BackupName,
    DatabaseName,
    InstanceName,
    OperationName,
    ResourceName,
    operation_name,
    parse_one_of,
    parse_resource,
)
from airflow_spanner_lro.core.operations.errors import OperationTimeoutError
from airflow_spanner_lro.core.operations.outcome import WaitOutcome, raise_unless_succeeded

if TYPE_CHECKING:
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


class Named(Protocol):
    """A snapshot or a settlement of ours, or an ``Operation`` of Google's."""

    @property
    def name(self) -> str | OperationName:
        """The operation's full name."""


class OperationFuture(Protocol):
    """What a method of Google's client library returns that starts an operation."""

    @property
    def operation(self) -> Any:
        """The ``Operation`` that it is about."""


OperationLike = str | OperationName | Named | OperationFuture | Mapping[str, Any]
"""What the verbs take for an operation."""


def request_for(kind: OperationKind, request: Any) -> Any:
    """Return the request message of a kind.

    :param request: such a message, or a mapping of its fields
    :raises InvalidArgumentError: if the kind cannot be started, or has no such fields
    """
    if not isinstance(kind, OperationKind):
        rule = "it is one of airflow_spanner_lro.core.kinds, such as CREATE_BACKUP"
        raise InvalidArgumentError(field="kind", value=kind, rule=rule)
    try:
        return kind.request_type()(request)
    except (TypeError, ValueError) as exc:
        raise InvalidArgumentError(field="request", value=request, rule=str(exc)) from exc


def operation_query(
    *,
    resource: str | None,
    project: str,
    ids: Mapping[str, str | None],
    list_type: str | None,
    filter_: str,
    pending: bool,
) -> OperationQuery:
    """Return the query for operations.

    :param project: where ids are given
    :raises InvalidArgumentError: if the arguments do not go together
    """
    if resource is None:
        return query_for_ids(
            project=project, **ids, list_type=list_type, filter_=filter_, pending=pending
        )
    given = [name for name, value in ids.items() if value is not None]
    if given:
        raise InvalidArgumentError(
            field="resource",
            value=resource,
            rule=f"give either a full name or ids; {' and '.join(given)} is given too",
        )
    return query_for_resource(
        parse_resource(resource), list_type=list_type, filter_=filter_, pending=pending
    )


def backup_query(
    *, project: str, instance_id: str, database_id: str | None, filter_: str
) -> BackupQuery:
    """Return the query for backups.

    :raises InvalidNameError: if an id breaks its rule
    """
    instance = InstanceName(project=project, instance=instance_id)
    database = None
    if database_id is not None:
        database = DatabaseName(project=project, instance=instance_id, database=database_id)
    return BackupQuery(instance=instance, database=database, filter_=filter_)


def require_deletable(name: OperationName) -> None:
    """Refuse an operation whose record cannot be deleted.

    Spanner has no permission to delete the operations of databases and backups, and its
    documentation calls that unsupported (IAM permissions; managing long-running operations).

    :raises InvalidArgumentError: if it cannot be deleted
    """
    if isinstance(name.resource, DatabaseName | BackupName):
        raise InvalidArgumentError(
            field="operation name",
            value=str(name),
            rule="Spanner deletes the records of operations of instances, instance partitions and "
            "instance configurations only; it forgets those of databases and backups by itself",
        )


def resource_to_get(value: object) -> ResourceName:
    """Return the resource that a value is about: itself, or what an operation works on.

    :raises InvalidNameError: if it is about none
    """
    return _resource_of(value) or operation_name(value).resource


def resource_to_delete(value: object) -> ResourceName:
    """Return the resource that a value is about, which must not be an operation.

    An operation need not have made what it works on: an update of an instance works on it, too.

    :raises InvalidNameError: if it is about none
    """
    if (resource := _resource_of(value)) is None:
        raise InvalidNameError(
            field="resource name",
            value=value,
            rule="this is an operation, and may only have changed what would be deleted; if you "
            f"mean that, give its name: {str(operation_name(value).resource)!r}",
        )
    return resource


def _resource_of(value: object) -> ResourceName | None:
    """Return the resource that a value itself is about; None for an operation."""
    if _is_operation(value):
        return None
    name = value.get("name") if isinstance(value, Mapping) else value
    return parse_one_of(str(name) if isinstance(name, ResourceName) else name, MANAGED_RESOURCES)


def _is_operation(value: object) -> bool:
    try:
        operation_name(value)
    except InvalidNameError:
        return False
    return True


def timed_out(name: OperationName, timeout: float | None) -> OperationTimeoutError:
    """Return the error of a wait that took too long."""
    return OperationTimeoutError(
        f"out of time after {timeout:g} s",
        name=name,
        settlement=None,
        left="Nothing was cancelled.",
    )


def checked(snapshot: OperationSnapshot, *, check: bool) -> OperationSnapshot:
    """Return an operation that has ended, unless its success is to be checked and it has none.

    :raises OperationFailedError: if it failed; ``OperationCancelledError`` if it was cancelled
    """
    if check:
        raise_unless_succeeded(WaitOutcome(name=snapshot.name, snapshot=snapshot))
    return snapshot
