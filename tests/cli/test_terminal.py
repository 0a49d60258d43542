# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The command at a real terminal: live bars and tables, sizes, colours, characters, Ctrl-C."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan

from .conftest import INSTANCE
from .terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import Starter

pytestmark = pytest.mark.timeout(180)

COLOUR = b"\x1b[3"
HEAVY_BAR = "━"


def shows(*texts: str) -> Callable[[list[str]], bool]:
    """Return a condition: each of these texts is somewhere on the screen."""
    return lambda lines: all(any(text in line for line in lines) for text in texts)


def line_with(text: str, lines: list[str]) -> str:
    """Return the only line that has a text."""
    (line,) = (each for each in lines if text in each)
    return line


@pytest.mark.slow
def test_a_bar_for_each_operation_and_statement(
    starter: Starter, emulator_clock: ManualClock
) -> None:
    """Three operations at once: their bars move, a statement's is below its operation's."""
    names = [
        starter.schema_change(
            "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)", "CREATE INDEX I ON A (Id)"
        ),
        starter.backup(),
        starter.database("other"),
    ]

    with Terminal("wait", *names) as terminal:
        terminal.until(shows("Schema change orders", "Create backup nightly", "2. CREATE INDEX I"))
        emulator_clock.advance(timedelta(seconds=15))
        under_way = terminal.until(shows("committed"))
        emulator_clock.advance(timedelta(hours=1))
        code = terminal.end()
        at_the_end = terminal.lines

    order = ["Schema change orders", "1. CREATE TABLE A", "2. CREATE INDEX I", "nightly", "other"]
    assert order == [text for line in under_way for text in order if text in line]
    assert 0 == code
    assert HEAVY_BAR in line_with("nightly", at_the_end)
    assert "100 % succeeded after 25 min" in line_with("nightly", at_the_end)
    assert "succeeded after" in line_with("Schema change", at_the_end)
    assert not terminal.cursor_hidden


@pytest.mark.slow
def test_a_bar_says_when_it_ends(starter: Starter, emulator_clock: ManualClock) -> None:
    """After some progress the bar tells the percentage and a time with its zone."""
    name = starter.backup()
    emulator_clock.advance(timedelta(minutes=5))

    with Terminal("wait", name) as terminal:
        lines = terminal.until(shows("20 %"))
        terminal.interrupt()
        terminal.end()

    assert re.search(r"20 % ends about \d\d:\d\d:\d\d UTC", line_with("nightly", lines))


@pytest.mark.slow
def test_why_it_failed_is_above_the_bars(
    starter: Starter, spanner_emulator: SpannerAdminEmulator, emulator_clock: ManualClock
) -> None:
    """A failure's reason is a line of its own, and the exit code is that of a failure."""
    spanner_emulator.plan(Plan(fail_at=0.5, fail_with=(Code.RESOURCE_EXHAUSTED, "no room left")))
    name = starter.backup()

    with Terminal("wait", name) as terminal:
        terminal.until(shows("Create backup nightly"))
        emulator_clock.advance(timedelta(hours=1))
        code = terminal.end()

    assert 1 == code
    assert terminal.lines[0].startswith("EMULATOR")
    assert "no room left" in " ".join(terminal.lines[1:3])
    assert "failed after" in terminal.lines[-1]


@pytest.mark.slow
def test_ctrl_c_leaves_the_terminal_as_it_was(
    starter: Starter, spanner_emulator: SpannerAdminEmulator
) -> None:
    """The wait ends with code 130 and the cursor back, and nothing was cancelled."""
    name = starter.backup()

    with Terminal("wait", name) as terminal:
        terminal.until(shows("Create backup nightly", "%"))
        hidden_meanwhile = terminal.cursor_hidden
        terminal.interrupt()
        code = terminal.end()

    assert (130, True, False) == (code, hidden_meanwhile, terminal.cursor_hidden)
    assert "interrupted; nothing was cancelled" in terminal.lines[-1]
    assert () == spanner_emulator.calls.of("CancelOperation")


@pytest.mark.slow
@pytest.mark.parametrize("words", [("wait", "nightly"), ("watch",)])
def test_sigterm_leaves_the_terminal_as_it_was(starter: Starter, words: tuple[str, ...]) -> None:
    """What `timeout` ends has the exit code of a shell, and the cursor is back."""
    starter.backup()
    place = ("--project", "p1", "--instance", "main")

    with Terminal(*words, *place) as terminal:
        terminal.until(shows("Create backup nightly", "%"))
        hidden_meanwhile = terminal.cursor_hidden
        terminal.terminate()
        code = terminal.end()

    assert (143, True, False) == (code, hidden_meanwhile, terminal.cursor_hidden)


@pytest.mark.slow
def test_no_color(starter: Starter) -> None:
    """NO_COLOR is heeded, and a table is otherwise in colours."""
    starter.backup()

    with (
        Terminal("list", INSTANCE) as coloured,
        Terminal("list", INSTANCE, variables={"NO_COLOR": "1"}) as plain,
    ):
        codes = coloured.end(), plain.end()

    assert (0, 0) == codes
    assert COLOUR in coloured.written
    assert COLOUR not in plain.written


@pytest.mark.slow
def test_other_characters(starter: Starter) -> None:
    """Where the terminal knows no such characters, bars and cuts are drawn with those it has."""
    name = starter.backup("nightly-with-a-name-that-is-too-long-for-a-line")

    variables = {"PYTHONIOENCODING": "latin-1"}
    with Terminal("wait", name, "--timeout", "1", columns=60, variables=variables) as terminal:
        code = terminal.end()

    assert 3 == code
    terminal.written.decode("ascii")


@pytest.mark.slow
def test_a_dumb_terminal_gets_lines(starter: Starter, emulator_clock: ManualClock) -> None:
    """What cannot move its cursor gets lines, as a pipe does."""
    name = starter.backup()
    emulator_clock.advance(timedelta(hours=1))

    with Terminal("wait", name, variables={"TERM": "dumb"}) as terminal:
        code = terminal.end()

    assert 0 == code
    assert ["Create backup nightly: succeeded after 25 min"] == terminal.lines
    assert b"\x1b" not in terminal.written


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_table_fits(starter: Starter, columns: int) -> None:
    """No line is broken, however narrow the terminal is; what an operation is comes first."""
    starter.backup("nightly-with-a-name-that-is-too-long-for-a-line")

    with Terminal("list", INSTANCE, columns=columns) as terminal:
        code = terminal.end()

    emulator, heading, line = terminal.lines
    assert emulator.startswith("EMULATOR")
    assert 0 == code
    assert heading.startswith("OPERATION_ID")
    assert line.startswith("_auto_op_")
    assert ("STARTED" in heading) == (columns >= 80)
    assert ("…" in line) == (columns < 200)


@pytest.mark.slow
def test_watch_shows_what_runs_and_how_it_ended(
    starter: Starter, emulator_clock: ManualClock
) -> None:
    """A live table: what begins is there, what ends is told once, until Ctrl-C."""
    starter.backup()

    with Terminal("watch", INSTANCE, "--interval", "2") as terminal:
        terminal.until(shows("EMULATOR", "1 operation running", "Create backup nightly"))
        starter.database("other")
        terminal.until(shows("2 operations running", "Create database other"))
        emulator_clock.advance(timedelta(hours=1))
        terminal.until(shows("no operations running", "SUCCEEDED"))
        terminal.interrupt()
        code = terminal.end()

    assert 130 == code
    assert 2 == sum("SUCCEEDED" in line for line in terminal.lines)
    assert not terminal.cursor_hidden


@pytest.mark.slow
def test_watch_goes_on_while_spanner_is_away(
    starter: Starter, spanner_emulator: SpannerAdminEmulator
) -> None:
    """What was seen last stays on the screen, with when that was, and why it is not newer."""
    starter.backup()

    with Terminal("watch", INSTANCE, "--interval", "2") as terminal:
        terminal.until(shows("1 operation running"))
        with spanner_emulator.faults.outage():
            away = terminal.until(shows("Spanner is not answering"))
        terminal.until(lambda lines: not shows("Spanner is not answering")(lines))
        terminal.interrupt()
        terminal.end()

    assert shows("Create backup nightly", "seen ")(away)
