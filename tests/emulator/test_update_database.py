# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Updates of databases: old values until the operation ends, and one at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import field_mask_pb2

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import DATABASE, INSTANCE

if TYPE_CHECKING:
    from google.api_core.operation import Operation

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

pytestmark = pytest.mark.usefixtures("emulator")
KEY = "projects/test/locations/nam6/keyRings/ring/cryptoKeys/{}"


def update(
    databases: database_v1.DatabaseAdminClient,
    *paths: str,
    name: str = DATABASE,
    **fields: object,
) -> Operation:
    """Start an update of these fields; by default it turns drop protection on."""
    request = database_v1.UpdateDatabaseRequest(
        database=database_v1.Database(
            **{"name": name, **(fields or {"enable_drop_protection": True})}
        ),
        update_mask=field_mask_pb2.FieldMask(paths=paths),
    )
    return databases.update_database(request)


def test_reads_give_the_old_values_until_the_end(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """While an update is pending the database is reconciling and has what it had."""
    operation = update(databases, "enable_drop_protection")
    clock.advance(29)
    before = databases.get_database(name=DATABASE)
    clock.advance(1)
    after = databases.get_database(name=DATABASE)

    assert (True, False) == (before.reconciling, before.enable_drop_protection)
    assert (False, True) == (after.reconciling, after.enable_drop_protection)
    assert after == operation.result(timeout=5)


def test_metadata_repeats_the_request(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """The operation tells what was asked for, and how far it is."""
    operation = update(databases, "enable_drop_protection")
    clock.advance(15)
    operation.done()

    metadata = operation.metadata
    assert DATABASE == metadata.request.database.name
    assert ["enable_drop_protection"] == list(metadata.request.update_mask.paths)
    assert 50 == metadata.progress.progress_percent


def test_a_cancelled_update_changes_nothing(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A cancel reverts the update, and cancel_time says when it was received."""
    operation = update(databases, "enable_drop_protection")
    clock.advance(10)
    operation.cancel()
    clock.advance(60)
    database = databases.get_database(name=DATABASE)

    assert operation.cancelled()
    assert clock.now() - timedelta(seconds=60) == operation.metadata.cancel_time
    assert (False, False) == (database.reconciling, database.enable_drop_protection)


def test_it_reconciles_until_the_cancel_has_taken_hold(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """Between the request to cancel and the end a second update is still refused."""
    emulator.plan(Plan(cancel_delay=timedelta(seconds=10)), kind=UPDATE_DATABASE)
    update(databases, "enable_drop_protection").cancel()
    clock.advance(5)

    with pytest.raises(exceptions.FailedPrecondition, match="still in progress"):
        update(databases, "enable_drop_protection")
    clock.advance(5)
    assert not databases.get_database(name=DATABASE).reconciling


def test_a_failed_update_changes_nothing(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """A planned failure leaves the old values, and the way free for the next update."""
    emulator.plan(Plan(fail_at=0.5, fail_with=(Code.INTERNAL, "no")), kind=UPDATE_DATABASE)
    operation = update(databases, "enable_drop_protection")
    clock.advance(15)
    database = databases.get_database(name=DATABASE)

    assert operation.exception(timeout=5).message.endswith("no")
    assert (False, False) == (database.reconciling, database.enable_drop_protection)


def test_one_update_at_a_time(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """A second update is refused while the first is pending, and fine afterwards."""
    update(databases, "enable_drop_protection")
    with pytest.raises(exceptions.FailedPrecondition, match="still in progress"):
        update(databases, "enable_drop_protection", enable_drop_protection=False)
    clock.advance(30)
    update(databases, "enable_drop_protection", enable_drop_protection=False)
    clock.advance(30)

    assert not databases.get_database(name=DATABASE).enable_drop_protection
    assert 2 == len(emulator.operations())


@pytest.mark.parametrize(
    ("paths", "text"),
    [
        ((), "Must specify a non-empty field mask"),
        (("default_leader",), r"default_leader.* cannot be updated"),
        (("enable_drop_protection", "name"), r"name.* cannot be updated"),
        (("*",), "cannot be updated"),
    ],
)
def test_the_mask_is_checked(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    paths: tuple[str, ...],
    text: str,
) -> None:
    """Nothing is changed by a request that names what cannot be changed."""
    with pytest.raises(exceptions.InvalidArgument, match=text):
        update(databases, *paths)

    assert () == emulator.operations()
    assert not databases.get_database(name=DATABASE).reconciling


def test_a_missing_database_is_not_found(databases: database_v1.DatabaseAdminClient) -> None:
    """A database that is not there is NOT_FOUND at the call."""
    with pytest.raises(exceptions.NotFound, match="Database not found"):
        update(databases, "enable_drop_protection", name=f"{INSTANCE}/databases/nowhere",
               enable_drop_protection=True)  # fmt: skip


def test_a_database_is_created_before_it_is_updated(
    databases: database_v1.DatabaseAdminClient,
) -> None:
    """A database in CREATING is a FAILED_PRECONDITION."""
    databases.create_database(parent=INSTANCE, create_statement="CREATE DATABASE fresh")

    with pytest.raises(exceptions.FailedPrecondition, match="still being created"):
        update(databases, "enable_drop_protection", name=f"{INSTANCE}/databases/fresh",
               enable_drop_protection=True)  # fmt: skip


def test_dropping_a_database_ends_its_update(databases: database_v1.DatabaseAdminClient) -> None:
    """A protection that is still pending does not protect."""
    operation = update(databases, "enable_drop_protection")
    databases.drop_database(database=DATABASE)

    assert operation.cancelled()


def test_a_protection_protects_until_it_is_off(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """While an update that ends it is pending, the database cannot be dropped."""
    update(databases, "enable_drop_protection")
    clock.advance(30)
    update(databases, "enable_drop_protection", enable_drop_protection=False)

    with pytest.raises(exceptions.FailedPrecondition, match="enable_drop_protection"):
        databases.drop_database(database=DATABASE)
    clock.advance(30)
    databases.drop_database(database=DATABASE)


def test_the_keys_of_a_database_can_change(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """What gcloud sends for --kms-keys replaces the keys of a database that has some."""
    name = f"{INSTANCE}/databases/secret"
    databases.create_database(
        database_v1.CreateDatabaseRequest(
            parent=INSTANCE,
            create_statement="CREATE DATABASE secret",
            encryption_config=database_v1.EncryptionConfig(kms_key_name=KEY.format("a")),
        )
    )
    clock.advance(10)
    keys = database_v1.EncryptionConfig(kms_key_names=[KEY.format("b")])
    update(databases, "encryption_config", name=name, encryption_config=keys)
    clock.advance(30)
    database = databases.get_database(name=name)

    assert keys == database.encryption_config
    assert [info.kms_key_version for info in database.encryption_info] == [
        f"{KEY.format('b')}/cryptoKeyVersions/1"
    ]


def test_google_keys_stay_google_keys(databases: database_v1.DatabaseAdminClient) -> None:
    """A database cannot go over to customer-managed keys."""
    keys = database_v1.EncryptionConfig(kms_key_names=[KEY.format("b")])

    with pytest.raises(exceptions.FailedPrecondition, match="customer-managed keys"):
        update(databases, "encryption_config", encryption_config=keys)
