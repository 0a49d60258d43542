# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a database goes: with all that runs on it and belongs to it.

It is dropped by name, and with its instance, and must leave the same nothing either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.backups import operations

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import DatabaseName
    from airflow_spanner_lro.emulator.state.world import World


def drop_database(world: World, name: DatabaseName, *, now: datetime) -> None:
    """Remove a database that is there; what it was restored from is free again."""
    database = world.resources.databases.get(name)
    world.abort_all(name, now=now)
    operations.drop_schedules_of(world, name)
    world.resources.databases.remove(name)
    if database.origin is not None:
        operations.release(world, database.origin.backup)
