# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A backup keeps the rows of its version time, and a restore brings them back."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import spanner, spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)
from google.cloud.spanner_v1 import types as spanner_types

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.emulator.data.rows import RowsRefusedError
from airflow_spanner_lro.emulator.data.writing import write_rows
from tests.emulator.data.conftest import SCHEMA, count_of, insert
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from google.cloud.spanner_v1.backup import Backup
    from google.cloud.spanner_v1.database import Database

    from tests.emulator.data.conftest import RowsEmulator

_LONG = timedelta(days=1)


def _start_backup(
    rows_emulator: RowsEmulator,
    database: Database,
    *,
    backup_id: str = "nightly",
    version_time: datetime | None = None,
) -> Backup:
    """Start a backup, and return the client of it."""
    backup: Backup = rows_emulator.instance.backup(
        backup_id,
        database=database,
        expire_time=rows_emulator.clock.now() + timedelta(days=7),
        version_time=version_time,
    )
    backup.create()
    return backup


def _restore(rows_emulator: RowsEmulator, backup: Backup, database_id: str) -> Database:
    """Restore a database, and return the client of it."""
    database = rows_emulator.database(database_id)
    database.restore(backup)
    rows_emulator.clock.advance(_LONG)
    return database


def _delete_all(database: Database) -> None:
    with database.batch() as batch:
        batch.delete("Orders", spanner.KeySet(all_=True))


def test_two_thousand_rows_come_back(rows_emulator: RowsEmulator) -> None:
    """What was there when the backup began is there after the restore, and nothing else."""
    database = rows_emulator.make()
    insert(database, 2000)
    backup = _start_backup(rows_emulator, database)
    _delete_all(database)
    insert(database, 5, start=10_000)
    rows_emulator.clock.advance(_LONG)

    restored = _restore(rows_emulator, backup, "restored")

    with restored.snapshot() as snapshot:
        rows = list(snapshot.execute_sql("SELECT Id, Name FROM Orders ORDER BY Id"))
    assert [[number, f"order {number}"] for number in range(2000)] == rows
    assert 5 == count_of(database)


def test_no_sessions_while_it_is_restored(rows_emulator: RowsEmulator) -> None:
    """A database that is being restored has no sessions, and has them when it is optimized."""
    database = rows_emulator.make()
    insert(database, 2)
    backup = _start_backup(rows_emulator, database)
    rows_emulator.clock.advance(_LONG)
    restored = rows_emulator.database("restored")
    restored.restore(backup)

    with pytest.raises(exceptions.FailedPrecondition):
        count_of(restored)
    while "READY_OPTIMIZING" not in {each.state for each in rows_emulator.admin.resources()}:
        rows_emulator.clock.advance(timedelta(minutes=1))

    assert 2 == count_of(restored)


def test_an_earlier_version_time(rows_emulator: RowsEmulator) -> None:
    """A backup of an earlier time keeps what was there then, however far time has jumped since."""
    database = rows_emulator.make()
    insert(database, 3)
    earlier = rows_emulator.clock.now()
    rows_emulator.clock.advance(timedelta(minutes=30))
    _delete_all(database)

    backup = _start_backup(rows_emulator, database, version_time=earlier)
    rows_emulator.clock.advance(_LONG)

    assert 3 == count_of(_restore(rows_emulator, backup, "restored"))


def test_the_schema_of_the_version_time(rows_emulator: RowsEmulator) -> None:
    """A restored database has the schema of the version time, and takes changes of its own."""
    database = rows_emulator.make()
    insert(database, 1)
    backup = _start_backup(rows_emulator, database)
    database.update_ddl(["ALTER TABLE Orders ADD COLUMN Paid BOOL"])
    rows_emulator.clock.advance(_LONG)
    restored = _restore(rows_emulator, backup, "restored")

    with restored.snapshot() as snapshot, pytest.raises(exceptions.InvalidArgument):
        list(snapshot.execute_sql("SELECT Paid FROM Orders"))
    restored.update_ddl(["ALTER TABLE Orders ADD COLUMN Sent BOOL"])
    rows_emulator.clock.advance(_LONG)
    with restored.snapshot() as snapshot:
        rows = list(snapshot.execute_sql("SELECT Id, Sent FROM Orders"))

    assert [[0, None]] == rows


def test_a_copy_keeps_the_rows_of_its_source(rows_emulator: RowsEmulator) -> None:
    """A copy has the rows, also when its source and the database are gone."""
    database = rows_emulator.make()
    insert(database, 4)
    backup = _start_backup(rows_emulator, database)
    rows_emulator.clock.advance(_LONG)
    copy = rows_emulator.instance.copy_backup(
        "copied", backup.name, expire_time=rows_emulator.clock.now() + timedelta(days=7)
    )
    copy.create()
    rows_emulator.clock.advance(_LONG)
    backup.delete()
    database.drop()

    assert 4 == count_of(_restore(rows_emulator, copy, "restored"))


def test_a_backup_of_the_same_name(rows_emulator: RowsEmulator) -> None:
    """A backup that is cancelled or deleted is forgotten; one of its name has rows of its own."""
    database = rows_emulator.make()
    insert(database, 4)
    _start_backup(rows_emulator, database).delete()
    insert(database, 1, start=100)
    backup = _start_backup(rows_emulator, database)
    rows_emulator.clock.advance(_LONG)

    assert 5 == count_of(_restore(rows_emulator, backup, "restored"))


def test_two_databases_of_one_backup(rows_emulator: RowsEmulator) -> None:
    """A backup can be restored twice, and what is written to one is not in the other."""
    database = rows_emulator.make()
    insert(database, 2)
    backup = _start_backup(rows_emulator, database)
    rows_emulator.clock.advance(_LONG)
    first = _restore(rows_emulator, backup, "first")
    insert(first, 3, start=10)
    second = _restore(rows_emulator, backup, "second")

    assert (5, 2, 2) == (count_of(first), count_of(second), count_of(database))


def test_a_seeded_backup_has_the_rows_of_its_moment(rows_emulator: RowsEmulator) -> None:
    """A backup that is put there at once keeps the rows of that moment."""
    database = rows_emulator.make()
    insert(database, 2)
    name = f"{rows_emulator.instance.name}/backups/seeded"
    rows_emulator.admin.create_backup(name, database.name)
    _delete_all(database)

    restored = _restore(rows_emulator, rows_emulator.instance.backup("seeded"), "restored")

    assert 2 == count_of(restored)


@pytest.mark.slow
def test_google_s_emulator_dies_while_rows_come_back(
    rows_emulator: RowsEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is killed in the middle of a restore, whoever waits for the rows is told at once."""
    database = rows_emulator.make()
    for start in range(0, 20_000, 5000):
        insert(database, 5000, start=start)
    backup = _start_backup(rows_emulator, database)
    rows_emulator.clock.advance(_LONG)
    assert rows_emulator.admin.data is not None
    google = rows_emulator.admin.data.pid
    began = threading.Event()

    def write(**arguments: Any) -> None:
        began.set()
        write_rows(**arguments)

    monkeypatch.setattr("airflow_spanner_lro.emulator.data.writing.write_rows", write)
    restored = _restore(rows_emulator, backup, "restored")
    with (
        ThreadPoolExecutor() as pool,
        open_channel(rows_emulator.admin.endpoint) as channel,
    ):
        create: Any = channel.unary_unary(
            "/google.spanner.v1.Spanner/CreateSession",
            request_serializer=spanner_types.CreateSessionRequest.serialize,
        )
        request = spanner_types.CreateSessionRequest(database=restored.name)
        # the call lets the world catch up, so rows begin to come back, and waits for them
        waiting = pool.submit(create, request, timeout=60)
        assert began.wait(60)
        os.kill(google, signal.SIGKILL)
        error: Any = waiting.exception()

    assert grpc.StatusCode.UNAVAILABLE is error.code()
    assert error.details().startswith("Google's Spanner emulator is gone, and the rows with it")
    assert 2 == len(list(rows_emulator.instance.list_databases()))
    assert not Path(f"/proc/{google}").exists()


def test_a_scheduled_backup_keeps_rows(rows_emulator: RowsEmulator) -> None:
    """A backup that a schedule begins while time jumps keeps what was there before the jump."""
    database = rows_emulator.make()
    insert(database, 2)
    with open_channel(rows_emulator.admin.endpoint) as channel:
        client = database_v1.DatabaseAdminClient(
            transport=DatabaseAdminGrpcTransport(channel=channel)
        )
        client.create_backup_schedule(
            parent=database.name,
            backup_schedule_id="every-day",
            backup_schedule=database_v1.BackupSchedule(
                {
                    "spec": {"cron_spec": {"text": "0 3 * * *"}},
                    "retention_duration": {"seconds": 7 * 86_400},
                    "full_backup_spec": {},
                }
            ),
        )
    rows_emulator.clock.advance(timedelta(days=2))
    insert(database, 5, start=10)
    (backup, *_) = (each for each in rows_emulator.admin.resources() if each.noun == "backup")

    restored = _restore(
        rows_emulator, rows_emulator.instance.backup(backup.name.rpartition("/")[2]), "restored"
    )

    assert 2 == count_of(restored)


def test_a_restart_from_a_state_file_has_no_rows(
    rows_emulator: RowsEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a restart databases are empty, and what is restored of before says that it is."""
    options: dict[str, Any] = {"state_file": tmp_path / "state", "data": True}
    name = rows_emulator.name_of("orders")
    with SpannerAdminEmulator(clock=rows_emulator.clock, **options) as first:
        first.create_database(name, SCHEMA)
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", first.endpoint)
        database = rows_emulator.reconnected().database("orders")
        insert(database, 3)
        first.create_backup(f"{rows_emulator.instance.name}/backups/nightly", name)
    clock = ManualClock()
    with SpannerAdminEmulator(clock=clock, **options) as second:
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", second.endpoint)
        instance = rows_emulator.reconnected()
        assert 0 == count_of(instance.database("orders"))
        restored = instance.database("restored")
        restored.restore(instance.backup("nightly"))
        clock.advance(_LONG)
        with pytest.raises(exceptions.FailedPrecondition, match="has no rows: they were gone"):
            count_of(restored)

    assert 1 == sum(each.message.startswith("Rows are gone") for each in caplog.records)


def test_a_backup_without_rows(
    rows_emulator: RowsEmulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When rows cannot be read, what is restored says why instead of being empty."""

    def refuse(**_: object) -> None:
        message = "That is too long ago."
        raise RowsRefusedError(message)

    monkeypatch.setattr("airflow_spanner_lro.emulator.data.reading.read_rows", refuse)
    database = rows_emulator.make()
    insert(database, 2)
    backup = _start_backup(rows_emulator, database)
    rows_emulator.clock.advance(_LONG)
    restored = _restore(rows_emulator, backup, "restored")

    with pytest.raises(exceptions.FailedPrecondition) as refused:
        count_of(restored)

    assert "its backup nightly has no rows: That is too long ago." in refused.value.message
    assert 1 == sum(e.message.startswith("Backup nightly keeps no rows") for e in caplog.records)
    assert 2 == count_of(database)
