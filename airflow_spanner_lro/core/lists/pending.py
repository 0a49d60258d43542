# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which operations can be in progress on a resource, and through which queries they are found.

More than those under its own name: a backup is an operation of the backup, yet it works on the
database; and an instance is busy while anything in it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, KINDS, RESTORE_DATABASE, OperationKind
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceName,
    InstancePartitionName,
    ResourceName,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_METADATA = "Metadata"
LISTED_BY: dict[type[ResourceName], ListCall] = {
    InstanceName: ListCall.OF_RESOURCE,
    DatabaseName: ListCall.OF_DATABASES,
    BackupName: ListCall.OF_BACKUPS,
    InstancePartitionName: ListCall.OF_PARTITIONS,
}
"""By which call an instance lists the operations on itself, and on what is in it."""

Place = tuple[OperationQuery, tuple[OperationKind, ...]]
"""A query for what is pending, whatever its kind, and the kinds that it can find."""


def kind_named(text: object, *, field: str) -> OperationKind:
    """Return the kind that an author names: ``CreateBackup`` or ``create_backup``, in any case.

    :raises InvalidArgumentError: if there is none; the error lists those there are
    """
    wanted = text.replace("_", "").lower() if isinstance(text, str) else ""
    for kind in KINDS:
        if _word(kind).lower() == wanted:
            return kind
    raise InvalidArgumentError(
        field=field, value=text, rule=f"expected some of {', '.join(map(_word, KINDS))}"
    )


def pending_on(
    resource: ResourceName, *, kinds: Sequence[OperationKind] = (), field: str
) -> tuple[OperationQuery, ...]:
    """Return the queries for what is in progress on an instance, a database or a backup.

    :param kinds: only these; empty for all, also those that this release does not know
    :param field: the argument that gave the kinds, for the error
    :raises InvalidArgumentError: if a kind never works on such a resource
    """
    places = _places(resource)
    possible = {kind for _, findable in places for kind in findable}
    for kind in kinds:
        if kind not in possible:
            listed = ", ".join(_word(each) for each in KINDS if each in possible)
            rule = f"operations on this {resource.noun} are of the types {listed}"
            raise InvalidArgumentError(field=field, value=_word(kind), rule=rule)
    return tuple(
        replace(query, types=_types(kind for kind in findable if not kinds or kind in kinds))
        # the filter language wants the type before any other field of the metadata
        if kinds or query.filter_
        else query
        for query, findable in places
        if not kinds or set(kinds) & set(findable)
    )


def _places(resource: ResourceName) -> tuple[Place, ...]:
    match resource:
        case DatabaseName():
            backups = f'metadata.database="{resource}"'
            call, instance = ListCall.OF_BACKUPS, resource.instance_name
            return (_own(resource), (_pending(call, instance, backups), (CREATE_BACKUP,)))
        case BackupName():
            restores = f'metadata.backup_info.backup="{resource}"'
            call, instance = ListCall.OF_DATABASES, resource.instance_name
            return (_own(resource), (_pending(call, instance, restores), (RESTORE_DATABASE,)))
    return tuple(
        (_pending(call, resource), _kinds_of(target)) for target, call in LISTED_BY.items()
    )


def _own(resource: ResourceName) -> Place:
    return _pending(ListCall.OF_RESOURCE, resource), _kinds_of(type(resource))


def _pending(call: ListCall, parent: ResourceName, filter_: str = "") -> OperationQuery:
    return OperationQuery(call=call, parent=parent, pending=True, filter_=filter_)


def _kinds_of(target: type[ResourceName]) -> tuple[OperationKind, ...]:
    return tuple(kind for kind in KINDS if kind.target is target)


def _types(kinds: Iterable[OperationKind]) -> tuple[str, ...]:
    return tuple(kind.metadata_type_url for kind in kinds)


def _word(kind: OperationKind) -> str:
    # a kind that no call starts has a metadata message as well
    return kind.metadata.removesuffix(_METADATA)
