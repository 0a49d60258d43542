# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which cells are measured how often, and what may go on at the same time.

Two cores are few, and the whole must not take half an hour: measurements that leave the machine
almost idle share their windows; while triggers start nobody else does, and what needs a core
for itself goes alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.waiting.measurement import Cell
from tests.benchmarks.waiting.sides import PROVIDER, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.waiting.measurement import Bench, Figures

_NOTICED_AFTER = 10.0
"""Seconds that are granted on top of an interval to notice the last end, before a window closes."""


_ANNOUNCED_OVER = 4_200.0
"""Seconds over which those end that are announced: backups of 20 to 90 minutes, started together.
Of 10,000 that are 2.4 a second; 2.8, as if each took an hour, are more than the budget allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Measurements that share their windows.

    :param lasting: those that the next stage need not wait for
    :param beside: whether it may go on beside what lasts
    """

    what: str
    cells: tuple[Cell, ...]
    lasting: tuple[Cell, ...] = ()
    beside: bool = False


def full() -> tuple[Stage, ...]:
    """Return the plan of the real thing; about twenty-five minutes."""
    few = [(10, 1), (10, 10), (100, 1), (100, 10), (1_000, 1), (1_000, 10)]
    ours = [_ours(*each, window=130) for each in few * 3 + [(10_000, 1), (10_000, 10)]]
    ours += [_ours(1_000, 10, window=130, side=Side.DEADLINES)] * 3
    ours += [_woken(1_000, 10, window=130)] * 3
    # where the budget binds it takes minutes to look at all of them once
    lasting = [_ours(operations, 100, window=290) for operations in (100, 1_000, 10_000)]
    lasting.append(_woken(10_000, 100, window=130))
    small = [
        _theirs(side, operations) for _ in range(3) for side in PROVIDER for operations in (10, 100)
    ]
    gets = [_theirs(Side.GETS, operations) for _ in range(3) for operations in (10, 100, 1_000)]
    thousand = [_theirs(side, 1_000) for side in (*PROVIDER[:2] * 3, Side.DATAPROC)]
    return (
        Stage(what="ours", cells=tuple(ours), lasting=tuple(lasting)),
        Stage(what="others, up to 1,000", cells=(*gets, *small), beside=True),
        Stage(what="the provider's classes, 1,000", cells=tuple(thousand)),
        *(
            Stage(what=f"{side}, 10,000", cells=(_theirs(side, 10_000, cap=90),))
            for side in (*[Side.GETS] * 3, *PROVIDER)
        ),
    )


def quick() -> tuple[Stage, ...]:
    """Return a plan for five minutes: each figure once, and the biggest not at all."""
    ours = [(100, 1), (100, 10), (1_000, 10), (10_000, 10)]
    theirs = [(Side.GETS, 100), (Side.GETS, 1_000), (Side.CLOUD_RUN, 100), (Side.CLOUD_RUN, 1_000)]
    theirs += [(side, 100) for side in PROVIDER[1:]]
    return (
        Stage(
            what="ours",
            cells=(
                *(_ours(*each, window=55) for each in ours),
                _woken(1_000, 10, window=55),
            ),
        ),
        Stage(what="others", cells=tuple(_theirs(*each) for each in theirs)),
    )


def _ours(operations: int, instances: int, *, window: float, side: Side = Side.OURS) -> Cell:
    return Cell(
        side=side,
        operations=operations,
        instances=instances,
        window=window,
        endings_within=window - side.interval - _NOTICED_AFTER,
    )


def _woken(operations: int, instances: int, *, window: float) -> Cell:
    return Cell(
        side=Side.WAKE_UPS,
        operations=operations,
        instances=instances,
        window=window,
        endings_within=window - _NOTICED_AFTER,
        # polls become rare only for what was seen before, and again after some ends were announced;
        # what was late by then, of 10,000 on 100 instances, took three minutes to catch up with
        settling=1.2 * instances,
        uncounted=60.0 + 2 * instances,
        duration=_ANNOUNCED_OVER,
    )


def _theirs(side: Side, operations: int, *, cap: float = 60.0) -> Cell:
    endings_within = side.interval
    return Cell(
        side=side,
        operations=operations,
        instances=1,
        window=endings_within + side.interval + _NOTICED_AFTER,
        endings_within=endings_within,
        cap=cap,
    )


async def carry_out(
    stages: tuple[Stage, ...], *, bench: Bench, tell: Callable[[str], None]
) -> tuple[Figures, ...]:
    """Measure all that is planned.

    :param tell: is told what goes on
    """
    seeds = iter(range(1, 10_000))
    async with asyncio.TaskGroup() as group:
        going: list[asyncio.Task[Figures]] = []
        lasting: list[asyncio.Task[Figures]] = []
        for place, stage in enumerate(stages, start=1):
            if not stage.beside:
                await _all(lasting)
            tell(f"{place} of {len(stages)}: {stage.what} ({_minutes(stage)})")
            loaded = asyncio.Barrier(len(stage.cells) + len(stage.lasting))
            lasting += [_begin(group, bench, cell, seeds, loaded) for cell in stage.lasting]
            cells = [_begin(group, bench, cell, seeds, loaded) for cell in stage.cells]
            going += cells
            await _all(cells)
        return tuple([await each for each in going + lasting])


def _begin(
    group: asyncio.TaskGroup,
    bench: Bench,
    cell: Cell,
    seeds: Iterator[int],
    loaded: asyncio.Barrier,
) -> asyncio.Task[Figures]:
    return group.create_task(bench.measure(cell, seed=next(seeds), loaded=loaded))


async def _all(tasks: list[asyncio.Task[Figures]]) -> None:
    if tasks:
        await asyncio.wait(tasks)


def _minutes(stage: Stage) -> str:
    seconds = max(cell.length for cell in stage.cells) + 6 * len(stage.cells)
    return f"about {seconds / 60:.0f} min"
