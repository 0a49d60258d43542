# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Lists of backups: their order, their pages and their filters."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import spanner_admin_database_v1 as database_v1

from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
    from tests.emulator.conftest import StartBackup

MINUTES, DAYS = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def three_backups(
    emulator: SpannerAdminEmulator, start_backup: StartBackup, clock: ManualClock
) -> None:
    """Put an old, a big and a pending backup there."""
    emulator.create_backup(f"{INSTANCE}/backups/old", DATABASE)
    clock.advance(60 * MINUTES)
    tables = [f"CREATE TABLE T{n} (Id INT64) PRIMARY KEY (Id)" for n in range(5)]
    emulator.create_database(f"{INSTANCE}/databases/large", tables)
    emulator.create_backup(f"{INSTANCE}/backups/big", f"{INSTANCE}/databases/large")
    start_backup("new")


def test_backups_are_listed_latest_first(
    emulator: SpannerAdminEmulator,
    databases: database_v1.DatabaseAdminClient,
    clock: ManualClock,
) -> None:
    """Lists go by create_time downwards, through all pages, and can be filtered."""
    emulator.create_database(f"{INSTANCE}/databases/other")
    for number in range(3):
        emulator.create_backup(f"{INSTANCE}/backups/b{number}", DATABASE)
        clock.advance(MINUTES)
    emulator.create_backup(f"{INSTANCE}/backups/alien", f"{INSTANCE}/databases/other")
    request = database_v1.ListBackupsRequest(
        parent=INSTANCE, page_size=2, filter=f'database="{DATABASE}" AND state:READY'
    )

    found = [each.name.rpartition("/")[2] for each in databases.list_backups(request)]
    assert ["b2", "b1", "b0"] == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"old", "new", "big"}),
        ("name:OL", {"old"}),
        ("database:orders", {"old", "new"}),
        ("state:CREATING", {"new"}),
        ("state=READY", {"old", "big"}),
        ('create_time < "2026-01-01T00:30:00Z"', {"old"}),
        ('version_time >= "2026-01-01T01:00:00Z"', {"new", "big"}),
        ('expire_time > "2026-01-20T00:00:00Z"', {"old", "big"}),
        ("size_bytes > 2147483648", {"big"}),
        ("size_bytes = 0", {"new"}),
        ("backup_schedules:daily", set()),
        ("NOT state:READY", {"new"}),
        ("(name:old) OR (name:big)", {"old", "big"}),
        ("(database:orders) AND (state:READY)", {"old"}),
    ],
)
@pytest.mark.usefixtures("three_backups")
def test_lists_can_be_filtered_by_all_documented_fields(
    databases: database_v1.DatabaseAdminClient,
    text: str,
    expected: set[str],
) -> None:
    """Names, states, times and sizes can be asked for, joined by AND, OR and NOT."""
    request = database_v1.ListBackupsRequest(parent=INSTANCE, filter=text)

    found = {each.name.rpartition("/")[2] for each in databases.list_backups(request)}
    assert expected == found


@pytest.mark.parametrize(
    "text", ["color:red", "referencing_databases:x", "name", "(name:x", "name:"]
)
@pytest.mark.usefixtures("emulator")
def test_a_bad_filter_is_refused(databases: database_v1.DatabaseAdminClient, text: str) -> None:
    """Other fields, and what is no filter, are an INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument, match="Invalid ListBackups request"):
        databases.list_backups(database_v1.ListBackupsRequest(parent=INSTANCE, filter=text))


@pytest.mark.usefixtures("emulator")
def test_lists_need_an_instance(databases: database_v1.DatabaseAdminClient) -> None:
    """The backups of an instance that is not there are NOT_FOUND."""
    with pytest.raises(exceptions.NotFound):
        databases.list_backups(parent="projects/test/instances/nowhere")


def test_lists_hold_the_backups_of_one_instance(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """What another instance holds is not in them."""
    other = "projects/test/instances/other"
    emulator.create_database(f"{other}/databases/orders")
    emulator.create_backup(f"{other}/backups/alien", f"{other}/databases/orders")
    emulator.create_backup(BACKUP, DATABASE)

    assert [BACKUP] == [each.name for each in databases.list_backups(parent=INSTANCE)]


def test_times_need_no_leading_zeros(
    emulator: SpannerAdminEmulator, databases: database_v1.DatabaseAdminClient
) -> None:
    """Google's sample of list_backups writes the hour without one."""
    emulator.create_backup(BACKUP, DATABASE)
    found = [
        [
            each.name
            for each in databases.list_backups(
                database_v1.ListBackupsRequest(parent=INSTANCE, filter=text)
            )
        ]
        for text in (
            'create_time > "2000-1-2T1:51:8Z"',
            'create_time < "2000-1-2T1:51:8Z"',
        )
    ]

    assert [[BACKUP], []] == found
