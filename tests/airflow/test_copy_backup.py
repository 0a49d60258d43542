# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Copies of backups: to anywhere, once, and gone when they are not wanted any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.ledger.ownership import TaskLiveness
from airflow_spanner_lro.core.operations.errors import OperationCancelledError
from airflow_spanner_lro.triggers.task_state import TaskView
from tests.airflow.fakes import BACKUP, DATABASE, LONG, SOURCE, FakeTaskInstance
from tests.airflow.operator_builders import (
    COPY,
    DAYS,
    FAR,
    GOOGLE,
    HERE,
    HOURS,
    copy_backup,
    kms_keys_of,
    time_of,
)
from tests.airflow.task_runner import backup, defer, over_the_wire, play

if TYPE_CHECKING:
    from pytest_mock import MockerFixture

    from tests.airflow.fakes import FakeTask, Stage


@pytest.fixture(autouse=True)
def source(stage: Stage) -> None:
    """Put a backup there, and an instance of another project."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.create_instance(FAR, config="nam6")


def test_copy_across_instances_and_projects(stage: Stage, task: FakeTask) -> None:
    """A backup is copied to an instance of another project, and stays where it is."""
    stage.finish_upon()

    result = play(copy_backup(), task)

    assert (COPY, "READY", DATABASE) == (result["name"], result["state"], result["database"])
    assert abs(time_of(result) - datetime.now(tz=UTC) - 30 * DAYS) < HOURS
    assert [COPY] == [call.resource for call in stage.emulator.calls.of("CopyBackup")]
    assert stage.operation.name.startswith(f"{COPY}/operations/")
    assert stage.has(SOURCE)


def test_copy_within_an_instance(stage: Stage, task: FakeTask) -> None:
    """An id alone is a backup of the instance that holds the copy."""
    stage.finish_upon()
    operator = copy_backup(project_id="test", instance_id="main", source_backup="source")

    result = play(operator, task)

    assert SOURCE.replace("source", "copy") == result["name"]
    assert DATABASE == result["database"]


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
def test_cancelled_copy_is_gone(stage: Stage, task: FakeTask, *, deferrable: bool) -> None:
    """A copy that somebody cancels fails its task and leaves nothing but the source."""
    stage.emulator.plan(LONG)
    stage.cancel_upon()

    with pytest.raises(OperationCancelledError, match="Copy backup"):
        play(copy_backup(deferrable=deferrable), task)

    assert not stage.has(COPY)
    assert stage.has(SOURCE)


@pytest.mark.parametrize("finishes_first", [False, True], ids=["cancelled", "finished first"])
async def test_kill_of_a_deferred_copy_removes_it(
    stage: Stage, task: FakeTask, mocker: MockerFixture, *, finishes_first: bool
) -> None:
    """A user who ends the deferred task removes the copy: cancelled, or deleted if it was done."""
    stage.emulator.plan(LONG)
    waiting = over_the_wire(cast("Any", defer(copy_backup(deferrable=True), task).trigger))
    waiting.task_instance = cast("Any", FakeTaskInstance())
    view = TaskView(liveness=TaskLiveness.ENDED, record=None)
    mocker.patch("airflow_spanner_lro.triggers.task_state.view_task_soon", return_value=view)
    if finishes_first:
        stage.finish_upon("CancelOperation")

    await waiting.on_kill()

    assert [waiting.operation] == [call.resource for call in stage.cancels]
    assert not stage.has(COPY)
    assert stage.has(SOURCE)


def test_lost_answer_is_no_second_copy(stage: Stage, task: FakeTask) -> None:
    """A copy whose start was not answered is found in the same try."""
    stage.script.lose_answer(method="CopyBackup")
    stage.emulator.plan(LONG)

    defer(copy_backup(deferrable=True), task)

    assert 1 == len(stage.emulator.calls.of("CopyBackup"))
    assert stage.operation.name == task.ti.xcoms["operation_name"]


def test_retry_adopts_the_copy(stage: Stage, task: FakeTask) -> None:
    """A retry goes on with the copy that the try before it started."""
    stage.emulator.plan(LONG)
    defer(copy_backup(deferrable=True), task)
    task.next_try()

    defer(copy_backup(deferrable=True), task)

    assert 1 == len(stage.emulator.calls.of("CopyBackup"))
    assert not stage.cancels


@pytest.mark.usefixtures("stage")
def test_copy_may_expire_soon_after_an_old_source() -> None:
    """The limits count from when the source was made, so the server alone can judge them."""
    request = copy_backup(expire_time=2 * HOURS).build_request()

    signature = timedelta(seconds=1)
    assert HOURS < request.expire_time - datetime.now(tz=UTC) <= 2 * HOURS + signature


def test_copy_outlives_its_source_only_so_far(stage: Stage, task: FakeTask) -> None:
    """A copy that would be kept longer than the source could ever be is refused, for good."""
    stage.clock.advance(10 * DAYS)

    with pytest.raises(AirflowFailException, match=r"INVALID_ARGUMENT.*Correct the argument"):
        copy_backup(expire_time=datetime.now(tz=UTC) + 366 * DAYS).execute(task.context)

    assert not stage.has(COPY)


def test_copy_drops_the_keys_of_its_source(stage: Stage, task: FakeTask) -> None:
    """A copy has the source's keys unless Google's own encryption is asked for."""
    stage.finish_upon()
    play(backup(kms_key_names=[HERE]), task)

    results = []
    for number, type_ in enumerate(("USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION", GOOGLE)):
        operator = copy_backup(
            source_backup=BACKUP, backup_id=f"copy-{number}", encryption_type=type_, durable=False
        )
        stage.finish_upon()
        results.append(play(operator, task))

    assert [[HERE], [""]] == [kms_keys_of(each) for each in results]
