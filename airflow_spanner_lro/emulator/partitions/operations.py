# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations on instance partitions do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstancePartitionName
from airflow_spanner_lro.emulator.operations.handler import HidesTargetOnCancel, ReportsTimes
from airflow_spanner_lro.emulator.partitions import model as messages
from airflow_spanner_lro.emulator.protos import plain_message

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionDetails:
    """What CreateInstancePartition remembers: the partition as it was asked for."""

    partition: instance_v1.InstancePartition


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionUpdate:
    """What UpdateInstancePartition remembers.

    :param message: all that the owner can set, as it will be
    :param partition: the partition as clients will see it
    """

    message: instance_v1.InstancePartition
    partition: instance_v1.InstancePartition


_Details = TypeVar("_Details")


class _OnPartitions(ReportsTimes[InstancePartitionName, _Details], Generic[_Details]):
    """An operation whose cancel is sure to be undone."""

    target_type: ClassVar = InstancePartitionName
    undo_guaranteed: ClassVar = True


class CreateInstancePartition(
    _OnPartitions[PartitionDetails], HidesTargetOnCancel[InstancePartitionName, PartitionDetails]
):
    """The partition becomes ready, or goes away."""

    details_type: ClassVar = PartitionDetails

    def describe(
        self, target: InstancePartitionName, details: PartitionDetails
    ) -> instance_v1.CreateInstancePartitionMetadata:
        """Return the partition as it was asked for."""
        del target
        return instance_v1.CreateInstancePartitionMetadata(instance_partition=details.partition)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the partition ready."""
        partition = world.resources.partitions.get(self.target(operation))
        partition = replace(partition, ready=True, update_time=at, revision=partition.revision + 1)
        world.resources.partitions.put(partition.name, partition)
        return plain_message(messages.partition_message(partition, resources=world.resources))


class UpdateInstancePartition(_OnPartitions[PartitionUpdate]):
    """The partition has its new values, or keeps the old ones."""

    details_type: ClassVar = PartitionUpdate

    def describe(
        self, target: InstancePartitionName, details: PartitionUpdate
    ) -> instance_v1.UpdateInstancePartitionMetadata:
        """Return the partition as it will be."""
        del target
        return instance_v1.UpdateInstancePartitionMetadata(instance_partition=details.partition)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Set the new values."""
        partition = world.resources.partitions.get(self.target(operation))
        partition = replace(
            partition,
            message=self.details(operation).message,
            update_time=at,
            revision=partition.revision + 1,
        )
        world.resources.partitions.put(partition.name, partition)
        return plain_message(messages.partition_message(partition, resources=world.resources))
