# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Gathers the evidence in the end: from the emulator, from Airflow's REST API, from task logs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import grpc
from google.cloud.spanner_admin_database_v1 import DatabaseAdminClient
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)

from airflow_spanner_lro.core.kinds import OPTIMIZE_RESTORED_DATABASE

from .ambush import STARTS
from .evidence import Adoption, Call, Evidence, Operation, Task, Try
from .recipes import MADE_BY_DDL, RECIPES, Kind, target, task_of
from .verdict import CANCEL, DELETES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from airflow_spanner_lro.demo.records import DagRun

    from .evidence import Cause
    from .recipes import Recipe
    from .scene import Scene

_JUDGED = frozenset({CANCEL, *DELETES, *STARTS})
_ADOPTED = re.compile(r"of an earlier try was adopted: (\S+)")
_GOOD = frozenset({"READY", "READY_OPTIMIZING"})


def collect(
    scene: Scene, *, runs: Iterable[DagRun], causes: tuple[Cause, ...], reaped_from: float
) -> Evidence:
    """Return what there is to be judged."""
    recipes = {recipe.dag_id: recipe for recipe in RECIPES.values()}
    made = _made(scene)
    return Evidence(
        tasks=tuple(
            task
            for run in runs
            for task in _tasks(scene, run, recipe=recipes[run.dag_id], made=made)
        ),
        operations=operations_of(scene),
        calls=tuple(
            Call(method=each.method, resource=each.resource, at=each.real_time, code=each.code.name)
            for each in scene.emulator.calls.of(*_JUDGED)
        ),
        causes=causes,
        reaped_from=reaped_from,
    )


def operations_of(scene: Scene) -> tuple[Operation, ...]:
    """Return the operations that tasks have started, as they are now."""
    # the emulator has a clock of its own, which began with the machine's
    ahead = (scene.emulator.clock.now() - datetime.now(tz=UTC)).total_seconds()
    found = []
    for view in scene.emulator.operations():
        task = task_of(view.target)
        if task is None or view.kind is OPTIMIZE_RESTORED_DATABASE:
            continue
        run_id, kind = task
        found.append(
            Operation(
                name=view.name,
                run_id=run_id,
                task_id=kind,
                state=view.state,
                started=view.started.timestamp() - ahead,
                ended=view.ended.timestamp() - ahead if view.ended else None,
            )
        )
    return tuple(found)


def _tasks(scene: Scene, run: DagRun, *, recipe: Recipe, made: frozenset[str]) -> Iterator[Task]:
    for instance in scene.api.task_instances(run):
        kind = Kind(instance.task_id)
        name = target(run.run_id, kind)
        logs = scene.log_folder(run.dag_id, run.run_id) / f"task_id={kind}"
        yield Task(
            dag_id=run.dag_id,
            run_id=run.run_id,
            task_id=kind,
            target=name,
            state=instance.state,
            timeout=recipe.timeout,
            cancelled_on_kill=recipe.cancel_on_kill,
            cleans_up=kind.cleans_up,
            made=_is_changed(scene, name) if kind is Kind.DDL else name in made,
            tries=complete_tries(scene.api.tries(instance), logs=logs),
            adoptions=tuple(_adoptions(logs)),
        )


def complete_tries(known: tuple[Try, ...], *, logs: Path) -> tuple[Try, ...]:
    """Return all tries, oldest first; those that Airflow has kept no record of from their logs.

    Airflow 3.3.2 forgets one now and then, when its task fails by itself and is retried.
    """
    latest = max((each.number for each in known), default=0)
    missing = set(range(1, latest)) - {each.number for each in known}
    found = (_logged_try(number, logs=logs) for number in missing)
    return tuple(sorted((*known, *filter(None, found)), key=lambda each: each.number))


def _logged_try(number: int, *, logs: Path) -> Try | None:
    moments = [
        at
        for path in logs.glob(f"attempt={number}.log*")
        for line in path.read_text(errors="replace").splitlines()
        if (at := _moment(line))
    ]
    if not moments:
        return None
    return Try(number=number, state="failed", started=min(moments), ended=max(moments))


def _made(scene: Scene) -> frozenset[str]:
    return frozenset(each.name for each in scene.emulator.resources() if each.state in _GOOD)


def _is_changed(scene: Scene, database: str) -> bool:
    """Tell whether a database has all that the schema change makes."""
    with grpc.insecure_channel(scene.emulator.endpoint) as channel:
        client = DatabaseAdminClient(transport=DatabaseAdminGrpcTransport(channel=channel))
        schema = "\n".join(client.get_database_ddl(database=database).statements)
    return all(re.search(rf"\b{name}\b", schema) for name in MADE_BY_DDL)


def _adoptions(folder: Path) -> Iterator[Adoption]:
    """Yield what the logs of a task's tries say of adoptions."""
    for path in sorted(folder.glob("**/*.log")):
        for line in path.read_text(errors="replace").splitlines():
            found = _ADOPTED.search(line)
            if found and (at := _moment(line)):
                yield Adoption(operation=found[1].rstrip('",'), at=at)


def _moment(line: str) -> float | None:
    """Return the time of a line of a log, which is an object in JSON."""
    try:
        return datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp()
    except (ValueError, KeyError, TypeError):
        return None
