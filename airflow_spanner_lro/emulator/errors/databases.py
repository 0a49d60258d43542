# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What DatabaseAdmin refuses about databases, their schemas, and access policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about, invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName, ResourceName


def drop_protected(name: DatabaseName, *, deleting: ResourceName) -> RpcError:
    """Say that drop protection is on."""
    return about(
        Code.FAILED_PRECONDITION,
        deleting,
        f"Cannot delete {deleting} because the `enable_drop_protection` setting is currently "
        f"enabled for database {name}.",
    )


def backup_pending(name: DatabaseName, *, backup: BackupName) -> RpcError:
    """Say that a database cannot be dropped while a backup of it is being created."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot drop database {name} because backup {backup} of it is still being created.",
    )


def bad_create_statement(statement: str) -> RpcError:
    """Say that the create statement is not ``CREATE DATABASE``."""
    return invalid(f"Cannot parse the create_statement {statement!r}: expected CREATE DATABASE.")


def no_statements() -> RpcError:
    """Say that a schema change has no statements."""
    return invalid("UpdateDatabaseDdl needs at least one statement.")


def bad_statement(statement: str, *, reason: str) -> RpcError:
    """Say that a statement cannot be parsed."""
    return invalid(f"Error parsing Spanner DDL statement: {statement!r}: {reason}")


def duplicate_name(name: str) -> RpcError:
    """Say that a statement creates what exists."""
    return RpcError(Code.FAILED_PRECONDITION, f"Duplicate name in schema: {name}.")


def no_such_entity(entity_type: str, name: str) -> RpcError:
    """Say that a statement works on what does not exist."""
    return RpcError(Code.NOT_FOUND, f"{entity_type.capitalize()} not found: {name}")


def statement_too_long(*, limit: int) -> RpcError:
    """Say that a statement is longer than the service takes."""
    return invalid(f"The DDL statement is too long: the limit is {limit} bytes.")


def table_has_indexes(name: str, *, indexes: str) -> RpcError:
    """Say that a table cannot be dropped before its indexes."""
    return RpcError(Code.FAILED_PRECONDITION, f"Cannot drop table {name} with indices: {indexes}.")


def table_has_children(name: str, *, children: str) -> RpcError:
    """Say that a table cannot be dropped before what is interleaved in it."""
    return RpcError(
        Code.FAILED_PRECONDITION, f"Cannot drop table {name} with interleaved tables: {children}."
    )


def schema_in_use(name: str) -> RpcError:
    """Say that a named schema cannot be dropped before what is in it."""
    return RpcError(
        Code.FAILED_PRECONDITION, f"Cannot drop schema {name} while it has dependencies."
    )


def role_in_use(name: str) -> RpcError:
    """Say that a role cannot be dropped before its privileges are revoked."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop role {name} while privileges are granted to it. Revoke them first.",
    )


def system_role(name: str) -> RpcError:
    """Say that a role of the system cannot be dropped."""
    return RpcError(Code.FAILED_PRECONDITION, f"Cannot drop system role {name}.")


def missing_descriptors() -> RpcError:
    """Say that a proto bundle needs its descriptors."""
    return invalid("proto_descriptors is required by statements that change the proto bundle.")


def bad_descriptors() -> RpcError:
    """Say that the descriptors cannot be read."""
    return invalid("proto_descriptors is not a serialized google.protobuf.FileDescriptorSet.")


def bad_retention(value: str) -> RpcError:
    """Say that a version retention period is out of range."""
    return invalid(
        f"Invalid value {value!r} for the database option version_retention_period: expected a "
        "duration from 1 hour to 7 days, in days, hours, minutes or seconds, such as '7d'."
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


def bad_dialect(number: int) -> RpcError:
    """Say that there is no such dialect."""
    return invalid(f"Invalid database_dialect: there is no dialect {number}.")


def no_extra_statements() -> RpcError:
    """Say that a database of the PostgreSQL dialect begins empty."""
    return invalid(
        "DDL statements other than <CREATE DATABASE> are not allowed in database creation request "
        "for PostgreSQL-enabled databases."
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


def second_update(name: DatabaseName) -> RpcError:
    """Say that a database is updated by one operation at a time."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot update database {name} because another update of it is still in progress.",
    )


def not_customer_managed(name: DatabaseName) -> RpcError:
    """Say that the keys of a database can change, and the type of its encryption cannot."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot update the encryption of database {name}: it was not created with "
        "customer-managed keys.",
    )


def immutable_database_field(path: str) -> RpcError:
    """Say that an update mask names what cannot be updated."""
    return invalid(
        f"Invalid update_mask: {path!r} cannot be updated; only enable_drop_protection and the "
        "keys of encryption_config can."
    )


def internal_only(method: str) -> RpcError:
    """Say that a method is not for callers from outside."""
    return RpcError(Code.PERMISSION_DENIED, f"{method} is for internal use only.")


def bad_split_points(reason: str) -> RpcError:
    """Say what is wrong with split points."""
    return invalid(f"Invalid split_points: {reason}")


def not_dual_region(name: DatabaseName) -> RpcError:
    """Say that a database has no quorum to change."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot change the quorum of database {name}: its instance does not have a dual-region "
        "configuration.",
    )


def quorum_in_change(name: DatabaseName) -> RpcError:
    """Say that the quorum is being changed already."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot change the quorum of database {name} because another change of it is still in "
        "progress.",
    )


def same_quorum(name: DatabaseName) -> RpcError:
    """Say that the quorum is already of the type that is asked for."""
    return about(
        Code.FAILED_PRECONDITION, name, f"The quorum of database {name} is already of this type."
    )


def wrong_quorum_etag(name: DatabaseName) -> RpcError:
    """Say that the quorum has changed since the caller looked."""
    return about(
        Code.ABORTED, name, f"The etag does not match that of the quorum of database {name}."
    )


def bad_serving_location(location: str) -> RpcError:
    """Say that a region is none of the instance configuration's."""
    return invalid(
        f"Invalid serving_location {location!r}: it must be one of the regions of the dual-region "
        "instance configuration."
    )


def bad_operation_id(operation_id: str) -> RpcError:
    """Say that the caller's operation id breaks the rule."""
    return invalid(
        f"Invalid operation_id {operation_id!r}: expected 2 to 128 characters that match "
        "[a-z][a-z0-9_]*."
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
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Index {name} does not match the schema of the indexed table {table}.",
    )


def table_is_tracked(name: str, *, streams: Sequence[str]) -> RpcError:
    """Say that a table cannot be dropped while a change stream names it."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop table {name}. Table {name} is tracked by {len(streams)} Change Stream: "
        f"{','.join(streams)}. Tables explicitly tracked by a Change Stream cannot be dropped. "
        "Please drop the Change Stream or modify its FOR clause to stop tracking the table "
        "explicitly before dropping the table.",
    )


def table_has_foreign_keys(name: str, *, foreign_keys: str) -> RpcError:
    """Say that a table cannot be dropped while foreign keys refer to it."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop table `{name}`. It is referenced by one or more foreign keys: "
        f"{foreign_keys}. You must drop the foreign keys before dropping the table.",
    )


def has_views(entity_type: str, name: str, *, views: str) -> RpcError:
    """Say that a table or view cannot be dropped while views read it."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop {entity_type} `{name}` on which there are dependent views: {views}.",
    )


def sequence_has_column(name: str, *, column: str) -> RpcError:
    """Say that a sequence cannot be dropped while a column takes its values from it."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        f"Cannot drop SEQUENCE `{name}` on which there is a dependent column: {column}.",
    )


def time_zone_with_tables() -> RpcError:
    """Say that the time zone is chosen before there are tables."""
    return RpcError(
        Code.FAILED_PRECONDITION,
        "The 'default_time_zone' database option cannot be changed on a database with user "
        "defined tables.",
    )


def no_policy_here(resource: str) -> RpcError:
    """Say that a service has no policy for a resource of this kind."""
    return invalid(f"Invalid resource {resource!r}: this service has no policy for it.")


def bad_policy(reason: str) -> RpcError:
    """Say what is wrong with a policy."""
    return invalid(f"Invalid policy: {reason}")


def bad_permission(permission: str) -> RpcError:
    """Say that a permission is no permission."""
    return invalid(
        f"Invalid permission {permission!r}: expected <service>.<resource>.<verb>, without "
        "wildcards."
    )


def concurrent_policy_change(resource: str) -> RpcError:
    """Say that the policy has changed since the caller read it."""
    return about(
        Code.ABORTED,
        resource,
        "There were concurrent policy changes. Please retry the whole read-modify-write with "
        "exponential backoff.",
    )


def no_such_role(resource: str) -> RpcError:
    """Say that a database has no such role."""
    return about(Code.NOT_FOUND, resource, f"Database role not found: {resource}")
