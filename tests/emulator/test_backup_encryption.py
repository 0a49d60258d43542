# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The encryption of backups, which is a matter of names of keys here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator import Plan
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator


MINUTES, DAYS = timedelta(minutes=1), timedelta(days=1)
TYPES = database_v1.CreateBackupEncryptionConfig.EncryptionType
INFO = database_v1.EncryptionInfo.Type
KEY, *KEYS = (
    f"projects/p/locations/{at}/keyRings/ring/cryptoKeys/key"
    for at in ("nam6", "us-central1", "us-east1", "us-west1", "us-west2", "us-central2")
)
"""A key for all of the instance's configuration, and one in each of its regions."""


def encrypted(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock, **config: object
) -> database_v1.Backup:
    """Start a backup with an encryption_config; return it."""
    databases.create_backup(
        database_v1.CreateBackupRequest(
            parent=INSTANCE,
            backup_id="nightly",
            backup={"database": DATABASE, "expire_time": clock.now() + DAYS},
            encryption_config=config,
        )
    )
    return databases.get_backup(name=BACKUP)


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        ({}, []),
        ({"encryption_type": TYPES.USE_DATABASE_ENCRYPTION}, []),
        ({"encryption_type": TYPES.GOOGLE_DEFAULT_ENCRYPTION}, []),
        ({"encryption_type": 3, "kms_key_name": KEY}, [KEY]),
        ({"encryption_type": 3, "kms_key_names": KEYS}, KEYS),
    ],
)
@pytest.mark.usefixtures("emulator")
def test_a_backup_is_encrypted_as_asked(
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
    config: dict[str, object],
    keys: list[str],
) -> None:
    """Customers' keys show with a version, Google's own do not show at all."""
    backup = encrypted(databases, clock, **config)

    type_ = INFO.CUSTOMER_MANAGED_ENCRYPTION if keys else INFO.GOOGLE_DEFAULT_ENCRYPTION
    versions = [f"{key}/cryptoKeyVersions/1" for key in keys] or [""]
    assert [(type_, version) for version in versions] == [
        (info.encryption_type, info.kms_key_version) for info in backup.encryption_information
    ]
    assert backup.encryption_information[0] == backup.encryption_info


@pytest.mark.parametrize(
    "config",
    [
        {"encryption_type": TYPES.CUSTOMER_MANAGED_ENCRYPTION},
        {"encryption_type": TYPES.CUSTOMER_MANAGED_ENCRYPTION, "kms_key_name": "key"},
        {"encryption_type": 3, "kms_key_name": KEY, "kms_key_names": KEYS},
        {"encryption_type": TYPES.GOOGLE_DEFAULT_ENCRYPTION, "kms_key_name": KEY},
        {"encryption_type": TYPES.USE_DATABASE_ENCRYPTION, "kms_key_names": KEYS},
        {"kms_key_name": KEY},
        {"encryption_type": 9},
    ],
)
@pytest.mark.usefixtures("emulator")
def test_keys_and_types_must_fit(
    databases: database_v1.DatabaseAdminClient, clock: ManualClock, config: dict[str, object]
) -> None:
    """Customer-managed encryption needs keys, the others must not have any."""
    with pytest.raises(exceptions.InvalidArgument, match="Invalid encryption_config"):
        encrypted(databases, clock, **config)


@pytest.mark.parametrize(
    ("config", "keys"), [({"kms_key_name": KEY}, [KEY]), ({"kms_key_names": KEYS}, KEYS)]
)
def test_a_backup_inherits_the_keys_of_its_database(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
    config: dict[str, object],
    keys: list[str],
) -> None:
    """A backup that does not say otherwise is encrypted as its database is; copies likewise."""
    emulator.plan(Plan(duration=timedelta()))
    databases.create_database(
        database_v1.CreateDatabaseRequest(
            parent=INSTANCE, create_statement="CREATE DATABASE secret", encryption_config=config
        )
    )
    database, keep = f"{INSTANCE}/databases/secret", clock.now() + DAYS
    databases.create_backup(
        database_v1.CreateBackupRequest(
            parent=INSTANCE,
            backup_id="nightly",
            backup={"database": database, "expire_time": keep},
        )
    )
    databases.copy_backup(
        database_v1.CopyBackupRequest(
            parent=INSTANCE, backup_id="copy", source_backup=BACKUP, expire_time=keep
        )
    )

    for name in (BACKUP, f"{INSTANCE}/backups/copy"):
        infos = databases.get_backup(name=name).encryption_information
        assert [f"{key}/cryptoKeyVersions/1" for key in keys] == [
            info.kms_key_version for info in infos
        ]
