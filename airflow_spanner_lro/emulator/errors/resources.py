# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the resource that a call is about, of whatever kind it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about, noun

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName, ResourceName


def not_found(name: ResourceName | OperationName) -> RpcError:
    """Say that the resource or operation does not exist."""
    return about(Code.NOT_FOUND, name, f"{noun(name)} not found: {name}")


def already_exists(name: ResourceName | OperationName) -> RpcError:
    """Say that a resource or operation of this name exists."""
    return about(Code.ALREADY_EXISTS, name, f"{noun(name)} already exists: {name}")


def not_ready(name: ResourceName) -> RpcError:
    """Say that the resource is still being created."""
    return about(
        Code.FAILED_PRECONDITION, name, f"{noun(name)} {name} is still being created. Try later."
    )
