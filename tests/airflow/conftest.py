# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An emulator that does as it is told, and a task instance without an Airflow around it.

This folder has no ``__init__.py``: pytest would take it for Airflow's own package.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.admin import clock
from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.flows import operation
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.polling import policy, schedule
from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.airflow.fakes import DATABASE, INSTANCE, LATEST, LONG, FakeTask, Script, Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from datetime import tzinfo
    from typing import Self

    Ask = Callable[..., Awaitable[Any]]


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let operators be executed outside of Airflow's task runner, with a connection there."""
    from airflow.sdk.bases.operator import ExecutorSafeguard  # noqa: PLC0415  # after AIRFLOW_HOME

    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "google-cloud-platform://")
    monkeypatch.delenv("SPANNER_EMULATOR_HOST", raising=False)
    # tests that look fifty times a second need more than the quota
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__MAX_ADMIN_REQUESTS_PER_SECOND", "1000")
    # nearly all tests of deferrals are about what comes after it
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WORKER_WAIT", "0")
    # and no worker was there before their triggers, whose end Airflow has to be told first
    monkeypatch.setattr("airflow_spanner_lro.triggers.base.WORKER_LEAVES", 0.0)


@pytest.fixture(autouse=True)
def airflow_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Airflow tell state and record of the tasks that this process plays."""
    from airflow.sdk.execution_time.task_runner import (  # noqa: PLC0415  # after AIRFLOW_HOME
        RuntimeTaskInstance,
    )
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415

    def states(**criteria: Any) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for (_, task_id, run_id, index), ti in LATEST.items():
            key = task_id if index < 0 else f"{task_id}_{index}"
            if task_id in (criteria["task_ids"] or [task_id]) and run_id in criteria["run_ids"]:
                found.setdefault(run_id, {})[key] = ti.state
        return found

    def xcom(*, key: str, dag_id: str, task_id: str, run_id: str, map_index: int) -> Any:
        ti = LATEST.get((dag_id, task_id, run_id, map_index))
        return ti.xcoms.get(key) if ti else None

    LATEST.clear()
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", states)
    monkeypatch.setattr(XCom, "get_one", xcom)


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits look some fifty times a second."""
    monkeypatch.setattr(policy, "MINIMUM_INTERVAL", 0.02)
    for module in (operation, schedule):
        monkeypatch.setattr(module, "PRICE", 0.00004)


@pytest.fixture
def stage(
    emulator_clock: ManualClock, quick_polls: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Run an emulator with one database, as the environment's."""
    del quick_polls
    emulator, script = SpannerAdminEmulator(clock=emulator_clock), Script()
    emulator.faults = script
    with emulator:
        # in several regions, as instances in one have no partitions
        emulator.create_instance(INSTANCE, config="nam6")
        emulator.create_database(DATABASE)
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        client = SpannerAdminClient(Endpoint(target=emulator.endpoint, plain_text=True))

        def cancel(name: str) -> None:
            client.cancel(name=OperationName.parse(name))

        yield Stage(emulator=emulator, clock=emulator_clock, script=script, cancel=cancel)
        client.close()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return a function that lets time pass at once for all who wait; sleeps stay what they are."""
    from airflow_spanner_lro.triggers import conditions, operation  # noqa: PLC0415

    passed = timedelta()

    class Moment(datetime):
        """A moment, by a clock that is put on."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            """Return the current moment."""
            return super().now(tz) + passed

    def pass_time(duration: timedelta) -> None:
        nonlocal passed
        passed += duration

    for module in (clock, operation, conditions):
        monkeypatch.setattr(module, "datetime", Moment)
    return pass_time


@pytest.fixture
def hour_passes(
    stage: Stage, pass_time: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let an hour pass as soon as an operation is waited for, here or in the triggerer."""
    from airflow_spanner_lro.triggers.operation import (  # noqa: PLC0415  # after AIRFLOW_HOME
        SpannerOperationTrigger,
    )

    hours = [timedelta(hours=1)]
    run = SpannerOperationTrigger.run

    def pass_first() -> None:
        if hours:
            pass_time(hours.pop())

    def run_late(trigger: SpannerOperationTrigger) -> AsyncIterator[Any]:
        pass_first()
        return run(trigger)

    stage.script.upon("GetOperation", pass_first)
    monkeypatch.setattr(SpannerOperationTrigger, "run", run_late)


@pytest.fixture
def task() -> FakeTask:
    """Return a task instance in its first try."""
    return FakeTask()


@pytest.fixture(params=["sync", "async"])
async def ask(request: pytest.FixtureRequest, stage: Stage) -> AsyncIterator[Ask]:
    """Return a function that calls a verb by name, of one hook and then of the other."""
    from airflow_spanner_lro.hooks.spanner_admin import (  # noqa: PLC0415  # after AIRFLOW_HOME
        SpannerAdminHook,
    )
    from airflow_spanner_lro.hooks.spanner_admin_async import (  # noqa: PLC0415
        SpannerAdminAsyncHook,
    )

    assert stage.emulator.running
    async with SpannerAdminAsyncHook() as async_hook:

        async def call(verb: str, *given: Any, **arguments: Any) -> Any:
            if request.param == "async":
                return await getattr(async_hook, verb)(*given, **arguments)
            return await asyncio.to_thread(getattr(SpannerAdminHook(), verb), *given, **arguments)

        yield call


@pytest.fixture(params=[False, True], ids=["worker", "deferred"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """Return where to wait."""
    return bool(request.param)


@pytest.fixture
def other(stage: Stage) -> FakeTask:
    """Let another task back the database up, which takes long."""
    from tests.airflow.task_runner import backup, play  # noqa: PLC0415  # after AIRFLOW_HOME

    stage.emulator.plan(LONG)
    task = FakeTask()
    task.ti.task_id = "other"
    play(backup(backup_id="other", wait_for_completion=False), task)
    return task
