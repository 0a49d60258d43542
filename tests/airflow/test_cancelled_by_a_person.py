# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A task whose operation a person has cancelled from the Operations page says who it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.operations.errors import OperationCancelledError
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup, play

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage


def cancel_upon(stage: Stage, task: FakeTask, *, by: str) -> None:
    """Let a person cancel, as the page does, just before the next poll is answered."""

    def cancel() -> None:
        task.store.set(task.entries[-1], {**task.entry, "cancelled_by": by})
        stage.cancel(stage.operation.name)

    stage.script.upon("GetOperation", cancel)


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_error_names_who_has_cancelled(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """Deferred or on a worker: what the page wrote into the ledger is what the task tells."""
    stage.emulator.plan(LONG)
    cancel_upon(stage, task, by="alice")

    with pytest.raises(OperationCancelledError, match="was cancelled by alice, on the Operations"):
        play(backup(deferrable=deferrable), task)

    assert task.entry["closed"]


def test_a_name_that_somebody_made_up_is_escaped(stage: Stage, task: FakeTask) -> None:
    """Whoever may edit the task instance may write the note; it moves no terminal's cursor."""
    stage.emulator.plan(LONG)
    cancel_upon(stage, task, by="\x1b[2Jroot\n")

    with pytest.raises(OperationCancelledError) as caught:
        play(backup(deferrable=False), task)

    assert "by \\x1b[2Jroot\\n, on the Operations page" in str(caught.value)


def test_a_retry_starts_anew_and_forgets_the_name(stage: Stage, task: FakeTask) -> None:
    """The next try is another one's: if that is cancelled too, it was not the same person."""
    stage.emulator.plan(LONG, times=1)
    cancel_upon(stage, task, by="alice")
    with pytest.raises(OperationCancelledError):
        play(backup(deferrable=False), task)
    task.next_try()
    play(backup(wait_for_completion=False), task)

    assert 2 == len(stage.emulator.calls.of("CreateBackup"))
    assert not task.entry["cancelled_by"]
