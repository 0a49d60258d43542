# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Make the backup that is due by a schedule.

The service starts it within the four hours of its creation window, here it starts at once. Nobody
is told of a backup that cannot be made, because there is no call to answer: it is left out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.names import BackupName
from airflow_spanner_lro.emulator.backups.model import MAX_BACKUP_AGE, Backup
from airflow_spanner_lro.emulator.backups.operations import BackupDetails
from airflow_spanner_lro.emulator.databases.encryption import keys_for
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.schedules.model import BackupSchedule, Chain, Cron

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import BackupScheduleName
    from airflow_spanner_lro.emulator.databases.model import Database
    from airflow_spanner_lro.emulator.world import World

LONGEST_CHAIN = 14
"""A full backup and thirteen incremental ones."""

OLDEST_CHAIN = timedelta(days=28)
"""How old the full backup of a chain may get while the chain still grows."""

_ID_LENGTH = 60
_GROWTH = 100


def run_schedule(world: World, name: BackupScheduleName, at: datetime) -> None:
    """Make the backup that is due by a schedule."""
    schedule = world.resources.schedules.get(name)
    database = world.resources.databases.find(name.database_name)
    if database is None:
        world.resources.schedules.remove(name)
        return
    # first of all, because starting the backup looks at the event queue again
    schedule = replace(schedule, due=Cron.parse(schedule.crontab).next_after(at))
    world.resources.schedules.put(name, schedule)
    try:
        world.resources.usable_database(database.name)
        world.operations.require_no_move(database.name.instance_name)
    except RpcError:
        return
    backup = _backup(world, schedule, database, at)
    world.resources.backups.put(backup.name, backup)
    if schedule.incremental:
        world.resources.schedules.put(name, replace(schedule, chain=_longer(schedule, backup)))
    world.start(
        kind=CREATE_BACKUP,
        target=backup.name,
        details=BackupDetails(database=database.name, on_demand=False),
        now=at,
        size_bytes=backup.own_bytes or backup.data_bytes,
    )


def new_chain_id(world: World) -> str:
    """Make up the id of a chain of incremental backups."""
    return f"{world.rng.getrandbits(64):016x}"


def _backup(world: World, schedule: BackupSchedule, database: Database, at: datetime) -> Backup:
    inherited = database.kms_keys
    backup = Backup(
        name=_new_name(world, schedule, at),
        serial=world.next_serial(),
        ready=False,
        create_time=at,
        database=database.name,
        version_time=at,
        expire_time=at + schedule.retention,
        max_expire_time=at + MAX_BACKUP_AGE,
        dialect=database.dialect,
        schema=database.schema_at(at),
        data_bytes=database.size,
        kms_keys=keys_for(schedule.message.encryption_config, inherited=inherited),
        schedules=(schedule.name,),
    )
    if not schedule.incremental:
        return backup
    base = _base(world, schedule, at)
    if base is None or schedule.chain is None:
        return replace(
            backup, chain=new_chain_id(world), own_bytes=database.size, oldest_version_time=at
        )
    # what changed is made up, a hundredth of it all, if the database did not grow
    own = max(database.size - base.data_bytes, database.size // _GROWTH)
    return replace(
        backup,
        chain=schedule.chain.id,
        own_bytes=own,
        data_bytes=base.data_bytes + own,
        oldest_version_time=schedule.chain.first,
    )


def _base(world: World, schedule: BackupSchedule, at: datetime) -> Backup | None:
    """Return the backup that the next one is added to; None if it begins a chain."""
    chain = schedule.chain
    if chain is None or chain.length >= LONGEST_CHAIN or at - chain.first >= OLDEST_CHAIN:
        return None
    name, serial = chain.newest
    newest = world.resources.backups.find(name)
    return newest if newest is not None and newest.serial == serial else None


def _longer(schedule: BackupSchedule, backup: Backup) -> Chain:
    """Return the chain that a backup belongs to, with it at its end."""
    newest = (backup.name, backup.serial)
    if schedule.chain is None or schedule.chain.id != backup.chain:
        return Chain(id=backup.chain, first=backup.version_time, length=1, newest=newest)
    return replace(schedule.chain, length=schedule.chain.length + 1, newest=newest)


def _new_name(world: World, schedule: BackupSchedule, at: datetime) -> BackupName:
    """Make up a name that says from which schedule a backup comes, and of when it is."""
    suffix = f"_{at:%Y%m%d_%H%M}_{world.rng.getrandbits(32):08x}"
    name = schedule.name
    return BackupName(
        project=name.project,
        instance=name.instance,
        backup=name.schedule[: _ID_LENGTH - len(suffix)] + suffix,
    )
