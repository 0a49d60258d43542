# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Sensors for backups, databases and silence wait alike in all three modes, and cancel nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.sensors.backup import SpannerBackupSensor
from airflow_spanner_lro.sensors.database import SpannerDatabaseSensor
from airflow_spanner_lro.sensors.progress import SpannerNoOperationInProgressSensor

from .doubles import BACKUP, DATABASE, INSTANCE, LONG, LONG_TIME, RESTORED, SOURCE, FakeTask
from .playing import backup, change_schema, defer, over_the_wire, play, restore

if TYPE_CHECKING:
    from airflow_spanner_lro.sensors.base import SpannerInstanceSensor

    from .doubles import Stage

WHERE: dict[str, Any] = {
    "task_id": "wait",
    "project_id": "test",
    "instance_id": "main",
    "poke_interval": 0.01,
}
WAYS = [
    pytest.param({}, id="poke"),
    pytest.param({"mode": "reschedule"}, id="reschedule"),
    pytest.param({"deferrable": True}, id="deferrable"),
]


def backup_sensor(**parameters: Any) -> SpannerBackupSensor:
    """Return a sensor on the backup that the others are about."""
    usual = {} if "database_id" in parameters else {"backup_id": "nightly"}
    return SpannerBackupSensor(**WHERE | usual | parameters)


def database_sensor(**parameters: Any) -> SpannerDatabaseSensor:
    """Return a sensor on a database that somebody is going to restore."""
    return SpannerDatabaseSensor(**WHERE | {"database_id": "restored"} | parameters)


def quiet_sensor(**parameters: Any) -> SpannerNoOperationInProgressSensor:
    """Return a sensor on the database."""
    usual = {} if "backup_id" in parameters else {"database_id": "orders"}
    return SpannerNoOperationInProgressSensor(**WHERE | usual | parameters)


MAKERS = [
    pytest.param(backup_sensor, "ListBackups", id="backup"),
    pytest.param(database_sensor, "GetDatabase", id="database"),
    pytest.param(quiet_sensor, "ListBackupOperations", id="quiet"),
]


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """Let somebody back the database up, and restore another backup, both for long."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)
    backup(wait_for_completion=False).execute(FakeTask().context)
    restore(wait_for_completion=False).execute(FakeTask().context)
    stage.emulator.clear_calls()
    return stage


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_met_at_the_first_look(
    busy: Stage, task: FakeTask, make: Any, method: str, way: dict[str, Any]
) -> None:
    """A sensor whose condition is met looks once, and succeeds."""
    busy.clock.advance(LONG_TIME)

    make(**way).execute(task.context)

    assert 1 == len(busy.emulator.calls.of(method))
    assert not busy.cancels


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_not_met_and_then_met(
    busy: Stage, task: FakeTask, make: Any, method: str, way: dict[str, Any]
) -> None:
    """A sensor waits, on a worker or in the triggerer, until its condition is met."""
    waiting = make(**way)
    assert not waiting.poke(task.context)
    busy.finish_upon(method)

    play(waiting, task)

    assert 2 == len(busy.emulator.calls.of(method))
    assert not busy.cancels


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_deferring_waits_in_the_triggerer(
    busy: Stage, task: FakeTask, make: Any, method: str
) -> None:
    """A deferrable sensor leaves the worker after one look."""
    deferred = defer(make(deferrable=True, timeout=3600), task)

    assert timedelta(hours=1) == deferred.timeout
    assert 1 == len(busy.emulator.calls.of(method))


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_rescheduling_frees_the_worker(busy: Stage, task: FakeTask, make: Any, method: str) -> None:
    """A sensor in reschedule mode leaves the worker between two looks."""
    with pytest.raises(AirflowRescheduleException):
        make(mode="reschedule").execute(task.context)

    assert 1 == len(busy.emulator.calls.of(method))


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_timeout_cancels_nothing(busy: Stage, task: FakeTask, make: Any, method: str) -> None:
    """A sensor that runs out of time leaves everything alone."""
    with pytest.raises(AirflowSensorTimeout):
        make(timeout=0.02).execute(task.context)

    assert busy.emulator.calls.of(method)
    assert not busy.cancels


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_transient_trouble_is_waited_out(
    busy: Stage, task: FakeTask, make: Any, method: str, way: dict[str, Any]
) -> None:
    """A look that fails for a passing reason says nothing, in any mode."""
    busy.clock.advance(LONG_TIME)
    for _ in range(2):
        busy.script.fail(method=method, code=Code.UNAVAILABLE)

    play(make(**way), task)

    assert 3 == len(busy.emulator.calls.of(method))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_a_missing_permission_fails_for_good(
    busy: Stage, task: FakeTask, make: Any, method: str, way: dict[str, Any]
) -> None:
    """What no retry can cure fails the sensor at once."""
    busy.script.fail(method=method, code=Code.PERMISSION_DENIED)

    with pytest.raises(AirflowFailException, match="PERMISSION_DENIED"):
        make(**way).execute(task.context)


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_a_missing_permission_seen_by_the_trigger(
    busy: Stage, task: FakeTask, make: Any, method: str
) -> None:
    """A permission that is lost while the sensor is deferred fails it for good too."""
    waiting = make(deferrable=True)
    deferred = defer(waiting, task)
    busy.script.fail(method=method, code=Code.PERMISSION_DENIED)

    with pytest.raises(AirflowFailException, match="PERMISSION_DENIED"):
        play(_Resumed(waiting, deferred), task)


@pytest.mark.parametrize("soft", [{"soft_fail": True}, {"never_fail": True}], ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_a_soft_sensor_is_skipped(
    busy: Stage, task: FakeTask, way: dict[str, Any], soft: dict[str, Any]
) -> None:
    """A soft sensor is skipped where another fails."""
    busy.script.fail(method="GetDatabase", code=Code.PERMISSION_DENIED)

    with pytest.raises(AirflowSkipException):
        database_sensor(**way, **soft).execute(task.context)


@pytest.mark.parametrize(("make", "method"), MAKERS)
def test_a_trigger_survives_the_database(
    busy: Stage, task: FakeTask, make: Any, method: str
) -> None:
    """A trigger that went through Airflow's database is the same, and holds primitives only."""
    trigger: Any = defer(
        make(deferrable=True, impersonation_chain=("a@example.com",)), task
    ).trigger

    again = over_the_wire(trigger)

    assert trigger.serialize() == again.serialize()
    assert trigger.serialize()[1] == json.loads(json.dumps(trigger.serialize()[1]))
    assert f"http://{busy.emulator.endpoint}" == trigger.endpoint
    assert method


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
    made = next(each for each in stage.emulator.resources() if each.name == BACKUP)
    del made
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
    busy.emulator.plan(LONG)

    facts = database_sensor(state=["ready_optimizing", "READY"]).execute(task.context)

    assert RESTORED == facts["name"]
    assert facts["state"] in {"READY", "READY_OPTIMIZING"}


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
        database_sensor, {"state": "DONE"}, ["state='DONE'", "CREATING, READY"], id="state"
    ),
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
]


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]])
@pytest.mark.parametrize(("make", "parameters", "says"), BAD)
def test_bad_input(
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


class _Resumed:
    """A sensor that has deferred already."""

    def __init__(self, sensor: Any, deferred: Any) -> None:
        self._sensor, self._deferred = sensor, deferred

    def execute(self, context: Any) -> None:
        """Defer, without another look."""
        del context
        raise self._deferred

    def resume_execution(self, *arguments: Any) -> Any:
        """Resume."""
        return self._sensor.resume_execution(*arguments)
