# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A customer's keys must be where the instance is: not elsewhere, not too few, not too many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.emulator.databases.encryption import KeyPlaces
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support import configs
from tests.emulator.support.schedules import a_schedule

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

PLACED = "projects/test/instances/placed"
FAR = "projects/other/instances/far"
CUSTOMER = 3
"""The number of CUSTOMER_MANAGED_ENCRYPTION in each of the messages."""


def key(location: str) -> str:
    """Return the name of a key in a location."""
    return f"projects/keys/locations/{location}/keyRings/ring/cryptoKeys/key"


# what is asked: the configuration, where the keys are, and whether they protect what is in it
TABLE: list[tuple[str, list[str], bool]] = [
    # one region wants one key, in that region
    ("regional-us-west1", ["us-west1"], True),
    ("regional-us-west1", ["us-west2"], False),
    ("regional-us-west1", ["us"], False),
    ("regional-us-west1", ["global"], False),
    ("regional-us-west1", ["regional-us-west1"], False),
    ("regional-us-west1", ["us-west1", "us-west1"], False),
    ("regional-us-west1", ["us-west1", "us-west2"], False),
    # several regions of Google's want one key for all of it, or one in each, witnesses included
    ("nam14", ["nam14"], True),
    ("nam14", ["us-east4", "northamerica-northeast1", "us-east1"], True),
    ("nam14", ["us-east1", "us-east4", "northamerica-northeast1"], True),
    ("nam14", ["us-east4"], False),
    ("nam14", ["us-east4", "northamerica-northeast1"], False),
    ("nam14", ["us-east4", "northamerica-northeast1", "us-east1", "us-west1"], False),
    ("nam14", ["us-east4", "northamerica-northeast1", "us-west1"], False),
    ("nam14", ["nam14", "us-east4"], False),
    ("nam14", ["nam3"], False),
    # two regions want one key in each
    ("dual-region-japan1", ["asia-northeast1", "asia-northeast2"], True),
    ("dual-region-japan1", ["asia-northeast1"], False),
    ("dual-region-japan1", ["dual-region-japan1"], False),
    # so do configurations of users, whatever Google's are that they are made from
    ("custom-mine", ["us-central1", "us-east1", "us-central2", "us-west1"], True),
    ("custom-mine", ["us-central1", "us-east1", "us-central2"], False),
    ("custom-mine", ["nam11"], False),
    ("custom-mine", ["custom-mine"], False),
    # Google's emulator is nowhere
    ("emulator-config", ["us-central1"], True),
]


def place(
    emulator: SpannerAdminEmulator,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
    config: str,
) -> None:
    """Put an instance into a configuration, which is made if it is a user's."""
    if config == configs.CUSTOM.rpartition("/")[2]:
        configs.create(instances)
        clock.advance(timedelta(minutes=10))
    emulator.create_instance(PLACED, config=config)


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(("config", "locations", "fit"), TABLE)
def test_keys_must_cover_the_configuration(
    empty_emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    instances: instance_v1.InstanceAdminClient,
    clock: ManualClock,
    *,
    config: str,
    locations: list[str],
    fit: bool,
) -> None:
    """A database is made with keys that cover all regions; other keys are FAILED_PRECONDITION."""
    place(empty_emulator, instances, clock, config)
    request = database_v1.CreateDatabaseRequest(
        parent=PLACED,
        create_statement="CREATE DATABASE secret",
        encryption_config={"kms_key_names": [key(each) for each in locations]},
    )

    if fit:
        assert databases.create_database(request).running()
        return
    with pytest.raises(exceptions.FailedPrecondition) as refused:
        databases.create_database(request)
    said = refused.value.message
    assert said.startswith("KMS Key provided is not usable: KmsKeyName: ")
    assert "Incompatible CryptoKey location" in said
    assert [] == list(databases.list_databases(parent=PLACED))


@pytest.mark.parametrize(
    ("locations", "covered"),
    [([], False), ([""], False), (["a"], True), (["b"], False), (["b", "c"], True)],
)
def test_places_without_a_name_of_their_own(locations: list[str], *, covered: bool) -> None:
    """No key at all covers nothing, and an empty location is none."""
    places = KeyPlaces(regions=("b", "c"), whole="a")

    assert covered == places.covered_by(locations)
    assert not KeyPlaces(regions=("b", "c")).covered_by([""])


Ask = Callable[["database_v1.DatabaseAdminClient", "ManualClock", str], Any]


def _expiring(clock: ManualClock) -> dict[str, Any]:
    return {"database": DATABASE, "expire_time": clock.now() + timedelta(days=1)}


ASKS: dict[str, Ask] = {
    "CreateDatabase": lambda databases, _, name: databases.create_database(
        {
            "parent": INSTANCE,
            "create_statement": "CREATE DATABASE fresh",
            "encryption_config": {"kms_key_name": name},
        }
    ),
    "UpdateDatabase": lambda databases, _, name: databases.update_database(
        {
            "database": {
                "name": f"{INSTANCE}/databases/secret",
                "encryption_config": {"kms_key_names": [name]},
            },
            "update_mask": {"paths": ["encryption_config"]},
        }
    ),
    "CreateBackup": lambda databases, clock, name: databases.create_backup(
        {
            "parent": INSTANCE,
            "backup_id": "fresh",
            "backup": _expiring(clock),
            "encryption_config": {"encryption_type": CUSTOMER, "kms_key_name": name},
        }
    ),
    "CopyBackup": lambda databases, clock, name: databases.copy_backup(
        {
            "parent": INSTANCE,
            "backup_id": "fresh",
            "source_backup": BACKUP,
            "expire_time": clock.now() + timedelta(days=1),
            "encryption_config": {"encryption_type": CUSTOMER, "kms_key_name": name},
        }
    ),
    "RestoreDatabase": lambda databases, _, name: databases.restore_database(
        {
            "parent": INSTANCE,
            "database_id": "fresh",
            "backup": BACKUP,
            "encryption_config": {"encryption_type": CUSTOMER, "kms_key_name": name},
        }
    ),
    "CreateBackupSchedule": lambda databases, _, name: databases.create_backup_schedule(
        parent=DATABASE,
        backup_schedule_id="fresh",
        backup_schedule=a_schedule(
            encryption_config={"encryption_type": CUSTOMER, "kms_key_name": name}
        ),
    ),
    "UpdateBackupSchedule": lambda databases, _, name: databases.update_backup_schedule(
        {
            "backup_schedule": {
                "name": f"{DATABASE}/backupSchedules/daily",
                "encryption_config": {"encryption_type": CUSTOMER, "kms_key_name": name},
            },
            "update_mask": {"paths": ["encryption_config"]},
        }
    ),
}


@pytest.mark.parametrize("method", sorted(ASKS))
def test_every_call_that_takes_keys_looks_where_they_are(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
    method: str,
) -> None:
    """A key elsewhere is refused, and one in the instance's configuration is taken."""
    emulator.plan(Plan(duration=timedelta()))
    databases.create_database(
        {
            "parent": INSTANCE,
            "create_statement": "CREATE DATABASE secret",
            "encryption_config": {"kms_key_name": key("nam6")},
        }
    )
    emulator.create_backup(BACKUP, DATABASE)
    databases.create_backup_schedule(
        parent=DATABASE, backup_schedule_id="daily", backup_schedule=a_schedule()
    )
    clock.advance(1)

    with pytest.raises(exceptions.FailedPrecondition, match="Incompatible CryptoKey location"):
        ASKS[method](databases, clock, key("europe-west1"))
    ASKS[method](databases, clock, key("nam6"))


def test_a_copy_elsewhere_needs_keys_of_its_own(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient, clock: ManualClock
) -> None:
    """What a copy inherits from its source must fit the place of the copy."""
    emulator.plan(Plan(duration=timedelta()))
    emulator.create_instance(FAR, config="regional-us-west1")
    ASKS["CreateBackup"](databases, clock, key("nam6"))
    request = {
        "parent": FAR,
        "backup_id": "copy",
        "source_backup": f"{INSTANCE}/backups/fresh",
        "expire_time": clock.now() + timedelta(days=1),
    }
    own = {"encryption_type": CUSTOMER, "kms_key_name": key("us-west1")}

    with pytest.raises(exceptions.FailedPrecondition, match="exactly one key in us-west1"):
        databases.copy_backup(request)
    copy = databases.copy_backup({**request, "encryption_config": own}).result(timeout=5)
    assert f"{key('us-west1')}/cryptoKeyVersions/1" == copy.encryption_info.kms_key_version
