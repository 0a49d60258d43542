# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A real triggerer and a real worker publish what they see, and take it back when they end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.polling.seen import Emulated
from airflow_spanner_lro.core.polling.seen_record import SeenRecord, read_alone, read_record
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.execution.store import SEEN_KEY
from airflow_spanner_lro.triggers.progress_keeper import KEY_PREFIX
from tests.cluster.airflow import Component
from tests.cluster.rest_api import RunState
from tests.cluster.waiting import wait_until
from tests.e2e.conftest import INSTANCE, LONG_TIME, TIME_SCALE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.rest_api import DagRun
    from tests.e2e.conftest import World

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
FAST = Emulated(time_scale=TIME_SCALE)


def records_with(world: World, operation: str) -> list[SeenRecord]:
    """Return what triggerers have published of an operation.

    Those that were lost in other tests have left records behind, for a quarter of an hour.
    """
    published = [
        read_record(text)
        for key, text in world.api.variables().items()
        if key.startswith(KEY_PREFIX)
    ]
    return [each for each in published if operation in each.operations]


@pytest.fixture(scope="module")
def run(world: World) -> Iterator[DagRun]:
    """Let both backups run for a while."""
    for number in range(2):
        name = f"{INSTANCE}/databases/shown{number}"
        world.emulator.create_database(name)
        world.emulator.plan(Plan(duration=LONG_TIME), target=name, times=None)
    run = world.start("e2e_progress")
    yield run
    world.api.set_run_state(run, RunState.FAILED)
    for task in ("deferred", "on_worker"):
        world.wait_for_end(world.operation_of(run, task))


def test_triggerer_publishes(world: World, run: DagRun) -> None:
    """Within half a minute the record has the operation, marked as emulated sixty times as fast."""
    operation = world.operation_of(run, "deferred")
    (record,) = wait_until(
        lambda: records_with(world, operation), timeout=90, what=f"{operation} to be published"
    )
    seen = record.operations[operation]

    assert world.airflow.host(Component.TRIGGERER) == seen.seen_by
    assert FAST == seen.emulated
    assert FAST in record.head.emulated.values()
    assert (record.head.requests_per_second or 0) > 0
    assert seen.line is not None


def test_worker_publishes(world: World, run: DagRun) -> None:
    """A task that waits itself publishes in its own store."""
    operation = world.operation_of(run, "on_worker")
    task = world.task(run, "on_worker")
    record = wait_until(
        lambda: world.api.state_store(task, SEEN_KEY),
        timeout=90,
        what=f"{operation} to be published",
    )
    seen = read_alone(json.dumps(record))
    assert (operation, FAST) == (seen.name, seen.emulated)


def test_logs_say_that_it_is_an_emulator(world: World, run: DagRun) -> None:
    """Whoever reads a log knows that nothing of it is in Google Cloud, and how fast time goes."""
    for name in ("deferred", "on_worker"):
        world.operation_of(run, name)
        log = world.api.task_log(world.task(run, name))
        assert f"EMULATOR ×{TIME_SCALE:g} at " in log  # noqa: RUF001  # as it is written


def test_triggerer_that_ends_takes_its_record_along(world: World, run: DagRun) -> None:
    """After a triggerer was stopped nothing of it is shown; the next one goes on."""
    operation = world.operation_of(run, "deferred")
    world.airflow.stop_component(Component.TRIGGERER, grace=30.0)
    left = records_with(world, operation)
    # whatever is found: other tests need one
    world.airflow.start_component(Component.TRIGGERER)
    assert [] == left
    wait_until(
        lambda: records_with(world, operation),
        timeout=timedelta(minutes=3).total_seconds(),
        what=f"{operation} to be published by the next triggerer",
    )
