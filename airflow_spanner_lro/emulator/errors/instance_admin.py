# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What InstanceAdmin refuses."""

from __future__ import annotations

from airflow_spanner_lro.core.names import (
    BackupName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    ResourceName,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import (
    Invalid,
    RefusalTemplate,
    RpcError,
    about,
    invalid,
    noun,
    precondition,
)


def moving(name: InstanceName, *, operation: OperationName) -> RpcError:
    """Say that an instance cannot be changed while it moves."""
    return precondition(
        name,
        f"Instance {name} is being moved to another instance configuration: {operation}. "
        "Retry once the move has completed.",
    )


def being_changed(name: ResourceName, *, operation: OperationName) -> RpcError:
    """Say that a resource cannot be changed while another change is pending."""
    return precondition(
        name,
        f"{noun(name)} {name} cannot be modified because another operation on it is pending: "
        f"{operation}.",
    )


def instance_has_backups(name: InstanceName, *, backup: BackupName) -> RpcError:
    """Say that an instance cannot be deleted while it holds backups."""
    return precondition(
        name,
        f"Cannot delete instance {name} because it contains backups, such as {backup}. "
        "Delete the backups first.",
    )


def cannot_move(name: InstanceName, *, reason: str) -> RpcError:
    """Say that an instance is not one that can be moved."""
    return precondition(name, f"Cannot move instance {name} because {reason}.")


def config_in_use(name: InstanceConfigName, *, user: ResourceName) -> RpcError:
    """Say that a configuration cannot be deleted while something uses it."""
    return precondition(
        name,
        f"Cannot delete instance config {name} because it is in use by {user}.",
    )


config_just_left = RefusalTemplate[InstanceConfigName](
    Code.FAILED_PRECONDITION,
    "Cannot delete instance config {0} because it was in use until a moment ago. Please retry "
    "in a few minutes.",
)

config_not_usable = RefusalTemplate[InstanceConfigName](
    Code.FAILED_PRECONDITION,
    "Instance config {0} cannot be used because it is still being created.",
)

google_managed = RefusalTemplate[InstanceConfigName](
    Code.INVALID_ARGUMENT, "Instance config {0} is managed by Google and cannot be modified."
)


def limit_reached(name: ResourceName, *, what: str, limit: int, within: ResourceName) -> RpcError:
    """Say that there are as many of something as there may be."""
    return about(
        Code.RESOURCE_EXHAUSTED,
        name,
        f"Cannot create {name}: {within} has reached its limit of {limit} {what}.",
    )


def wrong_etag(name: ResourceName, *, etag: str) -> RpcError:
    """Say that a resource has changed since its reader read it."""
    return about(
        Code.ABORTED,
        name,
        f"The etag {etag!r} does not match the current etag of {noun(name).lower()} {name}. "
        "Read it again before changing it.",
    )


def other_name(*, field: str, given: str, expected: ResourceName) -> RpcError:
    """Say that a name in a message is not the one that the rest of the request gives."""
    return invalid(f"Invalid {field} {given!r}: expected {expected}, or nothing.")


def bad_value(field: str, *, value: object, rule: str) -> RpcError:
    """Say that a field has a value that it cannot have."""
    return invalid(f"Invalid {field} {value!r}: {rule}.")


def bad_mask_path(field: str, *, path: str, reason: str) -> RpcError:
    """Say that a field mask names what there is not, or what cannot be updated."""
    return invalid(f"Invalid {field}: {path!r} {reason}.")


several_capacities = Invalid[str]("Set only one of {0}.")


def partition_is_used(name: InstancePartitionName, *, user: ResourceName) -> RpcError:
    """Say that a partition cannot be deleted while a database or backup uses it."""
    return precondition(
        name,
        f"Cannot delete instance partition {name} because {user} references it.",
    )


def too_much_capacity(name: ResourceName, *, nodes: int) -> RpcError:
    """Say that a project cannot have so many nodes, as production does."""
    return about(
        Code.RESOURCE_EXHAUSTED,
        name,
        f"Project {name.project} cannot add {nodes} nodes to {name}: the quota is exceeded.",
    )


def edition_lacks(name: ResourceName, *, needed: str, reason: str) -> RpcError:
    """Say that an edition of Spanner lacks what was asked for."""
    return precondition(
        name,
        f"{noun(name)} {name} needs at least the edition {needed}, because {reason}.",
    )
