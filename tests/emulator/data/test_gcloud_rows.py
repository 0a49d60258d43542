# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The real gcloud inserts rows and queries them, by REST, on the port of the admin API."""

from __future__ import annotations

import json
import os
import shutil
from subprocess import run
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from pathlib import Path

GCLOUD = shutil.which("gcloud")
# as the service shows it: gcloud reads the tables out of the lines of it
_SCHEMA = ("CREATE TABLE Orders (\n  Id INT64,\n  Name STRING(MAX),\n) PRIMARY KEY(Id)",)
_ON = ("--instance=main", "--database=orders")

pytestmark = [
    pytest.mark.skipif(GCLOUD is None, reason="gcloud is not on the PATH"),
    pytest.mark.timeout(300),
]


def _gcloud(emulator: SpannerAdminEmulator, config: Path, *arguments: str) -> str:
    """Run ``gcloud spanner``; return what it prints."""
    environment = os.environ | {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SPANNER": f"{emulator.rest_endpoint}/",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CONFIG": str(config),
        "CLOUDSDK_CORE_PROJECT": "test-project",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
    }
    done = run(  # noqa: S603 - what it runs is written above
        [str(GCLOUD), "spanner", *arguments, "--format=json"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


@pytest.mark.slow
def test_rows_by_gcloud(tmp_path: Path) -> None:
    """A row that ``rows insert`` has written is what ``execute-sql`` returns."""
    require_google_emulator()
    with SpannerAdminEmulator(clock=ManualClock(), rest_port=0, data=True) as emulator:
        emulator.create_database("projects/test-project/instances/main/databases/orders", _SCHEMA)
        _gcloud(
            emulator, tmp_path, "rows", "insert", *_ON, "--table=Orders", "--data=Id=1,Name=one"
        )
        printed = _gcloud(
            emulator,
            tmp_path,
            *("databases", "execute-sql", "orders", "--instance=main"),
            "--sql=SELECT Id, Name FROM Orders",
        )

    assert [["1", "one"]] == json.loads(printed)["rows"]
