# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a watcher remembers tells each backup once, however they overlap, and stays small."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupMemory
from airflow_spanner_lro.core.names import BackupName, DatabaseName

BEGIN = datetime(2026, 11, 21, tzinfo=UTC)
DATABASE = DatabaseName(project="test", instance="main", database="orders")


def made(id_: str, *, hour: float, state: str = "READY") -> BackupFacts:
    """Return a backup that was begun at an hour."""
    return BackupFacts(
        name=BackupName(project="test", instance="main", backup=id_),
        database=DATABASE,
        state=state,
        create_time=BEGIN + timedelta(hours=hour),
    )


def ids(backups: list[BackupFacts]) -> list[str]:
    """Return the ids of backups."""
    return [each.name.backup for each in backups]


def listed(memory: BackupMemory, backups: list[BackupFacts]) -> list[BackupFacts]:
    """Return what ListBackups answers to the filter of a memory, the newest first."""
    found = [each for each in backups if not memory.since or each.create_time >= memory.since]
    return sorted(found, key=lambda each: each.create_time, reverse=True)


def test_complete_backups_are_told_once_and_in_order() -> None:
    """The oldest comes first, and none comes twice."""
    backups = [made("b2", hour=2), made("b1", hour=1)]

    first, memory = BackupMemory().newly_ready(backups)
    second, _ = memory.newly_ready(listed(memory, backups))

    assert ["b1", "b2"] == ids(first)
    assert [] == second


def test_backup_that_is_being_made_is_told_when_it_is_complete() -> None:
    """A backup is told when it becomes READY, not when it is begun."""
    begun = made("b1", hour=1, state="CREATING")

    early, memory = BackupMemory().newly_ready([begun])
    late, _ = memory.newly_ready(listed(memory, [replace(begun, state="READY")]))

    assert [] == early
    assert ["b1"] == ids(late)


def test_slow_backup_is_not_missed() -> None:
    """A long backup that is complete after a younger one is told all the same."""
    slow = made("slow", hour=1, state="CREATING")
    _, memory = BackupMemory().newly_ready([slow])
    _, memory = memory.newly_ready(listed(memory, [made("quick", hour=3), slow]))

    fresh, _ = memory.newly_ready(
        listed(memory, [made("quick", hour=3), replace(slow, state="READY")])
    )

    assert ["slow"] == ids(fresh)


def test_id_may_be_used_again() -> None:
    """A backup that was deleted and made again under the same id is another one."""
    _, memory = BackupMemory().newly_ready([made("b1", hour=1)])

    fresh, _ = memory.newly_ready(listed(memory, [made("b1", hour=2)]))

    assert ["b1"] == ids(fresh)


def test_deletion_brings_nothing_back() -> None:
    """When the newest backup is deleted, older ones are not told again."""
    backups = [made("b1", hour=1), made("b9", hour=9)]
    _, memory = BackupMemory().newly_ready(backups)
    _, memory = memory.newly_ready(listed(memory, backups[:1]))

    fresh, _ = memory.newly_ready(listed(memory, backups[:1]))

    assert [] == fresh


def test_memory_stays_small() -> None:
    """Only backups about as young as the newest are remembered one by one."""
    _, memory = BackupMemory().newly_ready([made(f"b{hour}", hour=hour) for hour in range(300)])

    assert 1 == len(memory.seen)


def test_nothing_there_asks_for_everything() -> None:
    """As long as there has been no backup, no filter is needed."""
    _, memory = BackupMemory().newly_ready([])

    assert "" == memory.filter_


def test_filter_reaches_back_a_little() -> None:
    """The filter names a moment as the API writes it, a little before the newest backup."""
    _, memory = BackupMemory().newly_ready([made("b1", hour=1)])

    assert 'create_time >= "2026-11-21T00:50:00Z"' == memory.filter_


def test_round_trip() -> None:
    """A memory that went through Airflow's database is the same memory."""
    _, memory = BackupMemory().newly_ready([made("b1", hour=1), made("b2", hour=1.1)])

    assert memory == BackupMemory.from_record(json.loads(json.dumps(memory.to_record())))
    assert BackupMemory() == BackupMemory.from_record(BackupMemory().to_record())


@pytest.mark.parametrize("record", [{}, {"since": None}, {"since": "x", "seen": []}, {"since": 1}])
def test_record_of_something_else_is_an_error(record: dict[str, object]) -> None:
    """What is no memory is not taken for one."""
    with pytest.raises(ValueError, match=r"no memory|Invalid isoformat"):
        BackupMemory.from_record(record)


@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 300)), min_size=1, max_size=12, unique=True
    ),
    st.sets(st.integers(0, 1000), max_size=12),
)
def test_every_backup_is_told_exactly_once(lives: list[tuple[int, int]], looks: set[int]) -> None:
    """Whenever one looks, however backups overlap: each is told once, when it is complete."""
    told: list[str] = []
    memory = BackupMemory()
    for now in [*sorted(looks), 2000]:
        backups = [
            made(f"b{number}x", hour=begun, state="READY" if begun + length <= now else "CREATING")
            for number, (begun, length) in enumerate(lives)
            if begun <= now
        ]
        fresh, memory = memory.newly_ready(listed(memory, backups))
        told += ids(fresh)

    assert sorted(f"b{number}x" for number in range(len(lives))) == sorted(told)
