# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who else works in the same Spanner: clients of the API that know nothing of Airflow.

A colleague at a console, a script, another Airflow: to ours they look the same.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.cloud.spanner_admin_database_v1 import types
from google.protobuf.field_mask_pb2 import FieldMask

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, RESTORE_DATABASE, UPDATE_DATABASE

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind
    from tests.e2e.guarantee.row_actions import RowActions

KEEP = timedelta(days=30)
"""What the tasks ask for, too."""


def back_up(act: RowActions, backup_id: str, *, database: str = "", keep: timedelta = KEEP) -> str:
    """Start a backup of a database, by default of the row's; return the operation's name."""
    backup = types.Backup(
        database=f"{act.instance}/databases/{database or act.row.key}",
        expire_time=datetime.now(tz=UTC) + keep,
    )
    return _start(
        act,
        CREATE_BACKUP,
        types.CreateBackupRequest(parent=act.instance, backup_id=backup_id, backup=backup),
    )


def restore(act: RowActions, database_id: str, *, backup_id: str) -> str:
    """Start to restore a backup; return the operation's name."""
    request = types.RestoreDatabaseRequest(
        parent=act.instance, database_id=database_id, backup=f"{act.instance}/backups/{backup_id}"
    )
    return _start(act, RESTORE_DATABASE, request)


def protect(act: RowActions, database_id: str) -> str:
    """Start to protect a database from being dropped; return the operation's name."""
    database = types.Database(
        name=f"{act.instance}/databases/{database_id}", enable_drop_protection=True
    )
    mask = FieldMask(paths=["enable_drop_protection"])
    return _start(
        act, UPDATE_DATABASE, types.UpdateDatabaseRequest(database=database, update_mask=mask)
    )


def _start(act: RowActions, kind: OperationKind, request: Any) -> str:
    endpoint = Endpoint(target=act.world.emulator.endpoint, plain_text=True)
    with closing(SpannerAdminClient(endpoint)) as client:
        return str(client.start(kind=kind, request=request).name)
