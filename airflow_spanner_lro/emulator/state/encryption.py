# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which keys encrypt a backup. The messages for new backups, copies and schedules say it alike.

Nothing is encrypted here; keys are names that must look like names of keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.records.databases import Database

EncryptionConfig = database_v1.CreateBackupEncryptionConfig | database_v1.CopyBackupEncryptionConfig

# the numbers are the same for copies, where the first is called after the source backup
_TYPES = database_v1.CreateBackupEncryptionConfig.EncryptionType
_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")


def keys_of(database: Database) -> tuple[str, ...]:
    """Return the customer's keys that encrypt a database; none for Google's own."""
    config = database.encryption
    if config is None:
        return ()
    return (config.kms_key_name,) if config.kms_key_name else tuple(config.kms_key_names)


def keys_for(config: EncryptionConfig, *, inherited: tuple[str, ...]) -> tuple[str, ...]:
    """Return the customer's keys that a configuration asks for; none for Google's own.

    :param inherited: the keys of what the backup is made from
    :raises RpcError: if it asks for keys and names none, or the other way round.
    """
    # of the plain message, which does not mind numbers that are no type
    wanted = int(type(config).pb(config).encryption_type)
    keys = (config.kms_key_name,) if config.kms_key_name else tuple(config.kms_key_names)
    if config.kms_key_name and config.kms_key_names:
        raise errors.bad_encryption("set either kms_key_name or kms_key_names, not both.")
    for key in keys:
        if not _KEY.fullmatch(key):
            raise errors.bad_encryption(f"{key!r} is not the name of a Cloud KMS key.")
    managed_by_customer = wanted == _TYPES.CUSTOMER_MANAGED_ENCRYPTION
    if managed_by_customer and not keys:
        raise errors.bad_encryption("CUSTOMER_MANAGED_ENCRYPTION needs a kms_key_name.")
    if keys and not managed_by_customer:
        raise errors.bad_encryption("kms_key_name goes with CUSTOMER_MANAGED_ENCRYPTION only.")
    if wanted not in set(map(int, _TYPES)):
        raise errors.bad_encryption(f"there is no encryption_type {wanted}.")
    # unset means the first of the types, the same encryption
    own = (_TYPES.GOOGLE_DEFAULT_ENCRYPTION, _TYPES.CUSTOMER_MANAGED_ENCRYPTION)
    return keys if wanted in own else inherited
