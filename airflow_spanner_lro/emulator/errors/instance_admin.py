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
    return invalid(f"Invalid {field} {given!r}: expected {expected}, or nothing.", field=field)


def bad_value(field: str, *, value: object, rule: str) -> RpcError:
    """Say that a field has a value that it cannot have."""
    return invalid(f"Invalid {field} {value!r}: {rule}.", field=field)


def bad_mask_path(field: str, *, path: str, reason: str) -> RpcError:
    """Say that a field mask names what there is not, or what cannot be updated."""
    return invalid(f"Invalid {field}: {path!r} {reason}.", field=field)


bad_display_name = Invalid[str](
    "Display name must be between 4-30 characters long. Got: {0}", field="display_name"
)

bad_label_key = Invalid[str](
    "Label keys must be between 1-63 characters long, consist only of lowercase letters, digits, "
    "underscores, and dashes, and must start with a letter. Got: {0}",
    field="labels",
)

bad_label_value = Invalid[str](
    "Non-empty label values must be between 1-63 characters long, and consist only of lowercase "
    "letters, digits, underscores, and dashes. Got: {0}",
    field="labels",
)


def bad_units(name: ResourceName) -> RpcError:
    """Say that there is no instance or partition of this size."""
    return invalid(
        "Processing units (or node count) must be specified in: \n"
        "- increments of 100 for the instance size from 100 up to 900  OR\n"
        "- increments of 1000 (1 node) for the instance size from 1000 (1 node) and above.",
        field="instance_partition" if isinstance(name, InstancePartitionName) else "instance",
    )


several_capacities = Invalid[str]("Set only one of {0}.", field="node_count")

no_capacity = Invalid[str]("One of {0} is required.", field="node_count")


single_region = RefusalTemplate[InstancePartitionName](
    Code.FAILED_PRECONDITION,
    "Cannot create an instance partition in a single region instance.",
)

shared_base_config = RefusalTemplate[InstancePartitionName](
    Code.FAILED_PRECONDITION,
    "Cannot create an instance partition that shares a base config with another instance "
    "partition.",
)

default_partition_stays = RefusalTemplate[InstancePartitionName](
    Code.FAILED_PRECONDITION,
    "Cannot delete {0}: it is the default instance partition, which goes with its instance.",
)

default_partition_is_its_instance = RefusalTemplate[InstancePartitionName](
    Code.FAILED_PRECONDITION,
    "Cannot update {0}: it is the default instance partition. Update its instance instead.",
)


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


def edition_lacks(name: ResourceName, *, edition: str, feature: str, needed: str) -> RpcError:
    """Say that an edition of Spanner lacks what was asked for."""
    return precondition(
        name,
        f"Feature {feature} is not available to {noun(name)} {name}, in Edition {edition}. The "
        f"minimum required Edition for this feature is {needed}. Please refer documentation for "
        "additional information.",
    )
