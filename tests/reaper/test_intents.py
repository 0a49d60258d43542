# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Entries of starts whose answer nobody has read: what they started must be told for certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.spanner_admin_database_v1 import CreateDatabaseRequest

from airflow_spanner_lro.core.kinds import CREATE_DATABASE
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.core.tries.stages import Stage
from airflow_spanner_lro.emulator import Plan

from .reaping import INSTANCE
from .rows import LONG_AGO

if TYPE_CHECKING:
    from airflow.state import TaskScope

    from .reaping import Reaping

NEW = f"{INSTANCE}/databases/new"


@pytest.fixture
def scope(reaping: Reaping) -> TaskScope:
    """Return a task that has written an intent, and of which nothing was heard since."""
    return intend(reaping)


def intend(reaping: Reaping, **fields: Any) -> TaskScope:
    """Let a task write an intent, and end."""
    scope = reaping.rows.add_task()
    reaping.rows.write(scope, reaping.entry(None, intended=reaping.time.now(), **fields))
    return scope


def create_database(reaping: Reaping) -> None:
    """Let somebody create a database."""
    statement = "CREATE DATABASE `new`"
    request = CreateDatabaseRequest(parent=INSTANCE, create_statement=statement)
    reaping.client.start(kind=CREATE_DATABASE, request=request)


def pass_time(reaping: Reaping) -> None:
    """Let as much time pass as makes everything old enough for the reaper."""
    reaping.clock.sleep(LONG_AGO.total_seconds())


def test_operation_of_an_intent_is_cancelled(reaping: Reaping, scope: TaskScope) -> None:
    """A worker that was lost right after the start call has left an operation without a name."""
    operation = reaping.start_backup()
    pass_time(reaping)

    reaping.reap()

    entry = reaping.rows.read(scope)
    assert (Stage.CLOSED, operation) == (entry.stage, entry.operation)
    assert "CANCELLED" == reaping.emulator.operations()[-1].state


def test_intent_that_came_to_nothing_is_closed(reaping: Reaping, scope: TaskScope) -> None:
    """A start call that was never made has left nothing."""
    pass_time(reaping)

    reaping.reap()

    assert Stage.CLOSED is reaping.rows.read(scope).stage
    assert "Nothing came of this start. The entry is closed." in reaping.warned[0]


def test_what_was_started_much_later_is_somebody_elses(reaping: Reaping, scope: TaskScope) -> None:
    """A start call follows its intent at once, so a later operation is not the task's."""
    pass_time(reaping)
    reaping.start_backup()

    reaping.reap()

    assert not reaping.cancels
    assert Stage.CLOSED is reaping.rows.read(scope).stage


@pytest.mark.usefixtures("scope")
def test_what_another_entry_names_is_not_taken(reaping: Reaping) -> None:
    """An operation that another task has started for the same target is left to that task."""
    other = reaping.rows.add_task(task_id="other", state="deferred")
    reaping.rows.write(other, reaping.entry(reaping.start_backup()))
    pass_time(reaping)

    reaping.reap()

    assert not reaping.cancels


def test_operation_that_tells_no_time_is_left_alone(reaping: Reaping) -> None:
    """Who has started the creation of a database cannot be told while it runs."""
    reaping.emulator.plan(Plan(duration=LONG_AGO * 9), kind=CREATE_DATABASE)
    scope = intend(reaping, kind=CREATE_DATABASE, target=DatabaseName.parse(NEW))
    create_database(reaping)
    pass_time(reaping)

    tally = reaping.reap()

    assert 1 == tally.left
    assert "is left alone until it has ended" in reaping.warned[0]
    assert not reaping.cancels
    assert Stage.INTENDED is reaping.rows.read(scope).stage


def test_database_that_was_created_is_left_for_a_later_try(reaping: Reaping) -> None:
    """Once it has ended, the database tells when it was created."""
    scope = intend(reaping, kind=CREATE_DATABASE, target=DatabaseName.parse(NEW))
    create_database(reaping)
    pass_time(reaping)

    reaping.reap()

    entry = reaping.rows.read(scope)
    assert entry.operation
    assert entry.spared
    assert reaping.has(NEW)
