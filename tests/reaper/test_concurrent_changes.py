# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks and other reapers at the same moment: nothing healthy is cancelled, nothing is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.task_state_store import TaskStateStoreModel
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.reaper.records import ledger_rows, locked

if TYPE_CHECKING:
    from airflow.state import TaskScope

    from airflow_spanner_lro.core.ledger.entry import LedgerEntry

    from .harness import ReaperHarness


def adopted(entry: LedgerEntry) -> LedgerEntry:
    """Return the entry as the next try writes it."""
    return entry.owned_by(2, deadline=None, now=datetime.now(tz=UTC))


@pytest.fixture
def scope(reaper: ReaperHarness) -> TaskScope:
    """Return a task that has left an operation."""
    return reaper.orphan()


def test_try_that_adopts_in_time_keeps_the_operation(reaper: ReaperHarness) -> None:
    """An entry that a try takes up while the reaper looks at it is not touched."""
    scope = reaper.orphan()
    taken = adopted(reaper.tables.read(scope))
    reaper.upon("GetOperation", lambda: reaper.tables.write(scope, taken))

    summary = reaper.reap()

    assert [1, 0] == [summary.kept, summary.reaped]
    assert not reaper.cancels
    assert taken == reaper.tables.read(scope)


def test_task_that_is_cleared_in_time_keeps_the_operation(reaper: ReaperHarness) -> None:
    """A task that will be run again, by what happened while the reaper looked, may adopt."""
    scope = reaper.orphan()

    def clear() -> None:
        reaper.tables.change_task(scope, state="queued", try_number=2)

    reaper.upon("GetOperation", clear)

    assert 1 == reaper.reap().kept
    assert not reaper.cancels


def test_cancel_is_written_down_before_it_is_sent(reaper: ReaperHarness) -> None:
    """A try that begins while the operation is being cancelled can see that it is."""
    scope = reaper.orphan()
    seen: list[Stage] = []
    reaper.upon("CancelOperation", lambda: seen.append(reaper.tables.read(scope).stage))

    reaper.reap()

    assert [Stage.STOPPING] == seen


def test_what_a_try_writes_later_stands(reaper: ReaperHarness) -> None:
    """A try that has dealt with the cancel by itself is not overwritten by its outcome."""
    scope = reaper.orphan()
    own = adopted(reaper.tables.read(scope)).close()
    reaper.upon("CancelOperation", lambda: reaper.tables.write(scope, own))

    reaper.reap()

    assert own == reaper.tables.read(scope)
    assert "was cancelled. Its task has gone on meanwhile. Task " in reaper.logged[0]


def test_two_reapers_at_once_cancel_once(shared_reaper: ReaperHarness) -> None:
    """Of two rounds that see the same entry, one reaps it and the other lets it be."""
    scope = shared_reaper.orphan()
    both = threading.Barrier(2)
    other = replace(shared_reaper, logged=[], warned=[])

    def reap(reaper: ReaperHarness) -> int:
        both.wait(30)
        return reaper.reap().reaped

    with ThreadPoolExecutor() as pool:
        reaped = sum(pool.map(reap, (shared_reaper, other)))

    assert 1 == reaped
    assert 1 == len(shared_reaper.cancels)
    assert Stage.CLOSED is shared_reaper.tables.read(scope).stage


@pytest.mark.parametrize("table", [TaskInstance, TaskStateStoreModel])
def test_no_try_begins_while_an_entry_is_held(shared_reaper: ReaperHarness, table: Any) -> None:
    """Airflow starts a try, and a task writes, by locking rows that are held meanwhile."""
    shared_reaper.orphan()
    (row,) = ledger_rows()

    def lock() -> None:
        shared_reaper.tables.execute(select(table.id).with_for_update(nowait=True))

    with locked(row) as entry, ThreadPoolExecutor() as pool:
        outcome = pool.submit(lock).exception()

    assert entry is not None
    assert isinstance(outcome, OperationalError)
    lock()


@pytest.mark.parametrize("table", [TaskInstance, TaskStateStoreModel])
def test_what_somebody_else_holds_is_left(shared_reaper: ReaperHarness, table: Any) -> None:
    """An entry is left while its task is being started, or another reaper is at it."""
    shared_reaper.orphan()
    (row,) = ledger_rows()
    session = shared_reaper.tables.session.session_factory()
    session.execute(select(table.id).with_for_update())

    with locked(row) as entry:
        pass
    session.close()

    assert entry is None


@pytest.mark.slow
def test_upsert_of_a_task_waits_and_stands(shared_reaper: ReaperHarness) -> None:
    """A task that writes while its entry is held does so afterwards; nothing is lost."""
    scope = shared_reaper.orphan()
    (row,) = ledger_rows()
    taken = adopted(shared_reaper.tables.read(scope))

    with ThreadPoolExecutor() as pool:
        with locked(row) as entry:
            assert entry is not None
            assert row.entry is not None
            written = entry.replace(row.entry.stop(datetime.now(tz=UTC)))
            writing = pool.submit(shared_reaper.tables.write, scope, taken)
        writing.result(30)

    assert written is not None
    assert taken == shared_reaper.tables.read(scope)


def test_compare_and_set_holds_without_locks(reaper: ReaperHarness) -> None:
    """SQLite locks no rows; a change that came first is still seen."""
    scope = reaper.orphan()
    (row,) = ledger_rows()
    taken = adopted(reaper.tables.read(scope))

    with locked(row) as entry:
        assert entry is not None
        with ThreadPoolExecutor() as pool:
            pool.submit(reaper.tables.write, scope, taken).result(30)
        written = entry.replace(taken.close())

    assert written is None
    assert taken == reaper.tables.read(scope)


def test_deleted_entry_is_nothing_to_hold(reaper: ReaperHarness, scope: TaskScope) -> None:
    """An entry that went with its run meanwhile is let go."""
    (row,) = ledger_rows()
    reaper.tables.delete_run(scope)

    with locked(row) as entry:
        pass

    assert entry is None
