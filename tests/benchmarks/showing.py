# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The tables at a terminal, and as a page of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable

from tests.benchmarks.report import markdown_of, table_of_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.report import Table
    from tests.benchmarks.stored import Found

_WITHOUT_TERMINAL = 170
_MISSED = "missed"
_PAGE = """# Benchmarks

What it costs to wait for many operations: here, with one GetOperation for each, and with other
triggers that exist; what the real triggerer and worker make of it; what an import costs. Measure it
yourself with `make bench`, which takes the better part of an hour and wants the machine for itself,
with some 12 GiB of memory, or with `make bench QUICK=1` in minutes. This page was written by it.
"""


def all_tables(found: Sequence[Found]) -> tuple[Table, ...]:
    """Return the table of targets, and those of all parts."""
    tables = tuple(table for part in found for table in part.tables)
    return table_of_targets(tables), *tables


def show(found: Sequence[Found]) -> None:
    """Print all tables."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WITHOUT_TERMINAL)
    for sentence in _machines(found):
        console.print(sentence, highlight=False)
    for table in all_tables(found):
        console.print()
        console.print(_rich(table))
        for note in table.notes:
            console.print(" ".join(note.split()), style="dim", highlight=False)


def page(found: Sequence[Found]) -> str:
    """Return the page."""
    parts = [_PAGE, "\n".join(_machines(found)) + "\n"]
    return "\n".join(parts + [markdown_of(table) for table in all_tables(found)])


def _machines(found: Sequence[Found]) -> list[str]:
    sentences = list(dict.fromkeys(sentence for part in found for sentence in part.machine))
    hurried = [part.part for part in found if part.quick]
    if hurried:
        sentences.append(f"Measured in a hurry, once and briefly: {', '.join(hurried)}.")
    return sentences


def _rich(table: Table) -> RichTable:
    head, *lines = table.grid()
    shown = RichTable(title=table.title, title_justify="left", title_style="bold")
    for place, column in enumerate(head):
        shown.add_column(column, justify="right" if place else "left")
    for line in lines:
        shown.add_row(*line, style="bold red" if line[-1] == _MISSED else None)
    return shown
