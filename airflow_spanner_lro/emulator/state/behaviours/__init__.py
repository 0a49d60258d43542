# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What each kind of operation tells and does: one class a kind, one module a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import (
    COPY_BACKUP,
    CREATE_BACKUP,
    CREATE_DATABASE,
    CREATE_INSTANCE,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE,
    UPDATE_DATABASE_DDL,
    OperationKind,
)
from airflow_spanner_lro.emulator.state.behaviours.backups import CreateBackup
from airflow_spanner_lro.emulator.state.behaviours.copies import CopyBackup
from airflow_spanner_lro.emulator.state.behaviours.database_updates import UpdateDatabase
from airflow_spanner_lro.emulator.state.behaviours.databases import (
    CreateDatabase,
    OptimizeRestoredDatabase,
    RestoreDatabase,
)
from airflow_spanner_lro.emulator.state.behaviours.instances import CreateInstance
from airflow_spanner_lro.emulator.state.behaviours.quorum import CHANGE_QUORUM, ChangeQuorum
from airflow_spanner_lro.emulator.state.behaviours.schemas import UpdateDatabaseDdl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.emulator.state.behaviours.base import Behaviour

BEHAVIOURS: Mapping[OperationKind, Behaviour[Any, Any]] = {
    CREATE_INSTANCE: CreateInstance(),
    CREATE_DATABASE: CreateDatabase(),
    RESTORE_DATABASE: RestoreDatabase(),
    OPTIMIZE_RESTORED_DATABASE: OptimizeRestoredDatabase(),
    UPDATE_DATABASE: UpdateDatabase(),
    UPDATE_DATABASE_DDL: UpdateDatabaseDdl(),
    CHANGE_QUORUM: ChangeQuorum(),
    CREATE_BACKUP: CreateBackup(),
    COPY_BACKUP: CopyBackup(),
}
"""What each kind does that the emulator knows."""
