# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What several runs say together."""

from __future__ import annotations

import math

import pytest

from tests.benchmarks.waiting.measurement import Cell, Delay, Figures
from tests.benchmarks.waiting.sides import Side
from tests.benchmarks.waiting.summary import percentile, summaries


def run(operations: int, *, requests: float | None, delays: tuple[Delay, ...] = ()) -> Figures:
    """Return what a run has measured."""
    cell = Cell(
        side=Side.OURS, operations=operations, instances=1, window=60.0, endings_within=20.0
    )
    return Figures(
        cell=cell,
        started=operations,
        starting=1.0,
        memory=1.0,
        connections=1,
        requests=requests,
        delays=delays,
    )


def test_a_percentile_is_one_of_the_values() -> None:
    """The least that so many percent do not exceed."""
    assert 19 == percentile(range(1, 21), 95)


def test_a_cell_has_the_median_of_its_runs() -> None:
    """One bad run does not decide, and a run without the figure has no part in it."""
    runs = [run(10, requests=requests) for requests in (1.0, 2.0, 90.0, None)]

    (summary,) = summaries(runs)

    assert 2.0 == summary.median("requests")


def test_cells_come_in_order_of_their_size() -> None:
    """Whatever the order in which they were measured."""
    runs = [run(operations, requests=1.0) for operations in (1_000, 10, 100)]

    assert [10, 100, 1_000] == [each.operations for each in summaries(runs)]


def test_requests_beside_the_ends_are_those_that_no_noticed_end_accounts_for() -> None:
    """One for each end that was noticed is fair; the window has a minute."""
    delays = (Delay(seconds=1.0, allowed=0.5), *[Delay(seconds=None, allowed=0.5)] * 2)

    (summary,) = summaries([run(10, requests=0.5, delays=delays)])

    assert pytest.approx(29 / 60) == summary.beside_ends


def test_an_end_that_nobody_noticed_counts_as_never() -> None:
    """Leaving it out would make the slowest look fast."""
    delays = (Delay(seconds=1.0, allowed=5.0), Delay(seconds=None, allowed=5.0))

    (summary,) = summaries([run(10, requests=1.0, delays=delays)])

    assert (1.0, math.inf) == (summary.delay(50), summary.delay(95))


def test_a_delay_is_compared_with_its_own_interval() -> None:
    """A young operation has to be noticed sooner than an old one."""
    delays = (Delay(seconds=3.0, allowed=1.0), Delay(seconds=25.0, allowed=30.0))

    (summary,) = summaries([run(10, requests=1.0, delays=delays)])

    assert 2.0 == summary.delay_beyond(95)
