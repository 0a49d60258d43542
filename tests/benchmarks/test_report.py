# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Figures and targets: a benchmark that misjudges is worse than none.

What was found comes back from its file as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.report import Found, Row, Table, Target, markdown_of, table_of_targets

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("figure", "verdict"), [(0.24, "met"), (0.25, "missed"), (None, "not measured")]
)
def test_below_a_limit_means_less_than_it(figure: float | None, verdict: str) -> None:
    """The limit itself is too much, and what was not measured is not met."""
    target = Target.below(0.25, what="import", figure=figure, unit="s")

    assert verdict == target.verdict


@pytest.mark.parametrize(("figure", "verdict"), [(100.0, "met"), (101.0, "missed")])
def test_at_most_a_limit_includes_it(figure: float, verdict: str) -> None:
    """The limit itself is allowed."""
    target = Target.at_most(100, what="requests", figure=figure, unit="requests")

    assert verdict == target.verdict


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [(1.0, 40.0, "met"), (1.0, 39.9, "missed"), (None, 40.0, "not measured")],
)
def test_so_many_times_less_compares_theirs_with_ours(
    ours: float | None, theirs: float, verdict: str
) -> None:
    """Ours has to be the smaller one."""
    target = Target.times_less(40, what="requests", ours=ours, theirs=theirs)

    assert verdict == target.verdict


def test_a_target_stands_beside_its_figure() -> None:
    """A table with a target has two columns more, which are empty in other lines."""
    target = Target.below(1, what="cpu", figure=0.5, unit="s")
    rows = (Row(cells=("ours", "0.50 s"), target=target), Row(cells=("theirs", "5.00 s")))
    table = Table(title="Costs", columns=("side", "CPU"), rows=rows, notes=("A note.",))

    page = markdown_of(table)

    assert [
        "## Costs",
        "",
        "| side | CPU | target |  |",
        "| --- | ---: | ---: | ---: |",
        "| ours | 0.50 s | < 1 s | met |",
        "| theirs | 5.00 s |  |  |",
        "",
        "A note.",
    ] == page.splitlines()


def test_all_targets_stand_in_one_table() -> None:
    """Those of lines and those of tables, in the order of the tables."""
    one = Target.below(1, what="cpu", figure=2.0, unit="s")
    two = Target.at_most(1, what="delay", figure=1.0, unit="s")
    first = Table(
        title="A", columns=("side",), rows=(Row(cells=("ours",), target=one),), targets=(two,)
    )

    table = table_of_targets([first])

    assert [("cpu", "2.00 s"), ("delay", "1.00 s")] == [row.cells for row in table.rows]


def test_what_was_found_comes_back(tmp_path: Path) -> None:
    """Tables, targets and the machine survive the file."""
    target = Target.below(1, what="cpu", figure=0.5, unit="s")
    table = Table(
        title="Costs",
        columns=("side", "CPU"),
        rows=(Row(cells=("ours", "0.5"), target=target), Row(cells=("theirs", "5"))),
        notes=("A note.",),
        targets=(target,),
    )
    found = Found(part="waiting", quick=True, machine=("Two cores.",), tables=(table,))

    found.save(tmp_path)

    assert found == Found.load(tmp_path, "waiting")
