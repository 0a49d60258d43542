# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Collect the evidence at the end: from the emulator, Airflow's REST API and the task logs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import grpc
from google.api_core.exceptions import NotFound
from google.cloud.spanner_admin_database_v1 import DatabaseAdminClient
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)

from airflow_spanner_lro.core.kinds import OPTIMIZE_RESTORED_DATABASE
from tests.cluster.errors import ProcessDiedError
from tests.soak.call_hooks import CANCEL, STARTS
from tests.soak.dag_specs import DAG_SPECS, MADE_BY_DDL, Kind, target, task_of
from tests.soak.evidence import DELETES, Adoption, Call, Left, Operation, SoakEvidence, Task, Try

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from airflow_spanner_lro.emulator import CallHistory, OperationView
    from tests.cluster.rest_api import DagRun, TaskInstance
    from tests.soak.dag_specs import DagSpec
    from tests.soak.environment import SoakEnvironment
    from tests.soak.evidence import Blow, Cause

_JUDGED = frozenset({CANCEL, *DELETES, *STARTS})
_ADOPTED = re.compile(r'of an earlier try was adopted\. ([^\s"]+)')
_IN_DOUBT = re.compile(r"\b(left|presumed)\b", re.IGNORECASE)
"""What a log and a list call an operation that goes on, and may not be the task's."""
_GOOD = frozenset({"READY", "READY_OPTIMIZING"})
LEDGER_KEY = "spanner_lro:"
"""How the keys of a ledger begin; who reads it must not load Airflow here."""
_HOLES = 2
"""How many keys of a ledger may be missing before those that are there."""


def collect(
    environment: SoakEnvironment,
    *,
    runs: Sequence[DagRun],
    causes: tuple[Cause, ...],
    blows: tuple[Blow, ...],
    reaped_from: float,
) -> SoakEvidence:
    """Return what there is to be judged."""
    recipes = {recipe.dag_id: recipe for recipe in DAG_SPECS.values()}
    made = _made(environment)
    instances = [instance for run in runs for instance in environment.api.task_instances(run)]
    calls = (
        *_calls(environment.emulator.calls, stranger=False),
        *_calls(environment.emulator.strangers_calls, stranger=True),
    )
    return SoakEvidence(
        tasks=tuple(
            _task(environment, each, recipe=recipes[each.dag_id], made=made) for each in instances
        ),
        operations=operations_of(environment),
        calls=tuple(sorted(calls, key=lambda call: call.at)),
        causes=causes,
        blows=blows,
        lefts=_lefts(environment, instances),
        reaped_from=reaped_from,
    )


def operations_of(environment: SoakEnvironment) -> tuple[Operation, ...]:
    """Return the operations on the targets of tasks, strangers' too, as they are now."""
    # the emulator has a clock of its own, which began with the machine's
    ahead = (environment.emulator.clock.now() - datetime.now(tz=UTC)).total_seconds()
    wishes = environment.strangers.started
    makers: dict[str, OperationView] = {}
    found = []
    for view in environment.emulator.operations():
        task = task_of(view.target)
        if task is None:
            continue
        run_id, kind = task
        optimizes = view.kind is OPTIMIZE_RESTORED_DATABASE
        # it follows a restore, and is whosever that is
        wish = wishes.get((makers[view.target] if optimizes else view).name)
        if not optimizes:
            makers[view.target] = view
        elif wish is None:
            continue
        found.append(
            Operation(
                name=view.name,
                run_id=run_id,
                task_id=kind,
                state=view.state,
                started=view.started.timestamp() - ahead,
                ended=view.ended.timestamp() - ahead if view.ended else None,
                makes=kind.makes and not optimizes,
                stranger=wish is not None,
                alike=wish is not None and wish.alike,
            )
        )
    return tuple(found)


def _calls(calls: CallHistory, *, stranger: bool) -> Iterator[Call]:
    for each in calls.of(*_JUDGED):
        yield Call(
            method=each.method,
            resource=each.resource,
            at=each.real_time,
            code=each.code.name,
            stranger=stranger,
        )


def _task(
    environment: SoakEnvironment, instance: TaskInstance, *, recipe: DagSpec, made: frozenset[str]
) -> Task:
    kind = Kind(instance.task_id)
    name = target(instance.run_id, kind)
    logs = _log_folder(environment, instance)
    return Task(
        dag_id=instance.dag_id,
        run_id=instance.run_id,
        task_id=kind,
        target=name,
        state=instance.state,
        timeout=recipe.timeout,
        cancelled_on_kill=recipe.cancel_on_kill,
        cleans_up=kind.cleans_up,
        made=_is_changed(environment, name) if kind is Kind.DDL else name in made,
        tries=complete_tries(environment.api.tries(instance), logs=logs),
        adoptions=tuple(adoptions_in(logs)),
    )


def _log_folder(environment: SoakEnvironment, instance: TaskInstance) -> Path:
    folder = environment.log_folder(instance.dag_id, instance.run_id)
    return folder / f"task_id={instance.task_id}"


# -- what was left running


def _lefts(environment: SoakEnvironment, instances: Iterable[TaskInstance]) -> tuple[Left, ...]:
    """Return the ledger entries that were closed although their operation goes on."""
    # the command's output becomes a log of a process, too
    logs = _texts(environment.airflow.settings.process_logs)
    found = [
        (instance, operation)
        for instance in instances
        for operation in left_operations(_entries(environment, instance))
    ]
    listed = _listed(environment) if found else ""
    return tuple(
        Left(
            operation=operation,
            run_id=instance.run_id,
            task_id=instance.task_id,
            logged=is_told_in(f"{logs}\n{_texts(_log_folder(environment, instance))}", operation),
            listed=is_told_in(listed, operation),
        )
        for instance, operation in found
    )


def _listed(environment: SoakEnvironment) -> str:
    """Return what the command says that lists all ledger entries."""
    try:
        return environment.airflow.command("spanner-lro", "ledger", "--all", "--offline")
    except ProcessDiedError as exc:
        # it lists what it can, and fails for the rest
        return exc.log_path.read_text(errors="replace")


def _entries(environment: SoakEnvironment, instance: TaskInstance) -> Iterator[object]:
    """Yield a task's ledger entries as they are stored; keys may be missing in between."""
    missing = 0
    for number in count(1):
        entry = environment.api.state_store(instance, f"{LEDGER_KEY}{number}")
        missing = missing + 1 if entry is None else 0
        if missing > _HOLES:
            return
        yield entry


def left_operations(entries: Iterable[object]) -> Iterator[str]:
    """Yield the operations of those ledger entries that say that they were left running."""
    for entry in entries:
        match entry:
            case {"closed": True, "left": True, "evidence": "presumed", "operation": str(name)}:
                yield name


def is_told_in(text: str, operation: str) -> bool:
    """Tell whether a line names an operation and says that it was left, or is only presumed."""
    return any(operation in line and _IN_DOUBT.search(line) for line in text.splitlines())


def _texts(folder: Path) -> str:
    """Return all logs in a folder."""
    return "\n".join(path.read_text(errors="replace") for path in folder.glob("**/*.log"))


# -- tries


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


# -- what was made


def _made(environment: SoakEnvironment) -> frozenset[str]:
    return frozenset(each.name for each in environment.emulator.resources() if each.state in _GOOD)


def _is_changed(environment: SoakEnvironment, database: str) -> bool:
    """Tell whether a database has all that the schema change makes."""
    with grpc.insecure_channel(environment.emulator.endpoint) as channel:
        client = DatabaseAdminClient(transport=DatabaseAdminGrpcTransport(channel=channel))
        try:
            schema = "\n".join(client.get_database_ddl(database=database).statements)
        except NotFound:
            # a stranger has dropped it
            return False
    return all(re.search(rf"\b{name}\b", schema) for name in MADE_BY_DDL)


def adoptions_in(folder: Path) -> Iterator[Adoption]:
    """Yield what the logs of a task's tries say of adoptions."""
    for path in sorted(folder.glob("**/*.log")):
        for line in path.read_text(errors="replace").splitlines():
            found = _ADOPTED.search(line)
            if found and (at := _moment(line)):
                yield Adoption(operation=found[1], at=at)


def _moment(line: str) -> float | None:
    """Return the time of a line of a log, which is an object in JSON."""
    try:
        return datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp()
    except (ValueError, KeyError, TypeError):
        return None
