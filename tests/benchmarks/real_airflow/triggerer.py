# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The real triggerer with thousands of deferred tasks: its load, its requests, and its promptness.

``python -m tests.benchmarks.real_airflow.triggerer --tasks 500`` runs it alone.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from airflow_spanner_lro.provider_info import get_provider_info
from tests.benchmarks.real_airflow.deferred_tasks import CAPACITY, Crowd, Size, observe
from tests.benchmarks.real_airflow.runner import in_scratch, run
from tests.benchmarks.report import UNKNOWN, Row, Table, Target, markdown_of
from tests.cluster.process_usage import between, busiest, percentile

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS, INSTANCES = 5_000, 50
QUICK = Size(tasks=50, instances=5, calm=20, spread=20)
_NOTES = (
    (
        f"Airflow's own triggerer with a capacity of {CAPACITY:,} and the trigger of our "
        "operators, beside an emulator in real time. One run; memory is RSS."
    ),
    (
        "The tasks were put into the state deferred through Airflow's models, row by row as its "
        "execution API does it, since workers would take hours to defer as many. Resuming on "
        "workers is not part of the figures, except for the sample that is named."
    ),
    (
        "A delay is counted from the end of the operation on the emulator until Airflow scheduled "
        "the task again (`task_instance.scheduled_dttm`), so it includes the second that the "
        "triggerer leaves between its rounds. So many operations end at once on purpose: as "
        "long as they do, the budget binds, and a delay is mostly the wait for it."
    ),
)
_WINDOW = 100.0
_THOUSAND = 1_000
_MIB, _KIB = 2**20, 2**10
_SETTLING = 5.0
"""Seconds after the last start in which loading may still go on."""
_IMPORTS = 20.0
"""Seconds after the first start in which what all triggers share is loaded, once."""


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Let it happen, and tell."""
    size = QUICK if quick else Size(tasks=TASKS, instances=INSTANCES)
    return (table_of(in_scratch(lambda home: observe(size, home=home))),)


def table_of(crowd: Crowd) -> Table:
    """Return what was seen as a table."""
    size = crowd.size
    rows = (*_loading(crowd), *_waiting(crowd), *_asking(crowd), *_ending(crowd))
    return Table(
        title=f"A real triggerer with {size.tasks:,} deferred tasks on {size.instances} instances",
        columns=("figure", "measured"),
        rows=tuple(rows),
        notes=_NOTES,
    )


def _loading(crowd: Crowd) -> Iterator[Row]:
    begun, starts = crowd.begun, [each.timestamp() for each in crowd.starts]
    if not starts:
        yield _row("until all triggers run", UNKNOWN)
        return
    first, last = starts[0] - begun, starts[-1] - begun
    yield _row("from the start of the triggerer until its first trigger runs", _seconds(first))
    yield _row(f"until all {len(starts):,} triggers run", _seconds(last))
    if loading := between(crowd.samples, begun, starts[-1]):
        cpu = loading[1].cpu - crowd.samples[0].cpu
        yield _row("CPU time until then, both processes", _seconds(cpu))
    loaded = starts[-1] + _SETTLING
    early = [each.seconds for each in crowd.blocks if each.at.timestamp() <= loaded]
    late = [each.seconds for each in crowd.blocks if each.at.timestamp() > loaded]
    for when, blocks in (("until then", early), ("after that", late)):
        yield _row(
            f"warnings of a blocked event loop (0.2 s and more) {when}",
            f"{len(blocks)}, the longest {max(blocks):.2f} s" if blocks else "none",
        )


def _waiting(crowd: Crowd) -> Iterator[Row]:
    if not (crowd.starts and crowd.ends):
        return
    loaded = crowd.starts[-1].timestamp() + _SETTLING
    first_end = min(crowd.ends.values()).timestamp()
    calm = between(crowd.samples, loaded, first_end)
    if calm is None:
        yield _row("memory and CPU while all wait", f"{UNKNOWN} (they ended before all had begun)")
        return
    before, after = calm
    tasks, minutes = crowd.size.tasks, (after.at - before.at) / 60
    idle = sum(each.memory for each in crowd.idle)
    yield _row(
        "memory of both processes, without triggers → while all wait",
        f"{idle / _MIB:,.0f} → {after.memory / _MIB:,.0f} MiB",
    )
    imported = crowd.starts[0].timestamp() + _IMPORTS
    some = next(
        (each for each in crowd.samples if each.running >= tasks // 5 and each.at >= imported), None
    )
    if some is not None and after.running - some.running >= tasks // 2:
        more = (after.running - some.running) * _KIB
        main = (after.main.memory - some.main.memory) / more
        runner = (after.runner.memory - some.runner.memory) / more
        yield _row(
            f"memory of each trigger beyond the first {some.running:,}",
            f"runner {runner:.1f} KiB, main process {main:.1f} KiB",
        )
    both = (after.cpu - before.cpu) / minutes
    runner = (after.runner.cpu - before.runner.cpu) / minutes
    yield _row(
        f"CPU a minute while all wait, over {after.at - before.at:.0f} s",
        f"{both:.1f} s, of which the runner {runner:.1f} s",
    )
    if tasks >= _THOUSAND:
        # with few of them it is what the process costs without any
        share = runner / tasks * _THOUSAND
        yield _row("the runner's CPU a minute for 1,000 tasks", f"{share:.2f} s")


def _asking(crowd: Crowd) -> Iterator[Row]:
    options = get_provider_info()["config"]["spanner_lro"]["options"]
    budget = float(options["max_admin_requests_per_second"]["default"])
    most = busiest((at for _, at in crowd.calls), seconds=_WINDOW) / _WINDOW
    yield Row(
        cells=(f"requests per second, the busiest {_WINDOW:g} s", f"{most:.2f}"),
        target=Target.at_most(
            budget,
            what=f"a real triggerer with {crowd.size.tasks:,} tasks: requests per second over any "
            f"{_WINDOW:g} s",
            figure=most,
            unit="/s",
        ),
    )
    methods = Counter(method for method, _ in crowd.calls)
    told = ", ".join(f"{count:,} {method}" for method, count in methods.most_common())
    yield _row("requests in all", f"{len(crowd.calls):,}: {told}")


def _ending(crowd: Crowd) -> Iterator[Row]:
    delays = [
        (resumed - crowd.ends[task]).total_seconds() for task, resumed in crowd.resumed.items()
    ]
    if delays:
        first, last = min(crowd.ends.values()), max(crowd.ends.values())
        yield _row("operations ended within", _seconds((last - first).total_seconds()))
        after = (max(crowd.resumed.values()) - last).total_seconds()
        yield _row("from the last end until every task was scheduled again", _seconds(after))
        shares = " / ".join(f"{percentile(delays, share):.1f}" for share in (50, 95, 99))
        yield _row("delay p50 / p95 / p99", f"{shares} s, at most {max(delays):.1f} s")
    lost = crowd.size.tasks - len(crowd.resumed)
    states = ", ".join(f"{count:,} {state}" for state, count in crowd.lost.items())
    yield Row(
        cells=("tasks not resumed by their trigger's event", f"{lost} ({states})" if lost else "0"),
        target=Target.at_most(
            0,
            what=f"a real triggerer with {crowd.size.tasks:,} tasks: tasks not resumed",
            figure=lost,
            unit="tasks",
            digits=0,
        ),
    )
    yield _row("of a sample that workers then resumed, succeeded", crowd.by_workers)


def _row(what: str, figure: str) -> Row:
    return Row(cells=(what, figure))


def _seconds(seconds: float) -> str:
    return f"{seconds:,.1f} s"


def main() -> None:
    """Run it with as many tasks as wanted."""
    usual = Size(tasks=TASKS, instances=INSTANCES)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=TASKS, help="(%(default)s)")
    parser.add_argument("--instances", type=int, default=INSTANCES, help="(%(default)s)")
    parser.add_argument("--calm", type=float, default=usual.calm, help="seconds (%(default)s)")
    parser.add_argument("--spread", type=float, default=usual.spread, help="seconds (%(default)s)")
    args = parser.parse_args()
    size = Size(
        tasks=args.tasks,
        # an instance has room for a hundred databases
        instances=max(args.instances, -(-args.tasks // 100)),
        calm=args.calm,
        spread=args.spread,
    )
    print(markdown_of(table_of(in_scratch(lambda home: observe(size, home=home)))))


if __name__ == "__main__":
    sys.exit(run(main))
