# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Restore drills on rows, by ``airflow dags test``: what a user's first run shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import spanner
from google.cloud.spanner_admin_database_v1 import DatabaseDialect

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, RESTORE_DATABASE
from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator
from tests.e2e.conftest import EXAMPLES
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.spanner_v1.database import Database

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

INSTANCE = "projects/demo-project/instances/demo-instance"
KEPT_BACKUP = f"{INSTANCE}/backups/nightly"
ORDERS = 2000
SCHEMA = "CREATE TABLE Orders (Id STRING(36) NOT NULL, Placed TIMESTAMP NOT NULL) PRIMARY KEY (Id)"
POSTGRESQL = (
    "CREATE TABLE orders (id varchar(36) NOT NULL PRIMARY KEY, placed timestamptz NOT NULL)"
)
DRILLS = Path(__file__).parent / "drill_dags"


@dataclass(frozen=True, kw_only=True)
class Drills:
    """An emulator with rows, and an Airflow that runs Dags in one process."""

    emulator: SpannerAdminEmulator
    home: Path

    def airflow(self, *words: str, dags: Path = DRILLS) -> str:
        """Run a command of Airflow, and return what it has written."""
        done = subprocess.run(  # noqa: S603  # our own interpreter
            [sys.executable, "-m", "airflow", *words],
            env={
                **os.environ,
                "AIRFLOW_HOME": str(self.home),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
                "SPANNER_EMULATOR_HOST": self.emulator.endpoint,
                "SPANNER_DRILL_ROWS": "1",
                "COLUMNS": "1000",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    @property
    def resources(self) -> set[str]:
        """What there is by now: ids of databases and backups."""
        return {
            each.name.rpartition("/")[2]
            for each in self.emulator.resources()
            if each.noun in ("database", "backup")
        }


@pytest.fixture(scope="module")
def drills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drills]:
    """Run an emulator with three databases of 2,000 orders, and a backup of one of them."""
    require_google_emulator()
    with SpannerAdminEmulator(data=True) as emulator:
        for kind in (CREATE_BACKUP, RESTORE_DATABASE):
            emulator.plan(Plan(duration=timedelta(seconds=2)), kind=kind)
        for name in ("orders", "kept"):
            emulator.create_database(f"{INSTANCE}/databases/{name}", (SCHEMA,))
        with patch.dict(os.environ, {"SPANNER_EMULATOR_HOST": emulator.endpoint}):
            client = spanner.Client(project="demo-project", credentials=AnonymousCredentials())
            instance = client.instance("demo-instance")
            postgresql = instance.database("postgres", database_dialect=DatabaseDialect.POSTGRESQL)
            emulator.plan(Plan(duration=timedelta(seconds=0)), target="*/databases/postgres")
            postgresql.create().result()
            postgresql.update_ddl([POSTGRESQL]).result()
            for database in (instance.database("orders"), instance.database("kept"), postgresql):
                write_orders(database)
        emulator.create_backup(KEPT_BACKUP, f"{INSTANCE}/databases/kept")
        made = Drills(emulator=emulator, home=tmp_path_factory.mktemp("airflow"))
        made.airflow("db", "migrate")
        yield made


def write_orders(database: Database) -> None:
    """Write orders of today."""
    with database.batch() as batch:
        rows = [[f"order-{number:04}", datetime.now(tz=UTC)] for number in range(ORDERS)]
        batch.insert("orders", ["id", "placed"], rows)


BEFORE = {"orders", "kept", "postgres", "nightly"}


def test_the_example_finds_all_rows(drills: Drills) -> None:
    """The example Dag counts 2,000 rows in what it has restored, and leaves nothing behind."""
    log = drills.airflow("dags", "test", "example_spanner_restore_drill", dags=EXAMPLES)

    assert re.search(
        r"Restore drill passed: 1 table, 2,000 rows checked, 4 checks, \d+ s, [\d.]+ [GMK]iB", log
    ), log[-6000:]
    assert BEFORE == drills.resources


def test_drills_pass_in_both_dialects_side_by_side(drills: Drills) -> None:
    """Three groups of one Dag pass, and a backup that was there before stays."""
    log = drills.airflow("dags", "test", "drills")

    assert 3 == log.count("Restore drill passed"), log[-6000:]
    assert "state=success" in log
    assert BEFORE == drills.resources


def test_a_group_may_be_mapped(drills: Drills) -> None:
    """A task group over the names of databases drills each of them."""
    log = drills.airflow("dags", "test", "mapped")

    assert 2 == log.count("Restore drill passed"), log[-6000:]
    assert "state=success" in log
    assert BEFORE == drills.resources


def test_a_database_of_somebody_else_survives_the_drill(drills: Drills) -> None:
    """A restore that finds the name taken fails the run, and the teardown drops nothing."""
    log = drills.airflow("dags", "test", "taken")

    assert "Nothing to clean up: Database kept was not made by this run." in log, log[-6000:]
    assert "state=failed" in log
    assert BEFORE == drills.resources


def test_all_that_is_wrong_is_told_and_nothing_is_left(drills: Drills) -> None:
    """Lost rows and a check with DML fail the run, by one sentence that tells both."""
    log = drills.airflow("dags", "test", "lost")

    assert "Restore drill failed: orders: 2000 instead of 2010. 1 more check failed: dml" in log, (
        log[-6000:]
    )
    assert "DML statements may not be performed" in log
    assert "state=failed" in log
    assert BEFORE == drills.resources
