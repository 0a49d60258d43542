# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Types and keys of encryption as a Dag author writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.arguments.encryption import (
    BackupEncryption,
    DerivedEncryption,
    database_encryption_config,
    encryption_config,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

CUSTOMER, GOOGLE = "CUSTOMER_MANAGED_ENCRYPTION", "GOOGLE_DEFAULT_ENCRYPTION"
HERE, THERE = (f"projects/p/locations/{at}/keyRings/r/cryptoKeys/k" for at in ("here", "there"))


@pytest.mark.parametrize(
    ("type_", "keys", "expected"),
    [
        pytest.param(None, None, None, id="nothing"),
        pytest.param(GOOGLE, None, {"encryption_type": GOOGLE}, id="type"),
        pytest.param(GOOGLE.lower(), None, {"encryption_type": GOOGLE}, id="lower-case"),
        pytest.param(
            CUSTOMER, HERE, {"encryption_type": CUSTOMER, "kms_key_name": HERE}, id="key-as-text"
        ),
        pytest.param(
            CUSTOMER, [HERE], {"encryption_type": CUSTOMER, "kms_key_name": HERE}, id="one-key"
        ),
        pytest.param(
            CUSTOMER,
            (HERE, THERE),
            {"encryption_type": CUSTOMER, "kms_key_names": [HERE, THERE]},
            id="two-keys",
        ),
        pytest.param(
            None, [HERE], {"encryption_type": CUSTOMER, "kms_key_name": HERE}, id="type-implied"
        ),
    ],
)
@pytest.mark.parametrize("allowed", [BackupEncryption, DerivedEncryption])
def test_type_and_keys_make_a_config(
    *, type_: str | None, keys: Any, expected: object, allowed: type[StrEnum]
) -> None:
    """Keys imply customer-managed encryption; nothing leaves it to Spanner."""
    assert expected == encryption_config(type_=type_, keys=keys, allowed=allowed)


@pytest.mark.parametrize(
    ("allowed", "message"),
    [
        (BackupEncryption, database_v1.CreateBackupEncryptionConfig),
        (DerivedEncryption, database_v1.CopyBackupEncryptionConfig),
        (DerivedEncryption, database_v1.RestoreDatabaseEncryptionConfig),
    ],
)
def test_the_types_are_those_of_the_messages(allowed: type[StrEnum], message: Any) -> None:
    """Each type that the client library knows can be asked for, except for the unspecified one."""
    known = {member.name for member in message.EncryptionType}

    assert known - {"ENCRYPTION_TYPE_UNSPECIFIED"} == set(allowed)


@pytest.mark.parametrize(
    ("type_", "keys", "field", "words"),
    [
        pytest.param("", None, "encryption_type", ["''", GOOGLE, CUSTOMER], id="rendered-empty"),
        pytest.param("AES", None, "encryption_type", ["'AES'", "one of"], id="unknown"),
        pytest.param(3, None, "encryption_type", ["3", CUSTOMER], id="number"),
        pytest.param(
            "ENCRYPTION_TYPE_UNSPECIFIED", None, "encryption_type", ["one of"], id="unspecified"
        ),
        pytest.param(
            "USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION",
            None,
            "encryption_type",
            ["USE_DATABASE_ENCRYPTION"],
            id="type-of-copies",
        ),
        pytest.param(CUSTOMER, None, "kms_key_names", ["None", "one key or more"], id="no-keys"),
        pytest.param(CUSTOMER, [], "kms_key_names", ["[]", "one key or more"], id="empty-list"),
        pytest.param(None, "", "kms_key_names", ["''", "keyRings/<key ring>"], id="empty-text"),
        pytest.param(None, [], "kms_key_names", ["[]", "one key or more"], id="keys-rendered-away"),
        pytest.param(None, 7, "kms_key_names", ["7", "one key or more"], id="keys-number"),
        pytest.param(GOOGLE, [HERE], "kms_key_names", [HERE, GOOGLE, CUSTOMER], id="wrong-type"),
        pytest.param(None, "my-key", "kms_key_names", ["'my-key'", "projects/<pro"], id="short"),
        pytest.param(
            None,
            [HERE, f"{HERE}/cryptoKeyVersions/1"],
            "kms_key_names",
            ["cryptoKeyVersions", "without a version"],
            id="version",
        ),
        pytest.param(
            None, [None], "kms_key_names", ["None", "cryptoKeys/<key>"], id="none-in-list"
        ),
    ],
)
def test_what_does_not_fit_is_refused(type_: Any, keys: Any, field: str, words: list[str]) -> None:
    """The error names the argument, its value, and the rule with what is allowed."""
    with pytest.raises(InvalidArgumentError) as caught:
        encryption_config(type_=type_, keys=keys, allowed=BackupEncryption)

    assert field == caught.value.field
    assert [] == [word for word in words if word not in str(caught.value)]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(HERE, {"kms_key_name": HERE}, id="text"),
        pytest.param([HERE, THERE], {"kms_key_names": [HERE, THERE]}, id="two"),
    ],
)
def test_a_database_has_keys_and_no_type(keys: Any, expected: object) -> None:
    """The config of a database names its keys, or is missing."""
    assert expected == database_encryption_config(keys=keys)


@pytest.mark.parametrize("keys", ["", [], "my-key", ["a/b"]])
def test_a_database_needs_good_keys(keys: Any) -> None:
    """What is no name of a key is refused, and so are keys of which none is left."""
    with pytest.raises(InvalidArgumentError, match="kms_key_names"):
        database_encryption_config(keys=keys)


@pytest.mark.parametrize(
    ("message", "make"),
    [
        (database_v1.EncryptionConfig, lambda: database_encryption_config(keys=[HERE, THERE])),
        (
            database_v1.RestoreDatabaseEncryptionConfig,
            lambda: encryption_config(type_=None, keys=[HERE, THERE], allowed=DerivedEncryption),
        ),
    ],
)
def test_the_fields_are_those_of_the_messages(
    message: type[Any], make: Callable[[], dict[str, Any]]
) -> None:
    """The client library takes the fields, types by their names included."""
    assert [HERE, THERE] == list(message(**make()).kms_key_names)
