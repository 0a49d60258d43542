# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a resource shows while the operation that makes it is under way.

By it clients tell whose operation that is, so it shows what was asked for, and since when it is
there, from the first moment on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support import operation_starts
from tests.emulator.support.operation_starts import CONFIG, CREATE_CONFIG, CREATE_PARTITION, PROJECT

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import StartBackup

ODD = timedelta(microseconds=123_457)
"""Part of a second that nobody would get by chance."""
CREATING = "CREATING"
KEY = "projects/p/locations/nam6/keyRings/r/cryptoKeys/k"


def shown(found: Any) -> tuple[str, datetime]:
    """Return the state of a resource, and since when it is there."""
    return found.state.name, found.create_time


@pytest.fixture
def began(emulator: SpannerAdminEmulator, clock: ManualClock) -> datetime:
    """Let a while pass, and return the odd time at which the operation is going to start."""
    emulator.create_backup(BACKUP, DATABASE)
    return clock.advance(timedelta(hours=2) + ODD)


def test_a_database_shows_when_its_creation_started(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock, began: datetime
) -> None:
    """Its operation has no time, so that of the database is all there is."""
    request = database_v1.CreateDatabaseRequest(
        parent=INSTANCE,
        create_statement="CREATE DATABASE new_one",
        database_dialect=database_v1.DatabaseDialect.POSTGRESQL,
        encryption_config={"kms_key_name": KEY},
    )
    operation = databases.create_database(request)
    clock.advance(5)
    found = databases.get_database(name=f"{INSTANCE}/databases/new_one")

    assert (False, found.name) == (operation.operation.done, operation.metadata.database)
    assert (CREATING, began) == shown(found)
    assert (request.database_dialect, KEY) == (
        found.database_dialect,
        found.encryption_config.kms_key_name,
    )


def test_a_restored_database_shows_its_backup(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock, began: datetime
) -> None:
    """Which one it is being restored from, as the metadata of its operation has it."""
    request = database_v1.RestoreDatabaseRequest(
        parent=INSTANCE, database_id="restored", backup=BACKUP
    )
    operation = databases.restore_database(request)
    clock.advance(5)
    found = databases.get_database(name=f"{INSTANCE}/databases/restored")

    assert (CREATING, began) == shown(found)
    assert BACKUP == found.restore_info.backup_info.backup
    assert DATABASE == found.restore_info.backup_info.source_database
    assert operation.metadata.backup_info == found.restore_info.backup_info
    assert began == operation.metadata.progress.start_time


def test_a_backup_shows_each_microsecond_of_its_times(
    databases: database_v1.DatabaseAdminClient,
    start_backup: StartBackup,
    clock: ManualClock,
    began: datetime,
) -> None:
    """Those of its expiry above all: they may be the mark of whoever asked for it."""
    wanted: dict[str, Any] = {
        "expire_time": began + timedelta(days=1, microseconds=654_321),
        "version_time": began - timedelta(minutes=1, microseconds=1),
    }
    operation = start_backup("odd", **wanted)
    clock.advance(5)
    found = databases.get_backup(name=f"{INSTANCE}/backups/odd")
    (listed,) = databases.list_backups(
        database_v1.ListBackupsRequest(parent=INSTANCE, filter="state:CREATING")
    )

    assert (CREATING, began) == shown(found)
    assert DATABASE == found.database
    assert wanted == {field: getattr(found, field) for field in wanted}
    assert began == operation.metadata.progress.start_time
    assert (found.name, DATABASE) == (operation.metadata.name, operation.metadata.database)
    assert found == listed


def test_a_copy_shows_what_it_is_a_copy_of(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock, began: datetime
) -> None:
    """Database and version are its source's, expiry and creation its own."""
    expire_time = began + timedelta(days=1, microseconds=654_321)
    request = database_v1.CopyBackupRequest(
        parent=INSTANCE, backup_id="copy", source_backup=BACKUP, expire_time=expire_time
    )
    operation = databases.copy_backup(request)
    clock.advance(5)
    found, source = (
        databases.get_backup(name=name) for name in (f"{INSTANCE}/backups/copy", BACKUP)
    )

    assert (CREATING, began) == shown(found)
    assert expire_time == found.expire_time
    assert (source.database, source.version_time) == (found.database, found.version_time)
    assert began == operation.metadata.progress.start_time
    assert (found.name, BACKUP) == (operation.metadata.name, operation.metadata.source_backup)


def test_an_instance_shows_what_was_asked_for(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, began: datetime
) -> None:
    """All but its size, which it does not have yet: the metadata of its operation tells that."""
    wanted = instance_v1.Instance(
        config=CONFIG, display_name="New one", node_count=2, labels={"team": "orders"}
    )
    operation = instances.create_instance(parent=PROJECT, instance_id="new", instance=wanted)
    clock.advance(5)
    found = instances.get_instance(name=f"{PROJECT}/instances/new")
    told = operation.metadata

    assert (CREATING, began) == shown(found)
    for each in (found, told.instance):
        assert (CONFIG, "New one", {"team": "orders"}) == (
            each.config,
            each.display_name,
            dict(each.labels),
        )
    assert (0, 2) == (found.node_count, told.instance.node_count)
    assert began == told.start_time


def test_a_partition_shows_what_was_asked_for(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, began: datetime
) -> None:
    """All but its size, as with an instance."""
    wanted = CREATE_PARTITION.request["instance_partition"]
    operation = instances.create_instance_partition(dict(CREATE_PARTITION.request))
    clock.advance(5)
    found = instances.get_instance_partition(name=CREATE_PARTITION.target)
    told = operation.metadata

    assert (CREATING, began) == shown(found)
    for each in (found, told.instance_partition):
        assert (wanted["config"], wanted["display_name"]) == (each.config, each.display_name)
    assert (0, wanted["node_count"]) == (found.node_count, told.instance_partition.node_count)
    assert began == told.start_time


def test_a_configuration_shows_what_was_asked_for(
    instances: instance_v1.InstanceAdminClient, clock: ManualClock, began: datetime
) -> None:
    """It has no time of its own; that of its operation tells since when it is there."""
    wanted = CREATE_CONFIG.request["instance_config"]
    operation = instances.create_instance_config(dict(CREATE_CONFIG.request))
    clock.advance(5)
    found = instances.get_instance_config(name=operation_starts.CUSTOM)

    assert CREATING == found.state.name
    assert (wanted["base_config"], wanted["display_name"]) == (
        found.base_config,
        found.display_name,
    )
    assert len(wanted["replicas"]) == len(found.replicas)
    assert found == operation.metadata.instance_config
    assert began == operation.metadata.progress.start_time
