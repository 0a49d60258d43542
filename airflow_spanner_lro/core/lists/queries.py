# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Queries for operations: through which list call, under which parent, with which filter.

Spanner has one list call for each collection of operations and four that list across them. The
filter language wants ``metadata.@type`` first, and its ``:`` means *contains*, so filters are
written here and nowhere else.

Queries are made from what a person names. The types are those of ``gcloud spanner operations list
--type``, so that both show the same. What is in progress on a resource is more than what runs under
its own name: a backup is an operation of the backup, yet it works on the database; and an instance
is busy while anything in it is.

Source: the comments of the List*Operations calls in both admin services' RPC references, and gcloud
528.0.0; differences from it are noted where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.arguments.choices import parse_enum
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import KINDS, OperationKind, Service
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    ProjectName,
    ResourceName,
    parse_resource,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


class ListCall(Enum):
    """The calls that list operations: a method of a generated client, and whose."""

    OF_RESOURCE = ("list_operations", Service.DATABASE_ADMIN)
    """Operations of one resource, whatever its type."""
    OF_DATABASES = ("list_database_operations", Service.DATABASE_ADMIN)
    """Operations of all databases of an instance."""
    OF_BACKUPS = ("list_backup_operations", Service.DATABASE_ADMIN)
    """Operations of all backups of an instance."""
    OF_PARTITIONS = ("list_instance_partition_operations", Service.INSTANCE_ADMIN)
    """Operations of all partitions of an instance."""
    OF_CONFIGS = ("list_instance_config_operations", Service.INSTANCE_ADMIN)
    """Operations of all instance configurations of a project."""

    @property
    def method(self) -> str:
        """The method of the generated client."""
        return self.value[0]

    @property
    def service(self) -> Service:
        """The service that has the method."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationQuery:
    """Which operations to list.

    :param parent: the resource, instance or project, as the call wants it
    :param types: type URLs of metadata; empty for all
    :param pending: only those that are not done
    :param filter_: more, in the filter language of the call
    """

    call: ListCall
    parent: ResourceName
    types: tuple[str, ...] = ()
    pending: bool = False
    filter_: str = ""

    @property
    def server_filter(self) -> str:
        """The filter to send."""
        types = [f"(metadata.@type:{type_url})" for type_url in self.types]
        terms = [types[0] if len(types) == 1 else f"({' OR '.join(types)})"] if types else []
        alone = not (self.types or self.pending)
        terms += [self.filter_ if alone else f"({self.filter_})"] if self.filter_ else []
        terms += ["(NOT done:true)"] if self.pending else []
        return " AND ".join(terms)

    def accepts(self, snapshot: OperationSnapshot) -> bool:
        """Tell whether an operation is really one of those asked for."""
        if self.pending and snapshot.done:
            return False
        known = snapshot.kind is not None and bool(self.types)
        return not known or snapshot.kind.metadata_type_url in self.types  # type: ignore[union-attr]

    def to_record(self) -> dict[str, Any]:
        """Return the query as primitives."""
        return {
            "call": self.call.name,
            "parent": str(self.parent),
            "types": list(self.types),
            "pending": self.pending,
            "filter": self.filter_,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> OperationQuery:
        """Return the query that ``to_record`` described."""
        call = ListCall[record["call"]]
        parent = record["parent"]
        return cls(
            call=call,
            parent=(
                ProjectName.parse(parent) if call is ListCall.OF_CONFIGS else parse_resource(parent)
            ),
            types=tuple(record["types"]),
            pending=record["pending"],
            filter_=record["filter"],
        )


# started by a call that the client library does not have, so it is no kind of ours
_CHANGE_QUORUM = f"type.googleapis.com/{Service.DATABASE_ADMIN.proto_package}.ChangeQuorumMetadata"


class OperationType(StrEnum):
    """What ``gcloud spanner operations list`` calls a type of operation."""

    INSTANCE = "INSTANCE"
    """Operations of the instance itself."""
    DATABASE = "DATABASE"
    """All operations of databases."""
    DATABASE_CREATE = "DATABASE_CREATE"
    DATABASE_UPDATE_DDL = "DATABASE_UPDATE_DDL"
    DATABASE_CHANGE_QUORUM = "DATABASE_CHANGE_QUORUM"
    DATABASE_RESTORE = "DATABASE_RESTORE"
    """Restores, and the optimizations that follow them."""
    BACKUP = "BACKUP"
    """Backups and copies of backups."""
    INSTANCE_PARTITION = "INSTANCE_PARTITION"
    INSTANCE_CONFIG_CREATE = "INSTANCE_CONFIG_CREATE"
    INSTANCE_CONFIG_UPDATE = "INSTANCE_CONFIG_UPDATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """How one type is listed.

    :param across: the call that lists all of the type in an instance, or in a project
    :param within: arguments that narrow it, besides the one that says where
    :param types: type URLs of metadata; empty for all
    """

    across: ListCall
    within: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @property
    def of_configs(self) -> bool:
        return self.across is ListCall.OF_CONFIGS

    @property
    def places(self) -> str:
        """The arguments that it goes with, in words."""
        if self.of_configs:
            return "config_id, or without any for the whole project"
        return " or ".join(["instance_id", *(f"instance_id and {name}" for name in self.within)])


def _of_databases(*types: str) -> _Listing:
    return _Listing(across=ListCall.OF_DATABASES, within=("database_id",), types=types)


def _of_configs(kind: OperationKind) -> _Listing:
    # gcloud wants a configuration; without one we ask for those of the whole project
    return _Listing(
        across=ListCall.OF_CONFIGS, within=("config_id",), types=(kind.metadata_type_url,)
    )


_LISTINGS: Mapping[OperationType, _Listing] = {
    OperationType.INSTANCE: _Listing(across=ListCall.OF_RESOURCE),
    OperationType.DATABASE: _of_databases(),
    OperationType.DATABASE_CREATE: _of_databases(kinds.CREATE_DATABASE.metadata_type_url),
    OperationType.DATABASE_UPDATE_DDL: _of_databases(kinds.UPDATE_DATABASE_DDL.metadata_type_url),
    OperationType.DATABASE_CHANGE_QUORUM: _of_databases(_CHANGE_QUORUM),
    OperationType.DATABASE_RESTORE: _of_databases(
        kinds.OPTIMIZE_RESTORED_DATABASE.metadata_type_url,
        kinds.RESTORE_DATABASE.metadata_type_url,
    ),
    OperationType.BACKUP: _Listing(across=ListCall.OF_BACKUPS, within=("backup_id", "database_id")),
    OperationType.INSTANCE_PARTITION: _Listing(
        across=ListCall.OF_PARTITIONS, within=("partition_id",)
    ),
    OperationType.INSTANCE_CONFIG_CREATE: _of_configs(kinds.CREATE_INSTANCE_CONFIG),
    OperationType.INSTANCE_CONFIG_UPDATE: _of_configs(kinds.UPDATE_INSTANCE_CONFIG),
}


def query_for_ids(
    *,
    project: str,
    instance_id: str | None = None,
    database_id: str | None = None,
    backup_id: str | None = None,
    partition_id: str | None = None,
    config_id: str | None = None,
    list_type: str | None = None,
    filter_: str = "",
    pending: bool = False,
) -> OperationQuery:
    """Return the query for the operations of a resource, of a type, or both.

    :param instance_id: where to look; exactly one of this and ``config_id``, save that a type of
        configuration operations without either lists those of the whole project
    :param database_id: only operations of this database; with type ``BACKUP`` only backups of it
    :param list_type: an ``OperationType``, in any case; by default every operation of the one
        resource that is named, and of nothing within it
    :param filter_: more, in the filter language of the API's List*Operations calls
    :param pending: only those that are not done
    :raises InvalidArgumentError: if the arguments do not go together; names argument and rule
    """
    type_ = (
        None if list_type is None else parse_enum(list_type, field="list_type", enum=OperationType)
    )
    inner = {"database_id": database_id, "backup_id": backup_id, "partition_id": partition_id}
    narrow = {name: value for name, value in inner.items() if value is not None}
    _check_where(type_, instance_id=instance_id, config_id=config_id, narrow=narrow)
    if instance_id is None:
        resource = (
            ProjectName(project=project)
            if config_id is None
            else InstanceConfigName(project=project, config=config_id)
        )
    else:
        resource = _within(InstanceName(project=project, instance=instance_id), narrow)
    if type_ is None:
        # gcloud asks the instance where only a partition is given; that is not what was asked for
        return OperationQuery(
            call=ListCall.OF_RESOURCE, parent=resource, filter_=filter_, pending=pending
        )
    listing = _LISTINGS[type_]
    if type_ is OperationType.BACKUP and isinstance(resource, DatabaseName):
        return _backups_of(resource, filter_=filter_, pending=pending)
    all_of_them = type(resource) in {ProjectName, InstanceName}
    return OperationQuery(
        call=listing.across if all_of_them else ListCall.OF_RESOURCE,
        parent=resource,
        types=listing.types,
        filter_=filter_,
        pending=pending,
    )


def query_for_resource(
    resource: ResourceName,
    *,
    list_type: str | None = None,
    filter_: str = "",
    pending: bool = False,
) -> OperationQuery:
    """Return the query for the operations of a resource by its name; see ``query_for_ids``."""
    if list_type is None:
        return OperationQuery(
            call=ListCall.OF_RESOURCE, parent=resource, filter_=filter_, pending=pending
        )
    ids = {f"{field.name}_id": getattr(resource, field.name) for field in fields(resource)}
    project = ids.pop("project_id")
    if "ssd_cache_id" in ids:
        raise InvalidArgumentError(
            field="list_type", value=list_type, rule=f"it does not go with {resource}"
        )
    return query_for_ids(
        project=project, **ids, list_type=list_type, filter_=filter_, pending=pending
    )


def _check_where(
    type_: OperationType | None,
    *,
    instance_id: str | None,
    config_id: str | None,
    narrow: Mapping[str, str],
) -> None:
    if len(narrow) > 1:
        (_, first), (name, value), *_ = narrow.items()
        others = " and ".join(narrow)
        raise InvalidArgumentError(
            field=name, value=value, rule=f"give at most one of {others}; {first!r} is given too"
        )
    of_configs = type_ is not None and _LISTINGS[type_].of_configs
    if instance_id is not None and config_id is not None:
        raise InvalidArgumentError(
            field="config_id",
            value=config_id,
            rule=f"give exactly one of instance_id and config_id; instance_id={instance_id!r} is "
            "given too",
        )
    if instance_id is None and config_id is None and not of_configs:
        raise InvalidArgumentError(
            field="instance_id",
            value=None,
            rule="give exactly one of instance_id and config_id"
            + (f" for list_type {type_}" if type_ else ""),
        )
    for name, value in narrow.items():
        if instance_id is None:
            raise InvalidArgumentError(
                field=name, value=value, rule="it is in an instance, so it goes with instance_id"
            )
    if type_ is not None:
        given = narrow if config_id is None else {"config_id": config_id}
        if of_configs and instance_id is not None:
            given = {"instance_id": instance_id}
        _check_fit(type_, given)


def _check_fit(type_: OperationType, given: Mapping[str, str]) -> None:
    """Refuse a type that the resource has no operations of."""
    listing = _LISTINGS[type_]
    for name, value in given.items():
        if name not in listing.within:
            raise InvalidArgumentError(
                field="list_type",
                value=type_.value,
                rule=f"it does not go with {name}={value!r}, but with {listing.places}",
            )


def _within(instance: InstanceName, narrow: Mapping[str, str]) -> ResourceName:
    """Return the resource of an instance that is named, or the instance."""
    project, id_ = instance.project, instance.instance
    match [*narrow.items()]:
        case [("database_id", value)]:
            return DatabaseName(project=project, instance=id_, database=value)
        case [("backup_id", value)]:
            return BackupName(project=project, instance=id_, backup=value)
        case [("partition_id", value)]:
            return InstancePartitionName(project=project, instance=id_, partition=value)
    return instance


def _backups_of(database: DatabaseName, *, filter_: str, pending: bool) -> OperationQuery:
    """Return the query for the backups that are made of a database.

    gcloud asks with ``:``, which means *contains*, and without the type first, which the API's
    reference wants: ``orders`` would find the backups of ``orders-2`` as well.
    """
    source = f'metadata.database="{database}"'
    return OperationQuery(
        call=ListCall.OF_BACKUPS,
        parent=database.instance_name,
        types=(kinds.CREATE_BACKUP.metadata_type_url,),
        filter_=f"({source}) AND ({filter_})" if filter_ else source,
        pending=pending,
    )


LIST_CALLS: dict[type[ResourceName], ListCall] = {
    InstanceName: ListCall.OF_RESOURCE,
    DatabaseName: ListCall.OF_DATABASES,
    BackupName: ListCall.OF_BACKUPS,
    InstancePartitionName: ListCall.OF_PARTITIONS,
}
"""By which call an instance lists the operations on itself, and on what is in it."""

PendingQuery = tuple[OperationQuery, tuple[OperationKind, ...]]
"""A query for what is pending, whatever its kind, and the kinds that it can find."""


def parse_kind(text: object, *, field: str) -> OperationKind:
    """Return the kind that an author names: ``CreateBackup`` or ``create_backup``, in any case.

    :raises InvalidArgumentError: if there is none; the error lists those there are
    """
    wanted = text.replace("_", "").lower() if isinstance(text, str) else ""
    for kind in KINDS:
        if kind.name.lower() == wanted:
            return kind
    raise InvalidArgumentError(
        field=field, value=text, rule=f"expected some of {', '.join(kind.name for kind in KINDS)}"
    )


def pending_queries(
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
            listed = ", ".join(each.name for each in KINDS if each in possible)
            rule = f"operations on this {resource.noun} are of the types {listed}"
            raise InvalidArgumentError(field=field, value=kind.name, rule=rule)
    return tuple(
        replace(
            query,
            types=tuple(kind.metadata_type_url for kind in findable if not kinds or kind in kinds),
        )
        # the filter language wants the type before any other field of the metadata
        if kinds or query.filter_
        else query
        for query, findable in places
        if not kinds or set(kinds) & set(findable)
    )


def _places(resource: ResourceName) -> tuple[PendingQuery, ...]:
    match resource:
        case DatabaseName():
            backups = f'metadata.database="{resource}"'
            call, instance = ListCall.OF_BACKUPS, resource.instance_name
            return (_own(resource), (_pending(call, instance, backups), (kinds.CREATE_BACKUP,)))
        case BackupName():
            restores = f'metadata.backup_info.backup="{resource}"'
            call, instance = ListCall.OF_DATABASES, resource.instance_name
            return (_own(resource), (_pending(call, instance, restores), (kinds.RESTORE_DATABASE,)))
    return tuple(
        (_pending(call, resource), _kinds_of(target)) for target, call in LIST_CALLS.items()
    )


def _own(resource: ResourceName) -> PendingQuery:
    return _pending(ListCall.OF_RESOURCE, resource), _kinds_of(type(resource))


def _pending(call: ListCall, parent: ResourceName, filter_: str = "") -> OperationQuery:
    return OperationQuery(call=call, parent=parent, pending=True, filter_=filter_)


def _kinds_of(target: type[ResourceName]) -> tuple[OperationKind, ...]:
    return tuple(kind for kind in KINDS if kind.target is target)
