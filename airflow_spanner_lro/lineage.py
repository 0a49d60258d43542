# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a task tells about the database or backup that it made: asset events, and lineage.

Airflow adds an event to each outlet of a task that succeeds; here the event gets what a consumer
wants to know. An event cannot be added to what is no outlet: the API server would drop it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias
from airflow.sdk.definitions.asset import AssetUriRef
from airflow.sdk.lineage import get_hook_lineage_collector

from airflow_spanner_lro.core.links import DatabaseBackups, asset_uri
from airflow_spanner_lro.core.names import BackupName, DatabaseName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow.sdk import Context
    from airflow.sdk.types import OutletEventAccessorsProtocol

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook

_OF_A_BACKUP = ("database", "version_time", "create_time", "expire_time")


def report(
    context: Context,
    *,
    outlets: Sequence[object],
    hook: SpannerAdminHook,
    made: ResourceName,
    result: object,
    kind: OperationKind | None = None,
    sources: Iterable[ResourceName] = (),
) -> None:
    """Tell what was made: to the outlets that stand for it, and to the lineage collector.

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
