# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions: what is remembered of them, and how clients see them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.emulator.state.records.base import Record, etag_of

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import (
        BackupName,
        DatabaseName,
        InstanceConfigName,
        InstancePartitionName,
    )
    from airflow_spanner_lro.emulator.backups.model import Backup
    from airflow_spanner_lro.emulator.schemas.model import Schema
    from airflow_spanner_lro.emulator.tables import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePartition(Record):
    """A partition of an instance.

    :param message: all that its owner can set, as it is in force
    :param update_time: when that last changed
    :param revision: how often it has changed
    :param hidden: whether its creation was cancelled, so that it cannot be read any more
    """

    name: InstancePartitionName
    ready: bool
    config: InstanceConfigName
    message: instance_v1.InstancePartition
    update_time: datetime
    revision: int = 0
    hidden: bool = False

    @property
    def etag(self) -> str:
        """Another text after each change."""
        return etag_of(self.serial, self.revision)


_PLACEMENT = re.compile(
    r"CREATE\s+PLACEMENT\b.*\binstance_partition\s*=\s*(['\"])(?P<id>.*?)\1",
    re.IGNORECASE | re.DOTALL,
)


def partition_message(
    partition: InstancePartition, *, resources: Resources
) -> instance_v1.InstancePartition:
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
        "referencing_databases": [str(name) for name in databases_in(partition, resources)],
    }
    for field, value in set_by_service.items():
        setattr(message, field, value)
    if not partition.ready and "node_count" in message:
        message.node_count = 0
    elif not partition.ready:
        message.processing_units = 0
    return message


def databases_in(partition: InstancePartition, resources: Resources) -> list[DatabaseName]:
    """Return the databases with a placement in a partition."""
    return [
        row.name
        for row in resources.databases_of(partition.name.instance_name)
        if partition.name.partition in _partitions_in(row.schema)
    ]


def backups_in(partition: InstancePartition, resources: Resources) -> list[BackupName]:
    """Return the backups of databases that had a placement in a partition then."""
    return [
        row.name
        for row in resources.backups_of(partition.name.instance_name)
        if partition.name.partition in _partitions_in(row.schema)
    ]


def partitions_of_backup(backup: Backup) -> list[str]:
    """Return the partitions that store a backup: those in which its database had placements."""
    parent = backup.name.instance_name
    # as the schema spells them, where nobody checks them
    return [f"{parent}/instancePartitions/{each}" for each in _partitions_in(backup.schema)]


def _partitions_in(schema: Schema) -> list[str]:
    """Return the ids of the partitions in which a schema has placements, each of them once."""
    found = (_PLACEMENT.match(text) for text in schema.texts)
    return list(dict.fromkeys(match["id"] for match in found if match is not None))
