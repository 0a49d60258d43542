# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations on instance partitions do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstancePartitionName
from airflow_spanner_lro.emulator.operations.handler import (
    Creates,
    Creation,
    Reconciles,
    ReportsTimes,
    Update,
    Updates,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_spanner_lro.emulator.partitions.model import InstancePartition
    from airflow_spanner_lro.emulator.world import World

_Details = TypeVar("_Details")


class _OnPartitions(
    ReportsTimes[InstancePartitionName, _Details],
    Reconciles[InstancePartitionName, _Details],
    Generic[_Details],
):
    target_type: ClassVar = InstancePartitionName

    def message_of(self, world: World, row: InstancePartition) -> instance_v1.InstancePartition:
        """Return the partition as clients see it."""
        return world.resources.partitions.message_of(row)

    def settled(self, at: datetime) -> Mapping[str, Any]:
        """Say when it changed."""
        return {"update_time": at}


class CreateInstancePartition(_OnPartitions[Creation], Creates[InstancePartitionName]):
    """The partition becomes ready, or goes away."""

    def describe(
        self, target: InstancePartitionName, details: Creation
    ) -> instance_v1.CreateInstancePartitionMetadata:
        """Return the partition as it was asked for."""
        del target
        return instance_v1.CreateInstancePartitionMetadata(instance_partition=details.desired)


class UpdateInstancePartition(_OnPartitions[Update], Updates[InstancePartitionName]):
    """The partition has its new values, or keeps the old ones."""

    def describe(
        self, target: InstancePartitionName, details: Update
    ) -> instance_v1.UpdateInstancePartitionMetadata:
        """Return the partition as it will be."""
        del target
        return instance_v1.UpdateInstancePartitionMetadata(instance_partition=details.desired)
