# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Clients get an error's code however long the text is that was wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors import invalid
from tests.emulator.support.operation_starts import INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import SpannerAdminEmulator


@pytest.mark.slow
@pytest.mark.parametrize("letter", ["x", "é", "🙂"])
@pytest.mark.parametrize("length", [500, 5_000, 500_000])
def test_a_long_text_in_a_request_is_refused_like_a_short_one(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    letter: str,
    length: int,
) -> None:
    """An error with a long value in it arrives with its code, and not as an oversized header."""
    assert emulator.running
    with pytest.raises(exceptions.InvalidArgument) as caught:
        databases.create_database(
            parent=INSTANCE, create_statement=f"CREATE DATABASE {letter * length}"
        )

    assert caught.value.message.startswith(
        ("Invalid database name", "Cannot parse", "Error parsing", "The ")
    )


def test_a_missing_resource_with_a_long_name_is_told_with_its_details(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """The details of an error are cut short like its text, so that both arrive."""
    assert emulator.running
    name = f"projects/{'p' * 3_000}/instances/main/databases/orders"

    with pytest.raises(exceptions.NotFound) as caught:
        databases.get_database(name=name)

    assert 1 == len(caught.value.details)


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    """What is left out is in the middle, as the end of an error often says what to do."""
    error = invalid(f"Invalid name {'é' * 5_000}: too long.")

    shown = error.to_status().message
    assert (
        Code.INVALID_ARGUMENT,
        "Invalid name ",
        ": too long.",
    ) == (error.code, shown[:13], shown[-11:])


@pytest.mark.parametrize("letter", ["X", "é", "🙂", "/", "\n"])
@pytest.mark.parametrize("length", [500, 200_000])
@pytest.mark.parametrize("start", ["projects/p/instances/", ""])
def test_a_long_name_that_cannot_be_one_is_told_with_its_field(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    letter: str,
    length: int,
    start: str,
) -> None:
    """What was expected, what came and why are each cut short, so that all three arrive."""
    assert emulator.running
    with pytest.raises(exceptions.InvalidArgument) as caught:
        databases.create_backup(
            parent=INSTANCE,
            backup_id="nightly",
            backup=database_v1.Backup(database=f"{start}{letter * length}"),
        )

    (violation,) = caught.value.details[0].field_violations
    assert "backup.database" == violation.field
    for part in ("Expected projects/", "\nGot: ", "\nError: "):
        assert part in violation.description
