# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a backup schedule is to do, and whether one that is there does just that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.arguments.backup_schedules import (
    ScheduleSpec,
    parse_crontab,
    parse_retention,
)
from airflow_spanner_lro.core.errors import InvalidArgumentError

HERE, THERE = (f"projects/p/locations/{at}/keyRings/r/cryptoKeys/k" for at in ("here", "there"))
CUSTOMER = "CUSTOMER_MANAGED_ENCRYPTION"
WEEK = timedelta(days=7)


def order(**fields: Any) -> ScheduleSpec:
    """Return an order of a nightly full backup."""
    usual: dict[str, Any] = {"cron": "0 2 * * *", "retention": WEEK, "incremental": False}
    return ScheduleSpec(**usual | fields)


def made(wanted: ScheduleSpec, **changes: Any) -> database_v1.BackupSchedule:
    """Return the schedule that an order makes, with some changes."""
    return database_v1.BackupSchedule(**wanted.fields() | changes)


def test_a_crontab_is_tidied() -> None:
    """Five fields of text stay, with one blank between two of them."""
    assert "0 2,14 * * 0" == parse_crontab(" 0  2,14 *\t* 0\n")


@pytest.mark.parametrize("text", ["", "@daily", "0 2 * *", "0 0 2 * * *", None, 5])
def test_what_has_not_five_fields_is_no_crontab(text: object) -> None:
    """The error names the argument, its value, and the rule."""
    with pytest.raises(InvalidArgumentError, match=r"cron=.*five fields") as caught:
        parse_crontab(text)

    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(timedelta(hours=6), timedelta(hours=6), id="shortest"),
        pytest.param("P366D", timedelta(days=366), id="longest"),
        pytest.param(604800, WEEK, id="seconds"),
    ],
)
def test_retention_is_a_duration(value: Any, expected: timedelta) -> None:
    """Limits are inclusive."""
    assert expected == parse_retention(value)


@pytest.mark.parametrize("value", [timedelta(hours=5), "P367D", 0, -1])
def test_retention_has_limits(value: Any) -> None:
    """Spanner keeps no backup shorter than six hours or longer than 366 days."""
    with pytest.raises(InvalidArgumentError, match=r"retention='.*between 6 hours and 366 days"):
        parse_retention(value)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(order(), id="full"),
        pytest.param(order(incremental=True), id="incremental"),
        pytest.param(
            order(encryption={"encryption_type": CUSTOMER, "kms_key_name": HERE}), id="one-key"
        ),
        pytest.param(
            order(encryption={"encryption_type": CUSTOMER, "kms_key_names": [HERE, THERE]}),
            id="two-keys",
        ),
    ],
)
def test_what_an_order_makes_does_not_differ_from_it(wanted: ScheduleSpec) -> None:
    """A schedule is recognised as what was asked for."""
    assert () == wanted.differences(made(wanted))


@pytest.mark.parametrize(
    ("encryption", "there"),
    [
        pytest.param(None, {"encryption_type": "USE_DATABASE_ENCRYPTION"}, id="default-said"),
        pytest.param({"encryption_type": "USE_DATABASE_ENCRYPTION"}, {}, id="default-unsaid"),
        pytest.param(
            {"encryption_type": CUSTOMER, "kms_key_name": HERE},
            {"encryption_type": CUSTOMER, "kms_key_names": [HERE]},
            id="other-field",
        ),
        pytest.param(
            {"encryption_type": CUSTOMER, "kms_key_names": [HERE, THERE]},
            {"encryption_type": CUSTOMER, "kms_key_names": [THERE, HERE]},
            id="other-order",
        ),
    ],
)
def test_what_means_the_same_is_the_same(encryption: Any, there: dict[str, Any]) -> None:
    """Keys have no order, and what is not said is the database's encryption."""
    wanted = order(encryption=encryption)

    assert () == wanted.differences(made(wanted, encryption_config=there))


@pytest.mark.parametrize(
    ("there", "difference"),
    [
        pytest.param(
            order(cron="0 3 * * *"), "its cron is '0 3 * * *', not '0 2 * * *'", id="cron"
        ),
        pytest.param(
            order(retention=timedelta(days=8)),
            "its retention is 8 days, 0:00:00, not 7 days, 0:00:00",
            id="retention",
        ),
        pytest.param(
            order(incremental=True), "its type of backup is incremental, not full", id="incremental"
        ),
        pytest.param(
            order(encryption={"encryption_type": "GOOGLE_DEFAULT_ENCRYPTION"}),
            "its encryption is GOOGLE_DEFAULT_ENCRYPTION, not USE_DATABASE_ENCRYPTION",
            id="encryption",
        ),
    ],
)
def test_differences_are_named(there: ScheduleSpec, difference: str) -> None:
    """Each thing that is different is said, with what it is and what it was to be."""
    assert (difference,) == order().differences(made(there))


def test_keys_make_a_difference() -> None:
    """The same type of encryption with another key is not the same."""
    wanted = order(encryption={"encryption_type": CUSTOMER, "kms_key_name": HERE})
    there = order(encryption={"encryption_type": CUSTOMER, "kms_key_name": THERE})

    assert (f"its set of KMS keys is {THERE}, not {HERE}",) == wanted.differences(made(there))


@pytest.mark.filterwarnings("ignore:Unrecognized EncryptionType")
def test_a_type_from_the_future_makes_a_difference() -> None:
    """A type that the installed library has no name for is not what was asked for."""
    there = made(order())
    database_v1.BackupSchedule.pb(there).encryption_config.encryption_type = 9

    assert ("its encryption is 9, not USE_DATABASE_ENCRYPTION",) == order().differences(there)
