# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What DatabaseAdmin refuses about databases and their schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about, invalid

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import BackupName, DatabaseName, ResourceName


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
    return RpcError(Code.FAILED_PRECONDITION, f"{entity_type.capitalize()} not found: {name}")


def bad_operation_id(operation_id: str) -> RpcError:
    """Say that the caller's operation id breaks the rule."""
    return invalid(
        f"Invalid operation_id {operation_id!r}: expected 2 to 128 characters that match "
        "[a-z][a-z0-9_]*."
    )
