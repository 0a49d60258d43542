# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The RPCs, one module per family: validate, ask the world, answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.services.backups import Backups
from airflow_spanner_lro.emulator.services.databases import Databases
from airflow_spanner_lro.emulator.services.instances import Instances
from airflow_spanner_lro.emulator.services.operations import DatabaseOperations, Operations
from airflow_spanner_lro.emulator.services.restores import Restores
from airflow_spanner_lro.emulator.services.schemas import Schemas

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.rpc import Servicer
    from airflow_spanner_lro.emulator.state.world import World


def all_servicers(world: World) -> tuple[Servicer, ...]:
    """Return every family of RPCs, working on one world."""
    return (
        Instances(world),
        Databases(world),
        Schemas(world),
        Backups(world),
        Restores(world),
        Operations(world),
        DatabaseOperations(world),
    )
