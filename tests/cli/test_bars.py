# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a bar says of each thing that an operation can be, and how many bars there are."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from airflow_spanner_lro.cli.bars import Bars
from airflow_spanner_lro.cli.output import _took, moment, state_text
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, StatementProgress
from tests.core.sample_values import NAME, OTHER, UNAVAILABLE, failed, running, succeeded

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BAR = "━"
BEGAN = NOW - timedelta(minutes=10)


def shown(*answers: OperationSnapshot | Exception, width: int = 80, height: int = 24) -> list[str]:
    """Return the lines of a terminal after some answers about an operation."""
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, force_terminal=False)
    bars = Bars([NAME], console=console)
    for number, answer in enumerate(answers):
        bars.show(NAME, answer, now=NOW + timedelta(minutes=number))
    console.print(bars._progress.get_renderable())
    return [line.rstrip() for line in file.getvalue().splitlines()]


def schema_change(number: int, *, committed: int) -> OperationSnapshot:
    """Return a schema change of so many statements."""
    statements = tuple(
        StatementProgress(
            label=f"CREATE INDEX I{index}",
            percent=100 if index < committed else 0,
            committed=NOW if index < committed else None,
        )
        for index in range(number)
    )
    return running(kind=UPDATE_DATABASE_DDL, percent=0, statements=statements)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        pytest.param({"percent": 50, "start_time": BEGAN}, "50 % ends about 12:10:00 UTC", id="on"),
        pytest.param({"percent": 0, "start_time": BEGAN}, "0 % running", id="at its beginning"),
        pytest.param({"percent": 50, "start_time": NOW}, "50 % running", id="a clock ahead"),
        pytest.param({"percent": 50}, "50 % running", id="no start time"),
        pytest.param({"percent": None}, "running", id="no percentage"),
        pytest.param({"percent": 5, "cancel_time": NOW}, "5 % cancelling", id="being cancelled"),
        pytest.param({"percent": 5, "throttled": True}, "5 % throttled", id="held back"),
    ],
)
def test_while_it_runs(fields: dict[str, Any], says: str) -> None:
    """The end that is to be expected, or why there is none to tell."""
    assert shown(running(**fields))[-1].endswith(says)


def test_a_clock_ahead_of_ours() -> None:
    """Where the start lies ahead, the end comes from what was seen meanwhile."""
    ahead = NOW + timedelta(hours=1)
    answers = [running(percent=percent, start_time=ahead) for percent in (10, 20)]

    assert shown(*answers)[-1].endswith("20 % ends about 12:09:00 UTC")


@pytest.mark.parametrize(
    ("end", "says"),
    [
        (succeeded(percent=99, start_time=BEGAN, end_time=NOW), "100 % succeeded after 10 min"),
        (succeeded(), "100 % succeeded"),
        (failed(percent=30, start_time=BEGAN, end_time=NOW), "30 % failed after 10 min"),
        (failed(percent=None), "failed"),
    ],
)
def test_at_its_end(end: OperationSnapshot, says: str) -> None:
    """How it ended, and how long it took."""
    assert shown(end)[-1].endswith(says)


def test_a_reason_and_trouble_are_lines_above() -> None:
    """What does not fit a bar stays on the screen, in the order in which it came."""
    lines = shown(running(percent=5), UNAVAILABLE, running(percent=6), failed(percent=6))

    assert "Spanner is not answering" in lines[0]
    assert "Spanner answers again" in " ".join(lines[1:3])
    assert "no room" in lines[-2]


def test_statements_that_are_committed_make_room() -> None:
    """Of many statements those have bars that are not committed yet, and not all of these."""
    few = shown(schema_change(3, committed=1))
    many = shown(schema_change(50, committed=20))

    assert ["1.", "2.", "3."] == [line.split()[0] for line in few[1:]]
    assert 9 == len(many)
    assert many[1].startswith("  21. CREATE INDEX I20")


def test_a_low_terminal_shows_operations_only() -> None:
    """Where there are too few lines, statements have no bars."""
    assert 1 == len(shown(schema_change(6, committed=0), height=5))


def test_each_operation_has_its_place() -> None:
    """Statements stand below their operation, whenever they were heard of."""
    file = io.StringIO()
    console = Console(file=file, width=80, height=24)
    bars = Bars([NAME, OTHER], console=console)
    bars.show(OTHER, running(name=OTHER, percent=1), now=NOW)
    bars.show(NAME, schema_change(2, committed=0), now=NOW)

    console.print(bars._progress.get_renderable())

    first = [line.split()[0] for line in file.getvalue().splitlines()]
    assert ["Schema", "1.", "2.", "Create"] == first


def test_moments() -> None:
    """Times of today have no date, others have one, and each has its zone."""
    assert "" == moment(None, now=NOW)
    assert "11:50:00 UTC" == moment(BEGAN, now=NOW)
    assert "9 Nov 12:00 UTC" == moment(NOW - timedelta(days=12), now=NOW)


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        (running(percent=5), "RUNNING 5 %"),
        (running(), "RUNNING"),
        (running(percent=5, cancel_time=NOW), "CANCELLING 5 %"),
        (succeeded(percent=100), "SUCCEEDED"),
    ],
)
def test_states_in_a_table(snapshot: OperationSnapshot, text: str) -> None:
    """A state has a percentage while that changes, and a cancel that is under way is told."""
    assert text == state_text(snapshot)


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        (succeeded(start_time=BEGAN, end_time=NOW), "10 min"),
        (running(start_time=BEGAN), "10 min"),
        (running(start_time=NOW + timedelta(hours=1)), ""),
        (succeeded(start_time=BEGAN), ""),
        (running(), ""),
    ],
)
def test_how_long_it_took(snapshot: OperationSnapshot, text: str) -> None:
    """Until its end, or until now; nothing where a moment is not told, or lies ahead."""
    assert text == _took(snapshot, NOW)


@pytest.mark.parametrize("width", [40, 50, 64, 120])
def test_a_bar_fits(width: int) -> None:
    """What it is and how far it is can be read however narrow the terminal is, on one line."""
    (line,) = shown(running(percent=50, start_time=BEGAN), width=width)

    assert line.startswith("Create ba")
    assert " 50 % ends about 12:10" in line
    assert (BAR in line) == (width >= 64)
