# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The kinds of long-running operations: one declarative entry for each, read by everyone else.

The client (which RPC), the operator, the snapshot decoder (metadata type), the emulator and the
command line must agree about a kind, so each fact about it stands once. Message types are named,
not imported: every Dag file imports operators, and the Spanner clients take seconds to load.

Source: the RPC references of google.spanner.admin.database.v1 and google.spanner.admin.instance.v1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

from airflow_spanner_lro.core.facets import (
    FALSE,
    GOOGLES_KEYS,
    NONE,
    Facet,
    Label,
    facet,
    resource_facet,
    subfields,
)
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    ResourceName,
)


class Service(StrEnum):
    """The two admin services, by the full name that gRPC uses."""

    DATABASE_ADMIN = "google.spanner.admin.database.v1.DatabaseAdmin"
    INSTANCE_ADMIN = "google.spanner.admin.instance.v1.InstanceAdmin"

    @property
    def proto_package(self) -> str:
        """The package of the service's messages, as in a type URL."""
        return self.value.rpartition(".")[0]

    @property
    def python_package(self) -> str:
        """The Python package that holds the service's message types and clients."""
        if self is Service.DATABASE_ADMIN:
            return "google.cloud.spanner_admin_database_v1"
        return "google.cloud.spanner_admin_instance_v1"

    def message(self, name: str) -> type[Any]:
        """Load a message type of this service by name. The first call imports the client library.

        :raises AttributeError: if the installed client library has no such message.
        """
        type_: type[Any] = getattr(import_module(f"{self.python_package}.types"), name)
        return type_


class ProgressShape(StrEnum):
    """The four shapes in which metadata tells how far an operation is."""

    SINGLE = "single"
    """One ``OperationProgress`` in a field called ``progress``."""
    PER_STATEMENT = "per statement"
    """A list of ``OperationProgress``, one for each DDL statement."""
    TIMES_ONLY = "times only"
    """``start_time``, ``cancel_time``, ``end_time``, and no percentage."""
    NONE = "none"
    """Nothing but the name."""


# each kind is one object, and compared as such: lists look kinds up by the thousand
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperationKind:
    """What every part of the package needs to know about one kind of operation.

    :param rpc: method of the generated client that starts it, or None where the service starts it
    :param service: the admin service it belongs to
    :param request: name of the request message, None where no call starts it
    :param metadata: name of the metadata message
    :param response: name of the response message, None for ``google.protobuf.Empty``
    :param target: type of the resource it works on, which is also the parent of its name
    :param title: what to call it in a log line
    :param progress: in which shape its metadata tells progress
    :param creates: whether it makes its target, so that a cancelled one must leave no target
    :param cleans_up: whether by default a target made in spite of a cancel is deleted
    :param cancellable: False where the service cannot cancel it
    :param named_by_caller: whether the caller may choose the operation id before it is started
    :param compared: what of a request Spanner shows again: all that tells two for one target apart
    :param mask: field of the request that names what an update changes; empty if it changes nothing
    :param metadata_mask: the same in metadata that holds the whole request
    """

    rpc: str | None
    service: Service
    request: str | None
    metadata: str
    response: str | None
    target: type[ResourceName]
    title: str
    progress: ProgressShape = ProgressShape.SINGLE
    creates: bool = False
    cleans_up: bool = False
    cancellable: bool = True
    named_by_caller: bool = False
    compared: tuple[Facet, ...] = ()
    mask: str = ""
    metadata_mask: str = ""

    def __str__(self) -> str:
        return self.title

    def __repr__(self) -> str:
        return f"<OperationKind {self.name}>"

    @property
    def name(self) -> str:
        """What the API calls it, such as ``CreateBackup``, also where no call starts it."""
        return self.metadata.removesuffix("Metadata")

    @property
    def metadata_type_url(self) -> str:
        """The type URL under which this kind's metadata travels."""
        return f"type.googleapis.com/{self.service.proto_package}.{self.metadata}"

    @property
    def method(self) -> str:
        """The RPC's name on the wire, in CamelCase; empty where no call starts it."""
        return "".join(part.capitalize() for part in (self.rpc or "").split("_"))

    def request_type(self) -> type[Any]:
        """Load the request message type.

        :raises ValueError: if no call starts this kind.
        """
        if self.request is None:
            message = f"{self.title} is started by the service, not by a call"
            raise ValueError(message)
        return self.service.message(self.request)

    def metadata_type(self) -> type[Any]:
        """Load the metadata message type."""
        return self.service.message(self.metadata)


_KEYS = ("kms_key_name", "kms_key_names")
_TYPE_AND_KEYS = subfields("encryption_config", "encryption_type", *_KEYS)
_KEYS_OF_DATABASE = subfields("encryption_config", *_KEYS)
_KEY_VERSIONS = ("encryption_type", "kms_key_version")
# a backup has the second list also where it has several keys
_BACKUP_IS_ENCRYPTED = facet(
    Label.ENCRYPTION,
    request=_TYPE_AND_KEYS,
    resource=(
        *subfields("encryption_info", *_KEY_VERSIONS),
        *subfields("encryption_information", *_KEY_VERSIONS),
    ),
    fixed=True,
)

_CAPACITY = ("node_count", "processing_units", "autoscaling_config")
_INSTANCE_CAN_CHANGE = (
    resource_facet("instance", Label.CAPACITY, *_CAPACITY),
    resource_facet("instance", Label.AUTOSCALING, "autoscaling_config"),
    resource_facet("instance", Label.EDITION, "edition"),
    resource_facet("instance", Label.BACKUP_SCHEDULE, "default_backup_schedule_type"),
    resource_facet("instance", Label.DISPLAY_NAME, "display_name"),
    resource_facet("instance", Label.LABELS, "labels", absent=NONE),
)
_CONFIG_CAN_CHANGE = (
    resource_facet("instance_config", Label.DISPLAY_NAME, "display_name"),
    resource_facet("instance_config", Label.LABELS, "labels", absent=NONE),
)
_PARTITION_CAN_CHANGE = (
    resource_facet("instance_partition", Label.CAPACITY, *_CAPACITY),
    resource_facet("instance_partition", Label.AUTOSCALING, "autoscaling_config"),
    resource_facet("instance_partition", Label.DISPLAY_NAME, "display_name"),
)

CREATE_BACKUP = OperationKind(
    rpc="create_backup",
    service=Service.DATABASE_ADMIN,
    request="CreateBackupRequest",
    metadata="CreateBackupMetadata",
    response="Backup",
    target=BackupName,
    title="Create backup",
    creates=True,
    cleans_up=True,
    compared=(
        facet(
            Label.SOURCE_DATABASE,
            request="backup.database",
            metadata="database",
            resource="database",
            fixed=True,
        ),
        facet(
            Label.VERSION_TIME,
            request="backup.version_time",
            resource="version_time",
            fixed=True,
        ),
        facet(Label.EXPIRY, request="backup.expire_time", resource="expire_time"),
        _BACKUP_IS_ENCRYPTED,
    ),
)
COPY_BACKUP = OperationKind(
    rpc="copy_backup",
    service=Service.DATABASE_ADMIN,
    request="CopyBackupRequest",
    metadata="CopyBackupMetadata",
    response="Backup",
    target=BackupName,
    title="Copy backup",
    creates=True,
    cleans_up=True,
    compared=(
        facet(Label.SOURCE_BACKUP, request="source_backup", metadata="source_backup", fixed=True),
        facet(Label.EXPIRY, request="expire_time", resource="expire_time"),
        _BACKUP_IS_ENCRYPTED,
    ),
)
CREATE_DATABASE = OperationKind(
    rpc="create_database",
    service=Service.DATABASE_ADMIN,
    request="CreateDatabaseRequest",
    metadata="CreateDatabaseMetadata",
    response="Database",
    target=DatabaseName,
    title="Create database",
    progress=ProgressShape.NONE,
    creates=True,
    compared=(
        facet(Label.DIALECT, request="database_dialect", resource="database_dialect", fixed=True),
        facet(
            Label.ENCRYPTION,
            request=_KEYS_OF_DATABASE,
            resource=_KEYS_OF_DATABASE,
            absent=GOOGLES_KEYS,
        ),
        # the database shows its schema, but not in its message
        facet(Label.SCHEMA, request="extra_statements", absent=NONE),
    ),
)
RESTORE_DATABASE = OperationKind(
    rpc="restore_database",
    service=Service.DATABASE_ADMIN,
    request="RestoreDatabaseRequest",
    metadata="RestoreDatabaseMetadata",
    response="Database",
    target=DatabaseName,
    title="Restore database",
    creates=True,
    compared=(
        facet(
            Label.SOURCE_BACKUP,
            request="backup",
            metadata="backup_info.backup",
            resource="restore_info.backup_info.backup",
            fixed=True,
            absent=NONE,
        ),
        facet(
            Label.ENCRYPTION,
            request=_TYPE_AND_KEYS,
            resource=_KEYS_OF_DATABASE,
            absent=GOOGLES_KEYS,
        ),
    ),
)
OPTIMIZE_RESTORED_DATABASE = OperationKind(
    rpc=None,
    service=Service.DATABASE_ADMIN,
    request=None,
    metadata="OptimizeRestoredDatabaseMetadata",
    response=None,
    target=DatabaseName,
    title="Optimize restored database",
    cancellable=False,
)
UPDATE_DATABASE = OperationKind(
    rpc="update_database",
    service=Service.DATABASE_ADMIN,
    request="UpdateDatabaseRequest",
    metadata="UpdateDatabaseMetadata",
    response="Database",
    target=DatabaseName,
    title="Update database",
    mask="update_mask",
    metadata_mask="request.update_mask",
    compared=(
        facet(
            Label.DROP_PROTECTION,
            request="database.enable_drop_protection",
            metadata="request.database.enable_drop_protection",
            resource="enable_drop_protection",
            absent=FALSE,
        ),
        facet(
            Label.ENCRYPTION,
            request=subfields("database.encryption_config", *_KEYS),
            metadata=subfields("request.database.encryption_config", *_KEYS),
            resource=_KEYS_OF_DATABASE,
            absent=GOOGLES_KEYS,
        ),
    ),
)
UPDATE_DATABASE_DDL = OperationKind(
    rpc="update_database_ddl",
    service=Service.DATABASE_ADMIN,
    request="UpdateDatabaseDdlRequest",
    metadata="UpdateDatabaseDdlMetadata",
    response=None,
    target=DatabaseName,
    title="Schema change",
    progress=ProgressShape.PER_STATEMENT,
    named_by_caller=True,
    compared=(facet(Label.STATEMENTS, request="statements", metadata="statements", fixed=True),),
)
CREATE_INSTANCE = OperationKind(
    rpc="create_instance",
    service=Service.INSTANCE_ADMIN,
    request="CreateInstanceRequest",
    metadata="CreateInstanceMetadata",
    response="Instance",
    target=InstanceName,
    title="Create instance",
    progress=ProgressShape.TIMES_ONLY,
    creates=True,
    compared=(
        resource_facet("instance", Label.CONFIGURATION, "config"),
        resource_facet("instance", Label.INSTANCE_TYPE, "instance_type"),
        *_INSTANCE_CAN_CHANGE,
    ),
)
UPDATE_INSTANCE = OperationKind(
    rpc="update_instance",
    service=Service.INSTANCE_ADMIN,
    request="UpdateInstanceRequest",
    metadata="UpdateInstanceMetadata",
    response="Instance",
    target=InstanceName,
    title="Update instance",
    progress=ProgressShape.TIMES_ONLY,
    mask="field_mask",
    compared=_INSTANCE_CAN_CHANGE,
)
MOVE_INSTANCE = OperationKind(
    rpc="move_instance",
    service=Service.INSTANCE_ADMIN,
    request="MoveInstanceRequest",
    metadata="MoveInstanceMetadata",
    response="MoveInstanceResponse",
    target=InstanceName,
    title="Move instance",
    compared=(
        facet(
            Label.CONFIGURATION,
            request="target_config",
            metadata="target_config",
            resource="config",
        ),
    ),
)
CREATE_INSTANCE_CONFIG = OperationKind(
    rpc="create_instance_config",
    service=Service.INSTANCE_ADMIN,
    request="CreateInstanceConfigRequest",
    metadata="CreateInstanceConfigMetadata",
    response="InstanceConfig",
    target=InstanceConfigName,
    title="Create instance configuration",
    creates=True,
    compared=(
        resource_facet("instance_config", Label.BASE_CONFIGURATION, "base_config", fixed=True),
        resource_facet("instance_config", Label.REPLICAS, "replicas", fixed=True),
        *_CONFIG_CAN_CHANGE,
    ),
)
UPDATE_INSTANCE_CONFIG = OperationKind(
    rpc="update_instance_config",
    service=Service.INSTANCE_ADMIN,
    request="UpdateInstanceConfigRequest",
    metadata="UpdateInstanceConfigMetadata",
    response="InstanceConfig",
    target=InstanceConfigName,
    title="Update instance configuration",
    mask="update_mask",
    compared=_CONFIG_CAN_CHANGE,
)
CREATE_INSTANCE_PARTITION = OperationKind(
    rpc="create_instance_partition",
    service=Service.INSTANCE_ADMIN,
    request="CreateInstancePartitionRequest",
    metadata="CreateInstancePartitionMetadata",
    response="InstancePartition",
    target=InstancePartitionName,
    title="Create instance partition",
    progress=ProgressShape.TIMES_ONLY,
    creates=True,
    compared=(
        resource_facet("instance_partition", Label.CONFIGURATION, "config", fixed=True),
        *_PARTITION_CAN_CHANGE,
    ),
)
UPDATE_INSTANCE_PARTITION = OperationKind(
    rpc="update_instance_partition",
    service=Service.INSTANCE_ADMIN,
    request="UpdateInstancePartitionRequest",
    metadata="UpdateInstancePartitionMetadata",
    response="InstancePartition",
    target=InstancePartitionName,
    title="Update instance partition",
    progress=ProgressShape.TIMES_ONLY,
    mask="field_mask",
    compared=_PARTITION_CAN_CHANGE,
)

KINDS: tuple[OperationKind, ...] = (
    CREATE_BACKUP,
    COPY_BACKUP,
    CREATE_DATABASE,
    RESTORE_DATABASE,
    OPTIMIZE_RESTORED_DATABASE,
    UPDATE_DATABASE,
    UPDATE_DATABASE_DDL,
    CREATE_INSTANCE,
    UPDATE_INSTANCE,
    MOVE_INSTANCE,
    CREATE_INSTANCE_CONFIG,
    UPDATE_INSTANCE_CONFIG,
    CREATE_INSTANCE_PARTITION,
    UPDATE_INSTANCE_PARTITION,
)
"""Every kind: thirteen that a call starts, and one follow-up that the service starts."""

_BY_METADATA_TYPE_URL = {kind.metadata_type_url: kind for kind in KINDS}


def kind_of_metadata(type_url: str) -> OperationKind | None:
    """Return the kind whose metadata has this type URL, or None for one this table lacks."""
    return _BY_METADATA_TYPE_URL.get(type_url)
