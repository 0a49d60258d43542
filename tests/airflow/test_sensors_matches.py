# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What sensors take for met, and which parameters they refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
)

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import (
    BACKUP,
    DATABASE,
    INSTANCE,
    LONG,
    LONG_TIME,
    RESTORED,
    SOURCE,
    FakeTask,
)
from tests.airflow.sensor_builders import WAYS, backup_sensor, database_sensor, quiet_sensor
from tests.airflow.task_runner import backup, change_schema, play, restore

if TYPE_CHECKING:
    from airflow_spanner_lro.sensors.base import SpannerInstanceSensor
    from tests.airflow.fakes import Stage


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """Let somebody back the database up, and restore another backup, both for long."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)
    backup(wait_for_completion=False).execute(FakeTask().context)
    restore(wait_for_completion=False).execute(FakeTask().context)
    stage.emulator.clear_calls()
    return stage


def test_facts_of_a_backup(stage: Stage, task: FakeTask) -> None:
    """The result names the backup, so that the next task can restore it."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    facts = backup_sensor().execute(task.context)

    assert (BACKUP, DATABASE, "READY") == (facts["name"], facts["database"], facts["state"])
    assert facts == json.loads(json.dumps(facts))


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
def test_the_newest_backup_whoever_made_it(
    stage: Stage, task: FakeTask, way: dict[str, Any]
) -> None:
    """Of a database's backups the newest is found, under whatever name."""
    stage.emulator.create_database(f"{INSTANCE}/databases/orders-2")
    for name, source in (("older", "orders"), ("newer", "orders"), ("newest", "orders-2")):
        stage.emulator.create_backup(f"{INSTANCE}/backups/{name}", f"{INSTANCE}/databases/{source}")
        stage.clock.advance(timedelta(minutes=1))

    facts = play(backup_sensor(database_id="orders", **way), task)

    assert f"{INSTANCE}/backups/newer" == facts["name"]


@pytest.mark.parametrize(
    ("newer_than", "met"),
    [
        pytest.param(timedelta(hours=3), True, id="duration"),
        pytest.param("PT3H", True, id="text"),
        pytest.param(timedelta(hours=1), False, id="too short"),
        pytest.param("{moment}", False, id="moment"),
    ],
)
def test_only_newer_backups(stage: Stage, task: FakeTask, newer_than: Any, *, met: bool) -> None:
    """A backup that is too old does not count; durations go back from when the run was due."""
    stage.emulator.create_backup(BACKUP, DATABASE)
    now = stage.clock.now()
    run = SimpleNamespace(run_after=now + timedelta(hours=2))
    if isinstance(newer_than, str):
        newer_than = newer_than.format(moment=(now + timedelta(seconds=1)).isoformat())

    answer = backup_sensor(database_id="orders", newer_than=newer_than).poke(
        task.context | {"dag_run": run}
    )

    assert met is bool(answer)


def test_backups_of_a_schedule_only(stage: Stage, task: FakeTask) -> None:
    """A backup that somebody made by hand is not one of the schedule."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    answer = backup_sensor(database_id="orders", schedule_id="nightly").poke(task.context)

    assert not answer


def test_a_database_that_is_being_optimised(busy: Stage, task: FakeTask) -> None:
    """A restored database is usable before it is READY; whoever wants that says so."""
    busy.clock.advance(LONG_TIME)

    usable = database_sensor(state="ready_optimizing").execute(task.context)
    ready = database_sensor(state="READY").poke(task.context)

    assert (RESTORED, "READY_OPTIMIZING") == (usable["name"], usable["state"])
    assert not ready


@pytest.mark.parametrize(
    ("parameters", "quiet"),
    [
        pytest.param({"database_id": "orders"}, False, id="database that is backed up"),
        pytest.param({"database_id": "restored"}, False, id="database that is restored"),
        pytest.param({"backup_id": "source"}, False, id="backup that is restored"),
        pytest.param({"backup_id": "nightly"}, False, id="backup that is made"),
        pytest.param({"database_id": None}, False, id="instance"),
        pytest.param(
            {"database_id": None, "operation_types": ["UpdateInstance"]}, True, id="other type"
        ),
        pytest.param(
            {"database_id": "orders", "operation_types": ["create_backup"]}, False, id="type"
        ),
        pytest.param(
            {"database_id": "orders", "operation_types": "UpdateDatabaseDdl"},
            True,
            id="other type of a database",
        ),
    ],
)
def test_what_is_in_progress(
    busy: Stage, task: FakeTask, parameters: dict[str, Any], *, quiet: bool
) -> None:
    """A resource is busy with all that works on it, wherever Spanner keeps the operation."""
    answer = quiet_sensor(**parameters).poke(task.context)

    assert quiet is bool(answer)
    assert not busy.cancels


def test_a_neighbour_does_not_count(stage: Stage, task: FakeTask) -> None:
    """Work on a database whose name begins alike is not work on this one."""
    stage.emulator.create_database(f"{INSTANCE}/databases/orders-2")
    stage.emulator.plan(LONG)
    backup(database_id="orders-2", wait_for_completion=False).execute(FakeTask().context)
    change_schema(database_id="orders-2", wait_for_completion=False).execute(FakeTask().context)

    assert quiet_sensor().poke(task.context)


def test_silence_after_a_failure(stage: Stage, task: FakeTask) -> None:
    """How an operation ended does not matter to who waits for silence."""
    stage.emulator.plan(Plan(duration=LONG_TIME, fail_with=(Code.INTERNAL, "bad luck")))
    backup(wait_for_completion=False).execute(FakeTask().context)
    stage.clock.advance(LONG_TIME)

    assert quiet_sensor().poke(task.context)


BAD: list[Any] = [
    pytest.param(backup_sensor, {"backup_id": "A"}, ["backup id", "'A'"], id="backup id"),
    pytest.param(
        backup_sensor,
        {"backup_id": "a1", "database_id": "orders"},
        ["backup_id='a1'", "exactly one", "database_id='orders'"],
        id="two",
    ),
    pytest.param(
        backup_sensor, {"backup_id": None}, ["backup_id=None", "exactly one"], id="neither"
    ),
    pytest.param(
        backup_sensor, {"newer_than": "PT1H"}, ["newer_than='PT1H'", "database_id"], id="age of one"
    ),
    pytest.param(
        backup_sensor,
        {"database_id": "orders", "newer_than": "yesterday"},
        ["newer_than='yesterday'", "ISO 8601"],
        id="age",
    ),
    pytest.param(
        backup_sensor,
        {
            "database_id": "orders",
            "newer_than": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
        },
        ["newer_than=", "time zone"],
        id="no zone",
    ),
    pytest.param(
        backup_sensor,
        {"database_id": "orders", "schedule_id": "S"},
        ["schedule id", "'S'"],
        id="schedule id",
    ),
    pytest.param(
        backup_sensor,
        {"database_id": "orders", "schedule_id": ""},
        ["schedule id=''", "2 to 60"],
        id="empty schedule id",
    ),
    pytest.param(
        backup_sensor,
        {"database_id": "orders", "newer_than": "0001-01-01T00:00:00+23:00"},
        ["newer_than='0001-", "no calendar"],
        id="before all calendars",
    ),
    pytest.param(
        database_sensor, {"state": "DONE"}, ["state='DONE'", "CREATING, READY"], id="state"
    ),
    pytest.param(database_sensor, {"state": 2}, ["state=2", "a list"], id="number"),
    pytest.param(database_sensor, {"state": []}, ["state=[]", "at least one"], id="no state"),
    pytest.param(database_sensor, {"instance_id": ""}, ["instance id", "''"], id="instance id"),
    pytest.param(
        quiet_sensor,
        {"backup_id": "nightly", "database_id": "orders"},
        ["backup_id='nightly'", "at most one", "'orders'"],
        id="quiet two",
    ),
    pytest.param(
        quiet_sensor,
        {"operation_types": ["BACKUP"]},
        ["operation_types='BACKUP'", "CreateBackup"],
        id="type",
    ),
    pytest.param(
        quiet_sensor,
        {"operation_types": ["CreateInstance"]},
        ["operation_types='CreateInstance'", "on this database", "UpdateDatabaseDdl"],
        id="type that does not fit",
    ),
    pytest.param(
        quiet_sensor, {"operation_types": ""}, ["operation_types=''", "some of"], id="empty type"
    ),
    pytest.param(
        quiet_sensor, {"operation_types": 5}, ["operation_types=5", "a list"], id="type is a number"
    ),
]


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
@pytest.mark.parametrize(("make", "parameters", "says"), BAD)
def test_bad_input(  # noqa: PLR0917  # fixtures and one case
    stage: Stage,
    task: FakeTask,
    make: Any,
    parameters: dict[str, Any],
    says: list[str],
    way: dict[str, Any],
) -> None:
    """A bad argument fails for good with its name, its value and the rule; nothing is sent."""
    waiting: SpannerInstanceSensor = make(**parameters, **way)

    with pytest.raises(AirflowFailException) as caught:
        waiting.execute(task.context)

    assert [] == [word for word in says if word not in str(caught.value)]
    assert not stage.emulator.calls
