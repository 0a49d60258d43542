# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a benchmark hands over: tables of text, with a target beside each figure that has one.

Every module that measures offers ``tables(*, quick: bool) -> tuple[Table, ...]`` and knows nothing
of terminals and pages; how tables are shown is known here alone. Figures become text where they are
measured, because only there it is known how many digits mean something.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

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
