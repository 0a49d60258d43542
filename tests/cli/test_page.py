# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The page on the command line: what it shows is what is printed, and what it lists is all."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path

import pytest

from airflow_spanner_lro.cli import arguments
from airflow_spanner_lro.cli.exit_codes import ExitCode

from .page import replayed
from .recording import session

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


@pytest.mark.slow
def test_sessions_are_true() -> None:
    """Every command on the page prints what stands below it, bars included."""
    text = PAGE.read_text()

    with contextmanager(session)() as recording:
        now = replayed(text, recording)

    assert now == text


def test_every_option_is_told() -> None:
    """Each option of each command is named in a table."""
    flags = {
        flag
        for command in arguments.COMMANDS
        for argument in command.arguments
        for flag in argument.flags
        if flag.startswith("--")
    }
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    told = {flag for line in rows for flag in re.findall(r"--[a-z-]+", line.partition(" | ")[0])}
    assert set() == flags - told


def test_every_type_and_code_is_told() -> None:
    """Types and exit codes have a row each."""
    first_cells = re.findall(r"^\| ([^|]+) \|", PAGE.read_text(), re.MULTILINE)
    words = {word for cell in first_cells for word in re.findall(r"\w+", cell)}

    assert set() == {*arguments.TYPES} - words
    assert set() == {str(code.value) for code in ExitCode} - words
