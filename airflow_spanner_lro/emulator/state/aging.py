# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What time does to backups and their schedules, without anybody asking."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import BackupName, BackupScheduleName
    from airflow_spanner_lro.emulator.state.world import World


def expire(world: World, name: BackupName) -> None:
    """Delete a backup whose time is over; one that something still reads from goes later."""
    backup = world.resources.backups.get(name)
    if world.resources.readers_of(backup):
        world.resources.backups.put(name, replace(backup, expired=True))
    else:
        world.resources.backups.remove(name)


def release(world: World, name: BackupName) -> None:
    """Delete a backup that has expired while something read from it, now that nothing does."""
    backup = world.resources.backups.find(name)
    if backup is not None and backup.expired and not world.resources.readers_of(backup):
        world.resources.backups.remove(name)


def fire(world: World, name: BackupScheduleName, at: datetime) -> None:
    """Make the backup that is due by a schedule."""
    raise NotImplementedError(world, name, at)
