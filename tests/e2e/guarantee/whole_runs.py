# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a whole run ends, or a task beside the one that waits; all of Airflow is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cluster.rest_api import RunState, TaskState
from tests.e2e.guarantee.rows import ANY, row

if TYPE_CHECKING:
    from tests.e2e.guarantee.acting import Act
    from tests.e2e.guarantee.looking import Going
    from tests.e2e.guarantee.rows import Scenario

SIBLING = "sibling"
FAILED = "Task failed with exception"
"""What Airflow 3.3.2 writes into the log of a task right when it fails."""


def sibling_fails(act: Act, going: Going) -> float:
    """Let the operation of a task beside it fail; return when that task failed."""
    act.world.emulator.fail_operation(act.operation(SIBLING))
    sibling = act.wait_for_task(going.run, SIBLING, TaskState.FAILED)
    # Airflow takes down a task's end only after its callbacks, so this is told by its log
    failed = [line.at for line in act.world.api.log_lines(sibling) if line.text == FAILED]
    assert failed, f"the log of the sibling does not say {FAILED!r}"
    assert failed[0] is not None
    return failed[0].timestamp()


def with_sibling(act: Act) -> Going:
    """Start two tasks and wait until both wait in the triggerer; return the one to look at."""
    going = act.deferred()
    act.deferred(SIBLING, run=going.run)
    return going


@row("E9a", "deferred: a user marks the run failed", within=8)
def run_marked_failed_while_deferred(act: Act) -> Scenario:
    """Airflow calls the trigger's on_kill."""
    going = act.deferred()
    yield
    since = act.mark_run(going.run, RunState.FAILED)
    return act.cancelled(going, since=since)


@row("E9b", "running: a user marks the run failed", within=8, executors=ANY)
def run_marked_failed_while_running(act: Act) -> Scenario:
    """Airflow calls the operator's on_kill."""
    going = act.on_worker()
    yield
    since = act.mark_run(going.run, RunState.FAILED)
    return act.cancelled(going, since=since)


@row("E11a", "deferred: fail_fast, and a sibling fails", within=10)
def fail_fast_while_deferred(act: Act) -> Scenario:
    """Airflow skips the task and calls the trigger's on_kill."""
    going = with_sibling(act)
    yield
    return act.cancelled(going, since=sibling_fails(act, going))


@row("E11b", "running: fail_fast, and a sibling fails", within=10, executors=ANY)
def fail_fast_while_running(act: Act) -> Scenario:
    """Airflow fails the task and calls the operator's on_kill."""
    going = act.on_worker()
    act.deferred(SIBLING, run=going.run)
    yield
    return act.cancelled(going, since=sibling_fails(act, going))


@row("E20a", "a sibling fails: cancel operator with one_failed", within=10)
def cancel_operator(act: Act) -> Scenario:
    """Airflow runs the cancel operator as soon as one task before it has failed."""
    going = with_sibling(act)
    yield
    return act.cancelled(going, since=sibling_fails(act, going))


@row("E20b", "a sibling fails: the notifier is its callback", within=10)
def notifier_of_a_task(act: Act) -> Scenario:
    """Airflow runs the notifier on the worker of the task that fails; others still wait."""
    going = with_sibling(act)
    yield
    return act.cancelled(going, since=sibling_fails(act, going))


@row("E20c", "the run fails: the notifier is the Dag's callback", within=10)
def notifier_of_a_dag(act: Act) -> Scenario:
    """Airflow runs the notifier in the dag-processor once all tasks have ended."""
    run = act.start()
    act.wait_for_task(run, "backup", TaskState.SUCCESS)
    going = act.going(run, "backup")
    act.deferred(SIBLING, run=run)
    yield
    return act.cancelled(going, since=sibling_fails(act, going))
