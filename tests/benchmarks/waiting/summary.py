# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""From several measurements of the same cell to one figure each: medians, and delays pooled."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.waiting.sides import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.benchmarks.waiting.measurement import Delay, Figures
BOUND_FROM = 0.8
"""From this part of the budget on it is the budget that says when to look, not the intervals. It is
spent evenly at nine tenths of the limit, so that cancels always have room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All measurements of a cell."""

    side: Side
    operations: int
    instances: int
    runs: tuple[Figures, ...]

    def median(self, figure: str) -> float | None:
        """Return the median of a figure; None if no run has it."""
        values = [value for run in self.runs if (value := getattr(run, figure)) is not None]
        return statistics.median(values) if values else None

    def most(self, figure: str) -> float | None:
        """Return the highest of a figure; None if no run has it."""
        values = [value for run in self.runs if (value := getattr(run, figure)) is not None]
        return max(values, default=None)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What went wrong, each once."""
        return tuple(dict.fromkeys(run.trouble for run in self.runs if run.trouble))

    @property
    def delays(self) -> tuple[Delay, ...]:
        """The delays of all runs."""
        return tuple(delay for run in self.runs for delay in run.delays)

    def delay(self, percent: float) -> float | None:
        """Return a percentile of the delays; infinite if those are among the unnoticed."""
        return percentile([_seconds(each) for each in self.delays], percent)

    def delay_beyond(self, percent: float) -> float | None:
        """Return a percentile of the delays, each less the interval in force."""
        return percentile([_seconds(each) - each.allowed for each in self.delays], percent)

    @property
    def beside_ends(self) -> float | None:
        """Requests a second beyond one for each end that was noticed; the median."""
        values = [
            run.requests - sum(each.seconds is not None for each in run.delays) / run.cell.window
            for run in self.runs
            if run.requests is not None
        ]
        return statistics.median(values) if values else None

    def bound(self, budget: float) -> bool:
        """Tell whether the budget was what limited the requests."""
        requests = self.median("requests")
        return requests is not None and requests >= BOUND_FROM * budget


def _seconds(delay: Delay) -> float:
    return math.inf if delay.seconds is None else delay.seconds


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the least value that so many percent do not exceed; None if there are no values."""
    if not values:
        return None
    place = max(math.ceil(len(values) * percent / 100), 1) - 1
    return sorted(values)[place]


def summaries(figures: Iterable[Figures]) -> tuple[Summary, ...]:
    """Return a summary for each cell, in the order of sides, instances and operations."""
    cells: dict[tuple[Side, int, int], list[Figures]] = {}
    for each in figures:
        key = (each.cell.side, each.cell.instances, each.cell.operations)
        cells.setdefault(key, []).append(each)
    places = {side: place for place, side in enumerate(Side)}
    return tuple(
        Summary(side=side, operations=operations, instances=instances, runs=tuple(runs))
        for (side, instances, operations), runs in sorted(
            cells.items(), key=lambda item: (places[item[0][0]], *item[0][1:])
        )
    )
