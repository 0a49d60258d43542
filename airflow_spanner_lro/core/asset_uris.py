# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The one scheme in which databases and backups are named as assets.

::

    spanner://<project>/<instance>/databases/<database>
    spanner://<project>/<instance>/databases/<database>/backups    all backups of a database
    spanner://<project>/<instance>/backups/<backup>

Backups get new names all the time, so the thing to schedule on is the second: it never changes, and
each new backup of the database is an event of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName, ResourceName

SCHEME = "spanner"

_RULE = (
    f"expected {SCHEME}://<project>/<instance>/databases/<database>, the same with /backups, or "
    f"{SCHEME}://<project>/<instance>/backups/<backup>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupsOf:
    """All backups of a database, whoever makes them."""

    database: DatabaseName


AssetResource = DatabaseName | BackupName | BackupsOf
"""What can be an asset."""


def uri_of(resource: AssetResource) -> str:
    """Return the address of what can be an asset."""
    if isinstance(resource, BackupsOf):
        return f"{uri_of(resource.database)}/backups"
    collection = "databases" if isinstance(resource, DatabaseName) else "backups"
    return f"{SCHEME}://{resource.project}/{resource.instance}/{collection}/{resource.resource_id}"


def resource_of(uri: str) -> AssetResource:
    """Return what an address stands for.

    :raises InvalidArgumentError: if it is none of ours, or an id in it breaks its rule
    """
    scheme, separator, path = uri.partition("://")
    if scheme.lower() != SCHEME or not separator:
        raise InvalidArgumentError(field="asset URI", value=uri, rule=_RULE)
    match path.split("/"):
        case [project, instance, "databases", database]:
            return DatabaseName(project=project, instance=instance, database=database)
        case [project, instance, "databases", database, "backups"]:
            return BackupsOf(
                database=DatabaseName(project=project, instance=instance, database=database)
            )
        case [project, instance, "backups", backup]:
            return BackupName(project=project, instance=instance, backup=backup)
        case _:
            raise InvalidArgumentError(field="asset URI", value=uri, rule=_RULE)


def instance_of(resource: AssetResource) -> InstanceName:
    """Return the instance that holds it."""
    if isinstance(resource, BackupsOf):
        return resource.database.instance_name
    return resource.instance_name


def as_asset_resource(name: ResourceName) -> DatabaseName | BackupName | None:
    """Return a name if it is of something that can be an asset."""
    return name if isinstance(name, DatabaseName | BackupName) else None
