# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of waiting as tables, and as targets: what was promised, judged by the figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from airflow_spanner_lro import settings
from tests.benchmarks.report import UNKNOWN, Row, Table, Target
from tests.benchmarks.waiting.audit_log import DELIVERED_AFTER
from tests.benchmarks.waiting.request_log import OVER
from tests.benchmarks.waiting.sides import PROVIDER, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.benchmarks.waiting.summary import Summary


KIB = 1024
_NEVER = "later"
_GROWING = 10
_HOW = (
    """All sides asked the same server, a process of its own, over TLS on the loopback; each
measurement had a fresh server and a fresh client process. Requests and connections are what the
server saw: how many connections were open at once, and how many were opened in all. Where several
runs were made, figures are medians; of "most" they are the highest. Triggers had started when the
server had been asked about each; ours, whose first looks have to fit into the budget, when all
were waiting.""",
    """Triggers were run as Airflow's triggerer runs them: one task each, in one event loop, without
the span, the portal to sync code and the log lines that it adds for each of any class. Memory is by
how much the process's resident memory grew for each trigger, from when everything was loaded and
one trigger had run to the end of the window; with few triggers it is mostly noise. CPU and blocks
while waiting are those of the window, after all had started.""",
    """One in fifty operations was at most five minutes old when the wait began, the others were ten
minutes to four hours old; as many ended as if each took an hour, and at least 5. Half of ours were
backups, which tell their progress, half schema changes. Triggers had no deadline unless their line
says so.""",
    """The provider's classes asked at their default intervals and got their connection from the
environment, which costs them less than in a triggerer. Only their endpoint was replaced, and the
credentials of all sides are anonymous.""",
    f"""With wake-ups, an entry of the audit log was published {DELIVERED_AFTER:g} s after each end
to a double of Pub/Sub in the server's process, which speaks the protocol of the real one; its
connection counts among those that are open. The window began when all had been seen and ends had
been announced for one to five minutes, the longer the more instances; as many ended as if each took
70 minutes. Only there the budget could rise, as in a triggerer that has Airflow's database; the
others of ours kept to max_admin_requests_per_second.""",
    """Measurements that leave the machine almost idle shared their windows, but none started its
triggers while another did.""",
)
_HOW_SOON = f"""From the end at the server until the trigger yielded its event; the delays of all
runs are taken together, and '{_NEVER}' is after the window. The interval is the one in force when
the operation ended: a tenth of its age, from 1 s to 30 s; with wake-ups the {DELIVERED_AFTER:g} s
until they are delivered."""
_HOW_BOUND = """The budget binds where the server saw at least 80 % of it: then intervals
stretch evenly."""


def costs(all_: Sequence[Summary]) -> Table:
    """Return what waiting costs."""
    rows = [
        Row(
            cells=(
                *_who(each),
                _number(each.median("requests"), 2),
                _number(each.most("busiest"), 0),
                _number(each.median("cpu"), 2),
                _number(_kib(each), 1),
                _number(each.most("connections"), 0),
                _number(each.median("peers"), 0),
                _milliseconds(each.median("block_starting")),
                _milliseconds(each.median("block_waiting")),
                _number(each.median("starting"), 1),
                str(len(each.runs)),
            )
        )
        for each in all_
    ]
    return Table(
        title="What waiting costs",
        columns=(
            "side",
            "operations",
            "instances",
            "requests/s",
            "most in 100 s",
            "CPU s/min",
            "KiB each",
            "connections",
            "opened",
            "block, starting",
            "block, waiting",
            "s to start",
            "runs",
        ),
        rows=tuple(rows),
        notes=(*_HOW, _capacity(all_), *_troubles(all_)),
    )


def delays(all_: Sequence[Summary]) -> Table:
    """Return how soon an end was noticed."""
    rows = []
    for each in all_:
        noticed = sum(delay.seconds is not None for delay in each.delays)
        if not each.delays:
            continue
        beyond = each.delay_beyond(95) if each.side.of_us else None
        rows.append(
            Row(
                cells=(
                    *_who(each),
                    *(_seconds(each.delay(percent)) for percent in (50, 95, 99)),
                    _seconds(beyond),
                    f"{noticed:,} of {len(each.delays):,}",
                    ("yes" if each.bound(_budget(each)) else "no") if each.side.of_us else "",
                )
            )
        )
    return Table(
        title="How soon an end is noticed",
        columns=(
            "side",
            "operations",
            "instances",
            "p50",
            "p95",
            "p99",
            "p95 less the interval",
            "ends noticed",
            "budget binds",
        ),
        rows=tuple(rows),
        notes=(_HOW_SOON, _HOW_BOUND),
    )


def growth(all_: Sequence[Summary]) -> Table:
    """Return how each figure grows when there are ten times as many operations."""
    found = {(each.side, each.instances, each.operations): each for each in all_}
    rows = []
    for (side, instances, operations), few in found.items():
        many = found.get((side, instances, operations * _GROWING))
        if many is None:
            continue
        figures = ("requests", "cpu", "memory", "peers", "block_starting", "block_waiting")
        ratios = [_ratio(few.median(figure), many.median(figure)) for figure in figures]
        step = f"{operations:,} → {operations * _GROWING:,}"
        rows.append(Row(cells=(side, _instances(few), step, *ratios)))
    return Table(
        title="How each figure grows with ten times as many operations",
        columns=(
            "side",
            "instances",
            "operations",
            "requests/s",
            "CPU",
            "memory of each",
            "connections opened",
            "block, starting",
            "block, waiting",
        ),
        rows=tuple(rows),
        notes=("1.0 means that a figure does not grow; 10.0 that it grows as N does.",),
    )


def _budget(each: Summary) -> float:
    if each.side.listens:
        return settings.max_admin_requests_per_second_busy()
    return settings.max_admin_requests_per_second()


def _who(each: Summary) -> tuple[str, str, str]:
    return each.side, f"{each.operations:,}", _instances(each)


def _instances(each: Summary) -> str:
    return str(each.instances) if each.side.of_us else ""


def _kib(each: Summary) -> float | None:
    memory = each.median("memory")
    return None if memory is None else memory / KIB


def _number(figure: float | None, digits: int) -> str:
    return UNKNOWN if figure is None else f"{figure:,.{digits}f}"


def _milliseconds(figure: float | None) -> str:
    return UNKNOWN if figure is None else f"{figure * 1000:,.0f} ms"


def _seconds(figure: float | None) -> str:
    if figure is None:
        return ""
    return _NEVER if math.isinf(figure) else f"{figure:,.1f} s"


def _ratio(few: float | None, many: float | None) -> str:
    return UNKNOWN if not few or many is None else f"{many / few:,.1f}"


def _capacity(all_: Sequence[Summary]) -> str:
    costs_ = [each.median("server_cpu") for each in all_ if each.side is Side.GETS]
    least = min((cost for cost in costs_ if cost), default=None)
    if least is None:
        return "The server's capacity was not measured."
    return (
        f"The server took {least * 1000:.2f} ms of CPU for each GetOperation on one connection, so "
        f"it could have answered some {1 / least:,.0f} a second with a core to itself."
    )


def _troubles(all_: Sequence[Summary]) -> list[str]:
    return [
        f"{each.side}, {each.operations:,} operations: {' '.join(trouble.split())}."
        for each in all_
        for trouble in each.troubles
    ]


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
    free = [each for each in ours if not each.bound(_budget(each)) and not each.side.listens]
    woken = next((each for each in ours if each.side.listens and each.operations == 10_000), None)
    return (
        Target.at_most(
            settings.max_admin_requests_per_second_busy() * OVER,
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
        Target.at_most(
            2,
            what="p95 of the delay beyond the delivery, with wake-ups, 10,000 on 100 instances",
            figure=woken.delay_beyond(95) if woken else None,
            unit="s",
            digits=1,
        ),
        Target.at_most(
            0.3,
            what="requests beside one for each end, with wake-ups, 10,000 on 100 instances",
            figure=woken.beside_ends if woken else None,
            unit="requests/s",
        ),
    )


def _most(figures: Iterable[float | None]) -> float | None:
    return max((figure for figure in figures if figure is not None), default=None)
