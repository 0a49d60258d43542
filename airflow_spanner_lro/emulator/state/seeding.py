# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Resources that are simply there, for setting up tests and demonstrations: no operation is made.

The rules of the RPCs do not apply, apart from those of names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
)
from airflow_spanner_lro.emulator.state.ddl.schema import Schema
from airflow_spanner_lro.emulator.state.ddl.statements import Statement
from airflow_spanner_lro.emulator.state.messages.configs import require_config
from airflow_spanner_lro.emulator.state.records.backups import MAX_BACKUP_AGE, Backup
from airflow_spanner_lro.emulator.state.records.databases import Database, DatabaseState
from airflow_spanner_lro.emulator.state.records.instances import Instance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from airflow_spanner_lro.emulator.state.world import World

DEFAULT_CONFIG = "regional-europe-west1"


def seed_instance(world: World, name: InstanceName, *, config: str, now: datetime) -> None:
    """Put a ready instance there, unless it is there.

    :raises RpcError: if there is no such configuration.
    """
    if world.resources.instances.find(name) is not None:
        return
    config_name = InstanceConfigName(project=name.project, config=config)
    if world.resources.configs.find(config_name) is None:
        require_config(config_name)
    instance = Instance(
        name=name,
        serial=world.next_serial(),
        ready=True,
        create_time=now,
        config=config_name,
        update_time=now,
        message=instance_v1.Instance(display_name=name.instance, node_count=1),
    )
    world.resources.instances.put(name, instance)


def seed_database(
    world: World,
    name: DatabaseName,
    *,
    statements: Sequence[str],
    drop_protection: bool,
    now: datetime,
) -> None:
    """Put a ready database there, and its instance if that is missing.

    :raises RpcError: if it is there already, or a statement cannot be applied.
    """
    seed_instance(world, name.instance_name, config=DEFAULT_CONFIG, now=now)
    world.resources.databases.require_new(name)
    schema = Schema()
    for text in statements:
        schema = schema.apply(Statement.parse(text))
    database = Database(
        name=name,
        serial=world.next_serial(),
        state=DatabaseState.READY,
        create_time=now,
        dialect=int(database_v1.DatabaseDialect.GOOGLE_STANDARD_SQL),
        history=((now, schema),),
        drop_protection=drop_protection,
    )
    world.resources.databases.put(name, database)


def seed_backup(
    world: World, name: BackupName, *, database: DatabaseName, keep: timedelta, now: datetime
) -> None:
    """Put a ready backup of a database there.

    :raises RpcError: if it is there already, or the database is not.
    """
    world.resources.backups.require_new(name)
    source = world.resources.databases.get(database)
    backup = Backup(
        name=name,
        serial=world.next_serial(),
        ready=True,
        create_time=now,
        database=database,
        version_time=now,
        expire_time=now + keep,
        dialect=source.dialect,
        max_expire_time=now + MAX_BACKUP_AGE,
        schema=source.schema,
        data_bytes=source.size,
    )
    world.resources.backups.put(name, backup)
