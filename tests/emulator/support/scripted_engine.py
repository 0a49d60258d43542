# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Engines without servers, and scripts of what is done to their worlds: for comparing worlds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.emulator import ManualClock, RpcError
from airflow_spanner_lro.emulator.engine import COMPACT_AFTER, Engine
from tests.emulator.conftest import BACKUP, DATABASE, INSTANCE
from tests.emulator.support.operation_starts import MULTI_REGION
from tests.emulator.support.random_requests import QUORUM_DATABASE, QUORUM_INSTANCE, RANDOM_REQUESTS
from tests.emulator.support.world_fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = "google.spanner.admin.database.v1.DatabaseAdmin"
TABLE = "CREATE TABLE T (Id INT64) PRIMARY KEY (Id)"
Fingerprint = tuple[object, ...]


def make_engine(
    path: Path | None = None,
    *,
    clock: ManualClock | None = None,
    compact_after: int = COMPACT_AFTER,
) -> Engine:
    """Return an engine with a database, on a file if there is a path."""
    made = Engine(
        clock=clock or ManualClock(START), seed=3, state_file=path, compact_after=compact_after
    )
    made.act("create_instance", name=INSTANCE, config=MULTI_REGION)
    made.act(
        "create_database", name=DATABASE, statements=[TABLE], drop_protection=False, if_missing=True
    )
    return made


def add_resources(on: Engine) -> None:
    """Put more there, so that random requests of every family can be granted from the start."""
    on.act("create_instance", name=QUORUM_INSTANCE, config="dual-region-germany1")
    on.act(
        "create_database",
        name=QUORUM_DATABASE,
        statements=[TABLE],
        drop_protection=False,
    )
    keep = timedelta(hours=20)
    on.act("create_backup", name=BACKUP, database=DATABASE, keep_seconds=keep.total_seconds())
    perform(on, "schedule", 0)
    # otherwise nothing else could be done to the instance in the time that a script takes
    on.act("plan", plan={"duration": 1800}, kind="MoveInstance", target="*", times=None)


def fingerprint_now(of: Engine) -> Fingerprint:
    """Return all that clients can see now."""
    with of.locked() as (world, now):
        return now, fingerprint(world, now=now)


def _plan(on: Engine, number: int, last: str) -> None:
    del number, last
    span = {"shortest": 60, "longest": 6000}
    on.act("plan", plan={"duration": span}, kind=None, target="*", times=2)


def _set_limits(on: Engine, number: int, last: str) -> None:
    del last
    on.act("set_limits", limits={"pending_restores": number % 3})


def _fail(on: Engine, number: int, last: str) -> None:
    del number
    on.act("fail_operation", name=last, code=13, message="no")


_CONTROLLER_ACTIONS: dict[str, Callable[[Engine, int, str], None]] = {
    "plan": _plan,
    "limits": _set_limits,
    "fail": _fail,
}

ACTIONS = (*_CONTROLLER_ACTIONS, *RANDOM_REQUESTS)
"""All that :func:`perform` can do."""


def perform(on: Engine, action: str, number: int) -> bool:
    """Do one thing, as a client or as the owner; return whether it was not refused."""
    with on.locked() as (world, now):
        last = next((str(row.name) for row in reversed(list(world.operations))), "")
    try:
        if action in _CONTROLLER_ACTIONS:
            _CONTROLLER_ACTIONS[action](on, number, last)
        else:
            path, request = RANDOM_REQUESTS[action](number, now, last)
            on.call(on.methods[path], request)
    except (RpcError, ValueError):
        return False  # which is as good an answer as any
    return True


def run_script(on: Engine, script: list[tuple[Any, str]]) -> set[str]:
    """Do one thing after the other, with pauses before; return what was not refused."""
    done = set()
    for number, (pause, action) in enumerate(script):
        on.clock.advance(pause)
        if perform(on, action, number):
            done.add(action)
    return done
