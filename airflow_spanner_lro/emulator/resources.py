# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""All tables of resources, and the questions about a resource within another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    ResourceName,
)
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.backups.model import Backup, BackupTable
from airflow_spanner_lro.emulator.configs.model import ConfigTable, InstanceConfig
from airflow_spanner_lro.emulator.databases.model import Database, DatabaseState, DatabaseTable
from airflow_spanner_lro.emulator.instances.model import Instance
from airflow_spanner_lro.emulator.partitions.model import InstancePartition, PartitionTable
from airflow_spanner_lro.emulator.schedules.model import BackupSchedule, ScheduleTable
from airflow_spanner_lro.emulator.tables import Table

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.tables import EventQueue

_Name = TypeVar("_Name", bound=ResourceName)

AnyRecord = Instance | InstanceConfig | InstancePartition | Database | Backup | BackupSchedule


class Resources:
    """Everything that exists in the emulated world, operations aside."""

    def __init__(self, events: EventQueue) -> None:
        self.configs = ConfigTable(events)
        self.instances: Table[InstanceName, Instance] = Table(events)
        self.databases = DatabaseTable(events)
        self.backups = BackupTable(events, databases=self.databases)
        self.partitions = PartitionTable(events, databases=self.databases, backups=self.backups)
        self.schedules = ScheduleTable(events)
        self._tables: dict[type[ResourceName], Table[Any, Any]] = {
            InstanceConfigName: self.configs,
            InstanceName: self.instances,
            InstancePartitionName: self.partitions,
            DatabaseName: self.databases,
            BackupName: self.backups,
            BackupScheduleName: self.schedules,
        }

    def find(self, name: ResourceName) -> AnyRecord | None:
        """Return the resource of any kind that has this name and can be read, or None."""
        table = self._tables.get(type(name))
        found: AnyRecord | None = None if table is None else table.find(name)
        return found

    def table_of(self, name: _Name) -> Table[_Name, Any]:
        """Return the table that a resource is in."""
        return self._tables[type(name)]

    def ready_instance(self, name: InstanceName) -> Instance:
        """Return an instance on which something can be made.

        :raises RpcError: NOT_FOUND, or FAILED_PRECONDITION while it is being created.
        """
        instance = self.instances.get(name)
        if not instance.ready:
            raise errors.not_ready(name)
        return instance

    def database(self, name: DatabaseName) -> Database:
        """Return a database in whatever state it is.

        :raises RpcError: NOT_FOUND, about the instance if that is missing.
        """
        self.instances.get(name.instance_name)
        return self.databases.get(name)

    def usable_database(self, name: DatabaseName) -> Database:
        """Return a database that can be used, optimized or not yet.

        :raises RpcError: NOT_FOUND, or FAILED_PRECONDITION while it is being created.
        """
        database = self.database(name)
        if database.state == DatabaseState.CREATING:
            raise errors.not_ready(name)
        return database

    def backup(self, name: BackupName) -> Backup:
        """Return a backup, ready or not.

        :raises RpcError: NOT_FOUND, about the instance if that is missing.
        """
        self.instances.get(name.instance_name)
        return self.backups.get(name)

    def partition(self, name: InstancePartitionName) -> InstancePartition:
        """Return a partition, ready or not.

        :raises RpcError: NOT_FOUND, about the instance if that is missing.
        """
        self.instances.get(name.instance_name)
        return self.partitions.get(name)
