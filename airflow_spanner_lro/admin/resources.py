# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How to get and delete each type of resource, and which of its states mean that it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    ResourceName,
    parse_one_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCalls:
    """The calls for one type of resource.

    :param get: method of the generated client
    :param delete: method of the generated client
    :param delete_field: field of the delete request that takes the name
    :param ready: states that mean the resource can be used; none where it has no state
    """

    service: Service
    get: str
    delete: str
    delete_field: str = "name"
    ready: tuple[str, ...] = ("READY",)


_CALLS: Mapping[type[ResourceName], ResourceCalls] = {
    BackupName: ResourceCalls(
        service=Service.DATABASE_ADMIN, get="get_backup", delete="delete_backup"
    ),
    BackupScheduleName: ResourceCalls(
        service=Service.DATABASE_ADMIN,
        get="get_backup_schedule",
        delete="delete_backup_schedule",
        ready=(),
    ),
    DatabaseName: ResourceCalls(
        service=Service.DATABASE_ADMIN,
        get="get_database",
        delete="drop_database",
        delete_field="database",
        # a restored database can be used while it is being optimised
        ready=("READY", "READY_OPTIMIZING"),
    ),
    InstanceName: ResourceCalls(
        service=Service.INSTANCE_ADMIN, get="get_instance", delete="delete_instance"
    ),
    InstanceConfigName: ResourceCalls(
        service=Service.INSTANCE_ADMIN, get="get_instance_config", delete="delete_instance_config"
    ),
    InstancePartitionName: ResourceCalls(
        service=Service.INSTANCE_ADMIN,
        get="get_instance_partition",
        delete="delete_instance_partition",
    ),
}


def calls_for(name: ResourceName) -> ResourceCalls:
    """Return the calls for the type of this resource.

    :raises KeyError: for a type that has none in the client library (SSD caches)
    """
    return _CALLS[type(name)]


def getter_of(name: ResourceName) -> tuple[Service, str]:
    """Return the call that gets this resource: the service, and the generated client's method."""
    calls = calls_for(name)
    return calls.service, calls.get


def parse_any(text: object) -> ResourceName:
    """Parse the full name of a resource that can be got and deleted.

    :raises InvalidNameError: if it is none of them
    """
    return parse_one_of(text, _CALLS)
