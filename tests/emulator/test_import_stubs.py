# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A process that is an emulator and nothing else does without Google's clients."""

from __future__ import annotations

import subprocess
import sys

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1

from airflow_spanner_lro.emulator.command import stub_client_imports

SCRIPT = """
import sys
from airflow_spanner_lro.emulator.command import stub_client_imports

stub_client_imports()

from airflow_spanner_lro.emulator import SpannerAdminEmulator

with SpannerAdminEmulator(rest_port=0) as emulator:
    emulator.create_database("projects/p/instances/main/databases/orders")
    print(len(emulator.resources()), sorted({"requests", "google.auth"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_an_emulator_alone_loads_no_clients() -> None:
    """It has all message types and serves, without authentication and HTTP clients."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )

    assert "2 []" == done.stdout.strip()


@pytest.mark.parametrize("name", ["DatabaseAdminClient", "DatabaseAdminAsyncClient"])
def test_clients_that_are_there_stay(name: str) -> None:
    """Where somebody has loaded the clients before, nothing is taken away."""
    before = getattr(database_v1, name)
    stub_client_imports()

    assert before is getattr(database_v1, name)
    assert hasattr(before, "create_backup")
    assert sys.modules[before.__module__] is not None


ROWS_SCRIPT = """
import argparse
from airflow_spanner_lro.emulator.command import stub_client_imports

stub_client_imports(argparse.Namespace(data=True, data_emulator=None))

import airflow_spanner_lro.emulator.protos
from airflow_spanner_lro.emulator.data.mirror import Mirror

print(Mirror.__name__)
"""


@pytest.mark.slow
def test_with_rows_the_client_library_is_whole() -> None:
    """What moves rows is the client library, which cannot be loaded without its clients."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", ROWS_SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )

    assert "Mirror" == done.stdout.strip()
