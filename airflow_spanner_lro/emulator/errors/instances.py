# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What InstanceAdmin refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, about

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import BackupName, InstanceName


def instance_has_backups(name: InstanceName, *, backup: BackupName) -> RpcError:
    """Say that an instance cannot be deleted while it holds backups."""
    return about(
        Code.FAILED_PRECONDITION,
        name,
        f"Cannot delete instance {name} because it contains backups, such as {backup}. "
        "Delete the backups first.",
    )
