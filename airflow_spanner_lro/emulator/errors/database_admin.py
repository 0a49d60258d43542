# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What DatabaseAdmin refuses: databases, schemas, policies; backups and restores."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceName,
    ResourceName,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import (
    Conflict,
    Invalid,
    RefusalTemplate,
    RpcError,
    about,
    conflict,
    invalid,
    precondition,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def drop_protected(name: DatabaseName, *, deleting: ResourceName) -> RpcError:
    """Say that drop protection is on."""
    return precondition(
        deleting,
        f"Cannot delete {deleting} because the `enable_drop_protection` setting is currently "
        f"enabled for database {name}.",
    )


def backup_pending(name: DatabaseName, *, backup: BackupName) -> RpcError:
    """Say that a database cannot be dropped while a backup of it is being created."""
    return precondition(
        name,
        f"Cannot drop database {name} because backup {backup} of it is still being created.",
    )


bad_create_statement = Invalid[str](
    "Cannot parse the create_statement {0!r}: expected CREATE DATABASE."
)

no_statements = partial(invalid, "Missing statements in the request.", field="statements")


def bad_statement(statement: str, *, reason: str) -> RpcError:
    """Say that a statement cannot be parsed."""
    return invalid(f"Error parsing Spanner DDL statement: {statement!r}: {reason}")


duplicate_name = Conflict("Duplicate name in schema: {0}.")


def no_such_entity(entity_type: str, name: str) -> RpcError:
    """Say that a statement works on what does not exist."""
    return RpcError(Code.NOT_FOUND, f"{entity_type.capitalize()} not found: {name}")


def statement_too_long(*, limit: int) -> RpcError:
    """Say that a statement is longer than the service takes."""
    return invalid(f"The DDL statement is too long: the limit is {limit} bytes.")


def table_has_indexes(name: str, *, indexes: str) -> RpcError:
    """Say that a table cannot be dropped before its indexes."""
    return conflict(f"Cannot drop table {name} with indices: {indexes}.")


def table_has_children(name: str, *, children: str) -> RpcError:
    """Say that a table cannot be dropped before what is interleaved in it."""
    return conflict(f"Cannot drop table {name} with interleaved tables: {children}.")


schema_in_use = Conflict("Cannot drop schema {0} while it has dependencies.")

role_in_use = Conflict(
    "Cannot drop role {0} while privileges are granted to it. Revoke them first."
)

system_role = Conflict("Cannot drop system role {0}.")

missing_descriptors = partial(
    invalid,
    "proto_descriptors is required by statements that change the proto bundle.",
    field="proto_descriptors",
)

bad_descriptors = partial(
    invalid,
    "proto_descriptors is not a serialized google.protobuf.FileDescriptorSet.",
    field="proto_descriptors",
)

bad_retention = Invalid[str](
    "Invalid value {0!r} for the database option version_retention_period: expected a duration "
    "from 1 hour to 7 days, in days, hours, minutes or seconds, such as '7d'."
)


def bad_leader(value: str, *, instance: InstanceName) -> RpcError:
    """Say that a region cannot lead the databases of an instance."""
    return invalid(
        f"Invalid value {value!r} for the database option default_leader: it must be a read-write "
        f"region of the multi-region or dual-region configuration of instance {instance}."
    )


def other_database(statement: str, *, name: DatabaseName) -> RpcError:
    """Say that ALTER DATABASE names another database than the request."""
    return bad_statement(statement, reason=f"it does not name the database {name.database}")


bad_dialect = Invalid[int](
    "Invalid database_dialect: there is no dialect {0}.", field="database_dialect"
)

no_extra_statements = partial(
    invalid,
    "DDL statements other than <CREATE DATABASE> are not allowed in database creation request "
    "for PostgreSQL-enabled databases.",
)


def too_many_databases(name: DatabaseName, *, limit: int) -> RpcError:
    """Say that an instance is full."""
    return about(
        Code.RESOURCE_EXHAUSTED,
        name,
        f"Unable to create database {name.database!r} because the instance "
        f"'{name.instance_name}' has already reached the maximum database limit ({limit}). "
        "Please delete a database in the instance and try again, or choose a different instance.",
    )


second_update = RefusalTemplate[DatabaseName](
    Code.FAILED_PRECONDITION,
    "Cannot update database {0} because another update of it is still in progress.",
)

not_customer_managed = RefusalTemplate[DatabaseName](
    Code.FAILED_PRECONDITION,
    "Cannot update the encryption of database {0}: it was not created with customer-managed keys.",
)

immutable_database_field = Invalid[str](
    "Invalid update_mask: {0!r} cannot be updated; only enable_drop_protection and the keys of "
    "encryption_config can.",
    field="update_mask",
)


def internal_only(method: str) -> RpcError:
    """Say that a method is not for callers from outside."""
    return RpcError(Code.PERMISSION_DENIED, f"{method} is for internal use only.")


bad_split_points = Invalid[str]("Invalid split_points: {0}", field="split_points")

not_dual_region = RefusalTemplate[DatabaseName](
    Code.FAILED_PRECONDITION,
    "Cannot change the quorum of database {0}: its instance does not have a dual-region "
    "configuration.",
)

quorum_in_change = RefusalTemplate[DatabaseName](
    Code.FAILED_PRECONDITION,
    "Cannot change the quorum of database {0} because another change of it is still in progress.",
)

same_quorum = RefusalTemplate[DatabaseName](
    Code.FAILED_PRECONDITION, "The quorum of database {0} is already of this type."
)

wrong_quorum_etag = RefusalTemplate[DatabaseName](
    Code.ABORTED, "The etag does not match that of the quorum of database {0}."
)

bad_serving_location = Invalid[str](
    "Invalid serving_location {0!r}: it must be one of the regions of the dual-region instance "
    "configuration.",
    field="quorum_type",
)

bad_operation_id = Invalid[str](
    "Invalid operation_id {0!r}: expected 2 to 128 characters that match [a-z][a-z0-9_]*.",
    field="operation_id",
)


def other_project(name: BackupName, *, instance: InstanceName) -> RpcError:
    """Say that a restore would cross projects."""
    return invalid(
        f"Cannot restore backup {name} to instance {instance} because they are not in the same "
        "project. Copy the backup first."
    )


def bad_name(entity_type: str, name: str) -> RpcError:
    """Say that nothing can be called so."""
    return invalid(f"{entity_type.capitalize()} name not valid: {name}.")


def index_elsewhere(name: str, *, table: str) -> RpcError:
    """Say that an index lives in the schema of its table."""
    return conflict(
        f"Index {name} does not match the schema of the indexed table {table}.",
    )


def table_is_tracked(name: str, *, streams: Sequence[str]) -> RpcError:
    """Say that a table cannot be dropped while a change stream names it."""
    return conflict(
        f"Cannot drop table {name}. Table {name} is tracked by {len(streams)} Change Stream: "
        f"{','.join(streams)}. Tables explicitly tracked by a Change Stream cannot be dropped. "
        "Please drop the Change Stream or modify its FOR clause to stop tracking the table "
        "explicitly before dropping the table.",
    )


def table_has_foreign_keys(name: str, *, foreign_keys: str) -> RpcError:
    """Say that a table cannot be dropped while foreign keys refer to it."""
    return conflict(
        f"Cannot drop table `{name}`. It is referenced by one or more foreign keys: "
        f"{foreign_keys}. You must drop the foreign keys before dropping the table.",
    )


def has_views(entity_type: str, name: str, *, views: str) -> RpcError:
    """Say that a table or view cannot be dropped while views read it."""
    return conflict(
        f"Cannot drop {entity_type} `{name}` on which there are dependent views: {views}.",
    )


def sequence_has_column(name: str, *, column: str) -> RpcError:
    """Say that a sequence cannot be dropped while a column takes its values from it."""
    return conflict(
        f"Cannot drop SEQUENCE `{name}` on which there is a dependent column: {column}.",
    )


time_zone_with_tables = partial(
    RpcError,
    Code.FAILED_PRECONDITION,
    "The 'default_time_zone' database option cannot be changed on a database with user defined "
    "tables.",
)

no_policy_here = Invalid[str]("Invalid resource {0!r}: this service has no policy for it.")

bad_policy = Invalid[str]("Invalid policy: {0}")

bad_permission = Invalid[str](
    "Invalid permission {0!r}: expected <service>.<resource>.<verb>, without wildcards."
)

concurrent_policy_change = RefusalTemplate[str](
    Code.ABORTED,
    "There were concurrent policy changes. Please retry the whole read-modify-write with "
    "exponential backoff.",
)

no_such_role = RefusalTemplate[str](Code.NOT_FOUND, "Database role not found: {0}")


def bad_expire_time(expire_time: datetime, *, name: BackupName, create_time: datetime) -> RpcError:
    """Say that a new backup's expire_time is out of range."""
    return invalid(
        f"Invalid request for backup {name}. `expire_time` is either missing, in the wrong format, "
        "or is not within the minimum and maximum expire times supported. `expire_time` must be a "
        "Unix Epoch Time (UTC time since 1970-01-01 00:00:00) with microseconds granularity, and "
        "be at least 6 hours and at most 366 days from the time the CreateBackup request is "
        f"processed. The CreateBackup request was processed at `create_time` ({_zulu(create_time)}"
        f"), and the input `expire_time` is {_zulu(expire_time)}."
    )


def _zulu(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def bad_copy_expire_time(
    expire_time: datetime, *, earliest: datetime, latest: datetime
) -> RpcError:
    """Say that a copy's expire_time is out of range."""
    return invalid(
        f"Invalid expire_time {expire_time.isoformat()}: that of a copy must be at least 6 hours "
        "after the creation of its source, in the future, and at most the max_expire_time of its "
        f"source, that is from {earliest.isoformat()} to {latest.isoformat()}."
    )


def bad_new_expire_time(expire_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that an expire_time cannot be moved there."""
    return invalid(
        f"Invalid expire_time {expire_time.isoformat()}: it can be moved to a time in the future, "
        "at least 6 hours after the backup's creation and at most its max_expire_time, that is "
        f"from {earliest.isoformat()} to {latest.isoformat()}."
    )


def bad_time(field: str, *, reason: str) -> RpcError:
    """Say that a timestamp or duration is none."""
    return invalid(f"Invalid {field}: {reason}", field=field)


def bad_version_time(version_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that a backup's version_time is out of range."""
    return invalid(
        f"Invalid version_time {version_time.isoformat()}: it must lie within the database's "
        f"version retention, from {earliest.isoformat()} to {latest.isoformat()}."
    )


def key_elsewhere(key: str, *, instance: InstanceName, wanted: str) -> RpcError:
    """Say that a key cannot protect what is in an instance; the beginning is that of Spanner's."""
    return conflict(
        f"KMS Key provided is not usable: KmsKeyName: {key} Error: Incompatible CryptoKey "
        f"location. Instance {instance} needs exactly one key in {wanted}."
    )


bad_encryption = Invalid[str]("Invalid encryption_config: {0}", field="encryption_config")


def database_elsewhere(name: DatabaseName, *, instance: InstanceName) -> RpcError:
    """Say that a backup is made in the instance of its database."""
    return invalid(f"Database {name} is not in instance {instance}.")


def second_backup(name: DatabaseName, *, pending: BackupName, limit: int) -> RpcError:
    """Say that a database has a limited number of pending backups."""
    return precondition(
        name,
        f"Cannot create a backup of database {name} because the maximum number of pending backups "
        f"({limit}) for the database has been reached: {pending} is still being created. "
        "Please retry the operation once the pending backup completes.",
    )


def backup_in_use(
    name: BackupName, *, databases: Sequence[DatabaseName], copies: Sequence[BackupName]
) -> RpcError:
    """Say that a backup cannot be deleted while something reads from it."""
    reasons = []
    if databases:
        names = ", ".join(map(str, databases))
        reasons.append(f"it is referenced by these databases until they are READY: {names}")
    if copies:
        names = ", ".join(map(str, copies))
        reasons.append(f"it is being copied to these backups: {names}")
    return precondition(name, f"Cannot delete backup {name} because {'; '.join(reasons)}.")


source_not_ready = RefusalTemplate[BackupName](
    Code.FAILED_PRECONDITION,
    "Cannot copy source backup {0} because the backup is still being created. Please retry the "
    "operation once the pending backup completes.",
)

source_expired = RefusalTemplate[BackupName](
    Code.FAILED_PRECONDITION, "Cannot copy source backup {0} because the backup has expired."
)

restored_source_expired = RefusalTemplate[BackupName](
    Code.FAILED_PRECONDITION, "Cannot restore from backup {0} because the backup has expired."
)

no_backups_in_free_instance = RefusalTemplate[InstanceName](
    Code.FAILED_PRECONDITION,
    "Backup and restore are not available for free trial instance {0}. Upgrade it first.",
)

immutable_field = Invalid[str](
    "Invalid update_mask: {0!r} cannot be updated; only expire_time can.", field="update_mask"
)


def other_config(name: BackupName, *, instance: InstanceName) -> RpcError:
    """Say that a restore would cross instance configurations."""
    return invalid(
        f"Cannot restore backup {name} to instance {instance} because the two instances have "
        "different instance configurations."
    )


def too_many_restores(name: DatabaseName, *, instance: InstanceName, limit: int) -> RpcError:
    """Say that an instance has a limited number of pending restores."""
    return precondition(
        name,
        f"Cannot restore database ({name}) because the maximum number of pending restores "
        f"({limit}) for the instance ({instance}) has been reached. "
        "Please retry the operation once the pending restores complete.",
    )
