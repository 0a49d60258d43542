# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""For each kind of operation all arguments of its operator, and the requests that they make.

What of a request is not compared with what Spanner tells is listed here with the reason why.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from airflow_spanner_lro.core import kinds
from tests.contract.required import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.operators.operation import SpannerOperationOperator

KEYS = [f"projects/p/locations/{at}/keyRings/r/cryptoKeys/k" for at in ("here", "there")]
_SCALED = {
    "autoscaling": {
        "autoscaling_limits": {"min_nodes": 1, "max_nodes": 3},
        "autoscaling_targets": {
            "high_priority_cpu_utilization_percent": 65,
            "storage_utilization_percent": 90,
        },
    }
}
_CUSTOMER = "CUSTOMER_MANAGED_ENCRYPTION"
_KEPT = {"expire_time": timedelta(days=1), "encryption_type": _CUSTOMER}
_SIZES: tuple[dict[str, Any], ...] = ({"node_count": 1}, {"processing_units": 300}, _SCALED)
_INSTANCE = {
    "display_name": "Main one",
    "edition": "ENTERPRISE",
    "labels": {"team": "shop"},
    "default_backup_schedule_type": "NONE",
}
_DESCRIPTORS = {"proto_descriptors_file": "bundle.pb"}

ARGUMENTS: Mapping[OperationKind, tuple[Mapping[str, Any], ...]] = {
    kinds.CREATE_BACKUP: (
        {**_KEPT, "version_time": datetime(2026, 1, 1, tzinfo=UTC), "kms_key_names": KEYS},
        {**_KEPT, "kms_key_names": KEYS[0]},
    ),
    kinds.COPY_BACKUP: ({**_KEPT, "kms_key_names": KEYS}, {**_KEPT, "kms_key_names": KEYS[0]}),
    kinds.CREATE_DATABASE: (
        {
            "dialect": "GOOGLE_STANDARD_SQL",
            "extra_statements": ["CREATE TABLE A (Id INT64) PRIMARY KEY (Id)"],
            "kms_key_names": KEYS,
            "enable_drop_protection": True,
            **_DESCRIPTORS,
        },
        {"kms_key_names": KEYS[0]},
    ),
    kinds.RESTORE_DATABASE: (
        {"encryption_type": _CUSTOMER, "kms_key_names": KEYS, "wait_for_optimize": True},
        {"encryption_type": _CUSTOMER, "kms_key_names": KEYS[0]},
    ),
    kinds.UPDATE_DATABASE: (
        {"enable_drop_protection": True, "kms_key_names": KEYS},
        {"kms_key_names": KEYS[0]},
    ),
    kinds.UPDATE_DATABASE_DDL: (_DESCRIPTORS,),
    kinds.CREATE_INSTANCE: tuple(
        {**_INSTANCE, **size, "instance_type": "PROVISIONED"} for size in _SIZES
    ),
    kinds.UPDATE_INSTANCE: tuple({**_INSTANCE, **size} for size in _SIZES),
    kinds.MOVE_INSTANCE: ({},),
    kinds.CREATE_INSTANCE_CONFIG: (
        {
            "replicas": [{"location": "us-central1", "type": "READ_ONLY"}],
            "display_name": "Near",
            "labels": {"team": "shop"},
        },
    ),
    kinds.UPDATE_INSTANCE_CONFIG: ({"display_name": "Near", "labels": {"team": "shop"}},),
    kinds.CREATE_INSTANCE_PARTITION: tuple({"display_name": "A part", **size} for size in _SIZES),
    kinds.UPDATE_INSTANCE_PARTITION: tuple({"display_name": "A part", **size} for size in _SIZES),
}
"""Beside those that an operator cannot do without."""

NOT_TRIED: Mapping[str, str] = {
    "add_replicas": "asks Spanner for the base, and fills the field that replicas fills",
}
"""Parameters that are given nowhere here, and why not."""

_TARGET = "is part of the target's name, by which operation and resource are found at all"
_DESCRIPTORS_ARE_HIDDEN = "is told neither by the operation nor by the database"

NOT_COMPARED: Mapping[OperationKind, Mapping[str, str]] = {
    kinds.CREATE_BACKUP: {"parent": _TARGET, "backup_id": _TARGET},
    kinds.COPY_BACKUP: {"parent": _TARGET, "backup_id": _TARGET},
    kinds.CREATE_DATABASE: {
        "parent": _TARGET,
        "create_statement": _TARGET,
        "proto_descriptors": _DESCRIPTORS_ARE_HIDDEN,
    },
    kinds.RESTORE_DATABASE: {"parent": _TARGET, "database_id": _TARGET},
    kinds.UPDATE_DATABASE: {"database.name": _TARGET},
    kinds.UPDATE_DATABASE_DDL: {
        "database": _TARGET,
        "proto_descriptors": _DESCRIPTORS_ARE_HIDDEN,
    },
    kinds.CREATE_INSTANCE: {"parent": _TARGET, "instance_id": _TARGET, "instance.name": _TARGET},
    kinds.UPDATE_INSTANCE: {"instance.name": _TARGET},
    kinds.MOVE_INSTANCE: {"name": _TARGET},
    kinds.CREATE_INSTANCE_CONFIG: {
        "parent": _TARGET,
        "instance_config_id": _TARGET,
        "instance_config.name": _TARGET,
    },
    kinds.UPDATE_INSTANCE_CONFIG: {"instance_config.name": _TARGET},
    kinds.CREATE_INSTANCE_PARTITION: {
        "parent": _TARGET,
        "instance_partition_id": _TARGET,
        "instance_partition.name": _TARGET,
    },
    kinds.UPDATE_INSTANCE_PARTITION: {"instance_partition.name": _TARGET},
}
"""Fields of requests that are compared with nothing, and why not."""


def requests_of(operator: type[SpannerOperationOperator], *, files: Path) -> Iterator[Any]:
    """Yield requests in which together stands all that an operator can ask for.

    :param files: a folder for the files that its arguments name
    """
    (files / "bundle.pb").write_bytes(
        FileDescriptorSet(file=[FileDescriptorProto(name="order.proto")]).SerializeToString()
    )
    for arguments in ARGUMENTS[operator.kind]:
        given = REQUIRED[operator] | dict(arguments)
        if "proto_descriptors_file" in given:
            given["proto_descriptors_file"] = str(files / given["proto_descriptors_file"])
        task = operator(task_id="ask", project_id="test", **given)
        request = task.build_request()
        yield type(request).pb(request)


def fields_set(message: Any, prefix: str = "") -> set[str]:
    """Return the paths of all fields of a message that hold something; lists and maps are one."""
    found = set[str]()
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        nested = field.message_type is not None and not field.is_repeated
        if nested and field.message_type.full_name.startswith("google.spanner."):
            found |= fields_set(value, f"{path}.")
        else:
            found.add(path)
    return found
