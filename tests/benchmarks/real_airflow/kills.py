# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks marked failed by the hundred in one stroke, under a real triggerer, among others that wait.

What happens, in this order: backups start on the emulator and their tasks are put into the state
deferred; a triggerer loads them all and polls for a while; it is ended with SIGTERM and another one
follows, which cancels nothing; then some tasks of every Dag are marked failed by one statement.

``python -m tests.benchmarks.real_airflow.kills --kills 60 --instances 60`` runs it alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from airflow_spanner_lro.core.operations.settlement import Ending
from tests.benchmarks.real_airflow.deferred_tasks import Size, start_load
from tests.benchmarks.real_airflow.runner import in_scratch, run, say
from tests.benchmarks.report import UNKNOWN, Row, Table, Target, markdown_of
from tests.cluster.airflow import Component
from tests.cluster.errors import NotReachedError
from tests.cluster.process_usage import busiest, now, starts_of
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.benchmarks.real_airflow.deferred_tasks import TriggererUnderLoad


CANCEL, START, LIST, GET = "CancelOperation", "CreateBackup", "ListBackupOperations", "GetOperation"
WITHIN = 28.0
"""Seconds that a kill may take in Airflow."""
_LOADING = 300.0
_MARK = text(
    "update task_instance set state = 'failed', end_date = now(), updated_at = now()"
    " where state = 'deferred' and map_index < :each"
)
_CALLED = "invoking on_kill"
_SENT = "Cancel sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSize:
    """How much of it.

    :param kills: how many tasks are marked failed
    :param waits: how many others wait on
    :param instances: on how many instances, evenly
    :param calm: seconds in which all wait before anything happens
    """

    kills: int
    waits: int
    instances: int
    calm: float = 40.0

    @property
    def crowd(self) -> Size:
        """Both together, of which none ends by itself."""
        return Size(tasks=self.kills + self.waits, instances=self.instances, calm=86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What was seen.

    :param rolled_calls: what the emulator was asked to change while a triggerer followed another
    :param rolled_seconds: from SIGTERM until all tasks waited again; None if they did not
    :param noticed: seconds from the stroke until Airflow called each kill
    :param cancels: seconds from the stroke to each cancel that was meant
    :param strangers: how many operations were cancelled whose tasks still wait
    :param calls: methods and seconds from the stroke of all that was asked
    :param told: how many kills ended with each last line in their task's log
    """

    size: KillSize
    rolled_calls: Counter[str]
    rolled_seconds: float | None
    noticed: tuple[float, ...]
    cancels: tuple[float, ...]
    strangers: int
    calls: tuple[tuple[str, float], ...]
    told: Counter[str]


def observe_kills(size: KillSize, *, home: Path) -> Killed:
    """Let it all happen.

    :param home: an empty folder
    """
    # the kills alone are measured, and neither the reaper nor a second look of it
    with start_load(size.crowd, home=home, options={"SPANNER_LRO__REAPER": "off"}) as load:
        load.prepare()
        load.airflow.stop_component(Component.TRIGGERER)
        say(f"starting {size.crowd.tasks:,} operations on {size.instances} instances")
        operations = load.start_operations()
        load.defer(operations)
        say("starting the triggerer")
        _start_triggerer(load, already=0)
        rolled = _roll(load, calm=size.calm)
        say(f"marking {size.kills} tasks failed")
        each = size.kills // size.instances
        meant = {name for name, (_, index) in operations.items() if index < each}
        since = now()
        with load.records.engine.connect() as connection:
            connection.execute(_MARK, {"each": each})
        _wait_for_kills(load, count=len(meant), since=since)
        calls = load.emulator.calls_about(since)
        logs = _kill_logs(load.airflow.settings.task_logs)
        cancels = [(on, at) for method, on, at in calls if method == CANCEL]
        return Killed(
            size=size,
            rolled_calls=rolled[0],
            rolled_seconds=rolled[1],
            noticed=tuple(_noticed(path) - since for path in logs),
            cancels=tuple(at - since for on, at in cancels if on in meant),
            strangers=sum(on not in meant for on, _ in cancels),
            calls=tuple((method, at - since) for method, _, at in calls),
            told=Counter(map(_last_word, logs)),
        )


def _start_triggerer(load: TriggererUnderLoad, *, already: int) -> float | None:
    """Start a triggerer, and return the seconds until all tasks wait in it; None if they do not.

    :param already: how many triggers of earlier ones have left a log
    """
    begun = now()
    load.airflow.start_component(Component.TRIGGERER)
    expected = already + load.size.tasks
    try:
        wait_until(
            lambda: len(starts_of(load.airflow.settings.task_logs)),
            accept=lambda started: started >= expected,
            timeout=_LOADING,
            what=f"{load.size.tasks:,} triggers to run",
            interval=1.0,
        )
    except NotReachedError as exc:
        say(str(exc))
        return None
    return now() - begun


def _roll(load: TriggererUnderLoad, *, calm: float) -> tuple[Counter[str], float | None]:
    """Let a triggerer follow another one; return what was asked, and how long nobody waited."""
    end = now() + calm
    wait_until(
        now,
        accept=lambda at: at >= end,
        timeout=calm + 60,
        what="the triggers to poll for a while",
        interval=1.0,
    )
    since = now()
    already = len(starts_of(load.airflow.settings.task_logs))
    load.airflow.stop_component(Component.TRIGGERER, grace=30.0)
    took = _start_triggerer(load, already=already)
    seconds = None if took is None else now() - since
    methods = Counter(method for method, _ in load.emulator.calls_since(since))
    return Counter({each: methods[each] for each in (CANCEL, START)}), seconds


def _wait_for_kills(load: TriggererUnderLoad, *, count: int, since: float) -> None:
    """Wait until each kill is over, by the log or by the clock."""
    logs = load.airflow.settings.task_logs
    try:
        wait_until(
            lambda: sum(_is_over(path) for path in _kill_logs(logs)),
            accept=lambda over: over >= count,
            timeout=WITHIN + 15,
            what=f"{count} kills to be over",
            interval=2.0,
        )
    except NotReachedError as exc:
        say(str(exc))
    say(f"the kills took {now() - since:.0f} s")


def _kill_logs(logs: Path) -> list[Path]:
    found = logs.rglob("*.trigger.*.log")
    return [path for path in found if _CALLED in path.read_text()]


def _noticed(path: Path) -> float:
    """Return when Airflow called a kill, as by ``time.time()``."""
    line = next(each for each in path.read_text().splitlines() if _CALLED in each)
    return datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp()


def _is_over(path: Path) -> bool:
    return "trigger completed" in path.read_text()


def _last_word(path: Path) -> str:
    """Return which outcome a kill has told last in its task's log."""
    word = "nothing"
    for line in path.read_text().splitlines():
        event = str(json.loads(line).get("event", ""))
        for ending in Ending:
            if _WORDS[ending] in event:
                word = ending.value
        if event.startswith(_SENT):
            word = event.partition(";")[0].partition(":")[0].lower()
    return word


_WORDS = {
    Ending.CANCELLED: " was cancelled",
    Ending.FINISHED_FIRST: " finished first",
    Ending.STILL_RUNNING: " is still running: ",
    Ending.NOT_SENT: "the cancel was not sent",
    Ending.REFUSED: "Spanner refused to cancel",
    Ending.GONE: " is gone: ",
}


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
