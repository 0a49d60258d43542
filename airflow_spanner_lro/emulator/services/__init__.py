# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The RPCs, one module per family: validate, ask the world, answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.backups.service import BackupService, CopyService
from airflow_spanner_lro.emulator.configs.service import ConfigService
from airflow_spanner_lro.emulator.databases.service import (
    DatabaseService,
    DatabaseUpdateService,
    QuorumService,
    RestoreService,
)
from airflow_spanner_lro.emulator.iam.service import DatabaseIamService, InstanceIamService
from airflow_spanner_lro.emulator.instances.service import InstanceService, InstanceUpdateService
from airflow_spanner_lro.emulator.operations.service import (
    DatabaseOperationLists,
    InstanceOperationLists,
    OperationService,
)
from airflow_spanner_lro.emulator.partitions.service import PartitionService
from airflow_spanner_lro.emulator.schedules.service import ScheduleService
from airflow_spanner_lro.emulator.schemas.service import DatabaseInsideService, SchemaService

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.rpc import Servicer
    from airflow_spanner_lro.emulator.world import World


def all_servicers(world: World) -> tuple[Servicer, ...]:
    """Return every family of RPCs, working on one world."""
    return (
        InstanceService(world),
        InstanceUpdateService(world),
        ConfigService(world),
        PartitionService(world),
        DatabaseService(world),
        SchemaService(world),
        BackupService(world),
        CopyService(world),
        ScheduleService(world),
        RestoreService(world),
        DatabaseUpdateService(world),
        DatabaseInsideService(world),
        QuorumService(world),
        DatabaseIamService(world),
        InstanceIamService(world),
        OperationService(world),
        DatabaseOperationLists(world),
        InstanceOperationLists(world),
    )
