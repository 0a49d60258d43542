# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which keys encrypt databases and backups.

Nothing is encrypted here; keys are names that must look like names of keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import descriptor_pb2
from google.protobuf.message import DecodeError

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.configs import model
from airflow_spanner_lro.emulator.schemas.statements import DATABASE, DEFAULT_LEADER

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import DatabaseName
    from airflow_spanner_lro.emulator.backups.model import Backup
    from airflow_spanner_lro.emulator.databases.model import Database
    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement
    from airflow_spanner_lro.emulator.tables import Resources


_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_TYPES = database_v1.RestoreDatabaseEncryptionConfig.EncryptionType


def checked_encryption(config: database_v1.EncryptionConfig) -> database_v1.EncryptionConfig | None:
    """Return the customer's keys that a configuration names; None for Google's own.

    :raises RpcError: if they are no names of keys.
    """
    keys = _keys(config)
    return database_v1.EncryptionConfig(config) if keys else None


def restored_encryption(
    request: database_v1.RestoreDatabaseRequest, backup: Backup
) -> database_v1.EncryptionConfig | None:
    """Return how a restored database is encrypted; None for Google's own keys.

    :raises RpcError: if the request asks for keys and names none, or the other way round.
    """
    inherited = None
    if len(backup.kms_keys) == 1:
        inherited = database_v1.EncryptionConfig(kms_key_name=backup.kms_keys[0])
    elif backup.kms_keys:
        inherited = database_v1.EncryptionConfig(kms_key_names=backup.kms_keys)
    if "encryption_config" not in request:
        return inherited
    config = request.encryption_config
    keys = _keys(config)
    # from the plain message, as proto-plus warns of numbers that it does not know
    type_ = database_v1.RestoreDatabaseEncryptionConfig.pb(config).encryption_type
    if type_ == _TYPES.ENCRYPTION_TYPE_UNSPECIFIED or type_ not in list(map(int, _TYPES)):
        raise errors.bad_encryption("encryption_type is required.")
    managed_by_customer = type_ == _TYPES.CUSTOMER_MANAGED_ENCRYPTION
    if managed_by_customer and not keys:
        raise errors.bad_encryption("CUSTOMER_MANAGED_ENCRYPTION needs a kms_key_name.")
    if keys and not managed_by_customer:
        raise errors.bad_encryption("kms_key_name goes with CUSTOMER_MANAGED_ENCRYPTION only.")
    if managed_by_customer:
        return database_v1.EncryptionConfig(
            kms_key_name=config.kms_key_name, kms_key_names=config.kms_key_names
        )
    return None if type_ == _TYPES.GOOGLE_DEFAULT_ENCRYPTION else inherited


def checked_descriptors(data: bytes) -> bytes:
    """Return the descriptors of a request.

    :raises RpcError: if they cannot be read.
    """
    try:
        descriptor_pb2.FileDescriptorSet.FromString(data)
    except DecodeError as exc:
        raise errors.bad_descriptors() from exc
    return data


def check_database_options(
    statement: DdlStatement, name: DatabaseName, resources: Resources
) -> None:
    """Refuse options for another database, and a leader that cannot lead.

    :raises RpcError: INVALID_ARGUMENT
    """
    if statement.entity_type != DATABASE:
        return
    if statement.names != (name.database,):
        raise errors.other_database(statement.text, name=name)
    leader = dict(statement.options).get(DEFAULT_LEADER)
    if leader is None:
        return
    instance = resources.instances.get(name.instance_name)
    base = model.base_of(instance.config, resources=resources)
    if base is None or leader not in base.leaders:
        raise errors.bad_leader(leader, instance=instance.name)


def _keys(
    config: database_v1.EncryptionConfig | database_v1.RestoreDatabaseEncryptionConfig,
) -> tuple[str, ...]:
    if config.kms_key_name and config.kms_key_names:
        raise errors.bad_encryption("set either kms_key_name or kms_key_names, not both.")
    keys = (config.kms_key_name,) if config.kms_key_name else tuple(config.kms_key_names)
    for key in keys:
        if not _KEY.fullmatch(key):
            raise errors.bad_encryption(f"{key!r} is not the name of a Cloud KMS key.")
    return keys


EncryptionConfig = database_v1.CreateBackupEncryptionConfig | database_v1.CopyBackupEncryptionConfig

# the numbers are the same for copies, where the first is called after the source backup
_BACKUP_TYPES = database_v1.CreateBackupEncryptionConfig.EncryptionType


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
    managed_by_customer = wanted == _BACKUP_TYPES.CUSTOMER_MANAGED_ENCRYPTION
    if managed_by_customer and not keys:
        raise errors.bad_encryption("CUSTOMER_MANAGED_ENCRYPTION needs a kms_key_name.")
    if keys and not managed_by_customer:
        raise errors.bad_encryption("kms_key_name goes with CUSTOMER_MANAGED_ENCRYPTION only.")
    if wanted not in set(map(int, _BACKUP_TYPES)):
        raise errors.bad_encryption(f"there is no encryption_type {wanted}.")
    # unset means the first of the types, the same encryption
    own = (_BACKUP_TYPES.GOOGLE_DEFAULT_ENCRYPTION, _BACKUP_TYPES.CUSTOMER_MANAGED_ENCRYPTION)
    return keys if wanted in own else inherited
