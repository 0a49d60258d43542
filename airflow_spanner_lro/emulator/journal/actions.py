# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the emulator's controller can do to its world, beside the RPCs: a table of actions.

Arguments are such as JSON can tell, because each action is an entry of the journal. An action
depends on the world, the time and its arguments alone, so that a replay does the same. Seeds put
resources there ready, without an operation; the rules of the RPCs do not apply to them, apart from
those of names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)

from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    OperationName,
)
from airflow_spanner_lro.core.operations.snapshot import OperationError, OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.backups.model import MAX_BACKUP_AGE, Backup
from airflow_spanner_lro.emulator.configs.model import require_config
from airflow_spanner_lro.emulator.databases.model import Database, DatabaseState
from airflow_spanner_lro.emulator.instances.model import Instance
from airflow_spanner_lro.emulator.lifecycle import Breakage
from airflow_spanner_lro.emulator.operations.registry import KINDS_BY_NAME
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.statements import DdlStatement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_spanner_lro.emulator.world import World


DEFAULT_CONFIG = "regional-europe-west1"


def seed_instance(world: World, name: InstanceName, *, config: str, now: datetime) -> None:
    """Put a ready instance there, unless it is there.

    :raises RpcError: if there is no such configuration.
    """
    if world.resources.instances.find(name) is not None:
        return
    config_name = InstanceConfigName(project=name.project, config=config)
    if world.resources.configs.find(config_name) is None:
        require_config(config_name)
    instance = Instance(
        name=name,
        serial=world.next_serial(),
        ready=True,
        create_time=now,
        config=config_name,
        update_time=now,
        message=instance_v1.Instance(display_name=name.instance, node_count=1),
    )
    world.resources.instances.put(name, instance)


def seed_database(
    world: World,
    name: DatabaseName,
    *,
    statements: Sequence[str],
    drop_protection: bool,
    now: datetime,
) -> None:
    """Put a ready database there, and its instance if that is missing.

    :raises RpcError: if it is there already, or a statement cannot be applied.
    """
    seed_instance(world, name.instance_name, config=DEFAULT_CONFIG, now=now)
    world.resources.databases.require_new(name)
    schema = Schema()
    for text in statements:
        schema = schema.apply(DdlStatement.parse(text))
    database = Database(
        name=name,
        serial=world.next_serial(),
        state=DatabaseState.READY,
        create_time=now,
        dialect=int(database_v1.DatabaseDialect.GOOGLE_STANDARD_SQL),
        history=((now, schema),),
        drop_protection=drop_protection,
    )
    world.resources.databases.put(name, database)


def seed_backup(
    world: World, name: BackupName, *, database: DatabaseName, keep: timedelta, now: datetime
) -> None:
    """Put a ready backup of a database there.

    :raises RpcError: if it is there already, or the database is not.
    """
    world.resources.backups.require_new(name)
    source = world.resources.databases.get(database)
    backup = Backup(
        name=name,
        serial=world.next_serial(),
        ready=True,
        create_time=now,
        database=database,
        version_time=now,
        expire_time=now + keep,
        dialect=source.dialect,
        max_expire_time=now + MAX_BACKUP_AGE,
        schema=source.schema,
        data_bytes=source.size,
    )
    world.resources.backups.put(name, backup)


def create_instance(world: World, now: datetime, *, name: str, config: str) -> None:
    """Put a READY instance there, unless it is there."""
    seed_instance(world, InstanceName.parse(name), config=config, now=now)


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
    seed_database(world, parsed, statements=statements, drop_protection=drop_protection, now=now)


def create_backup(
    world: World, now: datetime, *, name: str, database: str, keep_seconds: float
) -> None:
    """Put a READY backup of a database there."""
    seed_backup(
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
    world.plans.set_usual({KINDS_BY_NAME[kind]: decode_plan(plan) for kind, plan in plans.items()})


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
