# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What exists, as the messages that clients see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.core.names import InstanceConfigName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.state.resources import MAX_BACKUP_AGE, VERSION_RETENTION

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.emulator.state.resources import (
        Backup,
        Database,
        Instance,
        Origin,
        Resources,
    )

_BASE_CONFIGS = {
    "emulator-config": "Emulator Instance Config",
    "regional-us-central1": "Iowa (us-central1)",
    "regional-europe-west1": "Belgium (europe-west1)",
    "regional-asia-northeast1": "Tokyo (asia-northeast1)",
    "nam3": "United States (Northern Virginia/South Carolina)",
    "eur3": "Europe (Belgium/Netherlands)",
}
"""Some of the configurations that Google manages, and the one of Google's own emulator."""


def base_configs(project: str) -> list[InstanceConfigName]:
    """Return the names of the configurations that every project has."""
    return [InstanceConfigName(project=project, config=config) for config in _BASE_CONFIGS]


def require_config(name: InstanceConfigName) -> None:
    """Make sure that a configuration exists.

    :raises RpcError: NOT_FOUND if it does not.
    """
    if name.config not in _BASE_CONFIGS:
        raise errors.not_found(name)


def config_message(name: InstanceConfigName) -> instance_v1.InstanceConfig:
    """Return a configuration as clients see it."""
    location = name.config.removeprefix("regional-")
    replica = instance_v1.ReplicaInfo(
        location=location,
        type_=instance_v1.ReplicaInfo.ReplicaType.READ_WRITE,
        default_leader_location=True,
    )
    return instance_v1.InstanceConfig(
        name=str(name),
        display_name=_BASE_CONFIGS[name.config],
        config_type=instance_v1.InstanceConfig.Type.GOOGLE_MANAGED,
        replicas=[replica],
        leader_options=[location],
        state=instance_v1.InstanceConfig.State.READY,
    )


def instance_message(instance: Instance) -> instance_v1.Instance:
    """Return an instance as clients see it."""
    state = instance_v1.Instance.State
    message = instance_v1.Instance(instance.requested)
    set_by_service = {
        "name": str(instance.name),
        "config": str(instance.config),
        "display_name": message.display_name or instance.name.instance,
        "state": state.READY if instance.ready else state.CREATING,
        "create_time": instance.create_time,
        "update_time": instance.create_time,
    }
    for field, value in set_by_service.items():
        setattr(message, field, value)
    return message


def origin_message(origin: Origin) -> database_v1.BackupInfo:
    """Return the backup of a restored database as clients see it."""
    return database_v1.BackupInfo(
        backup=str(origin.backup),
        version_time=origin.version_time,
        create_time=origin.create_time,
        source_database=str(origin.source_database),
    )


def database_message(database: Database, *, now: datetime) -> database_v1.Database:
    """Return a database as clients see it."""
    message = database_v1.Database(
        name=str(database.name),
        state=database.state.value,
        create_time=database.create_time,
        version_retention_period=f"{int(VERSION_RETENTION.total_seconds()) // 3600}h",
        earliest_version_time=max(database.create_time, now - VERSION_RETENTION),
        database_dialect=database.dialect,
        enable_drop_protection=database.drop_protection,
        encryption_info=[_google_encryption()],
    )
    if database.origin is not None:
        message.restore_info = database_v1.RestoreInfo(
            source_type=database_v1.RestoreSourceType.BACKUP,
            backup_info=origin_message(database.origin),
        )
    return message


def backup_message(backup: Backup, *, resources: Resources) -> database_v1.Backup:
    """Return a backup as clients see it."""
    state = database_v1.Backup.State
    return database_v1.Backup(
        name=str(backup.name),
        database=str(backup.database),
        version_time=backup.version_time,
        create_time=backup.create_time,
        expire_time=backup.expire_time,
        max_expire_time=backup.create_time + MAX_BACKUP_AGE,
        oldest_version_time=backup.version_time,
        size_bytes=backup.size_bytes,
        freeable_size_bytes=backup.size_bytes,
        exclusive_size_bytes=backup.size_bytes,
        state=state.READY if backup.ready else state.CREATING,
        referencing_databases=[str(name) for name in resources.readers_of(backup)],
        database_dialect=backup.dialect,
        encryption_info=_google_encryption(),
    )


def _google_encryption() -> database_v1.EncryptionInfo:
    return database_v1.EncryptionInfo(
        encryption_type=database_v1.EncryptionInfo.Type.GOOGLE_DEFAULT_ENCRYPTION
    )
