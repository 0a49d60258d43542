# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What comes and goes leaves nothing behind: objects, events, entries and files stay few."""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.emulator import ManualClock, Plan, SpannerAdminEmulator
from airflow_spanner_lro.emulator.operations.model import RETENTION
from airflow_spanner_lro.emulator.tables import EventQueue
from tests.benchmarks.long_life import DATABASE, START, Life, round_of_calls
from tests.emulator.support.scripted_engine import make_engine

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_spanner_lro.emulator.engine import Engine

PAUSE = timedelta(hours=2)
WEEK = RETENTION // PAUSE
"""How many rounds there are in the time for which operations are remembered."""
CALLS = 11
"""Of a round."""
KEPT = 200


def objects_of(life: Life) -> int:
    """Return how many objects there are, those of the log of calls aside."""
    life.log.clear()
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.slow
def test_a_second_week_leaves_no_more_than_the_first(tmp_path: Path) -> None:
    """After a week and two days of rounds nothing grows: no memory, no file, no queue."""
    life = Life(tmp_path / "state", compact_after=KEPT, pause=PAUSE)
    life.go_on((WEEK + 30) * CALLS)
    objects = objects_of(life)
    first = life.go_on(1)
    second = life.go_on(WEEK * CALLS)
    life.engine.release_state_file()
    lines = (tmp_path / "state").read_text().count("\n")
    queue = _events_of(life.engine)

    assert 0 == life.refused
    assert 2 * WEEK == second.operations == first.operations
    assert objects_of(life) < objects * 1.03
    assert second.file_bytes < 2 * first.file_bytes
    assert len(life.engine.snapshot().lines) < 2 * second.operations + 2 * KEPT
    # each change is an entry, and each round's jump of time is one
    assert lines < 4 * second.operations + 4 * KEPT
    assert len(queue._heap) < 2 * len(queue._times) + 1001


def _events_of(engine: Engine) -> EventQueue:
    with engine.locked() as (world, _):
        return world.events


def test_events_that_no_longer_count_are_dropped() -> None:
    """What is put off again and again leaves one event, and it comes when it is due."""
    queue = EventQueue()
    with make_engine().locked() as (world, now):
        (name,) = (row.name for row in world.resources.databases)
    for number in range(10_000):
        queue.note(name, at=now + timedelta(days=number), serial=1)

    assert len(queue._heap) <= 1003
    assert (now + timedelta(days=9999), name) == queue.upcoming()


def test_plans_that_never_come_to_be_are_dropped() -> None:
    """Ten thousand words about the same operations leave the last one, and the latest counts."""
    engine = make_engine()
    for seconds in range(1000):
        engine.act("plan", plan={"duration": seconds}, kind=None, target="*", times=None)
        engine.act("plan", plan={"duration": 5}, kind="CreateBackup", target="*", times=1)
        engine.act("plan", plan={"duration": 5}, kind="CreateBackup", target="*", times=None)
    with engine.locked() as (world, _):
        _, overrides, _ = world.plans.state()

    assert 2 == len(overrides)


def test_who_waits_for_all_is_told_of_those_that_are_forgotten_meanwhile() -> None:
    """A backup of minutes beside a schema change of twenty days: both are in the answer."""
    emulator = SpannerAdminEmulator(clock=ManualClock(START))
    emulator.create_database(DATABASE)
    emulator.plan(Plan(duration=timedelta(days=20)), kind=UPDATE_DATABASE_DDL)
    engine = emulator._engine
    for path, request in list(round_of_calls(1, START))[:2]:
        engine.call(engine.methods[path], request)
    views = emulator.run_until_done()

    assert {"CreateBackup", "UpdateDatabaseDdl"} == {view.kind.name for view in views}
    assert all(view.done for view in views)
    assert 1 == len(emulator.operations())
