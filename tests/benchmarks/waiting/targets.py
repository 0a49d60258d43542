# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What waiting must reach, judged by the figures: each promise in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro import settings
from tests.benchmarks.report import Target
from tests.benchmarks.waiting.ledger import OVER
from tests.benchmarks.waiting.sides import PROVIDER, Side
from tests.benchmarks.waiting.tables import KIB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.benchmarks.waiting.summary import Summary

_THOUSAND = 1_000


def targets(all_: Sequence[Summary]) -> tuple[Target, ...]:
    """Return each promise and what came of it."""
    ours = [each for each in all_ if each.side.of_us]
    thousand = {
        each.side: each
        for each in all_
        if each.operations == _THOUSAND and (not each.side.of_us or each.instances == 10)
    }
    mine, run = thousand.get(Side.OURS), thousand.get(Side.CLOUD_RUN)
    many = [each for each in ours if each.operations >= _THOUSAND]
    memory = _most(each.median("memory") for each in many)
    cpu = _most(
        None if (spent := each.median("cpu")) is None else spent * _THOUSAND / each.operations
        for each in many
    )
    starts = [each for each in ours if each.operations == _THOUSAND]
    budget = settings.max_admin_requests_per_second()
    free = [each for each in ours if not each.bound(budget)]
    return (
        Target.at_most(
            budget * OVER,
            what="requests in the busiest 100 s, ours, any number of operations and instances",
            figure=_most(each.most("busiest") for each in ours),
            unit="requests",
            digits=0,
        ),
        Target.times_less(
            40,
            what="requests for 1,000 operations on 10 instances, against the Cloud Run class",
            ours=mine.median("requests") if mine else None,
            theirs=run.median("requests") if run else None,
        ),
        Target.below(
            10,
            what="memory of a waiting operation, trigger included, from 1,000 on",
            figure=None if memory is None else memory / KIB,
            unit="KiB",
            digits=1,
        ),
        *(
            Target.times_less(
                10,
                what=f"memory of a waiting operation, of 1,000, against the {side} class",
                ours=mine.median("memory") if mine else None,
                theirs=theirs.median("memory") if (theirs := thousand.get(side)) else None,
            )
            for side in PROVIDER
        ),
        Target.below(
            1, what="CPU for 1,000 operations and a minute, from 1,000 on", figure=cpu, unit="s"
        ),
        Target.below(
            0.1,
            what="longest block of the event loop while 1,000 triggers start",
            figure=_most(each.median("block_starting") for each in starts),
            unit="s",
            digits=3,
        ),
        Target.at_most(
            1,
            what="p95 of the delay less the interval in force, where the budget does not bind",
            figure=_most(each.delay_beyond(95) for each in free),
            unit="s",
            digits=1,
        ),
    )


def _most(figures: Iterable[float | None]) -> float | None:
    return max((figure for figure in figures if figure is not None), default=None)
