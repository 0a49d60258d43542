# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases and backups as Airflow assets: their URIs, the events of tasks that made them, lineage.

Separate from the addresses themselves (``core/links.py``), which know no Airflow. Airflow calls
some of this for the scheme ``spanner://``.

Airflow adds an event to each outlet of a task that succeeds; here the event gets what a consumer
wants to know. An event cannot be added to what is no outlet: the API server would drop it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlunsplit

from airflow.sdk import Asset, AssetAlias
from airflow.sdk.definitions.asset import AssetUriRef
from airflow.sdk.lineage import get_hook_lineage_collector

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.links import (
    DatabaseBackups,
    asset_uri,
    instance_of_asset,
    parse_asset_uri,
)
from airflow_spanner_lro.core.names import BackupName, DatabaseName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from urllib.parse import SplitResult

    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.sdk import Context
    from airflow.sdk.lineage import LineageContext
    from airflow.sdk.types import OutletEventAccessorsProtocol

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook


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


_OF_A_BACKUP = ("database", "version_time", "create_time", "expire_time")


def report_made(
    context: Context,
    *,
    outlets: Sequence[object],
    hook: SpannerAdminHook,
    made: ResourceName,
    result: object,
    kind: OperationKind | None = None,
    sources: Iterable[ResourceName] = (),
) -> None:
    """Report what was made: to the outlets that stand for it, and to the lineage collector.

    Does nothing for what is neither a database nor a backup.

    :param outlets: the task's own; those that stand for something else are left alone
    :param hook: through which it was made
    :param result: the resource as a dictionary, as an operator returns it
    :param kind: what was done to it; None if it was only waited for
    :param sources: what it was made from, beside what the result itself says
    """
    facts = result if isinstance(result, dict) else {}
    uris: set[str]
    source: BackupName | DatabaseName | None
    if isinstance(made, BackupName):
        extra, source = _facts_of_backup(made, facts), _database_of(facts)
        uris = {asset_uri(made)} | (
            {asset_uri(DatabaseBackups(database=source))} if source else set()
        )
    elif isinstance(made, DatabaseName):
        extra, source = _facts_of_database(made, facts), _backup_of(facts)
        uris = {asset_uri(made)}
    else:
        return
    if (events := context.get("outlet_events")) is not None:
        _fill(events, outlets=outlets, uris=uris, extra=extra)
    if kind is None:
        return
    collector = get_hook_lineage_collector()
    # a change of a restored database was not made from the backup
    inputs = [source, *sources] if kind.creates else []
    for each in inputs:
        if isinstance(each, BackupName | DatabaseName):
            collector.add_input_asset(hook, uri=asset_uri(each))
    collector.add_output_asset(hook, uri=asset_uri(made), asset_extra=extra)


def _fill(
    events: OutletEventAccessorsProtocol,
    *,
    outlets: Sequence[object],
    uris: set[str],
    extra: dict[str, Any],
) -> None:
    for outlet in outlets:
        if isinstance(outlet, AssetAlias):
            events[outlet].add(Asset(uri=extra["uri"]), extra=extra)
        elif isinstance(outlet, Asset | AssetUriRef) and outlet.uri in uris:
            events[outlet].extra.update(extra)


def _facts_of_backup(name: BackupName, backup: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uri": asset_uri(name),
        "name": str(name),
        **{key: backup.get(key) for key in _OF_A_BACKUP},
        # 64-bit numbers are text in JSON
        "size_bytes": int(backup.get("size_bytes") or 0),
    }


def _facts_of_database(name: DatabaseName, database: Mapping[str, Any]) -> dict[str, Any]:
    extra = {"uri": asset_uri(name), "name": str(name), "create_time": database.get("create_time")}
    if source := _restored_from(database):
        extra |= {key: source.get(key) for key in ("backup", "source_database", "version_time")}
    return extra


def _database_of(backup: Mapping[str, Any]) -> DatabaseName | None:
    database = backup.get("database")
    return DatabaseName.parse(database) if database else None


def _backup_of(database: Mapping[str, Any]) -> BackupName | None:
    backup = _restored_from(database).get("backup")
    return BackupName.parse(backup) if backup else None


def _restored_from(database: Mapping[str, Any]) -> Mapping[str, Any]:
    restored: Mapping[str, Any] = database.get("restore_info") or {}
    return restored.get("backup_info") or {}
