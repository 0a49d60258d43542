# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a restore takes from its backup, and what the request adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)

from airflow_spanner_lro.emulator import Limits, SpannerAdminEmulator
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE, SCHEMA
from tests.emulator.support.channels import open_channel
from tests.emulator.support.restores import COPY, ENCRYPTION, KEY, MINUTES, restore

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock


@pytest.fixture(autouse=True)
def backup(emulator: SpannerAdminEmulator) -> None:
    """Put a backup there."""
    emulator.create_backup(BACKUP, DATABASE)


def test_a_restore_names_a_backup(databases: database_v1.DatabaseAdminClient) -> None:
    """A request without a source is an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="backup is required"):
        restore(databases, backup="")


def test_a_restore_stays_within_its_project(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """An instance of another project is an INVALID_ARGUMENT."""
    emulator.create_instance("projects/other/instances/main")

    with pytest.raises(exceptions.InvalidArgument, match="same project"):
        restore(databases, parent="projects/other/instances/main")


def test_a_restored_database_keeps_its_options_under_its_own_name(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """Options come back with the schema; the statement names the new database."""
    statement = "ALTER DATABASE {} SET OPTIONS (version_retention_period = '7d')"
    databases.update_database_ddl(database=DATABASE, statements=[statement.format("orders")])
    clock.advance(5)
    emulator.create_backup(f"{INSTANCE}/backups/later", DATABASE)
    restore(databases, backup=f"{INSTANCE}/backups/later")
    clock.advance(15 * MINUTES)

    assert "7d" == databases.get_database(name=COPY).version_retention_period
    ddl = databases.get_database_ddl(database=COPY)
    assert [*SCHEMA, statement.format("`copy`")] == list(ddl.statements)


def restore_with(
    databases: database_v1.DatabaseAdminClient, **config: object
) -> database_v1.Database:
    """Start a restore with an encryption; return the database."""
    request = database_v1.RestoreDatabaseRequest(
        parent=INSTANCE,
        database_id="copy",
        backup=BACKUP,
        encryption_config=database_v1.RestoreDatabaseEncryptionConfig(**config),
    )
    databases.restore_database(request)
    return databases.get_database(name=COPY)


def test_a_restore_can_bring_keys(databases: database_v1.DatabaseAdminClient) -> None:
    """Keys of the customer encrypt the restored database, whatever the backup has."""
    type_ = ENCRYPTION.CUSTOMER_MANAGED_ENCRYPTION
    database = restore_with(databases, encryption_type=type_, kms_key_name=KEY)

    assert KEY == database.encryption_config.kms_key_name


@pytest.mark.parametrize(
    "type_",
    [ENCRYPTION.USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION, ENCRYPTION.GOOGLE_DEFAULT_ENCRYPTION],
)
def test_a_restore_can_do_without_keys(
    databases: database_v1.DatabaseAdminClient, type_: ENCRYPTION
) -> None:
    """The backup's encryption is Google's, and so is the database's."""
    assert "encryption_config" not in restore_with(databases, encryption_type=type_)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"kms_key_name": KEY},
        {"encryption_type": ENCRYPTION.CUSTOMER_MANAGED_ENCRYPTION},
        {"encryption_type": ENCRYPTION.GOOGLE_DEFAULT_ENCRYPTION, "kms_key_name": KEY},
        {"encryption_type": ENCRYPTION.CUSTOMER_MANAGED_ENCRYPTION, "kms_key_name": "mine"},
    ],
)
def test_the_encryption_is_checked(
    databases: database_v1.DatabaseAdminClient, config: dict[str, object]
) -> None:
    """Type and keys must go together."""
    with pytest.raises(exceptions.InvalidArgument, match="Invalid encryption_config"):
        restore_with(databases, **config)


@pytest.mark.parametrize("ending", ["cancelled", "ready", "dropped"])
def test_an_expired_backup_goes_when_nothing_reads_from_it(
    databases: database_v1.DatabaseAdminClient,
    emulator: SpannerAdminEmulator,
    clock: ManualClock,
    ending: str,
) -> None:
    """A backup outlives its time until the restored database no longer needs it."""
    soon = f"{INSTANCE}/backups/soon"
    emulator.create_backup(soon, DATABASE, keep=10 * MINUTES)
    operation = restore(databases, backup=soon)
    clock.advance(12 * MINUTES)
    kept = databases.get_backup(name=soon)
    if ending == "cancelled":
        operation.cancel()
    else:
        clock.advance((50 if ending == "ready" else 10) * MINUTES)
    if ending == "dropped":
        databases.drop_database(database=COPY)

    assert kept.name == soon
    with pytest.raises(exceptions.NotFound):
        databases.get_backup(name=soon)


def test_a_restored_database_is_not_protected(
    databases: database_v1.DatabaseAdminClient, emulator: SpannerAdminEmulator, clock: ManualClock
) -> None:
    """Drop protection does not come with a backup."""
    name = f"{INSTANCE}/databases/precious"
    emulator.create_database(name, drop_protection=True)
    emulator.create_backup(f"{INSTANCE}/backups/precious", name)
    restore(databases, backup=f"{INSTANCE}/backups/precious")
    clock.advance(15 * MINUTES)

    assert not databases.get_database(name=COPY).enable_drop_protection


def test_a_database_in_restore_counts(clock: ManualClock) -> None:
    """A restore needs room in its instance like any new database."""
    with (
        SpannerAdminEmulator(clock=clock, limits=Limits(databases=1)) as small,
        open_channel(small.endpoint) as channel,
    ):
        small.create_database(DATABASE)
        small.create_backup(BACKUP, DATABASE)
        transport = DatabaseAdminGrpcTransport(channel=channel)

        with pytest.raises(exceptions.ResourceExhausted, match="maximum database limit"):
            restore(database_v1.DatabaseAdminClient(transport=transport))
