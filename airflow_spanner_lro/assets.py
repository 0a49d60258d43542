# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases and backups as Airflow assets, and what Airflow calls for the scheme ``spanner://``.

Separate from the addresses themselves (``core/asset_uris.py``), which know no Airflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlunsplit

from airflow.sdk import Asset

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.links import (
    DatabaseBackups,
    asset_uri,
    instance_of_asset,
    parse_asset_uri,
)
from airflow_spanner_lro.core.names import BackupName, DatabaseName

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.sdk.lineage import LineageContext


def database_asset(*, project_id: str, instance_id: str, database_id: str, **kwargs: Any) -> Asset:
    """Return the asset of a database.

    :param kwargs: passed to :class:`~airflow.sdk.Asset`, such as ``name``
    :raises InvalidNameError: if an id breaks its rule
    """
    database = DatabaseName(project=project_id, instance=instance_id, database=database_id)
    return Asset(uri=asset_uri(database), **kwargs)


def backups_asset(*, project_id: str, instance_id: str, database_id: str, **kwargs: Any) -> Asset:
    """Return the asset of all backups of a database: the one to schedule on.

    An operator that has it as an outlet adds an event when its backup is complete; so does an
    :class:`~airflow.sdk.AssetWatcher` with
    :class:`~airflow_spanner_lro.triggers.backup_watcher.SpannerBackupWatcherTrigger`.

    :param kwargs: passed to :class:`~airflow.sdk.Asset`, such as ``name`` or ``watchers``
    :raises InvalidNameError: if an id breaks its rule
    """
    database = DatabaseName(project=project_id, instance=instance_id, database=database_id)
    return Asset(uri=asset_uri(DatabaseBackups(database=database)), **kwargs)


def backup_asset(*, project_id: str, instance_id: str, backup_id: str, **kwargs: Any) -> Asset:
    """Return the asset of one backup, whose id is known beforehand.

    :param kwargs: passed to :class:`~airflow.sdk.Asset`, such as ``name``
    :raises InvalidNameError: if an id breaks its rule
    """
    backup = BackupName(project=project_id, instance=instance_id, backup=backup_id)
    return Asset(uri=asset_uri(backup), **kwargs)


def create_asset(
    *,
    project_id: str,
    instance_id: str,
    database_id: str | None = None,
    backup_id: str | None = None,
    extra: dict[str, Any] | None = None,
) -> Asset:
    """Return the asset of a database or of a backup; Airflow's lineage collector calls this.

    :raises InvalidArgumentError: unless exactly one of the two ids is given
    """
    match database_id, backup_id:
        case str(), None:
            return database_asset(
                project_id=project_id, instance_id=instance_id, database_id=database_id, extra=extra
            )
        case None, str():
            return backup_asset(
                project_id=project_id, instance_id=instance_id, backup_id=backup_id, extra=extra
            )
        case _:
            raise InvalidArgumentError(
                field="database_id, backup_id",
                value=(database_id, backup_id),
                rule="give exactly one of the two",
            )


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check an address of ours; Airflow calls this for each asset with our scheme.

    :raises InvalidArgumentError: if it is none of ours, or an id in it breaks its rule
    """
    parse_asset_uri(urlunsplit(uri))
    return uri


def convert_asset_to_openlineage(asset: Asset, lineage_context: LineageContext) -> Dataset:  # noqa: ARG001  # Airflow's signature
    """Return an asset of ours as OpenLineage names it.

    The namespace is that of OpenLineage's naming rules for Spanner, the instance; within it a
    database goes by its id. Backups have no rule there, so theirs is ours.
    """
    from airflow.providers.common.compat.openlineage.facet import (  # noqa: PLC0415  # optional
        Dataset,
    )

    resource = parse_asset_uri(asset.uri)
    instance = instance_of_asset(resource)
    match resource:
        case DatabaseBackups(database=database):
            name = f"{database.database}/backups"
        case BackupName():
            name = f"backups/{resource.backup}"
        case DatabaseName():
            name = resource.database
    return Dataset(namespace=f"spanner://{instance.project}:{instance.instance}", name=name)
