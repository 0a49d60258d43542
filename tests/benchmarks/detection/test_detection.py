# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark in virtual time measures what it says, and says so when something falls short."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.detection.simulation import (
    Delivery,
    get_each_ten_seconds,
    oracle,
    poll,
)
from tests.benchmarks.detection.virtual_operations import Shape
from tests.benchmarks.detection.workloads import WORKLOADS
from tests.benchmarks.report import Found, Table, Target

if TYPE_CHECKING:
    from pytest_mock import MockerFixture

FEW, MIXED = WORKLOADS[0], WORKLOADS[1]


def test_few_short_changes_reach_their_target() -> None:
    """Five schema changes of twenty seconds are noticed within a second or so, in the budget."""
    found = poll(FEW.operations(shape=Shape.LINEAR, seed=0))

    half, most = FEW.targets[Shape.LINEAR]
    assert found.quantile(0.5) <= half
    assert found.quantile(0.95) <= most
    assert found.busiest <= 100


@pytest.mark.slow
def test_every_end_is_noticed_once_and_never_before_it() -> None:
    """Whatever the progress is like."""
    for shape in Shape:
        operations = MIXED.operations(shape=shape, seed=1)

        found = poll(operations, busy=3.0)

        assert len(operations) == len(found.late)
        assert min(found.late) >= 0
        assert found.busiest <= 300


@pytest.mark.slow
def test_nobody_is_before_the_oracle() -> None:
    """Within the same budget, as often as it asks for ends only."""
    operations = MIXED.operations(shape=Shape.LINEAR, seed=2)

    best, ours, gets = (find(operations) for find in (oracle, poll, get_each_ten_seconds))

    assert best.quantile(0.5) <= ours.quantile(0.5) <= gets.quantile(0.5)


@pytest.mark.slow
def test_wake_ups_are_followed_at_once() -> None:
    """An end that is announced is noticed by the poll that follows."""
    operations = MIXED.operations(shape=Shape.NONE, seed=3)

    told, untold = poll(operations, delivery=Delivery()), poll(operations)

    assert told.quantile(0.95) < untold.quantile(0.5)


@pytest.mark.parametrize("shape", Shape)
def test_progress_never_goes_back(shape: Shape) -> None:
    """It begins at nothing, and is not complete before the end."""
    told = [shape.percent(part / 1000) for part in range(1000)]

    assert 0 == told[0]
    assert max(told) < 100
    assert all(one <= later for one, later in pairwise(told))


@pytest.mark.parametrize(("figure", "expected"), [(1.0, 0), (3.0, 1)], ids=["met", "missed"])
def test_a_target_that_is_missed_is_an_exit_code(
    mocker: MockerFixture, figure: float, expected: int
) -> None:
    """Figures in virtual time are the same everywhere, so falling short is a failure."""
    target = Target.at_most(2, what="an end", figure=figure, unit="s")
    table = Table(title="Ends", columns=("",), rows=(), targets=(target,))
    found = Found(part="detection", quick=True, machine=(), tables=(table,))
    mocker.patch.object(bench, "_measure", return_value=found)
    mocker.patch("sys.argv", ["bench", "detection"])

    assert expected == bench.main()
