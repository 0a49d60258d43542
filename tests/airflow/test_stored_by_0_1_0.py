# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What checkouts of 0.1.0 have stored is taken up: deferrals, events, ledger entries and XComs.

``data/stored_by_0_1_0.json`` was written by their own code, at three of its days.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.ownership import TaskLiveness
from airflow_spanner_lro.core.operations.errors import OperationFailedError, OperationTimeoutError
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor
from airflow_spanner_lro.triggers.slot import SpannerPauseTrigger, SpannerSlotTrigger
from airflow_spanner_lro.triggers.task_state import TaskView
from tests.airflow.fakes import BACKUP, LONG, FakeTask
from tests.airflow.task_runner import backup, change_schema, fire, play, resume

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.triggers.base import BaseTrigger
    from pytest_mock import MockerFixture

    from tests.airflow.fakes import Stage

STORED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "stored_by_0_1_0.json").read_text()
)
FIRST = "2026-11-21T03:13"
DEFERRALS = [
    pytest.param(stored, id=f"{name}-{day}")
    for day, forms in STORED.items()
    for name, stored in forms.items()
    if "classpath" in stored
]
DAYS = [pytest.param(forms, id=day) for day, forms in STORED.items()]
WITH_SLOTS = [pytest.param(forms, id=day) for day, forms in STORED.items() if "turn" in forms]


def of_stage(stored: dict[str, Any], stage: Stage) -> dict[str, Any]:
    """Return what was stored, as if it had been about this emulator and its first operation."""
    text = json.dumps(stored).replace("<endpoint>", f"http://{stage.emulator.endpoint}")
    theirs = "|".join(set(re.findall(r"operations/(\w+)", text)))
    ours: dict[str, Any] = json.loads(re.sub(theirs, stage.first.name.rpartition("/")[2], text))
    for record in ours.get("store", {}).values():
        if isinstance(record, dict):
            record["intended"] = stage.clock.now().isoformat()
    return ours


def restored(task: FakeTask, stored: dict[str, Any]) -> BaseTrigger:
    """Let Airflow's database hold what was stored; return the trigger that it makes of it."""
    for key, value in stored.get("store", {}).items():
        task.store.set(key, value)
    task.ti.xcoms.update(stored.get("xcoms", {}))
    trigger: BaseTrigger = import_string(stored["classpath"])(**stored["kwargs"])
    return trigger


def start(stage: Stage, operator: BaseOperator | None = None) -> None:
    """Let the old release have started what its deferral waits for."""
    stage.emulator.plan(LONG)
    (operator or backup(wait_for_completion=False)).execute(FakeTask().context)


@pytest.mark.parametrize("stored", DEFERRALS)
def test_triggers_are_made_with_what_they_asked_for(stored: dict[str, Any]) -> None:
    """Each stored class path leads to a class that keeps each stored argument as it was."""
    trigger = import_string(stored["classpath"])(**stored["kwargs"])

    _, arguments = trigger.serialize()
    kept = {key: arguments.get(key, "forgotten") for key in stored["kwargs"]}
    assert stored["kwargs"] == kept | {key: 2 for key in kept if key == "version"}


@pytest.mark.parametrize("forms", DAYS)
def test_deferred_backup_is_delivered(stage: Stage, task: FakeTask, forms: dict[str, Any]) -> None:
    """A new triggerer waits for it, and a new worker delivers the backup and closes the entry."""
    start(stage)
    stored = of_stage(forms["backup"], stage)
    trigger = restored(task, stored)
    stage.finish_upon()

    deferred = TaskDeferred(trigger=trigger, method_name=stored["next_method"])
    result = resume(backup(deferrable=True), deferred, task)

    assert (BACKUP, "READY") == (result["name"], result["state"])
    assert task.entry["closed"]
    assert 1 == len(stage.starts)


@pytest.mark.parametrize("forms", DAYS)
def test_event_of_an_old_triggerer_is_delivered(
    stage: Stage, task: FakeTask, forms: dict[str, Any]
) -> None:
    """What an old triggerer has fired is read by a new worker."""
    start(stage)
    stored = of_stage(forms["backup"], stage)
    restored(task, stored)
    stage.finish_upon("GetBackup")

    event = {"event": stored["event"]}
    result = backup(deferrable=True).resume_execution(stored["next_method"], event, task.context)

    assert (BACKUP, "READY") == (result["name"], result["state"])


@pytest.mark.parametrize("forms", DAYS)
def test_schema_change_is_delivered(stage: Stage, task: FakeTask, forms: dict[str, Any]) -> None:
    """So is a schema change, whose statements the event tells."""
    start(stage, change_schema(wait_for_completion=False))
    stored = of_stage(forms["ddl"], stage)
    trigger = restored(task, stored)
    stage.finish_upon()

    deferred = TaskDeferred(trigger=trigger, method_name=stored["next_method"])
    resume(change_schema(deferrable=True), deferred, task)

    assert task.entry["closed"]
    assert 1 == len(stage.starts)


@pytest.mark.parametrize("forms", DAYS)
@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        pytest.param("failed", OperationFailedError, "RESOURCE_EXHAUSTED: no room", id="failed"),
        pytest.param("out_of_time", OperationTimeoutError, "was cancelled", id="out-of-time"),
    ],
)
def test_bad_ends_are_told(
    stage: Stage,
    task: FakeTask,
    forms: dict[str, Any],
    *,
    name: str,
    error: type[Exception],
    sentence: str,
) -> None:
    """An end that was not a success fails the task with the same sentence as ever."""
    start(stage)
    stored = of_stage(forms[name], stage)
    restored(task, stored)

    event = {"event": stored["event"]}
    with pytest.raises(error, match=sentence):
        backup(deferrable=True).resume_execution(stored["next_method"], event, task.context)

    assert task.entry["closed"]


@pytest.mark.parametrize("forms", WITH_SLOTS)
@pytest.mark.usefixtures("other")
def test_wait_for_a_slot_goes_on(stage: Stage, task: FakeTask, forms: dict[str, Any]) -> None:
    """A task that waited for a slot, by names that there are no more, starts when there is one."""
    stored = of_stage(forms["turn"], stage)
    trigger = restored(task, stored)
    assert isinstance(trigger, SpannerSlotTrigger)
    stage.finish_upon("ListBackupOperations")
    event = fire(trigger)
    stage.finish_upon()

    with pytest.raises(TaskDeferred) as caught:
        backup(deferrable=True).resume_execution(
            stored["next_method"], {"event": event}, task.context
        )

    assert "execute_complete" == caught.value.method_name
    assert BACKUP in stage.operation.name


def test_pause_goes_on(stage: Stage, task: FakeTask) -> None:
    """A pause that was stored ends, and the task starts what it was for."""
    stage.emulator.plan(LONG)
    stored = STORED["2026-11-28T11:13"]["pause"]
    trigger = restored(task, stored)
    assert isinstance(trigger, SpannerPauseTrigger)

    with pytest.raises(TaskDeferred):
        backup(deferrable=True).resume_execution(
            "execute_in_turn", {"event": fire(trigger)}, task.context
        )

    assert 1 == len(stage.starts)


@pytest.mark.parametrize("forms", WITH_SLOTS)
def test_retry_adopts(stage: Stage, task: FakeTask, forms: dict[str, Any]) -> None:
    """A retry reads the ledger of the old release and takes its operation up."""
    start(stage)
    restored(task, of_stage(forms["backup"], stage))
    task.next_try()
    stage.finish_upon()

    result = play(backup(), task)

    assert BACKUP == result["name"]
    assert 1 == len(stage.starts)


def test_retry_of_the_first_day_is_refused(stage: Stage, task: FakeTask) -> None:
    """On its first day it did not note what it asked for: what is there is told, and left alone."""
    start(stage)
    restored(task, of_stage(STORED[FIRST]["backup"], stage))
    task.next_try()
    stage.finish_upon()

    with pytest.raises(AirflowFailException, match=r"^Backup nightly exists already"):
        play(backup(), task)

    assert stage.has(BACKUP)
    assert not stage.cancels


@pytest.mark.parametrize("forms", DAYS)
def test_closed_entry_starts_anew(stage: Stage, task: FakeTask, forms: dict[str, Any]) -> None:
    """After a try that has delivered, a cleared task starts anew."""
    stage.emulator.plan(LONG)
    for key, value in forms["finished"]["store"].items():
        task.store.set(key, value)
    task.next_try()

    backup(wait_for_completion=False).execute(task.context)

    assert 1 == len(stage.starts)
    assert 2 == len(task.entries)


@pytest.mark.parametrize("forms", DAYS)
async def test_kill_cancels(
    stage: Stage, task: FakeTask, forms: dict[str, Any], mocker: MockerFixture
) -> None:
    """A task that is ended while its old deferral waits cancels, by the old record in its XCom."""
    start(stage)
    stored = of_stage(forms["backup"], stage)
    trigger: Any = restored(task, stored)
    trigger.task_instance = task.ti
    record = LedgerEntry.from_record(stored["xcoms"][RECORD_KEY])
    view = TaskView(liveness=TaskLiveness.ENDED, record=record)
    mocker.patch("airflow_spanner_lro.triggers.task_state.view_task_soon", return_value=view)

    await trigger.on_kill()

    assert [stage.first.name] == [call.resource for call in stage.cancels]


@pytest.mark.parametrize("forms", DAYS)
def test_sensor_goes_on(stage: Stage, forms: dict[str, Any]) -> None:
    """A sensor whose trigger was of the old release succeeds, whichever form its event has."""
    start(stage)
    stored = of_stage(forms["sensor"], stage)
    task = FakeTask()
    trigger = restored(task, stored)
    stage.finish_upon()
    event = {"event": fire(trigger)}
    sensor = SpannerOperationSensor(
        task_id="sensor", operation_name=stage.first.name, deferrable=True
    )

    told = sensor.resume_execution(stored["next_method"], event, task.context)

    assert stage.first.name == told
    event = {"event": stored["event"]}
    assert stage.first.name == sensor.resume_execution(stored["next_method"], event, task.context)


def test_sensor_defers_again_where_nothing_has_ended(stage: Stage, task: FakeTask) -> None:
    """An event of another release decides nothing: the sensor polls, and goes on waiting."""
    start(stage)
    sensor = SpannerOperationSensor(
        task_id="sensor", operation_name=stage.first.name, deferrable=True
    )

    with pytest.raises(TaskDeferred):
        sensor.resume_execution("execute_complete", {"event": None}, task.context)
