# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Addresses of resources: pages of the Cloud console, and URIs of Airflow assets.

Of the console, only pages whose address is known: those that the Google provider links to, and the
list of an instance's backups, which Google's own documentation links to. No address is known for
one backup or one operation, so a backup is linked by that list, and an operation by what it works
on.

Assets::

    spanner://<project>/<instance>/databases/<database>
    spanner://<project>/<instance>/databases/<database>/backups    all backups of a database
    spanner://<project>/<instance>/backups/<backup>

Backups get new names all the time, so the thing to schedule on is the second: it never changes, and
each new backup of the database is an event of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceName,
    ResourceName,
)

if TYPE_CHECKING:
    from airflow_spanner_lro.core.connection import ConnectionSpec


_CONSOLE = "https://console.cloud.google.com/spanner/instances"


def console_url(resource: ResourceName) -> str:
    """Return the console's page for a resource, or for the nearest thing that has one."""
    if isinstance(resource, BackupScheduleName):
        resource = resource.database_name
    if isinstance(resource, DatabaseName):
        page = f"/{resource.instance}/databases/{resource.database}/details/tables"
    elif isinstance(resource, BackupName):
        page = f"/{resource.instance}/details/backups/list"
    elif isinstance(resource, InstanceName):
        page = f"/{resource.instance}/details/databases"
    else:
        page = ""
    return f"{_CONSOLE}{page}?project={resource.project}"


def console_link(
    resource: ResourceName, *, connection_spec: ConnectionSpec, emulator: str = ""
) -> str:
    """Say where a person can look at a resource; Google Cloud's console has no other.

    :param emulator: what to call an emulator
    """
    if connection_spec.omni:
        return f"Spanner Omni at {connection_spec.target}: this is not in Google Cloud."
    if connection_spec.emulated:
        return (
            f"{emulator or 'EMULATOR'} at {connection_spec.target}: this is not in Google Cloud, "
            "and times and durations are the emulator's own."
        )
    return f"Console: {console_url(resource)}"


ASSET_SCHEME = "spanner"

_ASSET_RULE = (
    f"expected {ASSET_SCHEME}://<project>/<instance>/databases/<database>, the same with /backups, "
    f"or {ASSET_SCHEME}://<project>/<instance>/backups/<backup>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseBackups:
    """All backups of a database, whoever makes them."""

    database: DatabaseName


AssetResource = DatabaseName | BackupName | DatabaseBackups
"""What can be an asset."""


def asset_uri(resource: AssetResource) -> str:
    """Return the address of what can be an asset."""
    if isinstance(resource, DatabaseBackups):
        return f"{asset_uri(resource.database)}/backups"
    collection = "databases" if isinstance(resource, DatabaseName) else "backups"
    return f"{ASSET_SCHEME}://{resource.project}/{resource.instance}/{collection}/{resource.resource_id}"


def parse_asset_uri(uri: str) -> AssetResource:
    """Return what an address stands for.

    :raises InvalidArgumentError: if it is none of ours, or an id in it breaks its rule
    """
    scheme, separator, path = uri.partition("://")
    if scheme.lower() != ASSET_SCHEME or not separator:
        raise InvalidArgumentError(field="asset URI", value=uri, rule=_ASSET_RULE)
    match path.split("/"):
        case [project, instance, "databases", database]:
            return DatabaseName(project=project, instance=instance, database=database)
        case [project, instance, "databases", database, "backups"]:
            return DatabaseBackups(
                database=DatabaseName(project=project, instance=instance, database=database)
            )
        case [project, instance, "backups", backup]:
            return BackupName(project=project, instance=instance, backup=backup)
        case _:
            raise InvalidArgumentError(field="asset URI", value=uri, rule=_ASSET_RULE)


def instance_of_asset(resource: AssetResource) -> InstanceName:
    """Return the instance that holds it."""
    return (resource.database if isinstance(resource, DatabaseBackups) else resource).instance_name
