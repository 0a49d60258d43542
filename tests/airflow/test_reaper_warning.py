# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A task that defers says in its log if no reaper is at work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import comms, task_runner

from airflow_spanner_lro.core.ledger.reaping import ROUND_KEY, RoundRecord
from airflow_spanner_lro.execution import deferral
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup, defer

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage

NOT_THERE = comms.ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
FORBIDDEN = comms.ErrorResponse(error=ErrorType.PERMISSION_DENIED)


class Supervisor:
    """Answers the question for a Variable."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def send(self, message: Any) -> Any:
        """Answer."""
        assert ROUND_KEY == message.key
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def recorded(*, minutes: int) -> comms.VariableResult:
    """Return the Variable as it is so long after a round."""
    ago = timedelta(minutes=minutes)
    ended = datetime.now(tz=UTC) - ago
    record = RoundRecord(host="one", ended=ended, seconds=0, kept=0, reaped=0, left=0)
    return comms.VariableResult(key=ROUND_KEY, value=record.to_json())


def warnings(
    stage: Stage,
    task: FakeTask,
    answer: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> list[str]:
    """Return what a task says that defers; an answer of a number is a round so long ago."""
    if isinstance(answer, int):
        answer = recorded(minutes=answer)
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(answer), raising=False)
    stage.emulator.plan(LONG)
    defer(backup(deferrable=True), task)
    return [each.getMessage() for each in caplog.records if each.name == deferral.__name__]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (12, "its last round was 12 minutes ago"),
        (NOT_THERE, "no round of the reaper was ever recorded here"),
        (AirflowRuntimeError(NOT_THERE), "no round of the reaper was ever recorded here"),
        (comms.VariableResult(key=ROUND_KEY, value="{}"), "no round of the reaper was ever"),
    ],
)
def test_overdue(
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    answer: Any,
    why: str,
) -> None:
    """It says since when, what that means, and what to do."""
    (line,) = warnings(stage, task, answer, monkeypatch, caplog)

    assert f"No reaper is at work: {why}" in line
    assert "`airflow spanner-lro status`" in line


@pytest.mark.parametrize(
    "answer",
    [9, FORBIDDEN, AirflowRuntimeError(FORBIDDEN)],
)
def test_no_reason_to_warn(
    stage: Stage,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    answer: Any,
) -> None:
    """It says nothing of a reaper at work, nor where Airflow does not tell."""
    assert [] == warnings(stage, task, answer, monkeypatch, caplog)
