# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow's tables tell about a task instance, for each of its states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.utils.state import State, TaskInstanceState

from airflow_spanner_lro.core.ledger.ownership import TaskLiveness, liveness_of
from airflow_spanner_lro.core.ledger.reaping import TaskFacts, TaskPhase
from airflow_spanner_lro.reaper.records import ledger_rows

from .airflow_tables import LONG_AGO

if TYPE_CHECKING:
    from .airflow_tables import AirflowTables

NEVER_STARTED_BY_HAND = {None, "scheduled", "up_for_retry", "up_for_reschedule"}
STATES = [None, *TaskInstanceState]


def facts(
    tables: AirflowTables, *, state: str | None, run_state: str = "running", deleted: bool = False
) -> TaskFacts:
    """Return what is told of a task instance in a state."""
    scope = tables.add_task(state=state, run_state=run_state)
    tables.write_value(scope, {})
    if deleted:
        tables.delete_task(scope)
    ((row),) = ledger_rows()
    return row.task


@pytest.mark.parametrize("state", STATES)
def test_task_is_over_in_terminal_states_only(tables: AirflowTables, state: str | None) -> None:
    """While a run goes on, a task is over if Airflow says so; all others here say the same."""
    phase = facts(tables, state=state).phase

    assert (state in State.finished) is (phase is TaskPhase.OVER)
    assert (liveness_of(state) is TaskLiveness.ENDED) is (phase is TaskPhase.OVER)


@pytest.mark.parametrize("state", STATES)
def test_scheduler_starts_nothing_in_a_run_that_is_over(
    tables: AirflowTables, state: str | None
) -> None:
    """In a run that has ended, what only the scheduler could start is over, too."""
    phase = facts(tables, state=state, run_state="failed").phase

    over = state in State.finished or state in NEVER_STARTED_BY_HAND
    assert over is (phase is TaskPhase.OVER)


def test_state_of_a_later_release_counts_as_work(tables: AirflowTables) -> None:
    """What this release does not know may be a way to wait."""
    assert TaskPhase.AT_WORK is facts(tables, state="pondering").phase


def test_deleted_task_instance_is_made_anew_while_its_run_goes_on(tables: AirflowTables) -> None:
    """The scheduler sees to that."""
    told = facts(tables, state="deferred", deleted=True)

    assert ("deleted", TaskPhase.COMING, 0) == (told.state, told.phase, told.try_number)


def test_deleted_task_instance_ends_with_its_run(tables: AirflowTables) -> None:
    """There is no other moment to tell when it went."""
    told = facts(tables, state="failed", run_state="failed", deleted=True)

    assert TaskPhase.OVER is told.phase
    assert told.changed is not None


def test_latest_change_counts(tables: AirflowTables) -> None:
    """A task that waited for its retry and was marked failed keeps the older end in its row."""
    scope = tables.add_task(state="failed")
    now = datetime.now(tz=UTC)
    tables.write_value(scope, {})
    tables.change_task(scope, updated_at=now, end_date=now - LONG_AGO)

    ((row),) = ledger_rows()

    assert row.task.changed is not None
    assert abs(row.task.changed - now) < timedelta(seconds=1)


@pytest.mark.parametrize("column", ["scheduled_dttm", "queued_dttm", "start_date"])
def test_a_try_has_begun_with_the_last_of_its_beginnings(
    tables: AirflowTables, column: str
) -> None:
    """A row may still tell the start of the try before; the scheduler's times are the new one's."""
    scope = tables.add_task(state="running")
    now = datetime.now(tz=UTC)
    tables.write_value(scope, {})
    tables.change_task(scope, **{column: now})

    ((row),) = ledger_rows()

    assert now == row.task.started


def test_pages_leave_nothing_out(tables: AirflowTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many entries are read in several queries, each once."""
    monkeypatch.setattr("airflow_spanner_lro.reaper.records._PAGE", 2)
    for index in range(5):
        tables.write_value(tables.add_task(map_index=index), {})

    assert [0, 1, 2, 3, 4] == [row.stored.map_index for row in ledger_rows()]


def test_other_keys_are_no_entries(tables: AirflowTables) -> None:
    """A task may keep anything else in its store."""
    scope = tables.add_task()
    tables.write_foreign(scope, "spannerXlro:1")

    assert [] == list(ledger_rows())


def test_text_in_an_entry_does_not_close_it(tables: AirflowTables) -> None:
    """Only the entry itself can say that it is closed."""
    scope = tables.add_task()
    tables.write_value(scope, {"note": '"closed": true'})

    assert 1 == len(list(ledger_rows()))
