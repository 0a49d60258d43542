# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions, as clients see them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import BackupName, DatabaseName
    from airflow_spanner_lro.emulator.state.ddl.schema import Schema
    from airflow_spanner_lro.emulator.state.records.backups import Backup
    from airflow_spanner_lro.emulator.state.records.partitions import InstancePartition
    from airflow_spanner_lro.emulator.state.tables import Resources

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
