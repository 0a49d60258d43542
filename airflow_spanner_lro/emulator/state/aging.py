# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Resources that go without anybody asking for it: expired backups, and orphaned schedules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import BackupName, DatabaseName
    from airflow_spanner_lro.emulator.state.records.backups import Backup
    from airflow_spanner_lro.emulator.state.world import World


def expire(world: World, name: BackupName, at: datetime) -> None:
    """Delete a backup whose time is over; one that something still reads from goes later."""
    del at
    backup = world.resources.backups.get(name)
    if in_use(world, backup):
        world.resources.backups.put(name, replace(backup, expired=True))
    else:
        world.resources.backups.remove(name)


def release(world: World, name: BackupName) -> None:
    """Delete a backup that has expired while something read from it, now that nothing does."""
    backup = world.resources.backups.find(name)
    if backup is not None and backup.expired and not in_use(world, backup):
        world.resources.backups.remove(name)


def in_use(world: World, backup: Backup) -> bool:
    """Tell whether a restore, an optimization or a copy reads from a backup."""
    return bool(world.resources.readers_of(backup) or world.resources.copies_of(backup))


def drop_schedules_of(world: World, name: DatabaseName) -> None:
    """Remove the schedules of a database that is about to be removed; they go with it."""
    for schedule in world.resources.schedules_of(name):
        world.resources.schedules.remove(schedule.name)
