# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which ends a measurement counts, and how late each was noticed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.benchmarks.waiting.audit_log import DELIVERED_AFTER
from tests.benchmarks.waiting.measurement import Cell, Delay, _Measurement
from tests.benchmarks.waiting.operations import Service, World
from tests.benchmarks.waiting.plan import full, quick
from tests.benchmarks.waiting.sides import Side

ENDING = 1_000.0
WORLD = World(service=Service.SPANNER, operations=100, instances=1, seed=1, endings_within=90.0)
ENDS = {item.name: item.ends_after for item in WORLD.items() if item.ends_after is not None}


def delays(
    side: Side, *, detected: dict[str, float], uncounted: float, closed: float = ENDING + 100
) -> tuple[Delay, ...]:
    """Return what is counted of the ends of the world."""
    cell = Cell(
        side=side,
        operations=100,
        instances=1,
        window=100 - uncounted,
        endings_within=90 - uncounted,
        uncounted=uncounted,
    )
    child: Any = SimpleNamespace(memory=0)
    measurement = _Measurement(cell, WORLD, server=child, client=child)
    return measurement._delays(detected, ending=ENDING, closed=closed)


def test_ends_before_the_window_are_not_counted() -> None:
    """They only show that ends are announced."""
    detected = {name: ENDING + after + 2 for name, after in ENDS.items()}
    late = [after for after in ENDS.values() if after >= 40]

    found = delays(Side.WAKE_UPS, detected=detected, uncounted=40)

    assert 0 < len(late) < len(ENDS)
    assert [pytest.approx(2)] * len(late) == [each.seconds for each in found]
    assert {DELIVERED_AFTER} == {each.allowed for each in found}


def test_an_end_that_was_noticed_after_the_window_was_not_noticed() -> None:
    """Nobody knows how many more would have been, later still."""
    detected = dict.fromkeys(ENDS, ENDING + 101)

    found = delays(Side.OURS, detected=detected, uncounted=0)

    assert [None] * len(ENDS) == [each.seconds for each in found]


@pytest.mark.parametrize("stages", [quick(), full()], ids=["quick", "full"])
def test_wake_ups_are_measured_beside_as_many_without(stages: Any) -> None:
    """So that there is a line to compare each with."""
    cells = [cell for stage in stages for cell in (*stage.cells, *stage.lasting)]
    sizes = {
        side: {(cell.operations, cell.instances) for cell in cells if cell.side is side}
        for side in (Side.OURS, Side.WAKE_UPS)
    }

    assert sizes[Side.WAKE_UPS]
    assert sizes[Side.WAKE_UPS] <= sizes[Side.OURS]
