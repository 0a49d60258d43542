# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a person reads while an operation runs: a line for each change, and no other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.auth.exceptions import TransportError
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.kinds import CREATE_INSTANCE, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.operations.progress import ProgressLog
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, StatementProgress

from . import strategies
from .sample_values import NOW, UNAVAILABLE, after, cancelled, failed, running, succeeded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Heard = tuple[float, OperationSnapshot | Exception]


def narrate(*heard: Heard) -> list[list[str]]:
    """Return the lines for each thing heard, some seconds after NOW."""
    narrator = ProgressLog()
    return [narrator.lines(each, now=after(seconds)) for seconds, each in heard]


def at(percent: int | None, **fields: Any) -> OperationSnapshot:
    """Return the backup, started at NOW, at a percentage."""
    return running(**{"percent": percent, "start_time": NOW} | fields)


def test_a_backup_from_beginning_to_end() -> None:
    """Percentage, speed and remaining time at the start and every ten points, then the end."""
    lines = narrate(
        (1, at(0)),
        (60, at(4)),
        (120, at(10)),
        (150, at(12)),
        (600, at(50)),
        (1200, succeeded(percent=100, start_time=NOW, end_time=after(1199))),
    )

    subject = "Create backup nightly"
    assert [
        [f"{subject}: 0 % after 1 s"],
        [],
        [(f"{subject}: 10 % after 2 min, 5 % a minute, about 18 min left (until 12:20:00 UTC)")],
        [],
        [(f"{subject}: 50 % after 10 min, 5 % a minute, about 10 min left (until 12:20:00 UTC)")],
        [f"{subject}: succeeded after 19 min 59 s"],
    ] == lines


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        pytest.param([(0, at(3)), (1, at(12))], [1, 0], id="nine points"),
        pytest.param([(0, at(3)), (1, at(13))], [1, 1], id="ten points"),
        pytest.param([(0, at(3)), (59, at(4))], [1, 0], id="one point within a minute"),
        pytest.param([(0, at(3)), (60, at(4))], [1, 1], id="one point in a minute"),
        pytest.param([(0, at(3)), (9999, at(3))], [1, 0], id="no point in hours"),
        pytest.param([(0, at(50)), (1, at(30))], [1, 1], id="backwards"),
        pytest.param(
            [(0, at(3)), (59, at(4)), (61, at(4)), (70, at(5))],
            [1, 0, 1, 0],
            id="a minute is counted from the last line",
        ),
        pytest.param(
            [(0, at(3)), (1, at(12)), (2, at(21))], [1, 0, 1], id="points since the last line"
        ),
        pytest.param([(0, at(None)), (9999, at(None))], [1, 0], id="no percentage"),
        pytest.param([(0, at(None)), (1, at(0))], [1, 1], id="a percentage after all"),
    ],
)
def test_a_line_only_when_it_matters(heard: Sequence[Heard], told: list[int]) -> None:
    """Ten points are worth a line at once, a single one after a minute, and none never."""
    assert told == [len(lines) for lines in narrate(*heard)]


@pytest.mark.slow
@given(
    snapshot=strategies.snapshots.filter(lambda snapshot: not snapshot.done),
    age=st.integers(-86400, 10**7),
)
def test_never_a_line_when_nothing_changed(snapshot: OperationSnapshot, age: int) -> None:
    """Whatever is told about a running operation is told once, however long nothing moves."""
    in_order = sorted(snapshot.statements, key=lambda each: each.committed is None)
    snapshot = replace(snapshot, statements=tuple(in_order), start_time=after(-age))
    narrator = ProgressLog()
    narrator.lines(snapshot, now=NOW)

    assert [] == narrator.lines(snapshot, now=NOW)
    assert [] == narrator.lines(snapshot, now=after(86400))


def test_an_operation_without_a_percentage_says_so_once() -> None:
    """Where a kind has no percentage, the first line explains the silence that follows."""
    lines = narrate((0, at(None, kind=CREATE_INSTANCE)), (3600, at(None, kind=CREATE_INSTANCE)))

    expected = "Create instance nightly: running; operations of this kind have no percentage."
    assert [[expected], []] == lines


@pytest.mark.parametrize(
    ("seconds", "snapshot", "line"),
    [
        pytest.param(60, at(25), "25 % after 1 min, 25 % a minute, about", id="whole rate"),
        pytest.param(3600, at(5), "5 % after 1 h, 0.083 % a minute, about", id="slow"),
        pytest.param(7200, at(1), "about 8 d 6 h left (until 2026-11-29 20:00 UTC)", id="days"),
        pytest.param(60, at(0), "0 % after 1 min", id="nothing to reckon with"),
    ],
)
def test_speed_comes_from_the_operations_own_start(
    seconds: float, snapshot: OperationSnapshot, line: str
) -> None:
    """A narrator that begins in the middle tells what one from the beginning would."""
    assert line in narrate((seconds, snapshot))[0][0]


@pytest.mark.parametrize(
    "start", [pytest.param(after(999), id="ahead"), pytest.param(None, id="untold")]
)
def test_speed_comes_from_what_was_seen_if_the_start_is_of_no_use(start: datetime | None) -> None:
    """A service's clock that is ahead of ours leads to no negative times."""
    lines = narrate((0, at(10, start_time=start)), (60, at(20, start_time=start)))

    subject = "Create backup nightly"
    assert [
        [f"{subject}: 10 %"],
        [(f"{subject}: 20 % after 1 min, 10 % a minute, about 8 min left (until 12:09:00 UTC)")],
    ] == lines


def test_trouble_is_told_once_and_its_end_too() -> None:
    """Many errors of one kind are one line; another kind is another; an answer ends it."""
    lines = narrate(
        (0, at(5)),
        (1, UNAVAILABLE),
        (2, exceptions.ServiceUnavailable("still")),
        (3, exceptions.InternalServerError("oops")),
        (4, TransportError("no token")),
        (5, at(5)),
        (6, at(5)),
        (7, UNAVAILABLE),
    )

    goes_on = "; the operation keeps running, still waiting."
    assert [
        [f"Spanner is not answering (UNAVAILABLE: try later){goes_on}"],
        [],
        [f"Spanner is not answering (INTERNAL: oops){goes_on}"],
        [f"Spanner is not answering (TransportError: no token){goes_on}"],
        ["Create backup nightly: Spanner answers again."],
        [],
        [f"Spanner is not answering (UNAVAILABLE: try later){goes_on}"],
    ] == lines[1:]


def schema_change(*committed: float | None, **fields: Any) -> OperationSnapshot:
    """Return a schema change whose statements were committed some seconds after NOW."""
    statements = tuple(
        StatementProgress(
            label=f"CREATE TABLE T{number}",
            percent=0 if seconds is None else 100,
            committed=None if seconds is None else after(seconds),
        )
        for number, seconds in enumerate(committed, start=1)
    )
    return running(**{"kind": UPDATE_DATABASE_DDL, "statements": statements, "percent": 0} | fields)


def test_each_statement_is_told_when_it_is_committed() -> None:
    """One line for each statement, also for several at once, and never twice."""
    lines = narrate(
        (0, schema_change(None, None, None)),
        (10, schema_change(9, None, None)),
        (11, schema_change(9, None, None)),
        (30, schema_change(9, 20, 29)),
    )

    subject = "Schema change nightly: statement"
    assert [
        [f"{subject} 1 of 3 committed at 12:00:09 UTC: CREATE TABLE T1"],
        [],
        [
            f"{subject} 2 of 3 committed at 12:00:20 UTC: CREATE TABLE T2",
            f"{subject} 3 of 3 committed at 12:00:29 UTC: CREATE TABLE T3",
        ],
    ] == lines[1:]


def test_throttling_is_told_when_it_begins_and_ends() -> None:
    """A schema change that is held back says so once, and once when it goes on."""
    lines = narrate(
        (0, schema_change(None)),
        (1, schema_change(None, throttled=True)),
        (2, schema_change(None, throttled=True)),
        (3, schema_change(None)),
    )

    subject = "Schema change nightly"
    assert [
        [f"{subject}: throttled; Spanner holds it back for lack of resources."],
        [],
        [f"{subject}: no longer throttled."],
    ] == lines[1:]


def test_a_cancel_under_way_is_told_once() -> None:
    """The line comes with the cancel time, and only while the operation still runs."""
    lines = narrate((0, at(5)), (1, at(5, cancel_time=NOW)), (2, at(5, cancel_time=NOW)))

    assert [["Create backup nightly: cancellation is under way."], []] == lines[1:]


@pytest.mark.parametrize(
    ("snapshot", "line"),
    [
        pytest.param(succeeded(), "succeeded", id="without times"),
        pytest.param(
            succeeded(start_time=NOW, end_time=after(90)), "succeeded after 1 min 30 s", id="times"
        ),
        pytest.param(succeeded(start_time=NOW), "succeeded after 2 min", id="no end time"),
        pytest.param(
            failed(start_time=NOW, end_time=after(5)),
            "failed after 5 s with RESOURCE_EXHAUSTED: no room",
            id="failed",
        ),
        pytest.param(failed(error=None), "failed", id="failed, untold"),
        pytest.param(
            cancelled(start_time=NOW, cancel_time=after(7)), "cancelled after 7 s", id="cancelled"
        ),
    ],
)
def test_the_end_is_one_line(snapshot: OperationSnapshot, line: str) -> None:
    """How it ended, after how long, and with which error; a cancel is no error."""
    assert [[f"Create backup nightly: {line}"]] == narrate((120, snapshot))


def change_of(statements: int, *, done: float) -> OperationSnapshot:
    """Return a schema change of an hour a statement, so many of which are done."""
    committed = [number * 3600.0 if number <= done else None for number in range(1, statements + 1)]
    return schema_change(*committed, percent=int(100 * done / statements), start_time=NOW)


@pytest.mark.parametrize("statements", [1, 10, 40])
def test_a_long_schema_change_has_a_line_a_step(statements: int) -> None:
    """However often it is polled: a statement that is committed, or a percent after a minute."""
    narrator, counts, steps = ProgressLog(), [], {(0, 0)}
    for poll in range(statements * 130):
        seconds = poll * 30.0
        snapshot = change_of(statements, done=seconds / 3600)
        steps.add((snapshot.percent or 0, snapshot.committed))
        counts.append(len(narrator.lines(snapshot, now=after(seconds))))

    assert {0, 1} == set(counts)
    assert sum(counts) <= len(steps)


def test_a_long_restore_has_a_line_a_percent() -> None:
    """Ten hours make a hundred lines, one when it is seen first, and no two at once."""
    narrator = ProgressLog()
    counts = [
        len(narrator.lines(at(poll * 9 * 100 // 36000), now=after(poll * 9.0)))
        for poll in range(4000)
    ]

    assert {0, 1} == set(counts)
    assert 100 == sum(counts)


def test_a_quick_restore_has_ten_lines() -> None:
    """Where a percent takes a second only every tenth is told."""
    narrator = ProgressLog()
    counts = [len(narrator.lines(at(second), now=after(second))) for second in range(100)]

    assert 10 == sum(counts)


def test_a_commit_and_what_it_brings_the_whole_to_are_one_line() -> None:
    """Speed and remaining time stand behind the last statement."""
    lines = narrate((0, change_of(2, done=0)), (3600, change_of(2, done=1)))

    assert [
        [
            (
                "Schema change nightly: statement 1 of 2 committed at 13:00:00 UTC: CREATE TABLE "
                "T1; 50 % after 1 h, 0.83 % a minute, about 1 h left (until 14:00:00 UTC)"
            )
        ]
    ] == lines[1:]


@pytest.mark.parametrize("seen", [at(4), at(None), change_of(3, done=2)])
def test_who_goes_on_logs_nothing_again(seen: OperationSnapshot) -> None:
    """A triggerer is told what a worker has logged, as primitives."""
    narrator = ProgressLog()
    assert narrator.lines(seen, now=after(8000))
    record = json.loads(json.dumps(narrator.to_record()))

    again = ProgressLog(record)

    assert [] == again.lines(seen, now=after(8001))
    assert record == again.to_record()


def test_who_has_logged_nothing_hands_nothing_on() -> None:
    """Then everything is to be logged."""
    assert {} == ProgressLog().to_record()


@pytest.mark.parametrize(
    "record",
    [
        {"percent": 4},
        {"percent": "many", "committed": 0, "at": "2026-11-28T00:00:00+00:00"},
        {"percent": 4, "committed": None, "at": "2026-11-28T00:00:00+00:00"},
        {"percent": 4, "committed": 0, "at": "yesterday"},
        {"percent": 4, "committed": 0, "at": "2026-11-28T00:00:00"},
        ["percent"],
        7,
    ],
)
def test_a_record_that_cannot_be_read_is_none(record: Any) -> None:
    """Whoever may edit a task instance may have written it: a line too many is all it does."""
    assert [
        "Create backup nightly: 4 % after 5 s, 48 % a minute, about 2 min left (until 12:02:05 UTC)"
    ] == ProgressLog(record).lines(at(4), now=after(5))
