# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions, as clients see them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_instance_v1 as instance_v1

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import DatabaseName
    from airflow_spanner_lro.emulator.state.records.instances import InstancePartition
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
        "referencing_databases": [str(name) for name in users_of(partition, resources)],
    }
    for field, value in set_by_service.items():
        setattr(message, field, value)
    if not partition.ready and "node_count" in message:
        message.node_count = 0
    elif not partition.ready:
        message.processing_units = 0
    return message


def users_of(partition: InstancePartition, resources: Resources) -> list[DatabaseName]:
    """Return the databases with a placement in a partition."""
    return [
        row.name
        for row in resources.databases_of(partition.name.instance_name)
        if any(_places_in(text, partition.name.partition) for text in row.schema.texts)
    ]


def _places_in(statement: str, partition: str) -> bool:
    found = _PLACEMENT.match(statement)
    return found is not None and found["id"] == partition
