# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The real gcloud, aimed at the emulator: its parser, its requests, its tables.

Each call takes seconds, which are Python's start and nobody else's; hence few and long tests.
"""

from __future__ import annotations

import json
import os
import shutil
from subprocess import run
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from airflow_spanner_lro.emulator import SpannerAdminEmulator
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.support.google_spanner import require_google_emulator

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spanner_lro.emulator import ManualClock

GCLOUD = shutil.which("gcloud")
ON_INSTANCE = "--instance=main"
ON_DATABASE = "--database=orders"
PROJECT = "test"

pytestmark = [
    pytest.mark.skipif(
        GCLOUD is None,
        reason="gcloud is not on the PATH; test_rest_samples sends requests like its own",
    ),
    pytest.mark.timeout(300),
]


class Spanner(Protocol):
    """Runs ``gcloud spanner``."""

    def __call__(self, *arguments: str, fails: bool = False) -> Any:
        """Return what it prints as JSON, or what it complains about."""
        ...


@pytest.fixture
def spanner(rest_emulator: SpannerAdminEmulator, tmp_path: Path) -> Spanner:
    """Return a function that runs gcloud with a configuration of its own."""
    return spanner_of(rest_emulator, tmp_path)


def spanner_of(emulator: SpannerAdminEmulator, config: Path) -> Spanner:
    """Return a function that runs gcloud against an emulator."""
    environment = os.environ | {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SPANNER": f"{emulator.rest_endpoint}/",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CONFIG": str(config),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "true",
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
    }

    def call(*arguments: str, fails: bool = False) -> Any:
        command = [str(GCLOUD), "spanner", *arguments, "--format=json"]
        done = run(  # noqa: S603 - what it runs is written above
            command, env=environment, check=False, capture_output=True, text=True, timeout=120
        )
        assert fails == (0 != done.returncode), done.stderr
        return done.stderr if fails else json.loads(done.stdout or "null")

    return call


@pytest.mark.slow
def test_instances(spanner: Spanner) -> None:
    """The instance is in the list, and described in full."""
    listed = spanner("instances", "list")
    described = spanner("instances", "describe", "main")

    assert [INSTANCE] == [each["name"] for each in listed]
    assert listed == [described]
    assert "READY" == described["state"]


@pytest.mark.slow
def test_a_backup_and_its_operation(
    spanner: Spanner, rest_emulator: SpannerAdminEmulator, clock: ManualClock
) -> None:
    """A backup is started, its operation found in every way, and cancelled."""
    started = (clock.now().replace(day=3)).isoformat().replace("+00:00", "Z")
    spanner(
        *("backups", "create", "nightly", ON_INSTANCE, ON_DATABASE, "--async"),
        f"--expiration-date={started}",
    )
    backups = spanner("backups", "list", ON_INSTANCE)
    of_type = spanner("operations", "list", ON_INSTANCE, "--type=BACKUP")
    of_backup = spanner("operations", "list", ON_INSTANCE, "--backup=nightly")
    (operation,) = of_type
    spanner("operations", "cancel", operation["name"], ON_INSTANCE, "--backup=nightly")
    described = spanner(
        *("operations", "describe", operation["name"].rpartition("/")[2]),
        *(ON_INSTANCE, "--backup=nightly"),
    )

    assert [(BACKUP, "CREATING")] == [(each["name"], each["state"]) for each in backups]
    assert of_type == of_backup
    assert "done" not in operation
    assert (True, 1) == (described["done"], described["error"]["code"])
    assert {"CreateBackup", "CancelOperation"} <= {call.method for call in rest_emulator.calls}


@pytest.mark.slow
def test_a_schema_change(spanner: Spanner) -> None:
    """A schema change is started and listed by its type; a wrong one is refused in words."""
    change = ("databases", "ddl", "update", "orders", ON_INSTANCE, "--async")
    spanner(*change, "--ddl=CREATE INDEX ById ON Orders (Id)")
    (listed,) = spanner(
        "operations", "list", ON_INSTANCE, ON_DATABASE, "--type=DATABASE_UPDATE_DDL"
    )
    missing = spanner("databases", "ddl", "describe", "missing", ON_INSTANCE, fails=True)

    assert DATABASE == listed["metadata"]["database"]
    assert ["CREATE INDEX ById ON Orders (Id)"] == listed["metadata"]["statements"]
    assert f"Database not found: {INSTANCE}/databases/missing" in missing


@pytest.mark.slow
def test_a_configuration_of_ones_own(spanner: Spanner, rest_emulator: SpannerAdminEmulator) -> None:
    """It is cloned from one of Google's, listed with its operation, and deleted.

    The delete comes with ``validateOnly=False``, as Python writes it.
    """
    spanner(
        *("instance-configs", "create", "custom-mine", "--clone-config=regional-us-central1"),
        *("--display-name=Mine own", "--add-replicas=location=us-west3,type=READ_ONLY", "--async"),
    )
    rest_emulator.run_until_done()
    described = spanner("instance-configs", "describe", "custom-mine")
    (operation,) = spanner("operations", "list", "--instance-config=custom-mine")
    spanner("instance-configs", "delete", "custom-mine")
    missing = spanner("instance-configs", "describe", "custom-mine", fails=True)

    assert {"us-central1", "us-west3"} == {each["location"] for each in described["replicas"]}
    assert operation["name"].startswith(f"{described['name']}/operations/")
    assert "custom-mine" in missing


@pytest.mark.slow
def test_an_instance_with_a_partition(
    spanner: Spanner, rest_emulator: SpannerAdminEmulator
) -> None:
    """Both are created and changed; the instance goes with its partition."""
    spanner(
        *("instances", "create", "wide", "--config=nam3", "--description=Wide one", "--nodes=1"),
        *("--edition=ENTERPRISE_PLUS", "--async"),
    )
    rest_emulator.run_until_done()
    spanner(
        *("instance-partitions", "create", "part", "--instance=wide", "--config=nam6"),
        *("--description=Part one", "--nodes=1", "--async"),
    )
    rest_emulator.run_until_done()
    spanner("instances", "update", "wide", "--nodes=2", "--async")
    rest_emulator.run_until_done()
    (operation,) = spanner("operations", "list", "--instance=wide", "--type=INSTANCE_PARTITION")
    described = spanner("instances", "describe", "wide")
    spanner("instances", "delete", "wide")
    left = spanner("instances", "list")

    assert "CreateInstancePartitionMetadata" in operation["metadata"]["@type"]
    assert 2 == described["nodeCount"]
    assert [INSTANCE] == [each["name"] for each in left]


@pytest.mark.slow
def test_schedules(spanner: Spanner) -> None:
    """A schedule is created, changed, described and deleted."""
    schedule = ("nightly", ON_INSTANCE, ON_DATABASE)
    spanner(
        *("backup-schedules", "create", *schedule, "--cron=0 2 * * *"),
        *("--retention-duration=7d", "--backup-type=incremental-backup"),
    )
    spanner("backup-schedules", "update", *schedule, "--retention-duration=14d")
    described = spanner("backup-schedules", "describe", *schedule)
    wrong = spanner("backup-schedules", "update", *schedule, "--cron=soon", fails=True)
    spanner("backup-schedules", "delete", *schedule)
    left = spanner("backup-schedules", "list", ON_INSTANCE, ON_DATABASE)

    assert ("1209600s", {}) == (described["retentionDuration"], described["incrementalBackupSpec"])
    assert "0 2 * * *" == described["spec"]["cronSpec"]["text"]
    assert "INVALID_ARGUMENT" in wrong
    assert all("nightly" not in each["name"] for each in left)


@pytest.mark.slow
def test_a_copy_and_a_restore(spanner: Spanner, rest_emulator: SpannerAdminEmulator) -> None:
    """A backup is copied and restored, and what is in the way is told."""
    rest_emulator.create_backup(BACKUP, DATABASE)
    source = ("--source-backup=nightly", "--source-instance=main")
    spanner(
        *("backups", "copy", *source, "--destination-backup=copied", "--async"),
        *("--destination-instance=main", "--retention-period=7d"),
    )
    restore = ("databases", "restore", *source, "--destination-instance=main", "--async")
    spanner(*restore, "--destination-database=restored")
    rest_emulator.run_until_done()
    taken = spanner(*restore, "--destination-database=orders", fails=True)
    databases = spanner("databases", "list", ON_INSTANCE)
    spanner("databases", "update", "orders", ON_INSTANCE, "--enable-drop-protection", "--async")
    rest_emulator.run_until_done()
    refused = spanner("databases", "delete", "orders", ON_INSTANCE, fails=True)

    assert {"orders", "restored"} == {each["name"].rpartition("/")[2] for each in databases}
    assert "ALREADY_EXISTS" in taken
    assert "enable_drop_protection" in refused


@pytest.mark.slow
def test_rows(tmp_path: Path) -> None:
    """With rows, they are inserted, changed, queried and deleted."""
    require_google_emulator()
    table = "CREATE TABLE Notes (\n  Id INT64,\n  Note STRING(MAX),\n) PRIMARY KEY (Id)"
    rows = ("--table=Notes", ON_DATABASE, ON_INSTANCE)
    query = ("databases", "execute-sql", "orders", ON_INSTANCE, "--sql=SELECT Id, Note FROM Notes")
    with SpannerAdminEmulator(rest_port=0, data=True) as emulator:
        emulator.create_database(DATABASE, [table])
        spanner = spanner_of(emulator, tmp_path)
        spanner("rows", "insert", *rows, "--data=Id=1,Note=first")
        spanner("rows", "update", *rows, "--data=Id=1,Note=second")
        found = spanner(*query)
        spanner("rows", "delete", *rows, "--keys=1")
        left = spanner(*query)

    assert [["1", "second"]] == found["rows"]
    assert "rows" not in left
