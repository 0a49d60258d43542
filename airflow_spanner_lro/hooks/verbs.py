# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The verbs of the hook, each written once: what it takes, checks, asks of Spanner and answers.

A verb is a generator, like the flows of the core: it yields what it needs of the outside and is
sent the answer, or the exception that came instead. The sync hook performs it by calling, the async
hook by awaiting, so the two cannot differ. Importing this loads neither of Google's libraries.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spanner_lro.core.arguments.times import require_seconds
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, stop_all, wait
from airflow_spanner_lro.core.names import operation_name, parse_operation_names
from airflow_spanner_lro.core.polling.policy import DEFAULT_INTERVAL, CancelPolicy, PollPolicy
from airflow_spanner_lro.core.protobuf import message_to_dict
from airflow_spanner_lro.core.status import Code, code_of
from airflow_spanner_lro.hooks import arguments

if TYPE_CHECKING:
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.hooks.arguments import OperationLike


@dataclass(frozen=True, slots=True)
class Call:
    """Ask the admin client; the answer is what a sync one returns, and an async one promises."""

    of: Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Perform:
    """Perform a flow of the core; the answer is its result.

    :param timeout: seconds after which ``DeadlinePassedError`` ends it; None for never
    """

    flow: Flow[Any]
    timeout: float | None


class Need(Enum):
    """What else a verb needs of the hook it belongs to."""

    PROJECT = "project"
    """The project of its connection."""
    WARNING = "warning"
    """That it says so where this is an emulator."""


Step = Call | Perform | Need
T = TypeVar("T")
Verb = Generator[Step, Any, T]


def signature_of(verb: Callable[..., Verb[Any]]) -> inspect.Signature:
    """Return the signature of the method that performs a verb: it returns what a verb answers."""
    taken = inspect.signature(verb)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    return taken.replace(
        parameters=[itself, *taken.parameters.values()],
        return_annotation=taken.return_annotation.removeprefix("Verb[").removesuffix("]"),
    )


def start_operation(
    *, kind: OperationKind, request: Mapping[str, Any] | Any
) -> Verb[OperationSnapshot]:
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
    # first: this connects, and the request's types need what that loads off an event loop
    yield Need.WARNING
    message = arguments.request_for(kind, request)
    started: OperationSnapshot = yield Call(lambda client: client.start(kind=kind, request=message))
    return started


def get_operation(name: OperationLike) -> Verb[OperationSnapshot]:
    """Get an operation as it is now.

    :param name: its full name, or what is about it: what another verb has returned, or an
        operation of Google's client library
    :raises InvalidNameError: if that is about no operation
    :raises google.api_core.exceptions.NotFound: if Spanner does not know it
    """
    operation = operation_name(name)
    found: OperationSnapshot = yield Call(lambda client: client.get(name=operation))
    return found


def list_operations(
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
) -> Verb[list[OperationSnapshot]]:
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
    :returns: each as ``get_operation`` returns it
    :raises InvalidArgumentError: if the arguments do not go together
    :raises google.api_core.exceptions.NotFound: if there is no such resource
    """
    query = arguments.operation_query(
        resource=resource,
        project="" if resource else project_id or (yield Need.PROJECT),
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
    return list((yield Call(lambda client: client.query_operations(query=query))))


def cancel_operation(
    name: OperationLike, *, settle_timeout: float = 60.0, clean_up: bool = False
) -> Verb[Settlement]:
    """Cancel an operation and wait for what becomes of it: a refusal is an outcome, no error.

    :param name: as for ``get_operation``
    :param settle_timeout: how long to wait for the outcome, in seconds; 0 only asks
    :param clean_up: if it creates something and had succeeded before, delete that
    :returns: its ``ending``, and a ``sentence`` on it; ``settled`` if nothing of it goes on
    :raises InvalidArgumentError: if the name cannot be parsed or the timeout is none
    """
    (settlement,) = yield from cancel_operations(
        [operation_name(name)], settle_timeout=settle_timeout, clean_up=clean_up
    )
    return settlement


def cancel_operations(
    names: OperationLike | Iterable[Any] | None,
    *,
    settle_timeout: float = 60.0,
    clean_up: bool = False,
) -> Verb[list[Settlement]]:
    """Cancel operations, all of them before the first is waited for; as ``cancel_operation``.

    :param names: one, many, or what XComs hold where there may be none
    :param settle_timeout: how long to wait for all the outcomes, in seconds
    :returns: an outcome for each operation that was named, in order
    """
    operations = parse_operation_names(names)
    require_seconds(settle_timeout, field="settle_timeout")
    flow = stop_all(operations, policy=CancelPolicy(), cleans_up=clean_up)
    return list((yield Perform(flow=flow, timeout=settle_timeout)))


def delete_operation(name: OperationLike) -> Verb[None]:
    """Delete the record of an operation of an instance, partition or configuration.

    A running operation goes on, and nobody can see it any more.

    :param name: as for ``get_operation``
    :raises InvalidArgumentError: if it is an operation of a database or backup
    :raises google.api_core.exceptions.NotFound: if Spanner does not know it
    """
    operation = operation_name(name)
    arguments.require_deletable(operation)
    yield Call(lambda client: client.delete(name=operation))


def wait_for_operation(
    name: OperationLike,
    *,
    poll_interval: float = DEFAULT_INTERVAL,
    timeout: float | None = None,
    check: bool = False,
) -> Verb[OperationSnapshot]:
    """Wait in this process until an operation is done; it is not cancelled afterwards.

    Errors that pass, such as ``ServiceUnavailable``, are waited out for up to an hour.

    :param name: as for ``get_operation``
    :param poll_interval: the longest time between two polls, in seconds, at least 1
    :param timeout: give up after this many seconds; the operation goes on
    :param check: raise if it did not succeed
    :raises OperationTimeoutError: if it was not done in time
    :raises OperationFailedError: if it failed, with ``check``; ``OperationCancelledError`` if
        it was cancelled
    """
    operation = operation_name(name)
    if timeout is not None:
        require_seconds(timeout, field="timeout")
    flow = wait(name=operation, policy=PollPolicy(maximum=poll_interval))
    try:
        snapshot: OperationSnapshot = yield Perform(flow=flow, timeout=timeout)
    except DeadlinePassedError as exc:
        raise arguments.timed_out(operation, timeout) from exc
    return arguments.checked(snapshot, check=check)


def get_resource(name: str | OperationLike) -> Verb[dict[str, Any]]:
    """Get an instance, database, backup, backup schedule, partition or configuration.

    :param name: its full name, or an operation as for ``get_operation``: what that works on
    :returns: its fields as the API names them; times as ISO 8601 text, enums by name
    :raises InvalidNameError: if it is none of these
    :raises google.api_core.exceptions.NotFound: if it does not exist
    """
    resource = arguments.resource_to_get(name)
    return message_to_dict((yield Call(lambda client: client.get_resource(name=resource))))


def delete_resource(name: str | Mapping[str, Any]) -> Verb[None]:
    """Delete a resource of any of these types; one that does not exist is no error.

    :param name: its full name, or what ``get_resource`` or ``list_backups`` has told of it
    :raises InvalidNameError: if it is none of these; also for an operation, which may only have
        changed what would be deleted
    :raises google.api_core.exceptions.FailedPrecondition: if it is protected or in use
    """
    resource = arguments.resource_to_delete(name)
    try:
        yield Call(lambda client: client.delete_resource(name=resource))
    except Exception as exc:
        # Spanner says so for some types of resource, and answers OK for others
        if code_of(exc) is not Code.NOT_FOUND:
            raise


def list_backups(
    *,
    instance_id: str,
    database_id: str | None = None,
    filter_: str = "",
    project_id: str | None = None,
) -> Verb[list[dict[str, Any]]]:
    """List the backups in an instance, the newest first.

    :param database_id: only those of this database
    :param filter_: in the filter language of the API's ListBackups call, such as
        ``state:READY``
    :returns: for each ``name``, ``database``, ``state``, ``create_time``, ``version_time``,
        ``expire_time``, ``size_bytes`` and ``schedules`` (names of those that made it)
    """
    query = arguments.backup_query(
        project=project_id or (yield Need.PROJECT),
        instance_id=instance_id,
        database_id=database_id,
        filter_=filter_,
    )
    found = yield Call(lambda client: client.query_backups(query=query))
    return [backup.to_dict() for backup in found]
