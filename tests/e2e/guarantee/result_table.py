# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Print the table of all rows: row, exit, expected, seen, seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.e2e.guarantee.row_runner import Outcome

_HEADINGS = ("row", "exit", "expected", "seen", "seconds", "")
_WIDTHS = (4, 52, 21, 24, 7, 6)
_PLAYED = "played"
"""Stands where ``ok`` does, for a row without processes of Airflow."""


def result_table(outcomes: Iterable[Outcome], *, allowance: float) -> Iterator[str]:
    """Yield the lines of the table, at most 120 columns wide; below it, what falls short."""
    outcomes = tuple(outcomes)
    yield _line(_HEADINGS)
    yield _line(["-" * width for width in _WIDTHS])
    for outcome in outcomes:
        row, seen = outcome.row, outcome.seen
        seconds = seen.seconds if seen else None
        short = outcome.shortfall(allowance=allowance)
        yield _line(
            (
                row.id,
                row.exit,
                row.expected,
                seen.words if seen else "an error",
                "" if seconds is None else f"{seconds:.1f}".rjust(_WIDTHS[4]),
                "SHORT" if short else _PLAYED if row.played else "ok",
            )
        )
    falling = [(each.row, each.shortfall(allowance=allowance)) for each in outcomes]
    falling = [(row, short) for row, short in falling if short]
    yield ""
    yield f"Rows: {len(outcomes)}, short: {len(falling) or 'none'}."
    if number := sum(each.row.played for each in outcomes):
        yield (
            f"Played with a fake task, since no process of Airflow can be brought there: {number}; "
            "all others with real ones."
        )
    for row, short in falling:
        yield f"{row.id}: {short.splitlines()[0]}"


def _line(cells: Sequence[str]) -> str:
    fitted = (
        (cell if len(cell) <= width else f"{cell[: width - 1]}…").ljust(width)
        for cell, width in zip(cells, _WIDTHS, strict=True)
    )
    return " ".join(fitted).rstrip()
