# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read encryption types and Cloud KMS keys, and make the encryption config of a message.

Backups, copies, schedules, restores and databases all have the two same arguments and the same
rules; only the types that they allow differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from airflow_spanner_lro.core.arguments.choices import parse_enum
from airflow_spanner_lro.core.errors import InvalidArgumentError

KmsKeys = str | Sequence[str]
"""One Cloud KMS key, or those that together cover all regions of the instance."""

TYPE_FIELD = "encryption_type"
KEYS_FIELD = "kms_key_names"

_KEY = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/keyRings/[^/\s]+/cryptoKeys/[^/\s]+")
_KEY_RULE = (
    "a key is projects/<project>/locations/<location>/keyRings/<key ring>/cryptoKeys/<key>, "
    "without a version"
)
_CUSTOMER_MANAGED = "CUSTOMER_MANAGED_ENCRYPTION"


class BackupEncryption(StrEnum):
    """How a new backup can be encrypted: ``CreateBackupEncryptionConfig.EncryptionType``."""

    USE_DATABASE_ENCRYPTION = "USE_DATABASE_ENCRYPTION"
    GOOGLE_DEFAULT_ENCRYPTION = "GOOGLE_DEFAULT_ENCRYPTION"
    CUSTOMER_MANAGED_ENCRYPTION = _CUSTOMER_MANAGED


class DerivedEncryption(StrEnum):
    """How what is made of a backup can be encrypted: the types of copies and of restores."""

    USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION = "USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION"
    GOOGLE_DEFAULT_ENCRYPTION = "GOOGLE_DEFAULT_ENCRYPTION"
    CUSTOMER_MANAGED_ENCRYPTION = _CUSTOMER_MANAGED


def encryption_config(
    *, type_: str | None, keys: KmsKeys | None, allowed: type[StrEnum]
) -> dict[str, Any] | None:
    """Return an encryption config of a backup, a schedule, a copy or a restore.

    :param type_: the API's name of the type, in any case; by default customer-managed if there are
        keys
    :param keys: one Cloud KMS key or several; None for none
    :param allowed: the types that the message has
    :return: the fields of the message; None if nothing was asked for, which leaves it to Spanner
    :raises InvalidArgumentError: if the type is unknown, or type and keys do not go together
    """
    if type_ is None and keys is None:
        return None
    name = _CUSTOMER_MANAGED if type_ is None else type_
    chosen = parse_enum(name, field=TYPE_FIELD, enum=allowed)
    if chosen == _CUSTOMER_MANAGED:
        return {"encryption_type": chosen.value, **_key_fields(keys)}
    if keys is not None:
        raise InvalidArgumentError(
            field=KEYS_FIELD,
            value=keys,
            rule=f"keys go with {TYPE_FIELD}={_CUSTOMER_MANAGED!r}, not with {chosen.value!r}",
        )
    return {"encryption_type": chosen.value}


def database_encryption_config(*, keys: KmsKeys | None) -> dict[str, Any] | None:
    """Return the encryption config of a database, whose message has keys and no type.

    :param keys: one Cloud KMS key or several; None for Google's default encryption
    :return: the fields of the message; None if nothing was asked for
    :raises InvalidArgumentError: if a key does not follow the pattern, or there is none
    """
    return None if keys is None else _key_fields(keys)


def _key_fields(keys: object) -> dict[str, Any]:
    """Return the one of the two fields for keys that fits: the older one holds a single key."""
    named = [keys] if isinstance(keys, str) else keys
    if not isinstance(named, Sequence) or not named:
        # an empty text or list, too: data that was to have keys of its own must not go without
        raise InvalidArgumentError(
            field=KEYS_FIELD,
            value=keys,
            rule=f"{_CUSTOMER_MANAGED} needs one key or more, or a single key as text",
        )
    for key in named:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise InvalidArgumentError(field=KEYS_FIELD, value=key, rule=_KEY_RULE)
    if len(named) == 1:
        return {"kms_key_name": named[0]}
    return {"kms_key_names": list(named)}
