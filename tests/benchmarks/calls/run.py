# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Count what tasks ask of Airflow and of Spanner, and time how soon one on a worker goes on.

Airflow's real task runner plays each process, and Spanner is the emulator behind TLS, because links
lead to the console only from there. What was counted before the starts became cheaper stands in
``EARLIER``; it was counted in the same way, by this very module beside the commit that it names.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmarks.report import Row, Table, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.sdk import BaseOperator

    from airflow_spanner_lro.emulator import ManualClock, Plan
    from tests.benchmarks.calls.processes import Calls, PlayedTask

EARLIER_COMMIT = "d75e64e"
EARLIER = {
    # ledger reads, ledger writes, XComs read, XComs written, of these links, other, Spanner
    "backup, start": (5, 3, 1, 7, 4, 8, 1),
    "backup, after its deferral": (4, 1, 1, 6, 4, 6, 1),
    "restore, start": (5, 3, 1, 7, 4, 8, 2),
    "restore, after its deferral": (4, 1, 1, 6, 4, 6, 1),
    "schema change, start": (5, 3, 1, 7, 4, 8, 1),
    "schema change, after its deferral": (5, 1, 1, 6, 4, 6, 0),
    "backup, on a worker": (6, 4, 1, 9, 4, 6, 2),
    "restore, on a worker": (6, 4, 1, 9, 4, 6, 3),
    "schema change, on a worker": (7, 4, 1, 9, 4, 6, 1),
}
"""What each process asked at that commit, in the order of the fields of ``Calls``."""
EARLIER_WAIT = (0.72, 1.05)
"""Median and latest of how soon a task on a worker went on at that commit, in seconds."""

LEDGER_READS = 3
LINKS = 4
NOTICED_WITHIN = 0.7
ON_A_WORKER = "on a worker"
CHANGE = 3.0
"""Seconds that the schema changes take on average."""
ROUNDS = 12
QUICK_ROUNDS = 4

_NOTES = (
    (
        "What stands before the arrow was counted in the same way at commit "
        f"{EARLIER_COMMIT}. Each message goes to the task's supervisor, and nearly each from there "
        "to the api-server. *Other messages* are Airflow's own (rendered fields, secrets to mask, "
        "the end) and ours: the connection, when the reaper was at work, and whether the deferral "
        "was taken."
    ),
    (
        "No poll is counted: on a worker the operation has ended by the answer of its start, and "
        "the triggerer asks for many waits together."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a process of a task has asked.

    :param task: the kind of task
    :param process: which of its processes
    """

    task: str
    process: str
    calls: Calls


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Count, and measure."""
    with _surroundings() as changes:
        counted = count(changes)
        took = time_changes(changes, rounds=QUICK_ROUNDS if quick else ROUNDS)
    return count_table(counted), time_table(took)


def count_table(counted: list[Counted]) -> Table:
    """Return the table of what was asked."""
    links = max(links_of(counted).values())
    return Table(
        title="What a task asks of Airflow and of Spanner",
        columns=(
            "process",
            "ledger reads",
            "ledger writes",
            "XComs read",
            "XComs written",
            "of these links",
            "other messages",
            "to Airflow in all",
            "to Spanner",
        ),
        rows=tuple(_row(each) for each in counted),
        notes=_NOTES,
        targets=(
            Target.at_most(
                LINKS,
                what="links that a task writes, all processes",
                figure=links,
                unit="links",
                digits=0,
            ),
        ),
    )


def links_of(counted: list[Counted]) -> dict[tuple[str, bool], int]:
    """Return how many links each task has written in all its processes, deferred or not."""
    links: dict[tuple[str, bool], int] = {}
    for each in counted:
        key = each.task, each.process != ON_A_WORKER
        links[key] = links.get(key, 0) + each.calls.links
    return links


def _row(counted: Counted) -> Row:
    calls = counted.calls
    name = f"{counted.task}, {counted.process}"
    earlier = EARLIER.get(name)
    figures = [getattr(calls, each.name) for each in fields(calls)]
    figures.insert(-1, calls.airflow)
    before: list[Any] = [None] * len(figures)
    if earlier is not None:
        was = type(calls)(**dict(zip((each.name for each in fields(calls)), earlier, strict=True)))
        before = [*earlier[:-1], was.airflow, earlier[-1]]
    cells = tuple(
        f"{now}" if was in (None, now) else f"{was} → {now}"
        for was, now in zip(before, figures, strict=True)
    )
    target = Target.at_most(
        LEDGER_READS,
        what=f"ledger reads: {name}",
        figure=calls.ledger_reads,
        unit="reads",
        digits=0,
    )
    return Row(cells=(name, *cells), target=target)


def time_table(took: list[Took]) -> Table:
    """Return the table of how soon tasks went on."""
    noticed = sorted(each.noticed for each in took)
    on = sorted(each.went_on for each in took)
    worst = on[-1] if on else None
    return Table(
        title="A schema change of 3 s, waited for on a worker",
        columns=("delay", "median", "latest", "polls on average"),
        rows=(
            Row(
                cells=(
                    "from its end to the answer that told it",
                    f"{noticed[len(noticed) // 2]:.2f} s",
                    f"{noticed[-1]:.2f} s",
                    f"{sum(each.polls for each in took) / len(took):.1f}",
                )
            ),
            Row(
                cells=(
                    "from its end to the end of the task",
                    f"{on[len(on) // 2]:.2f} s",
                    f"{on[-1]:.2f} s",
                    "",
                ),
                target=Target.below(
                    NOTICED_WITHIN,
                    what="a schema change of 3 s on a worker: until the task has ended",
                    figure=worst,
                    unit="s",
                ),
            ),
        ),
        notes=(
            (
                f"{len(took)} changes of {CHANGE:g} s, give or take half a second, one after the "
                f"other. At commit {EARLIER_COMMIT} the task ended {EARLIER_WAIT[0]:g} s after its "
                f"operation (median), and {EARLIER_WAIT[1]:g} s at the latest."
            ),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How long after the end of its operation a task on a worker went on, in seconds.

    :param noticed: until Spanner answered the poll that told the end
    :param went_on: until the task told Airflow that it had succeeded
    """

    noticed: float
    went_on: float
    polls: int


@contextmanager
def _surroundings() -> Iterator[pytest.MonkeyPatch]:
    """Keep Airflow's files, and what is changed in this process, apart."""
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as changes:
        # before Airflow is imported, which makes its configuration there
        changes.setenv("AIRFLOW_HOME", os.environ.get("AIRFLOW_HOME", home))
        changes.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
        changes.delenv("SPANNER_EMULATOR_HOST", raising=False)
        yield changes


def count(changes: pytest.MonkeyPatch) -> list[Counted]:
    """Play tasks of some kinds, deferred and on a worker, and count."""
    from airflow_spanner_lro.emulator import (  # noqa: PLC0415  # in its surroundings
        ManualClock,
        Plan,
    )
    from tests.airflow import task_runner  # noqa: PLC0415
    from tests.airflow.fakes import LATER, LONG  # noqa: PLC0415

    deferred, on_a_worker = [], []
    for name, make in (
        ("backup", task_runner.backup),
        ("restore", task_runner.restore),
        ("schema change", task_runner.change_schema),
    ):
        clock = ManualClock()
        with world(changes, clock=clock, plan=LONG) as play:
            task = play(make(deferrable=True))
            deferred.append(Counted(task=name, process="start", calls=task.execute()))
            clock.advance(LATER)
            deferred.append(
                Counted(task=name, process="after its deferral", calls=task.resume(task.fired()))
            )
            _require_success(task)
        with world(changes, clock=clock, plan=Plan(duration=timedelta())) as play:
            task = play(make())
            on_a_worker.append(Counted(task=name, process=ON_A_WORKER, calls=task.execute()))
            _require_success(task)
    return deferred + on_a_worker


def time_changes(changes: pytest.MonkeyPatch, *, rounds: int) -> list[Took]:
    """Let schema changes be waited for on a worker, and see how soon the task goes on."""
    from airflow_spanner_lro.emulator import Plan  # noqa: PLC0415  # in its surroundings
    from tests.airflow.task_runner import change_schema  # noqa: PLC0415

    took = []
    for number in range(rounds):
        duration = CHANGE - 0.5 + (number + 0.5) / rounds
        with world(changes, plan=Plan(duration=timedelta(seconds=duration))) as play:
            task = play(change_schema())
            task.execute()
            _require_success(task)
            operation = task.emulator.operations()[-1]
            polls = task.emulator.calls.of("GetOperation")
            ended = (operation.started + timedelta(seconds=duration)).timestamp()
            took.append(
                Took(
                    noticed=polls[-1].real_time - ended,
                    went_on=task.supervisor.succeeded_at - ended,
                    polls=len(polls),
                )
            )
    return took


@contextmanager
def world(
    changes: pytest.MonkeyPatch, *, plan: Plan, clock: ManualClock | None = None
) -> Iterator[Callable[[BaseOperator], PlayedTask]]:
    """Run an emulator behind TLS, with a connection to it.

    :return: a function that lets a task of an operator be played there
    """
    from airflow_spanner_lro.emulator import SpannerAdminEmulator  # noqa: PLC0415
    from tests.airflow.fakes import DATABASE, SOURCE  # noqa: PLC0415
    from tests.benchmarks.calls.processes import PlayedTask  # noqa: PLC0415
    from tests.support.tls_gateway import Gateway  # noqa: PLC0415

    with (
        SpannerAdminEmulator(clock=clock) as emulator,
        Gateway(emulator.endpoint) as gateway,
        gateway.trusted(changes),
    ):
        emulator.create_database(DATABASE)
        emulator.create_backup(SOURCE, DATABASE)
        emulator.plan(plan)
        extra = {
            "keyfile_dict": json.dumps(gateway.add("key")),
            "spanner_endpoint": gateway.target,
        }
        yield lambda operator: PlayedTask(operator=operator, emulator=emulator, extra=extra)


def _require_success(task: PlayedTask) -> None:
    if not task.succeeded:
        message = f"{task.operator.task_id} has not succeeded: nothing was counted"
        raise RuntimeError(message)
