# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The row in which hundreds of deferred tasks end at once: every cancel goes out in time."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from google.cloud import spanner_admin_database_v1 as database_v1

from tests.benchmarks.real_airflow import defer_tasks
from tests.cluster.emulator_process import admin_of
from tests.cluster.process_usage import starts_of
from tests.cluster.processes import ProcessSpec
from tests.cluster.rest_api import RunState
from tests.cluster.task_queries import Records
from tests.cluster.waiting import wait_until
from tests.e2e.guarantee.row_actions import GET_READY
from tests.e2e.guarantee.rows import ALLOWANCE, Group, Seen, row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.rest_api import DagRun
    from tests.e2e.guarantee.row_actions import RowActions
    from tests.e2e.guarantee.rows import Scenario

TASKS, INSTANCES = 300, 100
"""As in ``tests/e2e/dags/guarantee_mass_kill.py``."""
WITHIN = 28.0
MANY = Group(name="many", calm=False)
"""So many kills keep a small machine busy: no other row is played beside them."""
_TOLD = (" was cancelled", "is still running: cancellation was asked for")


@row(
    "E23",
    f"{TASKS} deferred tasks on {INSTANCES} instances marked failed in one stroke",
    within=WITHIN,
    expected=f"all cancelled within {WITHIN:g} s",
    group=MANY,
)
def many_at_once(act: RowActions) -> Scenario:
    """Airflow calls all kills within a second or two; the last cancel counts."""
    run = act.world.start("guarantee_e23")
    act.runs.append(run)
    operations = _start(act)
    _defer(act, run, operations)
    yield
    since = act.mark_run(run, RunState.FAILED)
    return _seen(act, operations, since=since)


def _start(act: RowActions) -> tuple[str, ...]:
    """Start the backups as a worker would; return the operations' names in the order of tasks."""
    emulator, started = act.world.emulator, []
    client = admin_of(emulator.endpoint)
    for number in range(TASKS):
        parent = f"{act.instance}-{number % INSTANCES}"
        database = f"{parent}/databases/{act.row.key}-{number}"
        emulator.create_database(database, if_missing=True)
        expires = datetime.now(tz=UTC) + timedelta(days=30)
        backup = database_v1.Backup(database=database, expire_time=expires)
        made = client.create_backup(
            parent=parent, backup_id=f"{act.row.key}-backup-{number}", backup=backup
        )
        started.append(made.operation.name)
    return tuple(started)


def _defer(act: RowActions, run: DagRun, operations: tuple[str, ...]) -> None:
    """Put the tasks into the state deferred, and wait until a triggerer runs all their triggers."""
    airflow = act.world.airflow
    with Records.of(airflow) as records:
        act.until(
            lambda: records.mapped(run.dag_id),
            accept=lambda made: made == TASKS,
            what="the scheduler to make all tasks",
            timeout=GET_READY,
            interval=2.0,
        )
    listed = airflow.settings.home / "operations.json"
    listed.write_text(json.dumps([[run.dag_id, *each] for each in enumerate(operations)]))
    process = airflow.run.start(
        ProcessSpec(
            name="deferring",
            command=[sys.executable, "-m", defer_tasks.__name__, str(listed)],
            environment=airflow._environment,
            directory=airflow.settings.home,
            log_path=airflow.settings.process_logs / "deferring.log",
        )
    )
    if process.wait(timeout=GET_READY) != 0:
        raise process.died()
    act.until(
        lambda: len(starts_of(_logs(act))),
        accept=lambda started: started >= TASKS,
        what=f"{TASKS} triggers to run",
        timeout=GET_READY,
        interval=1.0,
    )


def _seen(act: RowActions, operations: tuple[str, ...], *, since: float) -> Seen:
    """Wait until all are cancelled and all kills are over, and judge."""
    patience = WITHIN * ALLOWANCE

    def cancelled() -> dict[str, float]:
        calls = act.world.emulator.calls.of("CancelOperation")
        first: dict[str, float] = {}
        for call in calls:
            if call.resource in wanted and call.real_time >= since:
                first.setdefault(str(call.resource), call.real_time - since)
        return first

    wanted = set(operations)
    moments = wait_until(
        cancelled,
        accept=lambda seen: len(seen) == TASKS or time.time() > since + patience,
        timeout=patience + 10,
        what="every cancel",
        interval=0.5,
    )
    told = act.until(
        lambda: Counter(_outcome(path) for path in _logs(act).rglob("*.trigger.*.log")),
        accept=lambda seen: not seen[""] or time.time() > since + patience,
        what="every kill to tell how it ended",
        timeout=patience + 10,
        interval=2.0,
    )
    wrong = []
    if missing := TASKS - len(moments):
        wrong.append(f"{missing} of {TASKS} are not cancelled")
    if told[""]:
        wrong.append(
            f"{told['']} kills do not tell how they ended, such as {_last_words(_logs(act))}"
        )
    words = ", ".join(f"{count} {word}" for word, count in told.most_common() if word)
    return Seen(
        words=f"{len(moments)} cancelled ({words})",
        seconds=max(moments.values(), default=None),
        wrong="; ".join(wrong),
    )


def _logs(act: RowActions) -> Path:
    return act.world.airflow.settings.task_logs / f"dag_id=guarantee_{act.row.key}"


def _outcome(path: Path) -> str:
    """Return what a task's log tells about the end of its kill; nothing if it does not."""
    text = path.read_text()
    if _TOLD[0] in text:
        return "seen to end"
    return "still settling" if _TOLD[1] in text else ""


def _last_words(logs: Path) -> str:
    """Return how the logs of two tasks end that do not tell it: nobody can look at them later."""
    silent = [path for path in sorted(logs.rglob("*.trigger.*.log")) if not _outcome(path)]
    return "; ".join(f"{path.name}: {path.read_text()[-1500:]}" for path in silent[:2])
