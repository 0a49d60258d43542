# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Many kills at once: which cancels go out, and what they take of the quota.

In virtual time the poller and the flow of a kill are the real ones; Spanner answers after 20 ms,
and refuses what is more than its quota. Then the same once with real processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.settlement import Ending
from tests.admin.kill_simulation import ASKED_AFTER, GRACE, QUOTA, Stroke, strike
from tests.benchmarks.report import Row, Table, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.admin.kill_simulation import Struck

WITHIN = 28.0
MINUTES = 300.0
STROKES = (
    Stroke(kills=60, instances=60, others=60, rate=0.5),
    Stroke(kills=60, instances=60, others=1_000),
    Stroke(kills=300, instances=10, others=1_000),
    Stroke(kills=300, instances=100, others=1_000),
    Stroke(kills=300, instances=100, others=1_000, rate=0.5),
    Stroke(kills=300, instances=100, others=1_000, rate=2.0),
    Stroke(kills=300, instances=100, others=1_000, busy=3.0),
    Stroke(kills=300, instances=100, others=1_000, waits=False),
)
QUICK = STROKES[:1] + STROKES[3:4]
MANY = Stroke(kills=1_000, instances=100, others=1_000)
_NOTES = (
    (
        "All operations have run and were waited for 15 minutes when the stroke comes, except "
        "those that are said to be waited for elsewhere. At a budget of 0.5 and 60 instances an "
        "operation was polled up to 140 s ago. All kills delete what was made, so they prefer a "
        "poll to what was seen before; that is the harder case."
    ),
    (
        f"Airflow takes {ASKED_AFTER:g} s to notice and to say whose the operations are; in a real "
        "triggerer see below. What was sent and not seen to end is told as *still running*."
    ),
    (
        f"The reaper comes {GRACE:g} s after the stroke, and cancels what still runs within an "
        "allowance of its own. Spanner refuses what both send beyond its quota."
    ),
)


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Let it happen in virtual time and in a real triggerer, and tell."""
    # loaded here, so that the other half can be measured where there is no PostgreSQL
    from tests.benchmarks.real_airflow import kills as real  # noqa: PLC0415

    return (*in_virtual_time(quick=quick), *real.tables(quick=quick))


def in_virtual_time(*, quick: bool) -> tuple[Table, ...]:
    """Let it happen in virtual time, which takes seconds, and tell."""
    struck = [strike(stroke) for stroke in (QUICK if quick else STROKES)]
    many = strike(MANY, looked_at_after=(WITHIN, 120.0, MINUTES))
    return (
        Table(
            title="Kills at once, in virtual time",
            columns=(
                "stroke",
                f"cancels sent within {WITHIN:g} s",
                "the last after",
                "seen to end",
                "polls in 100 s",
                "all in 100 s",
            ),
            rows=tuple(_row(each) for each in struck),
            notes=_NOTES[:2],
            targets=_limits(struck),
        ),
        Table(
            title=f"{MANY.kills:,} kills at once, and the reaper, in virtual time",
            columns=("figure", "found"),
            rows=tuple(_rows_of_many(many)),
            notes=_NOTES[2:],
        ),
    )


def _name(stroke: Stroke) -> str:
    others = f"{stroke.others:,} other waits" if stroke.waits else "waited for elsewhere"
    busy = "" if stroke.busy is None else f", or {stroke.busy:g} while ends are late"
    return (
        f"{stroke.kills} on {stroke.instances} instances, {others}, budget {stroke.rate:g} a "
        f"second{busy}"
    )


def _row(struck: Struck) -> Row:
    stroke = struck.stroke
    sent = sum(seconds <= WITHIN for seconds in struck.cancels)
    return Row(
        cells=(
            _name(stroke),
            f"{sent} of {stroke.kills}",
            f"{struck.cancels[-1]:.1f} s" if struck.cancels else "-",
            str(struck.endings[Ending.CANCELLED]),
            f"{struck.polls} of {100 * stroke.most:g}",
            f"{struck.all_} of {QUOTA}",
        ),
        target=Target.at_most(
            0,
            what=f"kills, {_name(stroke)}: cancels not sent within {WITHIN:g} s",
            figure=stroke.kills - sent,
            unit="kills",
            digits=0,
        ),
    )


def _limits(struck: Sequence[Struck]) -> tuple[Target, ...]:
    """Return what holds for every stroke."""
    return (
        Target.at_most(
            1,
            what="kills, every stroke: polls in any 100 s, as a part of what the budget allows",
            figure=max(each.polls / (100 * each.stroke.most) for each in struck),
            unit="",
        ),
        Target.at_most(
            QUOTA,
            what="kills, every stroke: requests in any 100 s, cancels included",
            figure=max(each.all_ for each in struck),
            unit="calls",
            digits=0,
        ),
    )


def _rows_of_many(struck: Struck) -> Iterator[Row]:
    unsent = struck.endings[Ending.NOT_SENT]
    yield Row(cells=("cancelled by the kills", f"{struck.stroke.kills - struck.left[WITHIN]:,}"))
    yield Row(
        cells=("neither cancelled nor told as not sent", str(struck.left[WITHIN] - unsent)),
        target=Target.at_most(
            0,
            what=f"{struck.stroke.kills:,} kills: neither cancelled nor told as not sent",
            figure=struck.left[WITHIN] - unsent,
            unit="kills",
            digits=0,
        ),
    )
    yield Row(cells=("not cancelled after 2 minutes", str(struck.left[120.0])))
    yield Row(
        cells=("not cancelled after 5 minutes", str(struck.left[MINUTES])),
        target=Target.at_most(
            0,
            what=f"{struck.stroke.kills:,} kills: not cancelled after 5 minutes",
            figure=struck.left[MINUTES],
            unit="operations",
            digits=0,
        ),
    )
    yield Row(
        cells=("requests of the triggerer in the busiest 100 s", str(struck.all_)),
        target=Target.at_most(
            QUOTA,
            what=f"{struck.stroke.kills:,} kills: requests of the triggerer in any 100 s",
            figure=struck.all_,
            unit="calls",
            digits=0,
        ),
    )
