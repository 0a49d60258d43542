# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A real triggerer whose tasks are marked failed by the hundred, beside a thousand that wait on.

``python -m tests.benchmarks.real_airflow.kills --kills 60 --instances 60`` runs it alone.
"""

# ruff: noqa: T201  # a command prints
from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from tests.benchmarks.real_airflow.command import in_scratch, run
from tests.benchmarks.real_airflow.killing import CANCEL, START, WITHIN, KillSize, observe_kills
from tests.benchmarks.real_airflow.sampling import busiest
from tests.benchmarks.report import UNKNOWN, Row, Table, Target, markdown_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.benchmarks.real_airflow.killing import Killed

USUAL = KillSize(kills=300, waits=1_000, instances=100)
QUICK = KillSize(kills=60, waits=60, instances=20, calm=10)
ROLLED_WITHIN = 60.0
_QUOTA = 500
_NOTES = (
    (
        "Airflow's own triggerer and the trigger of our operators, beside an emulator in real "
        "time; all tasks are backups, and were put into the state deferred through Airflow's "
        "models, with their records. One run. The reaper is off: the kills alone are measured."
    ),
    (
        "The stroke is one statement that marks the tasks failed in Airflow's database, which is "
        "harder than any user can strike. Seconds are counted from it to the emulator's seeing "
        "the cancel. Before that the triggerer was ended with SIGTERM and started again."
    ),
)


def tables(*, quick: bool) -> tuple[Table, ...]:
    """Let it happen, and tell."""
    size = QUICK if quick else USUAL
    return (table_of(in_scratch(lambda home: observe_kills(size, home=home))),)


def table_of(killed: Killed) -> Table:
    """Return what was seen as a table."""
    size = killed.size
    return Table(
        title=f"{size.kills} kills at once on {size.instances} instances, in a real triggerer "
        f"with {size.waits:,} other waits",
        columns=("figure", "measured"),
        rows=tuple(_rows(killed)),
        notes=_NOTES,
    )


def _rows(killed: Killed) -> Iterator[Row]:
    size, cancels = killed.size, sorted(killed.cancels)
    what = f"a real triggerer, {size.kills} kills on {size.instances} instances"
    rolled = killed.rolled_seconds
    again = "until all tasks wait again after a triggerer was ended and another started"
    yield Row(
        cells=(again, UNKNOWN if rolled is None else f"{rolled:.0f} s"),
        target=Target.at_most(ROLLED_WITHIN, what=again, figure=rolled, unit="s", digits=0),
    )
    changed = killed.rolled_calls[CANCEL] + killed.rolled_calls[START]
    yield Row(
        cells=("cancels and starts meanwhile", str(changed)),
        target=Target.at_most(
            0, what="cancels and starts while triggerers follow each other", figure=changed,
            unit="calls", digits=0,
        ),
    )  # fmt: skip
    late = size.kills - sum(seconds <= WITHIN for seconds in cancels)
    yield Row(
        cells=(f"cancels not sent within {WITHIN:g} s", str(late)),
        target=Target.at_most(
            0, what=f"{what}: cancels not sent within {WITHIN:g} s", figure=late, unit="kills",
            digits=0,
        ),
    )  # fmt: skip
    yield _row("until Airflow calls the kills: first / median / last", _spread(killed.noticed))
    yield _row("until the cancels are sent: first / median / last", _spread(cancels))
    yield Row(
        cells=("cancels of operations whose tasks wait on", str(killed.strangers)),
        target=Target.at_most(
            0, what=f"{what}: false cancels", figure=killed.strangers, unit="calls", digits=0
        ),
    )
    looks = [at for method, at in killed.calls if method != CANCEL]
    yield _row(f"polls within {WITHIN:g} s", f"{sum(at <= WITHIN for at in looks)}")
    most = busiest((at for _, at in killed.calls), seconds=100.0)
    yield Row(
        cells=("requests in the busiest 100 s", str(most)),
        target=Target.at_most(
            _QUOTA, what=f"{what}: requests in 100 s", figure=most, unit="calls", digits=0
        ),
    )
    told = killed.told
    silent = size.kills - sum(told.values()) + told["nothing"] + told["cancel sent"]
    yield Row(
        cells=("kills whose log does not say how they ended", str(silent)),
        target=Target.at_most(
            0, what=f"{what}: logs without an outcome", figure=silent, unit="logs", digits=0
        ),
    )
    words = ", ".join(f"{count} {word}" for word, count in Counter(told).most_common())
    yield _row("what the logs say", words or UNKNOWN)


def _spread(moments: Iterable[float]) -> str:
    ordered = sorted(moments)
    if not ordered:
        return UNKNOWN
    return f"{ordered[0]:.1f} / {ordered[len(ordered) // 2]:.1f} / {ordered[-1]:.1f} s"


def _row(what: str, figure: str) -> Row:
    return Row(cells=(what, figure))


def main() -> None:
    """Run it with as many kills as wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=USUAL.kills, help="(%(default)s)")
    parser.add_argument("--waits", type=int, default=USUAL.waits, help="(%(default)s)")
    parser.add_argument("--instances", type=int, default=USUAL.instances, help="(%(default)s)")
    parser.add_argument("--calm", type=float, default=USUAL.calm, help="seconds (%(default)s)")
    args = parser.parse_args()
    size = KillSize(
        kills=args.kills, waits=args.waits, instances=args.instances, calm=args.calm
    )  # fmt: skip
    print(markdown_of(table_of(in_scratch(lambda home: observe_kills(size, home=home)))))


if __name__ == "__main__":
    sys.exit(run(main))
