# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the owner of an emulator can do to its world, beside the RPCs: a table of actions.

Arguments are such as JSON can tell, because each action is an entry of the journal. An action
depends on the world, the time and its arguments alone, so that a replay does the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName, OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationError, OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.journal.kind_names import KINDS_BY_NAME
from airflow_spanner_lro.emulator.lifecycle import Breakage
from airflow_spanner_lro.emulator.state import seeding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_spanner_lro.emulator.state.world import World


def create_instance(world: World, now: datetime, *, name: str, config: str) -> None:
    """Put a READY instance there, unless it is there."""
    seeding.seed_instance(world, InstanceName.parse(name), config=config, now=now)


def create_database(
    world: World,
    now: datetime,
    *,
    name: str,
    statements: Sequence[str],
    drop_protection: bool,
    if_missing: bool = False,
) -> None:
    """Put a READY database there, and its instance if that is missing."""
    parsed = DatabaseName.parse(name)
    if if_missing and world.resources.databases.find(parsed) is not None:
        return
    seeding.seed_database(
        world, parsed, statements=statements, drop_protection=drop_protection, now=now
    )


def create_backup(
    world: World, now: datetime, *, name: str, database: str, keep_seconds: float
) -> None:
    """Put a READY backup of a database there."""
    seeding.seed_backup(
        world,
        BackupName.parse(name),
        database=DatabaseName.parse(database),
        keep=timedelta(seconds=keep_seconds),
        now=now,
    )


def plan(
    world: World,
    now: datetime,
    *,
    plan: Mapping[str, Any],
    kind: str | None,
    target: str,
    times: int | None,
) -> None:
    """Say what operations that start from now on are going to do."""
    from airflow_spanner_lro.emulator.journal.codec import decode_plan  # noqa: PLC0415 - it loads pydantic

    del now
    chosen = None if kind is None else KINDS_BY_NAME[kind]
    world.plans.override(plan=decode_plan(plan), kind=chosen, target=target, times=times)


def clear_plans(world: World, now: datetime) -> None:
    """Let operations do what is usual again."""
    del now
    world.plans.clear()


def set_usual_plans(world: World, now: datetime, *, plans: Mapping[str, Mapping[str, Any]]) -> None:
    """Say what is usual for operations of some kinds."""
    from airflow_spanner_lro.emulator.journal.codec import decode_plan  # noqa: PLC0415 - it loads pydantic

    del now
    world.plans.set_usual({KINDS_BY_NAME[kind]: decode_plan(form) for kind, form in plans.items()})


def set_limits(world: World, now: datetime, *, limits: Mapping[str, int]) -> None:
    """Say how many of each thing there may be; those that are not named stay."""
    del now
    world.limits = replace(world.limits, **limits)


def fail_operation(world: World, now: datetime, *, name: str, code: int, message: str) -> None:
    """Let an operation that is under way fail at once."""
    operation = world.operations.get(OperationName.parse(name), now=now)
    lifecycle = operation.lifecycle
    if lifecycle.ended(now) is not None:
        raise errors.has_ended(operation.name)
    failing = replace(
        lifecycle,
        # one that waits for others ends as well
        begins=lifecycle.begins or now,
        breakage=Breakage(
            at=now,
            step=lifecycle.steps_done(now),
            error=OperationError(code=Code(code), message=message),
        ),
    )
    if failing.state(now) is not OperationState.FAILED:
        raise errors.is_being_undone(operation.name)
    world.operations.put(replace(operation, lifecycle=failing))
    world.catch_up(now)


Action = Callable[..., None]

ACTIONS: Mapping[str, Action] = {
    action.__name__: action
    for action in (
        create_instance,
        create_database,
        create_backup,
        plan,
        clear_plans,
        set_usual_plans,
        set_limits,
        fail_operation,
    )
}
"""What can be done, by the name that the journal uses: a name never changes its meaning."""
