# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows in which a person at the keyboard ends a Dag, or a task, that Airflow runs in a terminal."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.cluster.airflow import Component
from tests.e2e.guarantee.row_actions import GET_READY, WaitingTask
from tests.e2e.guarantee.rows import Group, row

if TYPE_CHECKING:
    from tests.cluster.processes import ManagedProcess
    from tests.e2e.guarantee.row_actions import RowActions
    from tests.e2e.guarantee.rows import Scenario, Seen

AT_THE_KEYBOARD = Group(name="at the keyboard", at_once=True, calm=False)
"""Each row has a command of its own, and interrupts no other."""
UNDISTURBED = 6.0
"""Seconds that the operation is left alone first: in these, whoever took it for its own by mistake,
such as the triggerer beside, would have cancelled it."""
AT_A_TERMINAL = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv[0] = "airflow"
runpy.run_module("airflow", run_name="__main__")
"""
"""Airflow's command, which hears Ctrl-C: where the tests run in the background of a shell, all that
they start would ignore it."""
ENDS = 20.0
"""Seconds in which the command ends."""


@dataclass(frozen=True, kw_only=True)
class TerminalRun:
    """A command that plays a task, whose operation runs."""

    command: ManagedProcess
    waiting: WaitingTask


def play(act: RowActions, *arguments: str) -> TerminalRun:
    """Start a command of Airflow; wait until its operation is looked at again and again."""
    dag_id = f"guarantee_{act.row.key}"
    name = f"{act.instance}/databases/{act.row.key}"
    act.world.emulator.create_database(name, if_missing=True)
    act.world.api.wait_for_dags(dag_id)
    airflow = act.world.airflow
    spec = airflow.process(Component.SCHEDULER).spec
    log_path = spec.log_path.with_name(f"{act.row.key}.log")
    command = [sys.executable, "-c", AT_A_TERMINAL, *arguments]
    process = airflow.run.start(replace(spec, name=act.row.key, command=command, log_path=log_path))
    act.until(
        lambda: act.operations() or process.poll() is not None,
        what="its operation",
        timeout=GET_READY,
    )
    process.check()
    operation = act.operation()
    act.wait_for_poll(operation)
    run = act.world.api.latest_run(dag_id)
    assert run is not None, f"there is no run of {dag_id}"
    act.runs.append(run)
    return TerminalRun(
        command=process, waiting=WaitingTask(run=run, task_id="backup", operation=operation)
    )


def interrupted(act: RowActions, played: TerminalRun, *, status: frozenset[int]) -> Seen:
    """Press Ctrl-C after a while; return what was seen.

    :param status: what the command may end with
    """
    act.let_pass(seconds=UNDISTURBED)
    since = time.time()
    played.command.signal(signal.SIGINT)
    seen = act.cancelled(played.waiting, since=since)
    ended = played.command.wait(timeout=ENDS)
    output = played.command.spec.log_path.read_text(errors="replace")
    wrong = [
        seen.wrong,
        "" if ended in status else f"the command ended with {ended}",
        "" if "interrupted (Ctrl-C)" in output else "nothing tells of Ctrl-C",
        "" if " was cancelled. " in output else "nothing tells what became of it",
        "" if played.waiting.operation in output else "nothing names the operation",
    ]
    return replace(seen, wrong="; ".join(each for each in wrong if each))


FAILED = frozenset({1})
ENDED_BY_SIGINT = frozenset({-signal.SIGINT, 130})
TEST_RETURNS = frozenset({0})
"""``airflow tasks test`` tells nobody by its status that the task has failed (Airflow 3.3.2)."""


@row("E24a", "dags test, deferred: Ctrl-C", within=5, group=AT_THE_KEYBOARD)
def dags_test_interrupted_while_deferred(act: RowActions) -> Scenario:
    """Interrupt the command in whose process the trigger runs; Airflow calls nobody."""
    played = play(act, "dags", "test", f"guarantee_{act.row.key}")
    yield
    return interrupted(act, played, status=ENDED_BY_SIGINT)


@row("E24b", "dags test, waiting: Ctrl-C", within=5, group=AT_THE_KEYBOARD)
def dags_test_interrupted_while_waiting(act: RowActions) -> Scenario:
    """Airflow takes the interrupt for a failed try, and would go on."""
    played = play(act, "dags", "test", f"guarantee_{act.row.key}")
    yield
    return interrupted(act, played, status=FAILED)


@row("E24c", "tasks test, deferred: Ctrl-C", within=5, group=AT_THE_KEYBOARD)
def tasks_test_interrupted_while_deferred(act: RowActions) -> Scenario:
    """As with a whole Dag."""
    played = play(act, "tasks", "test", f"guarantee_{act.row.key}", "backup")
    yield
    return interrupted(act, played, status=ENDED_BY_SIGINT)


@row("E24d", "tasks test, waiting: Ctrl-C", within=5, group=AT_THE_KEYBOARD)
def tasks_test_interrupted_while_waiting(act: RowActions) -> Scenario:
    """As with a whole Dag."""
    played = play(act, "tasks", "test", f"guarantee_{act.row.key}", "backup")
    yield
    return interrupted(act, played, status=TEST_RETURNS)
