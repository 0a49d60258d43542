# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What another release has stored is understood where it can be, and reported where it cannot.

The samples are those that release 0.1.0 wrote into Airflow's database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.operations.errors import UnknownEventError
from airflow_spanner_lro.triggers.base import VERSION
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.slot import SpannerSlotTrigger
from tests.airflow.fakes import BACKUP, LONG
from tests.airflow.task_runner import backup, defer, fire, over_the_wire

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage

OPERATION = f"{BACKUP}/operations/_auto_op_1"
TRIGGER_OF_0_1_0: dict[str, Any] = {
    "gcp_conn_id": "google_cloud_default",
    "impersonation_chain": [],
    "endpoint": "",
    "poll_interval": 30.0,
    "operation": OPERATION,
    "deadline": "2026-11-21T12:00:00+00:00",
    "cancel_on_timeout": True,
    "cancel_on_kill": True,
    "cleans_up": True,
    "settle_timeout": 60.0,
}
SLOT_OF_0_1_0: dict[str, Any] = {
    "query": {},
    "holders": [OPERATION],
    "limit": "one backup of a database at a time",
    "deadline": None,
}


def event_of_0_1_0(name: str) -> dict[str, Any]:
    """Return what a trigger fired when the operation had succeeded."""
    return {
        "name": name,
        "snapshot": {
            "name": name,
            "state": "SUCCEEDED",
            "kind": ("type.googleapis.com/google.spanner.admin.database.v1.CreateBackupMetadata"),
            "percent": 100,
            "start_time": None,
            "end_time": None,
            "cancel_time": None,
            "error": None,
            "statements": [],
            "throttled": False,
            "follow_up": None,
        },
        "settlement": None,
    }


def test_trigger_of_an_older_release_is_made() -> None:
    """A deferral that an older worker stored goes on, with what it asked for."""
    trigger = SpannerOperationTrigger(**TRIGGER_OF_0_1_0)

    _, arguments = trigger.serialize()
    assert TRIGGER_OF_0_1_0.items() <= arguments.items()
    assert not trigger.presumed


def test_slot_trigger_of_an_older_release_is_made() -> None:
    """So does a wait for a slot."""
    assert SLOT_OF_0_1_0["holders"] == SpannerSlotTrigger(**SLOT_OF_0_1_0).holders


def test_trigger_of_a_newer_release_is_made(caplog: pytest.LogCaptureFixture) -> None:
    """What a newer worker adds is passed over, and said: the deferral does not fail for it."""
    newer = TRIGGER_OF_0_1_0 | {"version": VERSION + 1, "colour": "blue"}

    with caplog.at_level("INFO"):
        trigger = SpannerOperationTrigger(**newer)

    assert OPERATION == trigger.operation
    assert "colour" in caplog.text


def test_arguments_carry_a_version() -> None:
    """A later release can tell who has written what it reads."""
    _, arguments = SpannerOperationTrigger(**TRIGGER_OF_0_1_0).serialize()

    assert VERSION == arguments["version"]


def test_event_of_an_older_release_is_delivered(stage: Stage, task: FakeTask) -> None:
    """A worker delivers what an older triggerer has seen the end of."""
    stage.emulator.plan(LONG)
    operator = backup(deferrable=True)
    deferred = defer(operator, task)
    stage.finish_upon("GetBackup")

    result = operator.resume_execution(
        deferred.method_name, {"event": event_of_0_1_0(stage.operation.name)}, task.context
    )

    assert BACKUP == result["name"]
    assert task.entry["closed"]


def test_event_of_a_newer_release_is_read(stage: Stage, task: FakeTask) -> None:
    """What a newer triggerer adds to an event is passed over."""
    stage.emulator.plan(LONG)
    operator = backup(deferrable=True)
    deferred = defer(operator, task)
    stage.finish_upon()
    event = fire(over_the_wire(deferred.trigger)) | {"version": 99, "colour": "blue"}

    result = operator.resume_execution(deferred.method_name, {"event": event}, task.context)

    assert BACKUP == result["name"]


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"version": 99, "outcome": "done"}, id="newer"),
        pytest.param(None, id="none"),
        pytest.param("success", id="text"),
        pytest.param({"name": OPERATION, "snapshot": {"state": "MOVED"}}, id="damaged"),
    ],
)
def test_event_that_cannot_be_read_is_told(stage: Stage, task: FakeTask, event: Any) -> None:
    """Nothing is started, cancelled or closed on a guess; the next try takes the operation up."""
    stage.emulator.plan(LONG)
    operator = backup(deferrable=True)
    deferred = defer(operator, task)

    with pytest.raises(UnknownEventError):
        operator.resume_execution(deferred.method_name, {"event": event}, task.context)

    assert not task.entry["closed"]
    assert not stage.cancels
    assert 1 == len(stage.starts)
