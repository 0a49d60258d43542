# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The pytest fixture with rows, as whoever tests his own code has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import spanner

from tests.emulator.data.conftest import SCHEMA, count_of, insert
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import SpannerAdminEmulator


@pytest.fixture
def spanner_emulator_options() -> dict[str, Any]:
    """Return what the emulator is made with: rows."""
    require_google_emulator()
    return {"data": True}


def test_the_fixture_has_rows(spanner_emulator: SpannerAdminEmulator) -> None:
    """With the option, the client library finds rows by the variable that the fixture sets."""
    spanner_emulator.create_database("projects/p-one/instances/main/databases/orders", SCHEMA)
    client = spanner.Client(project="p-one", credentials=AnonymousCredentials())
    database = client.instance("main").database("orders")
    insert(database, 2)

    assert 2 == count_of(database)
    assert spanner_emulator.data is not None
    assert "" == spanner_emulator.data.problem
