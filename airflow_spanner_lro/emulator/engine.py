# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Serialise all access to the state behind one lock; journal each change first.

RPCs of any transport, the Python controller and the control interface all come here. Whatever may
change the world is written to the journal before it is done, so that the world can be made again:
from a file after a restart, or from a snapshot.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from inspect import signature
from typing import TYPE_CHECKING, Any, Protocol

from google.protobuf.message import DecodeError

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.backups.service import BackupService
from airflow_spanner_lro.emulator.clock import Anchor
from airflow_spanner_lro.emulator.configs.service import ConfigService
from airflow_spanner_lro.emulator.databases.service import DatabaseService
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.iam import DatabaseIamService, InstanceIamService
from airflow_spanner_lro.emulator.instances.service import InstanceService
from airflow_spanner_lro.emulator.journal.actions import ACTIONS
from airflow_spanner_lro.emulator.journal.base import base_of, count_records, let_go, load
from airflow_spanner_lro.emulator.journal.entries import (
    ActionEntry,
    CallEntry,
    ClockEntry,
    Snapshot,
    encode,
)
from airflow_spanner_lro.emulator.journal.records import UnknownRecordError
from airflow_spanner_lro.emulator.journal.state_file import EmulatorStateError, Journal
from airflow_spanner_lro.emulator.operations.registry import new_world
from airflow_spanner_lro.emulator.operations.service import (
    DatabaseOperationLists,
    InstanceOperationLists,
    OperationService,
)
from airflow_spanner_lro.emulator.partitions.service import PartitionService
from airflow_spanner_lro.emulator.plans import Planner
from airflow_spanner_lro.emulator.protos import plain_message
from airflow_spanner_lro.emulator.schedules.service import ScheduleService
from airflow_spanner_lro.emulator.schemas.service import SchemaService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from airflow_spanner_lro.emulator.clock import Clock
    from airflow_spanner_lro.emulator.journal.state_file import LoadedJournal
    from airflow_spanner_lro.emulator.rpc import Method, Servicer
    from airflow_spanner_lro.emulator.world import OperationListener, World


log = logging.getLogger(__name__)

# schemas have limits of their own
_ABOUT_SCHEMAS = ("CreateDatabase", "UpdateDatabaseDdl")

_BUG = "Nothing is lost, but the journal grows; please report this"
_NOT_HERE = "which this version does not have"

COMPACT_AFTER = 10_000
"""After so many changes a base takes the place of what was done, unless it would be longer."""

Step = tuple[str, "Mapping[str, Any]"]
"""An action and its arguments."""


class WorldWatcher(Protocol):
    """Whoever is told, under the lock, what becomes of resources; it must be quick."""

    def watch(self, world: World) -> None:
        """Watch a world, in place of the one before."""
        ...

    def jumped(self, anchor: Anchor) -> None:
        """Note that emulated time jumps."""
        ...


class Engine:
    """A world with its clock and its RPCs. Safe to use from any thread.

    :param clock: what time it is; with a state file it goes on from the time in there
    :param first: actions that make a new world what it is to be; they are done again when a
        world is read from a file, so they must be of the kind that can be
    :param seed: for whatever the service makes up; a world from a file keeps its own
    :param state_file: where the journal is kept, and read from at the start
    :param listener: is told when operations start and end, under the lock; not of what had
        happened before, when a world is read from a file
    :param watcher: is told of each world that is served, and of jumps in time
    :param compact_after: so many changes are kept as they were done before a base takes their
        place, or twice as many as there are resources and operations
    :raises EmulatorStateError: if that file cannot be used.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        first: Iterable[Step] = (),
        seed: int = 0,
        state_file: Path | None = None,
        listener: OperationListener | None = None,
        watcher: WorldWatcher | None = None,
        compact_after: int = COMPACT_AFTER,
    ) -> None:
        self.clock = clock
        self._listener = listener
        self._watcher = watcher
        self._on_change: Callable[[], None] | None = None
        self._lock = threading.RLock()
        self._first = tuple(first)
        self._compact_after = self._compact_at = compact_after
        self._last = datetime.min.replace(tzinfo=UTC)
        self._journal = Journal(seed=seed, path=state_file)
        recorded = self._journal.load()
        try:
            self._serve(_ServedWorld(self._journal.seed))
            if recorded is not None:
                self._resume(recorded)
            else:
                self._journal.begin(clock.anchor())
        except RpcError as exc:
            self._journal.release()
            raise self._journal.unusable(reason=exc.message) from exc
        self._journal.hold()
        for action, arguments in self._first:
            self.act(action, **arguments)
        clock.on_jump(self._record_jump)

    @property
    def methods(self) -> Mapping[str, Method]:
        """The RPCs by their path on the wire."""
        return self._methods

    def call(self, method: Method, request: Any) -> Any:
        """Do what an RPC does, and return its response.

        :raises RpcError: if it is refused.
        """
        message = plain_message(request)
        with self.locked() as (world, now):
            # the world may have become another one since the method was looked up
            method = self._methods.get(method.path, method)
            size, limit = message.ByteSize(), world.limits.request_bytes
            if size > limit and method.name not in _ABOUT_SCHEMAS:
                raise errors.oversized_request(method=method.name, size=size, limit=limit)
            if not method.reads_only and method.path in self._methods:
                data = message.SerializeToString(deterministic=True)
                self._record_change(CallEntry(at=now, path=method.path, request=data), world, now)
            return method.handle(request, now)

    def act(self, action: str, **arguments: Any) -> None:
        """Do something to the world that clients cannot do.

        :param action: one of :data:`~airflow_spanner_lro.emulator.journal.actions.ACTIONS`
        :raises RpcError: if it is refused.
        """
        with self.locked() as (world, now):
            entry = ActionEntry(at=now, action=action, arguments=arguments)
            self._record_change(entry, world, now)
            ACTIONS[action](world, now, **arguments)

    @contextmanager
    def locked(self) -> Iterator[tuple[World, datetime]]:
        """Hold the world still at the present time, for reading."""
        with self._lock:
            # whatever the clock says, what is written in the journal is in the past
            now = max(self.clock.now(), self._last)
            self._world.catch_up(now)
            yield self._world, now

    def on_change(self, call: Callable[[], None] | None) -> None:
        """Say what to call, under the lock, when something is about to happen to the world or time.

        What time brings by itself is not among that; :meth:`until_next_event` tells of it.
        """
        with self._lock:
            self._on_change = call

    def until_next_event(self) -> float | None:
        """Let the world catch up; return in how many real seconds time will change it again.

        None if nothing will, or time stands still.
        """
        with self.locked() as (world, now):
            upcoming = world.events.upcoming()
            scale = self.clock.anchor().scale
        if upcoming is None or not scale:
            return None
        return (upcoming[0] - now).total_seconds() / scale

    def snapshot(self) -> Snapshot:
        """Return the world as it is now, as a value."""
        with self.locked() as (_, now):
            return self._journal.snapshot(now)

    def restore(self, snapshot: Snapshot) -> None:
        """Make the world what it was in a snapshot, at the time that it was then.

        :raises ValueError: if the snapshot cannot be understood; nothing has changed then.
        """
        with self._lock:
            built = _ServedWorld(snapshot.seed, base=snapshot.base)
            built.replay(enumerate(snapshot.entries(), start=1))
            scale = self.clock.anchor().scale
            anchor = Anchor(emulated=snapshot.at, wall=time.time(), scale=scale)
            self._journal.restart(snapshot, anchor)
            self.clock.restore(snapshot.at)
            self._last = snapshot.at
            self._compact_at = self._compact_after
            self._serve(built)

    def reset(self) -> None:
        """Make the world what it was when it was made; time goes on."""
        with self.locked() as (_, now):
            first = (ActionEntry(at=now, action=name, arguments=each) for name, each in self._first)
            lines = tuple(encode(entry) for entry in first)
            self.restore(Snapshot(seed=self._journal.seed, at=now, lines=lines))

    def hold_state_file(self) -> None:
        """Keep the state file for this emulator alone, until :meth:`release_state_file`.

        :raises EmulatorStateError: if it cannot be had.
        """
        with self._lock:
            if self._journal.held:
                return
            self._journal.hold()
            try:
                # time has gone on since, perhaps by jumps
                self._record(ClockEntry(anchor=self.clock.anchor()))
            except RpcError as exc:
                self._journal.release()
                raise self._journal.unusable(reason=exc.message) from exc

    def release_state_file(self) -> None:
        """Leave the state file to others; whatever is changed nevertheless is noted in it."""
        with self._lock:
            self._journal.release()

    def _record(self, entry: CallEntry | ActionEntry | ClockEntry) -> None:
        self._journal.record(entry)
        at = entry.anchor.emulated if isinstance(entry, ClockEntry) else entry.at
        self._last = max(self._last, at)
        if self._on_change is not None:
            self._on_change()

    def _record_change(self, entry: CallEntry | ActionEntry, world: World, now: datetime) -> None:
        if len(self._journal) >= self._compact_at:
            self._compact(world, now)
        self._record(entry)

    def _compact(self, world: World, now: datetime) -> None:
        """Let a base take the place of all that was done before; what is served stays as it is."""
        let_go(world)
        try:
            base = base_of(world, at=now)
            # nothing takes the place of a journal unless it makes the same world
            again = _ServedWorld(self._journal.seed, base=base).world
            if base_of(again, at=now) != base:
                log.error("The journal is not compacted: its base makes another world. %s", _BUG)
            else:
                self._journal.compact(base, at=now, anchor=self.clock.anchor())
        except (UnknownRecordError, ValueError) as exc:
            log.error("The journal is not compacted: %s. %s", exc, _BUG)  # noqa: TRY400 - says enough
        except (OSError, EmulatorStateError) as exc:
            log.warning("The state file stays as long as it is: %s. Nothing is lost.", exc)
        needed = max(self._compact_after, 2 * count_records(world))
        self._compact_at = len(self._journal) + needed

    def _record_jump(self, anchor: Anchor) -> None:
        with self._lock:
            if self._journal.held:
                self._record(ClockEntry(anchor=anchor))
            if self._watcher is not None:
                self._watcher.jumped(anchor)

    def _resume(self, recorded: LoadedJournal) -> None:
        """Make the world that a file tells of, and let time go on as if it had never stopped."""
        try:
            built = _ServedWorld(self._journal.seed, base=recorded.base)
        except ValueError as exc:
            raise self._journal.unusable(line=recorded.base_line, reason=str(exc)) from exc
        try:
            built.replay(recorded.entries)
        except _UnusableEntryError as exc:
            raise self._journal.unusable(line=exc.number, reason=str(exc)) from exc
        self.clock.restore(recorded.resume(time.time()))
        self._record(ClockEntry(anchor=self.clock.anchor()))
        self._serve(built)

    def _serve(self, built: _ServedWorld) -> None:
        self._world, self._methods = built.world, built.methods
        self._world.listener = self._listener
        if self._watcher is not None:
            self._watcher.watch(self._world)
        if self._on_change is not None:
            self._on_change()


class _UnusableEntryError(ValueError):
    """An entry of the journal asks for nothing that this version could do."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"entry {number} {reason}")
        self.number = number


class _ServedWorld:
    """A new world, or that of a base, and the RPCs that work on it.

    :raises ValueError: if the base cannot be understood.
    """

    def __init__(self, seed: int, *, base: str = "") -> None:
        self.world = new_world(plans=Planner(seed=seed), seed=seed)
        if base:
            load(self.world, base)
        self.methods: dict[str, Method] = {}
        for servicer in all_servicers(self.world):
            self.methods.update(servicer.methods())

    def replay(self, entries: Iterable[tuple[int, CallEntry | ActionEntry]]) -> None:
        """Do again what has been done; what was refused then is refused again."""
        for number, entry in entries:
            self.world.catch_up(entry.at)
            try:
                if isinstance(entry, CallEntry):
                    self._call(number, entry)
                else:
                    self._act(number, entry)
            except (RpcError, InvalidArgumentError):
                continue
            except _UnusableEntryError:
                raise
            except Exception:
                # a bug that came up then comes up again, and must not lock up the file
                log.exception("Entry %s of the journal failed", number)

    def _call(self, number: int, entry: CallEntry) -> None:
        method = self.methods.get(entry.path)
        if method is None:
            raise _UnusableEntryError(number, f"asks for the RPC {entry.path}, {_NOT_HERE}")
        try:
            request = method.parse(entry.request)
        except DecodeError as exc:
            reason = f"is damaged: its request is none of {method.name}"
            raise _UnusableEntryError(number, reason) from exc
        method.handle(request, entry.at)

    def _act(self, number: int, entry: ActionEntry) -> None:
        action = ACTIONS.get(entry.action)
        if action is None:
            raise _UnusableEntryError(number, f"asks for the action {entry.action!r}, {_NOT_HERE}")
        try:
            signature(action).bind(self.world, entry.at, **entry.arguments)
        except TypeError as exc:
            raise _UnusableEntryError(number, f"is damaged: {entry.action}: {exc}") from exc
        action(self.world, entry.at, **entry.arguments)


def all_servicers(world: World) -> tuple[Servicer, ...]:
    """Return every family of RPCs, working on one world."""
    return (
        InstanceService(world),
        ConfigService(world),
        PartitionService(world),
        DatabaseService(world),
        SchemaService(world),
        BackupService(world),
        ScheduleService(world),
        DatabaseIamService(world),
        InstanceIamService(world),
        OperationService(world),
        DatabaseOperationLists(world),
        InstanceOperationLists(world),
    )
