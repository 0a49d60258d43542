# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""E21: whatever happens during a start call, its answer counts, and the error says what it was."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.core.operations.errors import (
    NothingStartedError,
    OperationKilledError,
    OperationTimeoutError,
    StartUnansweredError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import cancel, wait
from tests.airflow.fakes import BACKUP, DATABASE, LONG, SOURCE, eventually
from tests.airflow.task_runner import backup, change_schema, defer, restore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import FakeTask, Stage

HOUR = timedelta(hours=1)
SHORT, LATE = 0.5, 1.5
"""Seconds until the answer: within the time that an end of the task leaves, and after it."""
STARTS = {backup: "CreateBackup", restore: "RestoreDatabase", change_schema: "UpdateDatabaseDdl"}
MAKERS = pytest.mark.parametrize(
    "make",
    [
        pytest.param(backup, id="backup"),
        pytest.param(restore, id="restore"),
        pytest.param(change_schema, id="ddl"),
    ],
)
WAITS = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long, and let there be a backup to restore."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.plan(LONG)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave an end of the task a tenth of a second for the answer of its start call."""
    monkeypatch.setattr(wait, "ANSWER_BUDGET", 0.1)
    monkeypatch.setattr(cancel, "KILL_BUDGET", 0.1)


def upon_start(
    stage: Stage, make: Callable[..., Any], act: Callable[[], object], *, answer: float
) -> None:
    """Act when the start call arrives, and hold its answer back."""
    stage.script.upon(STARTS[make], act)
    stage.script.answer_late(answer, method=STARTS[make])


def kill_upon_start(
    stage: Stage, operator: SpannerOperationOperator, make: Callable[..., Any], *, answer: float
) -> None:
    """Kill a task, from a thread of its own, when its start call arrives."""
    upon_start(stage, make, threading.Thread(target=operator.on_kill).start, answer=answer)


_STRUCK: list[SpannerOperationOperator] = []
"""Never freed: a call that a signal's exception has ended keeps gRPC from ever closing its channel,
and whichever thread frees that hangs (grpcio 1.85). A task's process ends soon after."""


@contextmanager
def timeout_upon(stage: Stage, method: str, operator: SpannerOperationOperator) -> Iterator[None]:
    """Let Airflow's own timeout strike the task's main thread when a call arrives.

    Airflow raises it in the handler of a signal, wherever the thread is.
    """
    _STRUCK.append(operator)

    def strike(*_: object) -> None:
        raise AirflowTaskTimeout

    main = threading.main_thread().ident
    assert main is not None
    before = signal.signal(signal.SIGUSR1, strike)
    stage.script.upon(method, lambda: signal.pthread_kill(main, signal.SIGUSR1))
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_an_answer_that_takes_its_time_is_waited_for(stage: Stage, task: FakeTask) -> None:
    """A start call that is answered late has begun once, and is waited for."""
    stage.script.answer_late(SHORT, method="CreateBackup")

    defer(backup(deferrable=True), task)

    assert 1 == len(stage.starts)
    assert (stage.operation.name, "answered") == (task.entry["operation"], task.entry["evidence"])


@MAKERS
@WAITS
def test_a_deadline_during_the_call_cancels_what_it_began(
    stage: Stage,
    task: FakeTask,
    pass_time: Callable[[timedelta], None],
    make: Callable[..., SpannerOperationOperator],
    *,
    deferrable: bool,
) -> None:
    """E21: the answer is waited for a little longer; what it names is cancelled."""
    upon_start(stage, make, lambda: pass_time(2 * HOUR), answer=SHORT)

    with pytest.raises(OperationTimeoutError, match=" was cancelled: "):
        make(deferrable=deferrable, operation_timeout=HOUR).execute(task.context)

    assert [stage.operation.name] == [call.resource for call in stage.cancels]
    assert task.entry["closed"]


@pytest.mark.usefixtures("impatient")
@MAKERS
def test_an_answer_after_the_wait_for_it_reaches_the_ledger(
    stage: Stage,
    task: FakeTask,
    pass_time: Callable[[timedelta], None],
    make: Callable[..., SpannerOperationOperator],
) -> None:
    """The error says what is open; when the answer comes, ledger and record have the name."""
    upon_start(stage, make, lambda: pass_time(2 * HOUR), answer=LATE)

    with pytest.raises(StartUnansweredError, match="may have been started") as caught:
        make(operation_timeout=HOUR).execute(task.context)
    noted = task.entry
    assert eventually(lambda: task.entry["evidence"] == task.ti.xcoms[RECORD_KEY]["evidence"])
    assert eventually(lambda: task.entry["unanswered"] is None)

    named = make is change_schema
    assert str(caught.value).endswith(str(caught.value.target))
    assert noted["unanswered"]
    assert (noted["operation"] is not None) is named
    assert stage.operation.name == task.entry["operation"]
    assert ("named" if named else "answered") == task.entry["evidence"]
    assert stage.operation.name == task.ti.xcoms[RECORD_KEY]["operation"]
    assert not task.entry["closed"]


@pytest.mark.usefixtures("impatient")
def test_the_next_try_takes_up_what_was_answered_late(
    stage: Stage, task: FakeTask, pass_time: Callable[[timedelta], None]
) -> None:
    """A retry after a start without an answer adopts, and starts nothing beside it."""
    upon_start(stage, backup, lambda: pass_time(2 * HOUR), answer=LATE)
    with pytest.raises(StartUnansweredError):
        backup(operation_timeout=HOUR).execute(task.context)
    assert eventually(lambda: task.entry["operation"])
    task.next_try()

    defer(backup(deferrable=True), task)

    assert 1 == len(stage.starts)
    assert ("answered", 2) == (task.entry["evidence"], task.entry["try_number"])


@MAKERS
@WAITS
def test_a_kill_during_the_call_cancels_what_it_began(
    stage: Stage,
    task: FakeTask,
    make: Callable[..., SpannerOperationOperator],
    *,
    deferrable: bool,
) -> None:
    """E21: a kill waits for the name as long as it may, and cancels."""
    operator = make(deferrable=deferrable)
    kill_upon_start(stage, operator, make, answer=SHORT)

    with pytest.raises(OperationKilledError, match=" was cancelled: "):
        operator.execute(task.context)

    assert [stage.operation.name] == [call.resource for call in stage.cancels]
    assert stage.operation.name == task.entry["operation"]


@pytest.mark.usefixtures("impatient")
@MAKERS
def test_an_answer_after_the_kill_is_cancelled_all_the_same(
    stage: Stage, task: FakeTask, make: Callable[..., SpannerOperationOperator]
) -> None:
    """E21: while the process lives, what an answer names that comes too late is still cancelled."""
    operator = make()
    kill_upon_start(stage, operator, make, answer=LATE)

    with pytest.raises(StartUnansweredError, match="may have been started"):
        operator.execute(task.context)

    assert eventually(lambda: stage.operation.done)
    assert 1 == len(stage.cancels)
    assert eventually(lambda: stage.starts and task.entry["operation"] == stage.operation.name)


@pytest.mark.usefixtures("impatient")
def test_an_answer_after_the_next_try_has_begun_is_not_cancelled(
    stage: Stage, task: FakeTask
) -> None:
    """N8: nor does the answer that comes then write into the ledger of the next try."""
    operator = backup()
    kill_upon_start(stage, operator, backup, answer=2 * LATE)
    with pytest.raises(StartUnansweredError):
        operator.execute(task.context)
    task.next_try()

    defer(backup(deferrable=True), task)
    adopted = task.entry
    assert eventually(lambda: not _starting())

    assert adopted == task.entry
    assert (2, "signed") == (adopted["try_number"], adopted["evidence"])
    assert not stage.cancels
    assert not stage.operation.done
    assert 1 == len(stage.starts)


def _starting() -> bool:
    """Tell whether a start call or a kill is still under way."""
    names = {thread.name for thread in threading.enumerate()}
    return bool(names & {"spanner-lro-start", "spanner-lro-kill"})


def test_a_kill_during_a_call_that_is_refused_has_nothing_to_cancel(
    stage: Stage, task: FakeTask
) -> None:
    """A start that came to nothing is reported as what it was."""
    operator = backup()
    stage.script.delay(SHORT, method="CreateBackup", times=1)
    stage.script.fail(method="CreateBackup", code=Code.OUT_OF_RANGE, message="too far ahead")
    killer = threading.Thread(target=operator.on_kill)
    keep_value = task.store.set

    def set_(key: str, value: Any, **options: Any) -> None:
        keep_value(key, value, **options)
        if key in task.entries and not killer.ident:
            # the call is made a moment after its intent was written
            killer.start()

    task.store.set = set_  # type: ignore[method-assign]

    with pytest.raises(Exception, match="too far ahead"):
        operator.execute(task.context)
    killer.join()

    assert not stage.cancels
    assert (True, None) == (task.entry["closed"], task.entry["operation"])


@WAITS
def test_a_kill_that_is_not_to_cancel_leaves_what_the_call_began(
    stage: Stage, task: FakeTask, *, deferrable: bool
) -> None:
    """K8: with cancel_on_kill off the task stops, and the ledger has the name."""
    operator = backup(cancel_on_kill=False, deferrable=deferrable)
    kill_upon_start(stage, operator, backup, answer=SHORT)

    with pytest.raises(
        OperationKilledError, match="was left running, as asked: the task was killed"
    ):
        operator.execute(task.context)

    assert not stage.cancels
    assert (stage.operation.name, True) == (task.entry["operation"], task.entry["exempt"])


@MAKERS
@WAITS
def test_airflows_timeout_during_the_call_cancels_what_it_began(
    stage: Stage,
    task: FakeTask,
    make: Callable[..., SpannerOperationOperator],
    *,
    deferrable: bool,
) -> None:
    """E1, E21: what Airflow raises in the middle of the call ends in an error that names it all."""
    stage.script.answer_late(SHORT, method=STARTS[make])
    operator = make(deferrable=deferrable, execution_timeout=HOUR)

    with (
        timeout_upon(stage, STARTS[make], operator),
        pytest.raises(OperationTimeoutError) as caught,
    ):
        operator.execute(task.context)

    assert "was cancelled: out of time after 1 h (execution_timeout)" in str(caught.value)
    assert [stage.operation.name] == [call.resource for call in stage.cancels]
    assert isinstance(caught.value.__cause__, AirflowTaskTimeout)


@pytest.mark.usefixtures("impatient")
def test_airflows_timeout_during_a_call_without_an_answer(stage: Stage, task: FakeTask) -> None:
    """The error says that it is open; the answer, when it comes, is written down and cancelled."""
    stage.script.answer_late(LATE, method="CreateBackup")
    operator = backup(execution_timeout=HOUR)

    with (
        timeout_upon(stage, "CreateBackup", operator),
        pytest.raises(StartUnansweredError) as caught,
    ):
        operator.execute(task.context)

    assert "nightly may have been started" in str(caught.value)
    assert "airflow spanner-lro reap" in str(caught.value)
    assert eventually(lambda: stage.operation.done)
    assert 1 == len(stage.cancels)
    assert eventually(lambda: stage.starts and task.entry["operation"] == stage.operation.name)


def test_airflows_timeout_that_is_not_to_cancel(stage: Stage, task: FakeTask) -> None:
    """With cancel_on_timeout off nothing is cancelled, and the answer still reaches the ledger."""
    stage.script.answer_late(SHORT, method="CreateBackup")
    operator = backup(execution_timeout=HOUR, cancel_on_timeout=False)

    with timeout_upon(stage, "CreateBackup", operator), pytest.raises(StartUnansweredError):
        operator.execute(task.context)

    assert eventually(lambda: stage.starts and task.entry["operation"] == stage.operation.name)
    assert not stage.cancels


def test_airflows_timeout_before_the_call(stage: Stage, task: FakeTask) -> None:
    """A task that is interrupted while it only looks has started nothing, and says so."""
    stage.script.delay(SHORT, method="ListOperations", times=1)
    stage.script.upon("ListOperations", lambda: None)
    operator = restore(execution_timeout=HOUR)

    with (
        timeout_upon(stage, "ListOperations", operator),
        pytest.raises(NothingStartedError) as caught,
    ):
        operator.execute(task.context)

    assert "Database restored was not started: out of time" in str(caught.value)
    assert not stage.starts


def test_airflows_timeout_while_waiting(stage: Stage, task: FakeTask) -> None:
    """E1: in the wait as well the error is ours, and names operation and outcome."""
    operator = backup(execution_timeout=HOUR)

    with (
        timeout_upon(stage, "GetOperation", operator),
        pytest.raises(OperationTimeoutError) as caught,
    ):
        operator.execute(task.context)

    assert "was cancelled: out of time after 1 h (execution_timeout)" in str(caught.value)
    assert task.entry["closed"]


@MAKERS
@WAITS
def test_nothing_is_started_after_the_deadline(
    stage: Stage,
    task: FakeTask,
    make: Callable[..., SpannerOperationOperator],
    *,
    deferrable: bool,
) -> None:
    """A worker that comes too late makes no start call, and owes nothing."""
    task.began(ago=2 * HOUR)

    with pytest.raises(
        NothingStartedError, match=r"was not started: out of time after .*, before the start call"
    ):
        make(deferrable=deferrable, operation_timeout=HOUR).execute(task.context)

    assert not stage.starts
    assert (True, RECORD_KEY in task.ti.xcoms) == (task.entry["closed"], True)


def test_a_soft_task_that_started_nothing_in_time_is_skipped(stage: Stage, task: FakeTask) -> None:
    """With soft_fail a task that comes too late is skipped."""
    task.began(ago=2 * HOUR)

    with pytest.raises(AirflowSkipException, match="was not started"):
        backup(operation_timeout=HOUR, soft_fail=True).execute(task.context)

    assert not stage.starts


def test_the_name_is_logged_before_anything_is_done_with_it(
    stage: Stage, task: FakeTask, capsys: pytest.CaptureFixture[str]
) -> None:
    """A state store that fails at that moment loses the entry, and not the name."""
    keep_value = task.store.set

    def set_(key: str, value: Any, **options: Any) -> None:
        if isinstance(value, dict) and value["operation"]:
            raise ConnectionError
        keep_value(key, value, **options)

    task.store.set = set_  # type: ignore[method-assign]

    with pytest.raises(ConnectionError):
        backup().execute(task.context)

    assert f"was started. {stage.operation.name}" in capsys.readouterr().out


def test_the_intent_is_published_before_the_call(stage: Stage, task: FakeTask) -> None:
    """Whoever asks during the call finds that this try is about to start something."""
    seen: list[dict[str, Any]] = []
    stage.script.upon("CreateBackup", lambda: seen.append(task.ti.xcoms[RECORD_KEY]))

    defer(backup(deferrable=True), task)

    assert [(None, BACKUP, 1)] == [
        (record["operation"], record["target"], record["try_number"]) for record in seen
    ]
