# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions: what is remembered of them, and how clients see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstancePartitionName
from airflow_spanner_lro.emulator.instances.capacity import UNITS_PER_NODE, autoscaled, units_of
from airflow_spanner_lro.emulator.tables import ReconciledRow, Table

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import (
        BackupName,
        DatabaseName,
        InstanceConfigName,
        InstanceName,
    )
    from airflow_spanner_lro.emulator.backups.model import BackupTable
    from airflow_spanner_lro.emulator.databases.model import DatabaseTable
    from airflow_spanner_lro.emulator.instances.model import Instance
    from airflow_spanner_lro.emulator.tables import EventQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePartition(ReconciledRow):
    """A partition of an instance.

    :param message: all that its owner can set, as it is in force
    :param update_time: when that last changed
    """

    name: InstancePartitionName
    config: InstanceConfigName
    message: instance_v1.InstancePartition
    update_time: datetime


DEFAULT_PARTITION = "default"
"""The id of the partition that every instance has, and that is managed with its instance."""


def default_partition(instance: Instance) -> InstancePartition:
    """Return the partition that an instance is by itself: its configuration, its capacity."""
    message = instance_v1.InstancePartition(display_name=DEFAULT_PARTITION)
    units = units_of(instance.message)
    if units and units % UNITS_PER_NODE == 0:
        message.node_count = units // UNITS_PER_NODE
    elif units:
        message.processing_units = units
    if autoscaled(instance.message):
        message.autoscaling_config = instance.message.autoscaling_config
    name = instance.name
    return InstancePartition(
        name=InstancePartitionName(
            project=name.project, instance=name.instance, partition=DEFAULT_PARTITION
        ),
        serial=instance.serial,
        ready=instance.ready,
        hidden=instance.hidden,
        revision=instance.revision,
        create_time=instance.create_time,
        config=instance.config,
        message=message,
        update_time=instance.update_time,
    )


class PartitionTable(Table[InstancePartitionName, InstancePartition]):
    """The instance partitions.

    :param databases: some of which have placements in partitions
    :param backups: some of which had them
    """

    def __init__(
        self, events: EventQueue, *, databases: DatabaseTable, backups: BackupTable
    ) -> None:
        super().__init__(events)
        self._databases = databases
        self._backups = backups

    def of_instance(self, instance: InstanceName) -> list[InstancePartition]:
        """Return the partitions of an instance, by name."""
        rows = (row for row in self if row.name.instance_name == instance)
        return sorted(rows, key=lambda row: row.name.partition)

    def users_of(self, partition: InstancePartition) -> list[DatabaseName | BackupName]:
        """Return the databases with a placement in a partition, and backups of such databases."""
        backups = self._backups.of_instance(partition.name.instance_name)
        placed = (row.name for row in backups if partition.name.partition in row.schema.placements)
        return [*self._databases_in(partition), *placed]

    def message_of(self, partition: InstancePartition) -> instance_v1.InstancePartition:
        """Return a partition as clients see it; it has no resources until it is ready."""
        state = instance_v1.InstancePartition.State
        message = instance_v1.InstancePartition(partition.message)
        set_by_service = {
            "name": str(partition.name),
            "config": str(partition.config),
            "state": state.READY if partition.ready else state.CREATING,
            "create_time": partition.create_time,
            "update_time": partition.update_time,
            "etag": partition.etag,
            "referencing_databases": [str(name) for name in self._databases_in(partition)],
        }
        for field, value in set_by_service.items():
            setattr(message, field, value)
        if not partition.ready and "node_count" in message:
            message.node_count = 0
        elif not partition.ready:
            message.processing_units = 0
        return message

    def _databases_in(self, partition: InstancePartition) -> list[DatabaseName]:
        rows = self._databases.of_instance(partition.name.instance_name)
        return [row.name for row in rows if partition.name.partition in row.schema.placements]
