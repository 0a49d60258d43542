# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Many kills ask Airflow about their tasks with few requests, and each gets its own answer."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.execution_time.xcom import XCom

from airflow_spanner_lro.core.ledger.ownership import TaskLiveness, UnreadableRecord
from airflow_spanner_lro.triggers.task_state import TaskInquiry
from tests.airflow.fakes import FakeTaskInstance

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


IN_TIME = 30.0


class Supervisor:
    """What a triggerer's main process answers; states by run, task and index.

    :param states: of the task instances
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, states: Mapping[tuple[str, str, int], str | None]
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.refuses: set[str] = set()
        self.asked = threading.Event()
        self.answers = threading.Event()
        self.answers.set()
        self._states = states
        monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", self._get_task_states)
        self.records = threading.Event()
        self.records.set()
        monkeypatch.setattr(XCom, "get_one", self._get_one)

    @property
    def states(self) -> list[dict[str, Any]]:
        """The requests for states."""
        return [request for request in self.requests if "record" not in request]

    def _get_one(self, **_criteria: object) -> None:
        self.requests.append({"record": True})
        self.records.wait()

    def _get_task_states(self, **criteria: Any) -> dict[str, dict[str, str | None]]:
        self.requests.append(criteria)
        self.asked.set()
        self.answers.wait()
        (run,) = criteria["run_ids"]
        if run in self.refuses:
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.GENERIC_ERROR))
        found: dict[str, str | None] = {}
        for (run_id, task_id, index), state in self._states.items():
            wanted = run_id == run and task_id in criteria["task_ids"]
            if wanted and criteria["map_index"] in (None, index):
                # as Airflow does it: the later one wins
                found[task_id if index < 0 else f"{task_id}_{index}"] = state
        return {run: found}


def task(run_id: str, task_id: str, map_index: int = -1) -> FakeTaskInstance:
    """Return a task instance."""
    return FakeTaskInstance(run_id=run_id, task_id=task_id, map_index=map_index)


async def livenesses(tasks: list[FakeTaskInstance]) -> list[TaskLiveness | BaseException]:
    """Ask about all of them at once."""
    inquiry = TaskInquiry()
    views = await asyncio.gather(
        *(inquiry.view(task, timeout=IN_TIME) for task in tasks), return_exceptions=True
    )
    inquiry.close()
    return [view if isinstance(view, BaseException) else view.liveness for view in views]


async def test_mapped_tasks_of_a_run_are_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred kills of one run are answered by a single request for states."""
    states = {("r", "backup", n): "failed" if n % 2 else "deferred" for n in range(300)}
    supervisor = Supervisor(monkeypatch, states)

    found = await livenesses([task("r", "backup", n) for n in range(300)])

    assert [TaskLiveness.ENDED if n % 2 else TaskLiveness.DEFERRED for n in range(300)] == found
    assert 1 == len(supervisor.states)


async def test_tasks_of_a_run_are_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Different tasks of a run share a request, up to a hundred of them."""
    states = {("r", f"task{n}x", -1): "failed" for n in range(250)}
    supervisor = Supervisor(monkeypatch, states)

    found = await livenesses([task("r", f"task{n}x") for n in range(250)])

    assert {TaskLiveness.ENDED} == set(found)
    assert 3 == len(supervisor.states)


async def test_those_who_come_later_ask_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks while another question is under way waits, and then all ask at once."""
    states = {("r", "backup", n): "failed" for n in range(50)}
    supervisor = Supervisor(monkeypatch, states)
    supervisor.answers.clear()
    inquiry = TaskInquiry()
    first = asyncio.create_task(inquiry.view(task("r", "backup", 0), timeout=IN_TIME))
    await asyncio.to_thread(supervisor.asked.wait)

    others = [
        asyncio.create_task(inquiry.view(task("r", "backup", n), timeout=IN_TIME))
        for n in range(1, 50)
    ]
    await asyncio.sleep(0)
    supervisor.answers.set()
    await asyncio.gather(first, *others)
    inquiry.close()

    assert [0, None] == [request["map_index"] for request in supervisor.states]


async def test_names_that_look_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapped task's instance and a task that is named like it are never taken for each other."""
    states = {("r", "a", 1): "failed", ("r", "a_1", -1): "deferred"}
    Supervisor(monkeypatch, states)

    found = await livenesses([task("r", "a", 1), task("r", "a_1"), task("r", "a", 2)])

    assert [TaskLiveness.ENDED, TaskLiveness.DEFERRED, TaskLiveness.MISSING] == found


async def test_one_of_many_mapped_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single kill does not ask for the states of thousands."""
    supervisor = Supervisor(monkeypatch, {("r", "backup", 7): "failed"})

    assert [TaskLiveness.ENDED] == await livenesses([task("r", "backup", 7)])

    assert [7] == [request["map_index"] for request in supervisor.states]


async def test_a_refusal_is_for_those_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be told about one run is told about another."""
    supervisor = Supervisor(monkeypatch, {("good", "backup", -1): "failed"})
    supervisor.refuses.add("bad")

    bad, good = await livenesses([task("bad", "backup"), task("good", "backup")])

    assert isinstance(bad, AirflowRuntimeError)
    assert TaskLiveness.ENDED is good


async def test_whoever_gives_up_keeps_nobody_from_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kill whose time is up leaves; the others that asked together are answered."""
    supervisor = Supervisor(monkeypatch, {("r", "backup", n): "failed" for n in range(2)})
    supervisor.answers.clear()
    inquiry = TaskInquiry()
    impatient, patient = (
        asyncio.create_task(inquiry.view(task("r", "backup", n), timeout=IN_TIME)) for n in range(2)
    )
    await asyncio.to_thread(supervisor.asked.wait)

    impatient.cancel()
    await asyncio.sleep(0)
    supervisor.answers.set()
    view = await patient
    inquiry.close()

    assert impatient.cancelled()
    assert TaskLiveness.ENDED is view.liveness


async def test_states_go_before_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody waits for a state, no record takes its turn."""
    supervisor = Supervisor(monkeypatch, {(f"r{n}", "backup", -1): "failed" for n in range(20)})

    await livenesses([task(f"r{n}", "backup") for n in range(20)])

    assert [False] * 20 + [True] * 20 == ["record" in request for request in supervisor.requests]


async def test_a_record_that_does_not_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state is known all the same, and that nothing is known of the record."""
    supervisor = Supervisor(monkeypatch, {("r", "backup", -1): "failed"})
    supervisor.records.clear()
    inquiry = TaskInquiry()

    view = await inquiry.view(task("r", "backup"), timeout=0.2)
    supervisor.records.set()
    inquiry.close()

    assert TaskLiveness.ENDED is view.liveness
    assert UnreadableRecord(why="no answer in time") == view.record
