# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Engines without servers, and things to do to their worlds: for comparing worlds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.cloud import spanner_admin_database_v1 as database_v1
from google.longrunning import operations_pb2

from airflow_spanner_lro.emulator import ManualClock, RpcError
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.state.views import fingerprint

from .conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = "google.spanner.admin.database.v1.DatabaseAdmin"
PRINTS = tuple[object, ...]


def engine(path: Path | None = None, *, clock: ManualClock | None = None) -> Engine:
    """Return an engine with a database, on a file if there is a path."""
    made = Engine(clock=clock or ManualClock(START), seed=3, state_file=path)
    made.act(
        "create_database", name=DATABASE, statements=[], drop_protection=False, if_missing=True
    )
    return made


def prints(of: Engine) -> PRINTS:
    """Return all that clients can see now."""
    with of.look() as (world, now):
        return now, fingerprint(world, now=now)


def do(on: Engine, action: str, number: int) -> None:
    """Do one thing, as a client or as the owner."""
    with on.look() as (world, now):
        operations = [str(row.name) for row in world.operations]
    backup = f"{INSTANCE}/backups/nightly"
    table = f"CREATE TABLE T{number} (Id INT64) PRIMARY KEY (Id)"
    requests: dict[str, tuple[str, Any]] = {
        "backup": (
            f"{ADMIN}/CreateBackup",
            database_v1.CreateBackupRequest(
                parent=INSTANCE,
                backup_id="nightly",
                backup=database_v1.Backup(database=DATABASE, expire_time=now + timedelta(hours=7)),
            ),
        ),
        "restore": (
            f"{ADMIN}/RestoreDatabase",
            database_v1.RestoreDatabaseRequest(
                parent=INSTANCE, database_id=f"r{number}", backup=backup
            ),
        ),
        "ddl": (
            f"{ADMIN}/UpdateDatabaseDdl",
            database_v1.UpdateDatabaseDdlRequest(database=DATABASE, statements=[table]),
        ),
        "drop": (f"{ADMIN}/DropDatabase", database_v1.DropDatabaseRequest(database=DATABASE)),
        "delete": (f"{ADMIN}/DeleteBackup", database_v1.DeleteBackupRequest(name=backup)),
        "cancel": (
            "google.longrunning.Operations/CancelOperation",
            operations_pb2.CancelOperationRequest(name=operations[-1] if operations else ""),
        ),
    }
    try:
        match action:
            case "plan":
                span = {"shortest": 60, "longest": 6000}
                on.act("plan", plan={"duration": span}, kind=None, target="*", times=2)
            case "limits":
                on.act("set_limits", limits={"pending_restores": number % 3})
            case "fail" if operations:
                on.act("fail_operation", name=operations[-1], code=13, message="no")
            case "fail":
                pass
            case _:
                path, request = requests[action]
                on.call(on.methods[f"/{path}"], request)
    except (RpcError, ValueError):
        return  # refused, which is as good an answer as any
