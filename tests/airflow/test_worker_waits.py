# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A task that waits on a worker goes on soon after its operation has ended, over a real channel."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.emulator import Plan, SpannerAdminEmulator
from tests.airflow.fakes import INSTANCE, FakeTask, FakeTaskInstance
from tests.airflow.task_runner import change_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

TASKS = 12
PROMISED = 0.7
BUSY = 0.15
"""Seconds that a machine which has other things to do may add."""


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator whose time passes."""
    with SpannerAdminEmulator() as emulator:
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        yield emulator


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let operations tell no progress."""
    get = SpannerAdminClient.get

    def get_without(client: SpannerAdminClient, **arguments: Any) -> OperationSnapshot:
        return replace(get(client, **arguments), percent=None)

    monkeypatch.setattr(SpannerAdminClient, "get", get_without)


@pytest.mark.parametrize("progress", ["told", "silent"])
def test_a_change_of_three_seconds_is_noticed_soon(
    emulator: SpannerAdminEmulator, progress: str, request: pytest.FixtureRequest
) -> None:
    """Whenever it ends between two and a half and three and a half seconds, the task goes on."""
    if progress == "silent":
        request.getfixturevalue(progress)
    durations = {
        f"{INSTANCE}/databases/d{number}": timedelta(seconds=2.5 + number / TASKS)
        for number in range(TASKS)
    }
    for database, duration in durations.items():
        emulator.create_database(database)
        emulator.plan(Plan(duration=duration), target=database)

    def late(database: str) -> float:
        task = FakeTask(ti=FakeTaskInstance(task_id=database.rpartition("/")[2]))
        change_schema(database_id=task.ti.task_id).execute(task.context)
        gone_on = time.time()
        (operation,) = (each for each in emulator.operations() if each.target == database)
        return gone_on - (operation.started + durations[database]).timestamp()

    with ThreadPoolExecutor(TASKS) as at_once:
        delays = list(at_once.map(late, durations))

    assert max(delays) < PROMISED + BUSY, sorted(delays)
