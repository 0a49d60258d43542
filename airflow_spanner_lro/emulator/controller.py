# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Python interface of an emulator: plans, limits, faults, time, snapshots, and what there is.

It has nothing to do with how clients reach the emulator, and works before, while and after it runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName, OperationName
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.databases.model import Database
from airflow_spanner_lro.emulator.faults import Faults
from airflow_spanner_lro.emulator.journal import actions
from airflow_spanner_lro.emulator.pipeline import CallHistory, CallLog
from airflow_spanner_lro.emulator.quota import QuotaMeter
from airflow_spanner_lro.emulator.schedules.model import BackupSchedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.operations.snapshot import OperationError
    from airflow_spanner_lro.emulator.audit.log import AuditCounts, AuditLog
    from airflow_spanner_lro.emulator.engine import Engine, Step
    from airflow_spanner_lro.emulator.journal.entries import Snapshot
    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.plans import Plan
    from airflow_spanner_lro.emulator.quota import AdminQuota, Limits
    from airflow_spanner_lro.emulator.world import AnyRecord, World


_FOR_EVER = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """An operation at one moment.

    :param name: its full name
    :param target: the full name of the resource it works on
    :param percent: how far it is, 0 to 100, whether or not its metadata tells
    :param started: when its request was received, in emulated time
    :param ended: when it ended, or None
    :param cancel_requested: when somebody first asked to cancel it, or None
    :param error: what it failed with, or None
    """

    name: str
    kind: OperationKind
    target: str
    state: OperationState
    percent: int
    started: datetime
    ended: datetime | None
    cancel_requested: datetime | None
    error: OperationError | None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.state is not OperationState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceView:
    """A resource at one moment.

    :param name: its full name
    :param noun: what it is, such as ``instance`` or ``backup``
    :param state: such as ``READY_OPTIMIZING``
    """

    name: str
    noun: str
    state: str


class NeverDoneError(Exception):
    """Operations that somebody waits for do not end, or not soon enough.

    :param names: those that are not done
    """

    def __init__(self, names: Sequence[OperationName], *, reason: str) -> None:
        super().__init__(f"Not done: {reason}. {', '.join(str(name) for name in names)}")
        self.names = tuple(str(name) for name in names)


def first_steps(
    *, plans: Mapping[OperationKind, Plan] | None, limits: Limits | None
) -> Iterable[Step]:
    """Return the actions that make a new world what its controller wants."""
    if plans:
        usual = {kind.name: _encode(plan) for kind, plan in plans.items()}
        yield "set_usual_plans", {"plans": usual}
    if limits is not None:
        yield "set_limits", {"limits": limits.to_json()}


class Controller:
    """Acts on the world of an engine, and looks at it.

    :param engine: who holds the world
    :param quota: how many requests of a project are answered; None for any number
    :param audit_log: where entries about operations go; None for nowhere
    :ivar clock: what time it is
    :ivar faults: what happens to calls on their way
    """

    def __init__(
        self,
        *,
        engine: Engine,
        quota: AdminQuota | None = None,
        audit_log: AuditLog | None = None,
    ) -> None:
        self.clock = engine.clock
        self.faults = Faults(client_seconds=engine.clock.client_seconds)
        self._engine = engine
        self._calls = CallLog()
        self._meter = QuotaMeter(quota)
        self._audit_log = audit_log

    # --- what it is told -------------------------------------------------------------------------

    def plan(
        self,
        plan: Plan,
        *,
        kind: OperationKind | None = None,
        target: str = "*",
        times: int | None = None,
    ) -> None:
        """Say what operations that start from now on are going to do; the latest word counts.

        :param plan: what they do; without a duration they take as long as usual
        :param kind: only operations of this kind
        :param target: only operations on resources of this full name; ``*`` and ``?`` match as
            in file names
        :param times: only the next so many of them
        """
        name = None if kind is None else kind.name
        self._engine.act("plan", plan=_encode(plan), kind=name, target=target, times=times)

    def clear_plans(self) -> None:
        """Forget what :meth:`plan` was told: operations do what is usual again."""
        self._engine.act("clear_plans")

    def set_limits(self, limits: Limits) -> None:
        """Say how many of each thing there may be from now on."""
        self._engine.act("set_limits", limits=limits.to_json())

    def change_limits(self, **limits: int) -> None:
        """Change some of the limits, by the names that :class:`Limits` has for them."""
        self.set_limits(replace(self.limits, **limits))

    @property
    def limits(self) -> Limits:
        """How many of each thing there may be."""
        with self._engine.locked() as (world, _):
            return world.limits

    @property
    def quota(self) -> AdminQuota | None:
        """How many requests of a project are answered; None for any number. Can be set."""
        return self._meter.quota

    @quota.setter
    def quota(self, quota: AdminQuota | None) -> None:
        self._meter.quota = quota

    def create_instance(
        self, name: str | InstanceName, *, config: str = actions.DEFAULT_CONFIG
    ) -> None:
        """Put a READY instance there at once, unless it is there.

        :param name: its full name
        :param config: the id of its configuration
        """
        parsed = InstanceName.parse(str(name))
        self._engine.act("create_instance", name=str(parsed), config=config)

    def create_database(
        self,
        name: str | DatabaseName,
        statements: Sequence[str] = (),
        *,
        drop_protection: bool = False,
        if_missing: bool = False,
    ) -> None:
        """Put a READY database there at once, and its instance if that is missing.

        :param name: its full name
        :param statements: its schema
        :param drop_protection: whether it is protected from being dropped
        :param if_missing: whether one that is there is left as it is
        :raises RpcError: if it is there already, or a statement cannot be applied.
        """
        self._engine.act(
            "create_database",
            name=str(DatabaseName.parse(str(name))),
            statements=list(statements),
            drop_protection=drop_protection,
            if_missing=if_missing,
        )

    def create_backup(
        self,
        name: str | BackupName,
        database: str | DatabaseName,
        *,
        keep: timedelta = timedelta(days=30),
    ) -> None:
        """Put a READY backup of a database there at once.

        :param name: its full name
        :param database: the full name of the database
        :param keep: from now until it expires
        :raises RpcError: if it is there already, or the database is not.
        """
        self._engine.act(
            "create_backup",
            name=str(BackupName.parse(str(name))),
            database=str(DatabaseName.parse(str(database))),
            keep_seconds=keep.total_seconds(),
        )

    def fail_operation(
        self,
        name: str,
        *,
        code: Code = Code.INTERNAL,
        message: str = "The emulator was told to let this operation fail.",
    ) -> None:
        """Let an operation that is under way fail at once.

        :param name: its full name
        :param code: what it fails with
        :raises ValueError: if the code is OK.
        :raises RpcError: if there is none, it has ended, or a cancel that cannot fail is under way.
        """
        if code is Code.OK:
            text = f"code={code!r} is not usable: nothing fails with it"
            raise ValueError(text)
        self._engine.act("fail_operation", name=name, code=int(code), message=message)

    # --- time ------------------------------------------------------------------------------------

    def run_until_done(
        self, *names: str, limit: timedelta = _FOR_EVER
    ) -> tuple[OperationView, ...]:
        """Let time jump from event to event until operations are done; return them.

        :param names: their full names; without any, all that are pending, and all that follow
            them, such as the optimization after a restore
        :param limit: how far emulated time may go
        :raises NeverDoneError: if one waits for something that never comes, or for longer.
        :raises RpcError: NOT_FOUND if there is no such operation.
        """
        wanted = dict.fromkeys(OperationName.parse(name) for name in names)
        everything = not wanted
        with self._engine.locked() as (world, now):
            for name in wanted:
                world.operations.get(name, now=now)
            deadline = now + limit
        # one that ended long before the last of them is forgotten meanwhile
        seen: dict[OperationName, Operation] = {}
        while True:
            with self._engine.locked() as (world, now):
                pending = world.operations.pending()
                if everything:
                    wanted |= dict.fromkeys(row.name for row in pending)
                waiting = [row.name for row in pending if row.name in wanted]
                rows = (world.operations.find(name) for name in wanted)
                seen.update((row.name, row) for row in rows if row is not None)
                if not waiting:
                    return _views(seen.values(), now=now)
                # what they wait for may be the end of others
                events = [at for row in pending if (at := row.next_event) is not None]
            if not events:
                reason = "nothing that is going to happen would end them"
                raise NeverDoneError(waiting, reason=reason)
            at = min(events)
            if at > deadline:
                reason = f"the next thing happens at {at.isoformat()}, after the limit"
                raise NeverDoneError(waiting, reason=reason)
            self.clock.advance(at - now)

    def snapshot(self) -> Snapshot:
        """Return the world as it is now as a value, which JSON can carry."""
        return self._engine.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Make the world what it was in a snapshot; emulated time goes back to then, too.

        :raises ValueError: if the snapshot cannot be understood; nothing has changed then.
        """
        self._engine.restore(snapshot)

    def reset(self) -> None:
        """Make the world what it was when the emulator was made: nothing in it; time goes on."""
        self._engine.reset()

    # --- what it tells ---------------------------------------------------------------------------

    @property
    def calls(self) -> CallHistory:
        """The calls that clients have made so far."""
        return self._calls.snapshot()

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self._calls.clear()

    @property
    def audit(self) -> AuditCounts | None:
        """What became of the audit-log entries so far; None if none are written."""
        return None if self._audit_log is None else self._audit_log.counts

    def operations(self) -> tuple[OperationView, ...]:
        """Return all operations as they are now, in the order in which they started."""
        with self._engine.locked() as (world, now):
            return view_operations(world, now=now)

    def resources(self) -> tuple[ResourceView, ...]:
        """Return everything that exists now, by name."""
        with self._engine.locked() as (world, _):
            return view_resources(world)


def view_operations(world: World, *, now: datetime) -> tuple[OperationView, ...]:
    """Return all operations, in the order in which they started."""
    return _views(world.operations, now=now)


def _views(rows: Iterable[Operation], *, now: datetime) -> tuple[OperationView, ...]:
    ordered = sorted(rows, key=lambda row: row.serial)
    return tuple(_view(row, now=now) for row in ordered)


def _view(operation: Operation, *, now: datetime) -> OperationView:
    lifecycle = operation.lifecycle
    ended = lifecycle.ended(now)
    return OperationView(
        name=str(operation.name),
        kind=operation.kind,
        target=str(operation.target),
        state=lifecycle.state(now),
        percent=lifecycle.percent(now),
        started=operation.started,
        ended=ended.at if ended else None,
        cancel_requested=lifecycle.cancel_requested,
        error=ended.error if ended else None,
    )


def view_resources(world: World) -> tuple[ResourceView, ...]:
    """Return everything that exists and can be read, by name."""
    resources = world.resources
    tables = (
        resources.configs,
        resources.instances,
        resources.partitions,
        resources.databases,
        resources.backups,
        resources.schedules,
    )
    views = (
        ResourceView(name=str(row.name), noun=row.name.noun, state=_state(row))
        for table in tables
        for row in table
    )
    return tuple(sorted(views, key=lambda view: view.name))


def _state(row: AnyRecord) -> str:
    match row:
        case Database():
            return str(row.state.name)
        case BackupSchedule():
            # a schedule is there at once, and has no states
            return "READY"
        case _:
            return "READY" if row.ready else "CREATING"


def _encode(plan: Plan) -> dict[str, Any]:
    # pydantic is loaded when the first plan is made
    from airflow_spanner_lro.emulator.journal.codec import encode_plan  # noqa: PLC0415

    return encode_plan(plan)
