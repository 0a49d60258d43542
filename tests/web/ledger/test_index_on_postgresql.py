# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The index of the ledger over PostgreSQL, as deployments have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.airflow_internals import task_instances
from airflow_spanner_lro.web.ledger.states import State
from tests.reaper.conftest import postgres, shared_tables

from .ledgers import NOW, Ledgers, entry

if TYPE_CHECKING:
    from tests.reaper.airflow_tables import AirflowTables

__all__ = ["postgres", "shared_tables"]


def test_the_index_is_the_same_over_postgresql(shared_tables: AirflowTables) -> None:
    """It reads entries, tries, waiting tasks and changes there as well, and runs that are gone."""
    ledgers = Ledgers(tables=shared_tables)
    scope = shared_tables.add_task(state="running", run_state="running", try_number=2)
    ledgers.past_try(scope, try_number=1, state="failed")
    shared_tables.write(scope, entry().close(), number=1)
    shared_tables.write(scope, entry(try_number=2), number=2)
    waiting = shared_tables.add_task(task_id="waiting", state="running", run_state="running")
    ledgers.wait_for_turn(waiting, "airflow_spanner_lro.triggers.slot.SpannerSlotTrigger", {})
    key = ("nightly", scope.run_id, "backup", -1)

    before = ledgers.index.view()
    shared_tables.write(scope, entry(try_number=2).stop(NOW), number=2)
    after = ledgers.later()

    assert [State.FAILED, State.RUNNING] == [each.shown.state for each in before.by_task[key]]
    assert [State.FAILED, State.CANCELLING] == [each.shown.state for each in after.by_task[key]]
    assert 1 == sum(each.shown.state is State.WAITING for each in after.lines)
    assert ["failed"] == [each.state for each in task_instances.past_tries({key})[key]]
    current = task_instances.current_try(key)
    assert current is not None
    assert (2, "running") == (current.try_number, current.state)
    shared_tables.delete_run(scope)
    assert () == ledgers.later().lines
