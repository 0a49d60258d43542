# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Hundreds of deferred tasks marked failed in one stroke, under a real triggerer among other waits.

What happens, in this order: backups start on the emulator and their tasks are put into the state
deferred; a triggerer loads them all and polls for a while; it is ended with SIGTERM and another one
follows, which cancels nothing; then some tasks of every Dag are marked failed by one statement.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from airflow_spanner_lro.core.operations.settlement import Ending
from tests.benchmarks.real_airflow.acting import set_scene
from tests.benchmarks.real_airflow.command import say
from tests.benchmarks.real_airflow.crowd import Size
from tests.benchmarks.real_airflow.sampling import now, starts_of
from tests.cluster.airflow import Component
from tests.cluster.errors import NotReachedError
from tests.cluster.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.real_airflow.acting import Scene

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
    with set_scene(size.crowd, home=home, options={"SPANNER_LRO__REAPER": "off"}) as scene:
        scene.prepare()
        scene.airflow.stop_component(Component.TRIGGERER)
        say(f"starting {size.crowd.tasks:,} operations on {size.instances} instances")
        operations = scene.start_operations()
        scene.defer(operations)
        say("starting the triggerer")
        _start_triggerer(scene, already=0)
        rolled = _roll(scene, calm=size.calm)
        say(f"marking {size.kills} tasks failed")
        each = size.kills // size.instances
        meant = {name for name, (_, index) in operations.items() if index < each}
        since = now()
        with scene.records.engine.connect() as connection:
            connection.execute(_MARK, {"each": each})
        _wait_for_kills(scene, count=len(meant), since=since)
        calls = scene.emulator.calls_about(since)
        logs = _kill_logs(scene.airflow.settings.task_logs)
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


def _start_triggerer(scene: Scene, *, already: int) -> float | None:
    """Start a triggerer, and return the seconds until all tasks wait in it; None if they do not.

    :param already: how many triggers of earlier ones have left a log
    """
    begun = now()
    scene.airflow.start_component(Component.TRIGGERER)
    expected = already + scene.size.tasks
    try:
        wait_until(
            lambda: len(starts_of(scene.airflow.settings.task_logs)),
            accept=lambda started: started >= expected,
            timeout=_LOADING,
            what=f"{scene.size.tasks:,} triggers to run",
            interval=1.0,
        )
    except NotReachedError as exc:
        say(str(exc))
        return None
    return now() - begun


def _roll(scene: Scene, *, calm: float) -> tuple[Counter[str], float | None]:
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
    already = len(starts_of(scene.airflow.settings.task_logs))
    scene.airflow.stop_component(Component.TRIGGERER, grace=30.0)
    took = _start_triggerer(scene, already=already)
    seconds = None if took is None else now() - since
    methods = Counter(method for method, _ in scene.emulator.calls_since(since))
    return Counter({each: methods[each] for each in (CANCEL, START)}), seconds


def _wait_for_kills(scene: Scene, *, count: int, since: float) -> None:
    """Wait until each kill is over, by the log or by the clock."""
    logs = scene.airflow.settings.task_logs
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
