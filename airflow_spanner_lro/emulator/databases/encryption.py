# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which keys encrypt databases and backups.

Nothing is encrypted here; keys are names that must look like names of keys, of places where the
instance is. The messages for new backups, copies, schedules and restores say it alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_spanner_lro.core.names import InstanceName

RequestedEncryption = (
    database_v1.CreateBackupEncryptionConfig
    | database_v1.CopyBackupEncryptionConfig
    | database_v1.RestoreDatabaseEncryptionConfig
)

# the numbers are the same for copies and restores, where the first is called after their source
_TYPES = database_v1.CreateBackupEncryptionConfig.EncryptionType
_KEY = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlaces:
    """Where a customer's keys must be to protect what is in a configuration.

    :param regions: all that have a replica, of any type; with a key in each, they are covered
    :param whole: the location of which one key covers all of them; empty if there is none
    """

    regions: tuple[str, ...]
    whole: str = ""

    def covered_by(self, locations: Collection[str]) -> bool:
        """Tell whether keys in these locations are neither too few nor too many."""
        if self.whole and list(locations) == [self.whole]:
            return True
        return sorted(locations) == sorted(self.regions)


def named_keys(config: database_v1.EncryptionConfig | RequestedEncryption) -> tuple[str, ...]:
    """Return the keys that a configuration names, in whichever of its two fields."""
    return (config.kms_key_name,) if config.kms_key_name else tuple(config.kms_key_names)


def checked_encryption(config: database_v1.EncryptionConfig) -> database_v1.EncryptionConfig | None:
    """Return how a new database is to be encrypted; None for Google's own keys.

    :raises RpcError: if it names keys that are none.
    """
    return database_v1.EncryptionConfig(config) if _checked_keys(config) else None


def keys_for(config: RequestedEncryption, *, inherited: tuple[str, ...]) -> tuple[str, ...]:
    """Return the customer's keys that a configuration asks for; none for Google's own.

    :param inherited: the keys of what the backup is made from
    :raises RpcError: if it asks for keys and names none, or the other way round.
    """
    wanted = _type_of(config)
    keys = _checked_keys(config)
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


def require_usable_keys(
    keys: tuple[str, ...], *, instance: InstanceName, places: KeyPlaces | None
) -> None:
    """Make sure that keys are where they must be for what is stored in an instance.

    :param keys: the customer's; none for Google's own, which are everywhere
    :param places: where the instance is; None if that is no place on earth
    :raises RpcError: FAILED_PRECONDITION, as for other keys that cannot be used.
    """
    if not keys or places is None or places.covered_by([_location_of(key) for key in keys]):
        return
    wanted = [places.whole] if places.whole else []
    if len(places.regions) > 1:
        wanted.append(f"each of {', '.join(places.regions)}")
    strange = [key for key in keys if _location_of(key) not in (places.whole, *places.regions)]
    # if each is in the right place, they are too few or too many
    raise errors.key_elsewhere((strange or keys)[0], instance=instance, wanted=" or ".join(wanted))


def _location_of(key: str) -> str:
    found = _KEY.fullmatch(key)
    return found["location"] if found else ""


def restored_encryption(
    request: database_v1.RestoreDatabaseRequest, *, inherited: tuple[str, ...]
) -> database_v1.EncryptionConfig | None:
    """Return how a restored database is encrypted; None for Google's own keys.

    :param inherited: the keys of its backup
    :raises RpcError: if the request asks for keys and names none, or the other way round.
    """
    keys = inherited
    if "encryption_config" in request:
        config = request.encryption_config
        own = _checked_keys(config)
        if _type_of(config) not in set(map(int, _TYPES)) - {0}:
            raise errors.bad_encryption("encryption_type is required.")
        keys = keys_for(config, inherited=inherited)
        if own:
            return database_v1.EncryptionConfig(
                kms_key_name=config.kms_key_name, kms_key_names=config.kms_key_names
            )
    if len(keys) == 1:
        return database_v1.EncryptionConfig(kms_key_name=keys[0])
    return database_v1.EncryptionConfig(kms_key_names=keys) if keys else None


def encryption_info(keys: tuple[str, ...]) -> list[database_v1.EncryptionInfo]:
    """Return how something is encrypted, as clients see it; here every key has one version.

    :param keys: the customer's; none for Google's own
    """
    types = database_v1.EncryptionInfo.Type
    if not keys:
        return [database_v1.EncryptionInfo(encryption_type=types.GOOGLE_DEFAULT_ENCRYPTION)]
    return [
        database_v1.EncryptionInfo(
            encryption_type=types.CUSTOMER_MANAGED_ENCRYPTION,
            kms_key_version=f"{key}/cryptoKeyVersions/1",
        )
        for key in keys
    ]


def _checked_keys(config: database_v1.EncryptionConfig | RequestedEncryption) -> tuple[str, ...]:
    if config.kms_key_name and config.kms_key_names:
        raise errors.bad_encryption("set either kms_key_name or kms_key_names, not both.")
    keys = named_keys(config)
    for key in keys:
        if not _KEY.fullmatch(key):
            raise errors.bad_encryption(f"{key!r} is not the name of a Cloud KMS key.")
    return keys


def _type_of(config: RequestedEncryption) -> int:
    """Return the number of the type, from the plain message: it minds no number without a name."""
    return int(type(config).pb(config).encryption_type)
