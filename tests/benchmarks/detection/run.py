# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How late ends are noticed, beside the targets; in virtual time, so it takes minutes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.benchmarks.detection.simulation import (
    Delivery,
    Noticed,
    get_each_ten_seconds,
    oracle,
    poll,
)
from tests.benchmarks.detection.virtual_operations import Shape
from tests.benchmarks.detection.workloads import WORKLOADS, Workload
from tests.benchmarks.report import Row, Table, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.detection.virtual_operations import VirtualOperation

BUSY = 3.0
_GETS = 100
_WAKE_UPS = {
    "wake-ups": Delivery(),
    "wake-ups, one in fifty lost": Delivery(lost=0.02),
}
_NOTES = (
    (
        "Seconds until half of the ends, and until 95 in a hundred, were noticed; all seeds "
        "together. The poller is the project's own, its budget one request a second, and "
        "`poll_interval` 30 s. Operations start within a minute and are waited for from then on."
    ),
    (
        "*slow end*: at 99 % when seven tenths of the time are over. *steps*: quarters only. The "
        "oracle knows when operations end, and asks for nothing else, within the same budget."
    ),
)


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Simulate all workloads."""
    workloads = WORKLOADS[:-1] if quick else WORKLOADS
    one = [_simulate(each, shape, quick=quick) for each in workloads for shape in each.shapes]
    return (
        Table(
            title="Ends noticed, one request a second, in virtual time",
            columns=(
                "",
                "progress",
                "p50 / p95",
                "target",
                "oracle",
                "requests/s",
                "most in 100 s",
            ),
            rows=tuple(each.row for each in one),
            notes=_NOTES,
            targets=tuple(target for each in one for target in each.targets),
        ),
        _busy([each for each in workloads if _fits(each)], quick=quick),
        *(() if quick else (_woken(WORKLOADS[-1]),)),
    )


class _Simulated:
    """A workload that was simulated, with one way of telling progress."""

    def __init__(self, workload: Workload, shape: Shape, *, ours: Noticed, best: Noticed) -> None:
        name = f"{workload.name}, {shape.value}"
        target = workload.targets.get(shape)
        self.row = Row(
            cells=(
                workload.name,
                shape.value,
                _both(ours),
                f"{target[0]:g} / {target[1]:g}" if target else "",
                _both(best),
                f"{ours.rate:.2f}",
                str(ours.busiest),
            )
        )
        self.targets = [
            Target.at_most(100, what=f"{name}: in any 100 s", figure=ours.busiest, unit="requests")
        ]
        for part, limit in zip((0.5, 0.95), target or (), strict=False):
            what = f"{name}: {100 * part:g} in 100 ends within"
            self.targets.append(
                Target.at_most(limit, what=what, figure=ours.quantile(part), unit="s")
            )


def _simulate(workload: Workload, shape: Shape, *, quick: bool) -> _Simulated:
    sys.stderr.write(f"bench: {workload.name}, {shape.value}\n")
    return _Simulated(
        workload,
        shape,
        ours=_all_seeds(workload, shape, poll, quick=quick),
        best=_all_seeds(workload, shape, oracle, quick=quick),
    )


def _busy(workloads: Sequence[Workload], *, quick: bool) -> Table:
    """Let the budget rise, and compare with a get for each operation every ten seconds."""
    rows, targets = [], []
    for workload in workloads:
        for shape in Shape:
            ours = _all_seeds(
                workload, shape, lambda operations: poll(operations, busy=BUSY), quick=quick
            )
            theirs = _all_seeds(workload, shape, get_each_ten_seconds, quick=quick)
            rows.append(
                Row(
                    cells=(
                        workload.name,
                        shape.value,
                        _both(ours),
                        _both(theirs),
                        f"{ours.rate:.2f}",
                        f"{theirs.rate:.2f}",
                        str(ours.busiest),
                    )
                )
            )
            name = f"{workload.name}, {shape.value}, up to {BUSY:g} requests a second"
            targets.append(
                Target.at_most(
                    100 * BUSY, what=f"{name}: in any 100 s", figure=ours.busiest, unit="requests"
                )
            )
            targets += [
                Target.at_most(
                    round(theirs.quantile(part), 2),
                    what=f"{name}: {100 * part:g} in 100 ends, as a get each 10 s",
                    figure=ours.quantile(part),
                    unit="s",
                )
                for part in (0.5, 0.95)
            ]
    return Table(
        title="The same where the budget may rise, beside a get each 10 s",
        columns=(
            "",
            "progress",
            "p50 / p95",
            "a get each 10 s",
            "requests/s",
            "of the gets",
            "most in 100 s",
        ),
        rows=tuple(rows),
        targets=tuple(targets),
    )


def _fits(workload: Workload) -> bool:
    """Tell whether gets of each operation would not be refused at once for want of quota."""
    return sum(batch.count for batch in workload.batches) <= _GETS


def _woken(workload: Workload) -> Table:
    """Let wake-ups come."""
    rows, targets = [], []
    for name, delivery in _WAKE_UPS.items():
        sys.stderr.write(f"bench: {workload.name}, {name}\n")
        found = poll(workload.operations(shape=Shape.NONE, seed=0), busy=BUSY, delivery=delivery)
        beside = found.beside_ends
        rows.append(
            Row(
                cells=(
                    f"{workload.name}, {name}",
                    _both(found),
                    f"{found.rate:.2f}",
                    f"{beside:.2f}",
                    str(found.busiest),
                )
            )
        )
        if not delivery.lost:
            targets += [
                Target.at_most(
                    2,
                    what=f"{workload.name}, {name}: 95 in 100 ends, after delivery",
                    figure=found.quantile(0.95),
                    unit="s",
                ),
                Target.at_most(
                    0.3,
                    what=f"{workload.name}, {name}: requests beside one for each end",
                    figure=beside,
                    unit="/s",
                ),
            ]
    return Table(
        title="With wake-ups, in virtual time",
        columns=("", "p50 / p95 after delivery", "requests/s", "beside ends", "most in 100 s"),
        rows=tuple(rows),
        notes=(
            (
                "Progress is not told. A wake-up is delivered 0.3 to 3 s after the end; where it "
                "is lost, seconds count from the end. Requests beside ends are those beyond one "
                "for each end, counted from a minute after the first end: before that nothing has "
                "shown that ends are announced."
            ),
        ),
        targets=tuple(targets),
    )


def _all_seeds(
    workload: Workload,
    shape: Shape,
    simulate: Callable[[list[VirtualOperation]], Noticed],
    *,
    quick: bool,
) -> Noticed:
    found = Noticed()
    for seed in range(1 if quick else workload.seeds):
        found.add(simulate(workload.operations(shape=shape, seed=seed)))
    return found


def _both(noticed: Noticed) -> str:
    return f"{noticed.quantile(0.5):.2f} / {noticed.quantile(0.95):.2f}"
