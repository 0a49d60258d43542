# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Queries for operations: through which list call, under which parent, with which filter.

Spanner has one list call for each collection of operations and four that list across them. The
filter language wants ``metadata.@type`` first, and its ``:`` means *contains*, so filters are
written here and nowhere else.

Source: the comments of the List*Operations calls in both admin services' RPC references.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import ProjectName, parse_resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.names import ResourceName
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
