# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is told to Airflow's stats, and under which names; and that no backend can do harm."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro import metrics
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, CREATE_DATABASE
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, OperationState
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import BACKUP, LONG
from tests.airflow.stats_recorder import StatsRecorder, put_behind_stats
from tests.airflow.task_runner import backup, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.airflow.fakes import FakeTask, Stage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAME = OperationName.parse(f"{BACKUP}/operations/one")
HOST = "hostname=" + socket.gethostname()


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> StatsRecorder:
    """Return a backend that knows tags."""
    return StatsRecorder.behind_stats(monkeypatch)


def _ended(**fields: Any) -> OperationSnapshot:
    usual: dict[str, Any] = {"name": NAME, "state": OperationState.SUCCEEDED, "kind": CREATE_BACKUP}
    return OperationSnapshot(**usual | fields)


def test_requests_are_counted_by_method_and_code(recorder: StatsRecorder) -> None:
    """Two answers of the same kind are one series."""
    for _ in range(2):
        metrics.AirflowTelemetry().requested(method="GetOperation", code=Code.NOT_FOUND)

    assert {"method=GetOperation code=NOT_FOUND": 2} == recorder.counted("spanner_lro.requests")


def test_budget_waits_are_timed_by_urgency(recorder: StatsRecorder) -> None:
    """Seconds go out as a duration, which each backend takes in its own unit."""
    metrics.AirflowTelemetry().held_back(urgency=Urgency.ENDING, seconds=1.5)

    assert {"spanner_lro.budget_wait urgency=ending": [timedelta(seconds=1.5)]} == recorder.timings


def test_detection_is_timed_from_the_end(recorder: StatsRecorder) -> None:
    """The delay begins when Spanner says that the operation ended."""
    metrics.AirflowTelemetry().detected(snapshot=_ended(end_time=NOW), at=NOW + MINUTE)

    assert {"spanner_lro.detection_delay kind=CreateBackup": [MINUTE]} == recorder.timings


def test_detection_is_never_negative(recorder: StatsRecorder) -> None:
    """Spanner's clock may be ahead of ours."""
    metrics.AirflowTelemetry().detected(snapshot=_ended(end_time=NOW), at=NOW - MINUTE)

    assert {"spanner_lro.detection_delay kind=CreateBackup": [timedelta()]} == recorder.timings


def test_an_end_that_is_not_told_is_not_timed(recorder: StatsRecorder) -> None:
    """An operation without an end time has no delay."""
    metrics.AirflowTelemetry().detected(snapshot=_ended(), at=NOW)

    assert {} == recorder.timings


def test_those_who_wait_are_added_up(recorder: StatsRecorder) -> None:
    """The gauge is the process's, however many pollers it has, and goes down again."""
    one, other = metrics.AirflowTelemetry(), metrics.AirflowTelemetry()
    one.waiting(operations=30)
    other.waiting(operations=12)
    before = dict(recorder.gauges)

    one.waiting(operations=0)

    assert {f"spanner_lro.operations_waiting {HOST}": 42} == before
    assert {f"spanner_lro.operations_waiting {HOST}": 12} == recorder.gauges


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (Ending.CANCELLED, "cancelled"),
        (Ending.FINISHED_FIRST, "finished_first"),
        (Ending.STILL_RUNNING, "still_running"),
        (Ending.NOT_SENT, "not_sent"),
        (Ending.REFUSED, "refused"),
        (Ending.GONE, "gone"),
        (None, "not_sent"),
    ],
)
def test_cancels_are_counted_by_ending(
    recorder: StatsRecorder, ending: Ending | None, told: str
) -> None:
    """Each ending has a value without spaces, and so has a cancel that could not be tried."""
    settlement = Settlement(name=NAME, ending=ending) if ending else None

    metrics.count_cancel(settlement, cause=metrics.Cause.REAPER)

    assert {f"cause=reaper ending={told}": 1} == recorder.counted("spanner_lro.cancels")


@pytest.mark.parametrize("state", [each for each in OperationState if each != "RUNNING"])
def test_operations_are_timed_by_outcome(recorder: StatsRecorder, state: OperationState) -> None:
    """An operation that has ended took from its start to its end, however it ended."""
    ended = _ended(state=state, start_time=NOW, end_time=NOW + MINUTE)

    metrics.time_operation(ended, at=NOW + 2 * MINUTE)

    name = f"spanner_lro.operation_duration kind=CreateBackup outcome={state.lower()}"
    assert {name: [MINUTE]} == recorder.timings


def test_times_that_spanner_does_not_tell_are_ours(recorder: StatsRecorder) -> None:
    """A kind without times is timed from its start call until its end was seen."""
    ended = _ended(kind=CREATE_DATABASE)

    metrics.time_operation(ended, at=NOW + MINUTE, started=NOW)

    name = "spanner_lro.operation_duration kind=CreateDatabase outcome=succeeded"
    assert {name: [MINUTE]} == recorder.timings


@pytest.mark.parametrize(
    "unknown",
    [
        None,
        _ended(state=OperationState.RUNNING, start_time=NOW),
        _ended(kind=CREATE_DATABASE),
    ],
    ids=["nothing", "running", "without a start"],
)
def test_what_is_not_known_is_not_timed(
    recorder: StatsRecorder, unknown: OperationSnapshot | None
) -> None:
    """No duration is made up."""
    metrics.time_operation(unknown, at=NOW)

    assert {} == recorder.timings


def test_a_kind_that_this_release_does_not_know(recorder: StatsRecorder) -> None:
    """It is timed all the same."""
    metrics.time_operation(_ended(kind=None, start_time=NOW), at=NOW + MINUTE)

    assert {"kind=unknown outcome=succeeded": 1} == recorder.timed("spanner_lro.operation_duration")


def test_dotted_names_hold_the_values_of_the_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dot within a value does not make a level of its own."""
    recorder = StatsRecorder.behind_stats(monkeypatch, dotted=True)
    monkeypatch.setattr(socket, "gethostname", lambda: "node-1.example ä")

    metrics.AirflowTelemetry().requested(method="GetOperation", code=Code.OK)
    metrics.AirflowTelemetry().waiting(operations=3)

    assert {
        "spanner_lro.requests.GetOperation.OK": 1,
        "spanner_lro.requests method=GetOperation code=OK": 1,
    } == recorder.counts
    assert {
        "spanner_lro.operations_waiting.node-1__example__": 3,
        "spanner_lro.operations_waiting hostname=node-1.example__": 3,
    } == recorder.gauges


def test_a_value_that_comes_while_another_is_sent_waits_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kill in the middle of sending is not held up, and nothing is lost or out of order."""
    order: list[str] = []

    class Interrupted(StatsRecorder):
        def incr(self, stat: str, count: int = 1, *, tags: dict[str, str] | None = None) -> None:
            if not order:
                order.append("interrupted")
                metrics.count_cancel(None, cause=metrics.Cause.KILL_ON_WORKER)
                order.append("goes on")
            order.append(stat)
            super().incr(stat, count, tags=tags)

    put_behind_stats(Interrupted(), monkeypatch, dotted=False)

    metrics.AirflowTelemetry().requested(method="GetOperation", code=Code.OK)

    names = ["spanner_lro.requests", "spanner_lro.cancels"]
    assert ["interrupted", "goes on", *names] == order


class Broken:
    """A backend that cannot send anything."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., None]:
        def fail(*_: Any, **__: Any) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize("error", [OSError("network is unreachable"), ValueError("bad name")])
def test_a_backend_that_fails_harms_nothing(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    stage: Stage,
    task: FakeTask,
    error: Exception,
) -> None:
    """A task waits, and its cancel is sent, whatever becomes of the metrics; it is said once."""
    put_behind_stats(Broken(error), monkeypatch, dotted=True)
    stage.emulator.plan(LONG)
    stage.cancel_upon()

    with pytest.raises(Exception, match="was cancelled by somebody else"):
        play(backup(), task)

    told = [each.message for each in caplog.records if "Metrics" in each.message]
    assert [f"Metrics cannot be sent; this is said once: {error!r}"] == told
