# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Entries of starts whose answer nobody has read: by evidence they are ended, or left running."""

from __future__ import annotations

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

from .reaping import INSTANCE
from .rows import LONG_AGO, back_up

if TYPE_CHECKING:
    from airflow.state import TaskScope

    from .reaping import Reaping
    from .rows import Author

NEW = f"{INSTANCE}/databases/new"
REQUEST = CreateDatabaseRequest(parent=INSTANCE, create_statement="CREATE DATABASE `new`")


def intend(reaping: Reaping, *, author: Author = back_up, **fields: Any) -> TaskScope:
    """Let a task write an intent, and end."""
    scope = reaping.rows.add_task(author=author)
    usual: dict[str, Any] = {"intended": reaping.time.now(), "before": ()}
    reaping.rows.write(scope, reaping.entry(None, **usual | fields))
    return scope


def intend_database(reaping: Reaping) -> TaskScope:
    """Let a task write the intent to create a database, and end."""

    def author(task_id: str) -> None:
        where = {"project_id": "test", "instance_id": "main", "database_id": "new"}
        SpannerCreateDatabaseOperator(task_id=task_id, **where)

    asked = requested_facets(CREATE_DATABASE, REQUEST)
    target = DatabaseName.parse(NEW)
    return intend(reaping, author=author, kind=CREATE_DATABASE, target=target, asked=asked)


def pass_time(reaping: Reaping) -> None:
    """Let as much time pass as makes everything old enough for the reaper."""
    reaping.clock.sleep(LONG_AGO.total_seconds())


def test_operation_that_bears_the_tasks_mark_is_cancelled(reaping: Reaping) -> None:
    """A worker that was lost right after its call has left a backup with an expiry of its own."""
    request = reaping.request()
    scope = intend(reaping, signed=True, asked=requested_facets(CREATE_BACKUP, request))
    operation = reaping.start_backup(request)
    pass_time(reaping)

    reaping.reap()

    entry = reaping.rows.read(scope)
    assert (Stage.CLOSED, operation) == (entry.stage, entry.operation)
    assert Evidence.SIGNED is entry.evidence
    assert "CANCELLED" == reaping.emulator.operations()[-1].state


def test_backup_that_bears_another_mark_is_somebody_elses(reaping: Reaping) -> None:
    """The same backup at the same moment, by another request, is not touched."""
    mine = reaping.request()
    reaping.time.advance(timedelta(microseconds=1))
    scope = intend(reaping, signed=True, asked=requested_facets(CREATE_BACKUP, mine))
    reaping.start_backup()
    pass_time(reaping)

    reaping.reap()

    assert not reaping.cancels
    assert (Stage.CLOSED, None) == (
        reaping.rows.read(scope).stage,
        reaping.rows.read(scope).operation,
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_operation_that_is_only_presumed_is_left_running(reaping: Reaping, dry_run: bool) -> None:
    """What can only have been begun by the task is told, with what ends it, and goes on."""
    scope = intend(
        reaping, asked=requested_facets(CREATE_BACKUP, reaping.request()) | {"expiry": ""}
    )
    operation = reaping.start_backup()
    pass_time(reaping)

    summary = reaping.reap(dry_run=dry_run)

    assert [0, 1] == [summary.reaped, summary.left]
    assert "Left running: its start call was never answered" in reaping.warned[0]
    assert "`spanner-lro cancel`" in reaping.warned[0]
    assert reaping.warned[0].endswith(f": {operation}")
    assert not reaping.cancels
    assert dry_run is not reaping.rows.read(scope).left


def test_entry_of_an_earlier_release_is_left_running(reaping: Reaping) -> None:
    """Release 0.1.0 wrote no evidence: its operations are presumed to be its tasks'."""
    operation = reaping.start_backup()
    record = reaping.entry(operation).to_record() | {"version": 1, "evidence": None}
    scope = reaping.rows.add_task()
    reaping.rows.write_value(scope, record)

    reaping.reap()

    assert not reaping.cancels
    assert reaping.rows.read(scope).left


def test_intent_that_came_to_nothing_is_closed(reaping: Reaping) -> None:
    """A start call that was never made has left nothing."""
    scope = intend(reaping)
    pass_time(reaping)

    reaping.reap()

    assert Stage.CLOSED is reaping.rows.read(scope).stage
    assert "nightly: no operation can have come of this start. The entry" in reaping.warned[0]


def test_what_was_started_much_later_is_somebody_elses(reaping: Reaping) -> None:
    """A start call follows its intent at once, so a later operation is not the task's."""
    scope = intend(reaping)
    pass_time(reaping)
    reaping.start_backup()

    reaping.reap()

    assert not reaping.cancels
    assert (Stage.CLOSED, False) == (
        reaping.rows.read(scope).stage,
        reaping.rows.read(scope).left,
    )


def test_what_another_entry_names_is_not_taken(reaping: Reaping) -> None:
    """An operation that another task has started for the same target is left to that task."""
    request = reaping.request()
    scope = intend(reaping, signed=True, asked=requested_facets(CREATE_BACKUP, request))
    other = reaping.rows.add_task(task_id="other", state="deferred")
    reaping.rows.write(other, reaping.entry(reaping.start_backup(request)))
    pass_time(reaping)

    reaping.reap()

    assert not reaping.cancels
    assert reaping.rows.read(scope).operation is None


def test_database_that_is_being_created_is_left_running(reaping: Reaping) -> None:
    """Nothing can mark the creation of a database, so it is never the reaper's to end."""
    reaping.emulator.plan(Plan(duration=LONG_AGO * 9), kind=CREATE_DATABASE)
    scope = intend_database(reaping)
    reaping.client.start(kind=CREATE_DATABASE, request=REQUEST)
    pass_time(reaping)

    reaping.reap()

    assert not reaping.cancels
    assert reaping.has(NEW)
    assert reaping.rows.read(scope).left


def test_database_that_was_created_is_left_for_a_later_try(reaping: Reaping) -> None:
    """Once it has ended, the database tells when it was created."""
    scope = intend_database(reaping)
    reaping.client.start(kind=CREATE_DATABASE, request=REQUEST)
    pass_time(reaping)

    reaping.reap()

    entry = reaping.rows.read(scope)
    assert entry.operation
    assert entry.exempt
    assert reaping.has(NEW)
