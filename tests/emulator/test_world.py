# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the world looks like depends on the calls that change it, never on those that read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1
from google.longrunning import operations_pb2
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.core.names import DatabaseName, OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.emulator.backups.service import BackupService
from airflow_spanner_lro.emulator.controller import view_operations, view_resources
from airflow_spanner_lro.emulator.databases.service import DatabaseService
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.journal.actions import seed_database
from airflow_spanner_lro.emulator.operations.registry import new_world
from airflow_spanner_lro.emulator.operations.service import OperationService
from airflow_spanner_lro.emulator.plans import Planner
from airflow_spanner_lro.emulator.schemas.service import SchemaService
from tests.emulator.support.world_fingerprint import fingerprint

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.world import World

START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANCE = "projects/test/instances/main"
DATABASE = DatabaseName.parse(f"{INSTANCE}/databases/orders")

ACTIONS = st.sampled_from(
    ["backup", "restore", "index", "table", "cancel first", "cancel last", "delete backup", "drop"]
)
SCRIPTS = st.lists(st.tuples(st.integers(0, 2000), ACTIONS), max_size=12)


def play(script: list[tuple[int, str]], reads: list[int]) -> tuple[World, datetime]:
    """Play a script of (seconds later, action) with reads in between; return the world then."""
    world = new_world(plans=Planner(), seed=1)
    seed_database(world, DATABASE, statements=(), drop_protection=False, now=START)
    now, number = START, 0
    for pause, action in script:
        for read in sorted(reads):
            if read < pause:
                world.catch_up(now + timedelta(seconds=read))
                fingerprint(world, now=now + timedelta(seconds=read))
        now += timedelta(seconds=pause)
        world.catch_up(now)
        number += 1
        try:
            act(world, action, number, now)
        except RpcError:
            continue  # refused, which is as good an answer as any
    end = now + timedelta(hours=3)
    world.catch_up(end)
    return world, end


def act(world: World, action: str, number: int, now: datetime) -> None:
    """Do one thing to the world, the way a client would."""
    names = [str(row.name) for row in world.operations]
    match action:
        case "backup":
            backup = database_v1.Backup(database=str(DATABASE), expire_time=now + timedelta(days=1))
            BackupService(world).CreateBackup(
                database_v1.CreateBackupRequest(
                    parent=INSTANCE, backup_id="nightly", backup=backup
                ),
                now,
            )
        case "restore":
            DatabaseService(world).RestoreDatabase(
                database_v1.RestoreDatabaseRequest(
                    parent=INSTANCE, database_id=f"r{number}", backup=f"{INSTANCE}/backups/nightly"
                ),
                now,
            )
        case "index" | "table":
            table = f"CREATE TABLE T{number} (Id INT64) PRIMARY KEY (Id)"
            statements = [table, f"CREATE INDEX I{number} ON T{number} (Id)", "DROP TABLE T1"]
            SchemaService(world).UpdateDatabaseDdl(
                database_v1.UpdateDatabaseDdlRequest(
                    database=str(DATABASE), statements=statements[: 2 if action == "index" else 3]
                ),
                now,
            )
        case "cancel first" | "cancel last" if names:
            name = names[0 if action == "cancel first" else -1]
            OperationService(world).CancelOperation(
                operations_pb2.CancelOperationRequest(name=name), now
            )
        case "delete backup":
            request = database_v1.DeleteBackupRequest(name=f"{INSTANCE}/backups/nightly")
            BackupService(world).DeleteBackup(request, now)
        case "drop":
            DatabaseService(world).DropDatabase(
                database_v1.DropDatabaseRequest(database=str(DATABASE)), now
            )
        case _:
            pass


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(script=SCRIPTS, reads=st.lists(st.integers(0, 2000), max_size=5))
def test_reading_changes_nothing(script: list[tuple[int, str]], reads: list[int]) -> None:
    """Two worlds with the same history are the same, however often one of them was looked at."""
    unread, end = play(script, [])
    read, _ = play(script, reads)

    assert fingerprint(unread, now=end) == fingerprint(read, now=end)


@settings(deadline=None, max_examples=150)
@given(script=SCRIPTS)
def test_operations_and_resources_agree_in_the_end(script: list[tuple[int, str]]) -> None:
    """When all is over nothing is CREATING, and what was cancelled or failed left nothing."""
    world, end = play(script, [])

    assert {"READY"} >= {view.state for view in view_resources(world)}
    last = {view.target: view for view in view_operations(world, now=end) if view.kind.creates}
    for target, view in last.items():
        resource = world.resources.find(OperationName.parse(view.name).resource)
        assert OperationState.RUNNING is not view.state
        if view.state is not OperationState.SUCCEEDED:
            assert resource is None, target
