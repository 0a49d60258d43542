# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Every answer that is not OK: one function each, so that no handler ever words an error.

Texts follow what production was seen to say where somebody recorded it, and are plain sentences
elsewhere. Details travel as ``google.rpc.Status``, the way google-api-core reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.rpc import error_details_pb2, status_pb2

from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    OperationName,
)
from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.core.names import ResourceName

_TYPES: dict[type[object], tuple[str, str]] = {
    InstanceName: ("Instance", "google.spanner.admin.instance.v1.Instance"),
    InstanceConfigName: ("Instance config", "google.spanner.admin.instance.v1.InstanceConfig"),
    DatabaseName: ("Database", "google.spanner.admin.database.v1.Database"),
    BackupName: ("Backup", "google.spanner.admin.database.v1.Backup"),
    OperationName: ("Operation", "google.longrunning.Operation"),
}


class RpcError(Exception):
    """An RPC's answer that is not OK.

    :param code: the status code
    :param message: the text for people
    :param details: messages with more, such as ``google.rpc.ResourceInfo``
    """

    def __init__(self, code: Code, message: str, *details: Message) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def to_status(self) -> status_pb2.Status:
        """Return it in the form in which it travels."""
        status = status_pb2.Status(code=self.code, message=self.message)
        for detail in self.details:
            status.details.add().Pack(detail)
        return status


def _about(code: Code, name: object, message: str) -> RpcError:
    """Make an error that carries the resource it is about."""
    _, type_ = _TYPES.get(type(name), ("", ""))
    info = error_details_pb2.ResourceInfo(
        resource_type=f"type.googleapis.com/{type_}" if type_ else "",
        resource_name=str(name),
        description=message,
    )
    return RpcError(code, message, info)


def _noun(name: object) -> str:
    return _TYPES[type(name)][0] if type(name) in _TYPES else "Resource"


# --- requests ---


def malformed_request(*, method: str, reason: str) -> RpcError:
    """Say that the bytes of a request are not the message they should be."""
    return RpcError(Code.INVALID_ARGUMENT, f"The {method} request cannot be parsed: {reason}")


def not_implemented(*, method: str) -> RpcError:
    """Say that the emulator has no such method."""
    return RpcError(
        Code.UNIMPLEMENTED, f"{method} is not implemented by the airflow-spanner-lro emulator."
    )


def stopping() -> RpcError:
    """Say that the emulator stopped before it answered."""
    return RpcError(Code.UNAVAILABLE, "The emulator is stopping.")


def client_gone() -> RpcError:
    """Say that the client had gone before the work began; only the log hears it."""
    return RpcError(Code.CANCELLED, "The client did not wait.")


def internal(*, method: str, reason: str) -> RpcError:
    """Say that the emulator has a bug, and that its log has the traceback."""
    return RpcError(
        Code.INTERNAL, f"The emulator failed in {method}: {reason}. Its log has the traceback."
    )


def invalid(message: str) -> RpcError:
    """Say what another layer found wrong with an argument, in that layer's words."""
    return RpcError(Code.INVALID_ARGUMENT, message)


def missing_field(field: str) -> RpcError:
    """Say that a required field is empty."""
    return invalid(f"{field} is required.")


def bad_filter(*, method: str, text: str, reason: str) -> RpcError:
    """Say that a list filter is not understood, by the emulator or by production."""
    return invalid(f"Invalid {method} request. The filter {text!r} is not understood: {reason}")


def bad_page_token(*, method: str) -> RpcError:
    """Say that a page token belongs to another request."""
    return invalid(
        f"Invalid {method} request. The page_token is not one that this call returned for the "
        "same parent and filter."
    )


# --- any resource ---


def not_found(name: ResourceName | OperationName) -> RpcError:
    """Say that the resource or operation does not exist."""
    return _about(Code.NOT_FOUND, name, f"{_noun(name)} not found: {name}")


def already_exists(name: ResourceName | OperationName) -> RpcError:
    """Say that a resource or operation of this name exists."""
    return _about(Code.ALREADY_EXISTS, name, f"{_noun(name)} already exists: {name}")


def not_ready(name: ResourceName) -> RpcError:
    """Say that the resource is still being created."""
    return _about(
        Code.FAILED_PRECONDITION, name, f"{_noun(name)} {name} is still being created. Try later."
    )


# --- instances ---


def instance_has_backups(name: InstanceName, *, backup: BackupName) -> RpcError:
    """Say that an instance cannot be deleted while it holds backups."""
    return _about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot delete instance {name} because it contains backups, such as {backup}. "
        "Delete the backups first.",
    )


# --- databases ---


def drop_protected(name: DatabaseName, *, deleting: ResourceName) -> RpcError:
    """Say that drop protection is on."""
    return _about(
        Code.FAILED_PRECONDITION,
        deleting,
        f"Cannot delete {deleting} because the `enable_drop_protection` setting is currently "
        f"enabled for database {name}.",
    )


def backup_pending(name: DatabaseName, *, backup: BackupName) -> RpcError:
    """Say that a database cannot be dropped while a backup of it is being created."""
    return _about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot drop database {name} because backup {backup} of it is still being created.",
    )


def bad_create_statement(statement: str) -> RpcError:
    """Say that the create statement is not ``CREATE DATABASE``."""
    return invalid(f"Cannot parse the create_statement {statement!r}: expected CREATE DATABASE.")


# --- schema changes ---


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
    return RpcError(Code.FAILED_PRECONDITION, f"{entity_type.capitalize()} not found: {name}")


def bad_operation_id(operation_id: str) -> RpcError:
    """Say that the caller's operation id breaks the rule."""
    return invalid(
        f"Invalid operation_id {operation_id!r}: expected 2 to 128 characters that match "
        "[a-z][a-z0-9_]*."
    )


# --- backups and restores ---


def bad_expire_time(expire_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that a backup's expire_time is out of range."""
    return invalid(
        f"Invalid expire_time {expire_time.isoformat()}: it must be at least 6 hours and at most "
        f"366 days after the backup's creation, that is from {earliest.isoformat()} to "
        f"{latest.isoformat()}."
    )


def bad_version_time(version_time: datetime, *, earliest: datetime, latest: datetime) -> RpcError:
    """Say that a backup's version_time is out of range."""
    return invalid(
        f"Invalid version_time {version_time.isoformat()}: it must lie within the database's "
        f"version retention, from {earliest.isoformat()} to {latest.isoformat()}."
    )


def second_backup(name: DatabaseName, *, pending: BackupName) -> RpcError:
    """Say that only one backup of a database may be pending."""
    return _about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot create a backup of database {name} because the maximum number of pending backups "
        f"(1) for the database has been reached: {pending} is still being created. "
        "Please retry the operation once the pending backup completes.",
    )


def backup_in_use(name: BackupName, *, database: DatabaseName) -> RpcError:
    """Say that a backup cannot be deleted while a restored database still reads from it."""
    return _about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot delete backup {name} because it is referenced by database {database}, which is "
        "being restored or optimized. Retry once that database is READY.",
    )


def immutable_field(path: str) -> RpcError:
    """Say that an update mask names what cannot be updated."""
    return invalid(f"Invalid update_mask: {path!r} cannot be updated; only expire_time can.")


def other_config(name: BackupName, *, instance: InstanceName) -> RpcError:
    """Say that a restore would cross instance configurations."""
    return invalid(
        f"Cannot restore backup {name} to instance {instance} because the two instances have "
        "different instance configurations."
    )


def too_many_restores(name: DatabaseName, *, instance: InstanceName, limit: int) -> RpcError:
    """Say that an instance has a limited number of pending restores."""
    return _about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot restore database {name} because the maximum number of pending restores "
        f"({limit}) for the instance {instance} has been reached. "
        "Please retry the operation once the pending restores complete.",
    )


# --- operations ---


def cannot_delete_operation(name: OperationName) -> RpcError:
    """Say that operations of databases and backups cannot be deleted."""
    return _about(
        Code.UNIMPLEMENTED, name, f"Operations of this kind of resource cannot be deleted: {name}"
    )
