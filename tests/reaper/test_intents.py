# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Entries of starts whose answer nobody has read: by evidence they are ended, or left running."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.spanner_admin_database_v1 import CreateDatabaseRequest

from airflow_spanner_lro.core.comparison import requested_facets
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, CREATE_DATABASE
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.operators.databases import SpannerCreateDatabaseOperator
from airflow_spanner_lro.reaper.inspection import Inspection
from airflow_spanner_lro.reaper.records import ledger_rows

from .airflow_tables import LONG_AGO, back_up
from .harness import INSTANCE

if TYPE_CHECKING:
    from airflow.state import TaskScope

    from .airflow_tables import Author
    from .harness import ReaperHarness

NEW = f"{INSTANCE}/databases/new"
REQUEST = CreateDatabaseRequest(parent=INSTANCE, create_statement="CREATE DATABASE `new`")


def intend(reaper: ReaperHarness, *, author: Author = back_up, **fields: Any) -> TaskScope:
    """Let a task write an intent, and end."""
    scope = reaper.tables.add_task(author=author)
    usual: dict[str, Any] = {"intended": reaper.time.now(), "before": ()}
    reaper.tables.write(scope, reaper.entry(None, **usual | fields))
    return scope


def intend_database(reaper: ReaperHarness) -> TaskScope:
    """Let a task write the intent to create a database, and end."""

    def author(task_id: str) -> None:
        where = {"project_id": "test", "instance_id": "main", "database_id": "new"}
        SpannerCreateDatabaseOperator(task_id=task_id, **where)

    asked = requested_facets(CREATE_DATABASE, REQUEST)
    target = DatabaseName.parse(NEW)
    return intend(reaper, author=author, kind=CREATE_DATABASE, target=target, asked=asked)


def pass_time(reaper: ReaperHarness) -> None:
    """Let as much time pass as makes everything old enough for the reaper."""
    reaper.clock.sleep(LONG_AGO.total_seconds())


def test_operation_that_bears_the_tasks_mark_is_cancelled(reaper: ReaperHarness) -> None:
    """A worker that was lost right after its call has left a backup with an expiry of its own."""
    request = reaper.request()
    scope = intend(reaper, signed=True, asked=requested_facets(CREATE_BACKUP, request))
    operation = reaper.start_backup(request)
    pass_time(reaper)

    reaper.reap()

    entry = reaper.tables.read(scope)
    assert (Stage.CLOSED, operation) == (entry.stage, entry.operation)
    assert Evidence.SIGNED is entry.evidence
    assert "CANCELLED" == reaper.emulator.operations()[-1].state


def test_backup_that_bears_another_mark_is_somebody_elses(reaper: ReaperHarness) -> None:
    """The same backup at the same moment, by another request, is not touched."""
    mine = reaper.request()
    reaper.time.advance(timedelta(microseconds=1))
    scope = intend(reaper, signed=True, asked=requested_facets(CREATE_BACKUP, mine))
    reaper.start_backup()
    pass_time(reaper)

    reaper.reap()

    assert not reaper.cancels
    assert (Stage.CLOSED, None) == (
        reaper.tables.read(scope).stage,
        reaper.tables.read(scope).operation,
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_operation_that_is_only_presumed_is_left_running(
    reaper: ReaperHarness, dry_run: bool
) -> None:
    """What can only have been begun by the task is told, with what ends it, and goes on."""
    scope = intend(reaper, asked=requested_facets(CREATE_BACKUP, reaper.request()) | {"expiry": ""})
    operation = reaper.start_backup()
    pass_time(reaper)

    summary = reaper.reap(dry_run=dry_run)

    assert [0, 1] == [summary.reaped, summary.left]
    assert "Left running: its start call was never answered" in reaper.warned[0]
    assert "`spanner-lro cancel`" in reaper.warned[0]
    assert reaper.warned[0].endswith(f": {operation}")
    assert not reaper.cancels
    assert dry_run is not reaper.tables.read(scope).left


def test_entry_of_an_earlier_release_is_left_running(reaper: ReaperHarness) -> None:
    """Release 0.1.0 wrote no evidence: its operations are presumed to be its tasks'."""
    operation = reaper.start_backup()
    record = reaper.entry(operation).to_record() | {"version": 1, "evidence": None}
    scope = reaper.tables.add_task()
    reaper.tables.write_value(scope, record)

    reaper.reap()

    assert not reaper.cancels
    assert reaper.tables.read(scope).left


def test_intent_that_came_to_nothing_is_closed(reaper: ReaperHarness) -> None:
    """A start call that was never made has left nothing."""
    scope = intend(reaper)
    pass_time(reaper)

    reaper.reap()

    assert Stage.CLOSED is reaper.tables.read(scope).stage
    assert "nightly: no operation can have come of this start. The entry" in reaper.warned[0]


def test_what_was_started_much_later_is_somebody_elses(reaper: ReaperHarness) -> None:
    """A start call follows its intent at once, so a later operation is not the task's."""
    scope = intend(reaper)
    pass_time(reaper)
    reaper.start_backup()

    reaper.reap()

    assert not reaper.cancels
    assert (Stage.CLOSED, False) == (
        reaper.tables.read(scope).stage,
        reaper.tables.read(scope).left,
    )


def test_what_another_entry_names_is_not_taken(reaper: ReaperHarness) -> None:
    """An operation that another task has started for the same target is left to that task."""
    request = reaper.request()
    scope = intend(reaper, signed=True, asked=requested_facets(CREATE_BACKUP, request))
    other = reaper.tables.add_task(task_id="other", state="deferred")
    reaper.tables.write(other, reaper.entry(reaper.start_backup(request)))
    pass_time(reaper)

    reaper.reap()

    assert not reaper.cancels
    assert reaper.tables.read(scope).operation is None


def test_database_that_is_being_created_is_left_running(reaper: ReaperHarness) -> None:
    """Nothing can mark the creation of a database, so it is never the reaper's to end."""
    reaper.emulator.plan(Plan(duration=LONG_AGO * 9), kind=CREATE_DATABASE)
    scope = intend_database(reaper)
    reaper.client.start(kind=CREATE_DATABASE, request=REQUEST)
    pass_time(reaper)

    reaper.reap()

    assert not reaper.cancels
    assert reaper.has(NEW)
    assert reaper.tables.read(scope).left


def test_database_that_was_created_is_left_for_a_later_try(reaper: ReaperHarness) -> None:
    """Once it has ended, the database tells when it was created."""
    scope = intend_database(reaper)
    reaper.client.start(kind=CREATE_DATABASE, request=REQUEST)
    pass_time(reaper)

    reaper.reap()

    entry = reaper.tables.read(scope)
    assert entry.operation
    assert entry.exempt
    assert reaper.has(NEW)


def test_one_of_two_operations_is_nobodys_to_end(reaper: ReaperHarness) -> None:
    """Where either may be the task's, both are named and nothing is ended."""
    intend(reaper)
    (row,) = ledger_rows()
    assert row.entry is not None
    one = reaper.client.get(name=reaper.start_backup())
    other = replace(one, name=replace(one.name, operation="other"))

    told = Inspection(row=row, entry=row.entry, ambiguous=(one, other)).objection()

    assert told is not None
    assert f"which of these it has begun, if any: {one.name}, {other.name}." in told
