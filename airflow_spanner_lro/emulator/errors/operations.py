# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations service refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName


def cannot_delete_operation(name: OperationName) -> RpcError:
    """Say that operations of databases and backups cannot be deleted."""
    return about(
        Code.UNIMPLEMENTED, name, f"Operations of this kind of resource cannot be deleted: {name}"
    )


def no_partial_success() -> RpcError:
    """Say that a list is given whole or not at all."""
    return RpcError(Code.UNIMPLEMENTED, "return_partial_success is not supported.")


def not_offered(*, method: str) -> RpcError:
    """Say that a method of the general interface is not part of this service."""
    return RpcError(Code.UNIMPLEMENTED, f"{method} is not offered by Cloud Spanner.")
