# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Report a benchmark: tables of text with targets, kept in a file, at a terminal, or as a page.

Figures without the machine on which they were measured say nothing, so it is named, too. A part
that was measured is kept in a file: a page can be written without measuring.
"""

from __future__ import annotations

import json
import math
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil
from rich.console import Console
from rich.table import Table as RichTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


UNKNOWN = "-"
"""What stands where nothing was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure must be, and whether it is.

    :param what: what is measured, so that it is understood without its table
    :param target: what was promised, in words: ``< 0.25 s``
    :param figure: what was measured: ``0.11 s``
    :param met: None if it could not be measured
    """

    what: str
    target: str
    figure: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """The judgement in a word."""
        if self.met is None:
            return "not measured"
        return "met" if self.met else "missed"

    @classmethod
    def below(
        cls, limit: float, *, what: str, figure: float | None, unit: str, digits: int = 2
    ) -> Self:
        """Return the target that a figure is less than a limit; None was not measured."""
        return cls(
            what=what,
            target=f"< {limit:g} {unit}",
            figure=_text(figure, unit=unit, digits=digits),
            met=None if figure is None else figure < limit,
        )

    @classmethod
    def at_most(
        cls, limit: float, *, what: str, figure: float | None, unit: str, digits: int = 2
    ) -> Self:
        """Return the target that a figure is no more than a limit; None was not measured."""
        return cls(
            what=what,
            target=f"≤ {limit:g} {unit}",
            figure=_text(figure, unit=unit, digits=digits),
            met=None if figure is None else figure <= limit,
        )

    @classmethod
    def times_less(
        cls, times: float, *, what: str, ours: float | None, theirs: float | None
    ) -> Self:
        """Return the target that our figure is so many times less than somebody else's."""
        ratio = None if ours is None or theirs is None or not ours else theirs / ours
        return cls(
            what=what,
            target=f"≥ {times:g} times less",
            figure=UNKNOWN if ratio is None else f"{ratio:,.1f} times less",
            met=None if ratio is None else ratio >= times,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table.

    :param cells: one text for each column
    :param target: if a figure in this line has one; it is shown beside it
    """

    cells: tuple[str, ...]
    target: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Figures that are read together.

    :param title: a few words, without a full stop
    :param columns: what stands in each column; the first one names the line
    :param notes: sentences on how it was measured, and what went wrong
    :param targets: targets whose figures stand in several lines, or in none
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()

    @property
    def all_targets(self) -> tuple[Target, ...]:
        """The targets of the lines, and the others."""
        return tuple(row.target for row in self.rows if row.target) + self.targets

    def grid(self) -> tuple[tuple[str, ...], ...]:
        """Return head and lines, with target and verdict as columns if any line has one."""
        judged = any(row.target for row in self.rows)
        head = (*self.columns, "target", "") if judged else self.columns
        lines = [head]
        for row in self.rows:
            target = (row.target.target, row.target.verdict) if row.target else ("", "")
            lines.append((*row.cells, *target) if judged else row.cells)
        return tuple(lines)


def _text(figure: float | None, *, unit: str, digits: int) -> str:
    if figure is None:
        return UNKNOWN
    return "without limit" if math.isinf(figure) else f"{figure:.{digits}f} {unit}"


def table_of_targets(tables: Iterable[Table]) -> Table:
    """Return what was promised and what came of it, in one table."""
    found = [target for table in tables for target in table.all_targets]
    return Table(
        title="Targets",
        columns=("figure", "measured"),
        rows=tuple(Row(cells=(each.what, each.figure), target=each) for each in found),
    )


def markdown_of(table: Table) -> str:
    """Return a table as a section of a page."""
    head, *lines = table.grid()
    parts = [f"## {table.title}", "", _line(head), _line(["---"] + ["---:"] * (len(head) - 1))]
    parts += [_line(line) for line in lines]
    for note in table.notes:
        parts += ["", note]
    return "\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The tables of a part.

    :param part: its name
    :param quick: whether it was measured in a hurry
    :param machine: sentences on where it was measured
    """

    part: str
    quick: bool
    machine: tuple[str, ...]
    tables: tuple[Table, ...]

    def save(self, folder: Path) -> None:
        """Write a file for this part."""
        folder.mkdir(parents=True, exist_ok=True)
        _path(folder, self.part).write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, folder: Path, part: str) -> Self:
        """Read the file of a part.

        :raises FileNotFoundError: if it was never measured
        """
        record = json.loads(_path(folder, part).read_text())
        return cls(
            part=record["part"],
            quick=record["quick"],
            machine=tuple(record["machine"]),
            tables=tuple(map(_table, record["tables"])),
        )


def _path(folder: Path, part: str) -> Path:
    return folder / f"{part}.json"


def _table(record: dict[str, Any]) -> Table:
    return Table(
        title=record["title"],
        columns=tuple(record["columns"]),
        rows=tuple(
            Row(
                cells=tuple(row["cells"]), target=Target(**row["target"]) if row["target"] else None
            )
            for row in record["rows"]
        ),
        notes=tuple(record["notes"]),
        targets=tuple(Target(**target) for target in record["targets"]),
    )


_PACKAGES = (
    "airflow-spanner-lro",
    "apache-airflow",
    "apache-airflow-providers-google",
    "google-cloud-spanner",
    "grpcio",
    "protobuf",
)
_CPU_INFO = Path("/proc/cpuinfo")


def machine() -> tuple[str, ...]:
    """Return when and where this is, a sentence each."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()}, {platform.python_implementation()} {platform.python_version()}"
    versions = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    return (
        f"Measured on {datetime.now(tz=UTC):%Y-%m-%d} with `make bench`.",
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB of memory, {system}.",
        f"{versions}.",
    )


def _processor() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


_WITHOUT_TERMINAL = 170
_MISSED = "missed"
_PAGE = """# Benchmarks

What it costs to wait for many operations: here, with one GetOperation for each, and with other
triggers that exist; what the real triggerer and worker make of it; what a task asks; what an import
costs. Measure it yourself with `make bench`, which takes the better part of an hour and wants the
machine for itself, with some 12 GiB of memory, or with `make bench QUICK=1` in minutes. This page
was written by it.
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
