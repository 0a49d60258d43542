# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The work is done: what may still go wrong must neither undo it nor do it twice."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from airflow_spanner_lro import assets
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY, LedgerEntry
from airflow_spanner_lro.core.ledger.ownership import Claim, KillDecision, TaskLiveness, decide_kill
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.errors import (
    OperationTimeoutError,
    UnexpectedStateError,
)
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import BACKUP, DATABASE, LONG, SOURCE
from tests.airflow.operator_builders import FRESH, create_database, finish_at_each_look
from tests.airflow.task_runner import backup, defer, play, restore, resume

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage

AT_ONCE = Plan(duration=timedelta())
TIMEOUT = ("__fail__", {"error": "Trigger timeout"})


def test_done_at_once_and_not_waited_for_is_a_name(stage: Stage, task: FakeTask) -> None:
    """Without waiting the result is a name, also if there is nothing left to wait for."""
    stage.emulator.plan(AT_ONCE)

    result = play(backup(wait_for_completion=False), task)

    assert stage.operation.name == result
    assert stage.operation.done


def test_not_waited_for_has_no_follow_up(stage: Stage, task: FakeTask) -> None:
    """A restore that is done at once does not make its task wait for the optimization."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(AT_ONCE, times=1)

    result = play(restore(wait_for_completion=False, wait_for_optimize=True), task)

    assert stage.first.name == result


def test_what_is_gone_is_no_bad_parameter(stage: Stage, task: FakeTask) -> None:
    """A backup that somebody deletes before it is told of is missed, and a retry makes it anew."""
    stage.emulator.plan(LONG)
    stage.finish_upon()
    stage.script.upon("GetBackup", lambda: backup().hook.client.delete_resource(name=_TARGET))
    with pytest.raises(
        UnexpectedStateError, match=f"operation on it is done, but it does not exist.* {BACKUP}$"
    ):
        play(backup(), task)
    task.next_try()
    stage.script.upon("CreateBackup", stage.finish_upon)

    assert BACKUP == play(backup(), task)["name"]
    assert 2 == len(stage.starts)


_TARGET = OperationName.parse(f"{BACKUP}/operations/any").resource


def test_lineage_that_fails_does_not_fail_the_task(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector that breaks, or a name that nobody can parse, takes no result away."""

    def report(*_: Any, **__: Any) -> None:
        message = "no such name"
        raise ValueError(message)

    monkeypatch.setattr(assets, "report_made", report)
    stage.emulator.plan(AT_ONCE)

    result = play(backup(), task)

    assert BACKUP == result["name"]
    assert task.entry["closed"]


def test_the_result_is_what_was_made(stage: Stage, task: FakeTask) -> None:
    """An id that renders to something else after a deferral does not lose the backup."""
    stage.emulator.plan(LONG)
    deferred = defer(backup(deferrable=True), task)
    stage.finish_upon()

    result = resume(backup(deferrable=True, backup_id="another"), deferred, task)

    assert BACKUP == result["name"]


def protecting(stage: Stage, task: FakeTask, **parameters: Any) -> Any:
    """Return the deferral of a task that waits for the protection of its database."""
    operator = create_database(
        enable_drop_protection=True, deferrable=True, clean_up=True, **parameters
    )
    stage.emulator.plan(LONG, kind=UPDATE_DATABASE)
    deferred = defer(operator, task)
    finish_at_each_look(stage)
    with pytest.raises(TaskDeferred) as caught:
        resume(operator, deferred, task)
    return caught.value


def test_backstop_of_a_follow_up_undoes_nothing(stage: Stage, task: FakeTask) -> None:
    """When Airflow ends the wait for a protection, that is cancelled, and the database stays."""
    protecting(stage, task, operation_timeout=timedelta(hours=1))
    operator = create_database(enable_drop_protection=True, deferrable=True, clean_up=True)

    with pytest.raises(OperationTimeoutError):
        operator.resume_execution(*TIMEOUT, task.context)

    assert stage.has(FRESH)
    assert [stage.operation.name] == [call.resource for call in stage.cancels]


@pytest.mark.parametrize(
    ("liveness", "newer", "expected"),
    [
        pytest.param(TaskLiveness.DEFERRED, 0, KillDecision.MOVED, id="moved"),
        pytest.param(TaskLiveness.DEFERRED, 1, KillDecision.ADOPTED, id="adopted"),
        pytest.param(TaskLiveness.ENDED, 0, KillDecision.CANCEL, id="killed"),
    ],
)
def test_whose_a_follow_up_is(
    stage: Stage, task: FakeTask, *, liveness: TaskLiveness, newer: int, expected: KillDecision
) -> None:
    """A trigger that waits for a follow-up finds it in the record, and spares what is not its."""
    waiting = protecting(stage, task)
    record = LedgerEntry.from_record(task.ti.xcoms[RECORD_KEY])
    name = OperationName.parse(waiting.trigger.operation)

    decision = decide_kill(
        claim=Claim(operation=name, try_number=record.try_number - newer),
        liveness=liveness,
        record=record,
    )

    assert stage.operation.name == str(name)
    assert expected is decision


def test_what_was_not_waited_for_is_owed_once_adopted(stage: Stage, task: FakeTask) -> None:
    """A cleared task that waits this time owes the outcome, so that its backstop stops it."""
    stage.emulator.plan(LONG)
    play(backup(wait_for_completion=False), task)
    task.next_try()
    defer(backup(deferrable=True), task)

    with pytest.raises(OperationTimeoutError):
        backup(deferrable=True).resume_execution(*TIMEOUT, task.context)

    assert 1 == len(stage.cancels)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda operator: pickle.loads(pickle.dumps(operator))],  # noqa: S301  # our own
    ids=["copy", "deepcopy", "pickle"],
)
def test_an_operator_can_be_copied_after_its_work(
    stage: Stage, task: FakeTask, copied: Any
) -> None:
    """Channels and threads of one run stay where they are, and a copy can be executed."""
    stage.emulator.plan(AT_ONCE)
    operator = backup()
    play(operator, task)
    task.next_try()

    another = copied(operator)

    assert "hook" not in vars(another)
    assert operator.hook is vars(operator)["hook"]
    another.backup_id = "second"
    assert "second" in play(another, task)["name"]
