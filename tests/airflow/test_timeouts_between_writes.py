# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow's own timeout strikes a start where it hurts most: between two steps of writing it down.

Airflow raises it in a signal handler, so it may come between any two lines of the task's process.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowTaskTimeout, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from airflow_spanner_lro.core.operations.errors import OperationTimeoutError
from airflow_spanner_lro.execution.store import TaskLedger
from airflow_spanner_lro.execution.wait import StartCall
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage


def test_airflows_timeout_between_the_answer_and_the_ledger(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the call has begun is cancelled, and the ledger says of which operation and how."""
    operator = backup(execution_timeout=timedelta(hours=1))
    info = operator.log.info

    def strike(text: str, *values: object) -> None:
        info(text, *values)
        if "was started" in text:
            raise AirflowTaskTimeout

    monkeypatch.setattr(operator.log, "info", strike)
    with pytest.raises(OperationTimeoutError):
        operator.execute(task.context)

    assert [stage.operation.name] == [call.resource for call in stage.cancels]
    assert (stage.operation.name, "cancelled") == (task.entry["operation"], task.entry["ending"])


def test_a_timeout_while_the_calls_thread_begins_gives_the_call_up(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever Airflow's own timeout strikes in the call, its answer reaches the ledger."""
    begin = StartCall.begin

    def struck(call: StartCall) -> None:
        begin(call)
        raise AirflowTaskTimeout

    stage.script.answer_late(0.3, method="CreateBackup")
    monkeypatch.setattr(StartCall, "begin", struck)
    with pytest.raises(OperationTimeoutError):
        backup(execution_timeout=timedelta(hours=1)).execute(task.context)

    assert [stage.operation.name] == [call.resource for call in stage.cancels]
    assert (stage.operation.name, "cancelled") == (task.entry["operation"], task.entry["ending"])


def test_a_ledger_that_takes_no_answer_hides_no_outcome(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow refuses the entry after such a timeout: the error still says what became of it."""
    begin = StartCall.begin

    def struck(call: StartCall) -> None:
        begin(call)
        assert call.wait(10)
        raise AirflowTaskTimeout

    def refused(*_: object) -> None:
        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))

    monkeypatch.setattr(StartCall, "begin", struck)
    monkeypatch.setattr(TaskLedger, "answered_late", refused)
    with pytest.raises(OperationTimeoutError, match="was cancelled: out of time"):
        backup(execution_timeout=timedelta(hours=1)).execute(task.context)

    assert [stage.operation.name] == [call.resource for call in stage.cancels]
    assert "Not written to the ledger" in caplog.text
