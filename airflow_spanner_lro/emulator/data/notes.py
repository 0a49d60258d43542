# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Note what happens to databases and backups, in its order, for whoever holds their rows.

The world tells when a row of its tables changes, under its lock; nothing is done about it there. So
the admin plane never waits for rows, and rows follow it in the order of what it did.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator.databases.model import Database, DatabaseState
from airflow_spanner_lro.emulator.schemas.operations import DdlDetails

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.names import BackupName
    from airflow_spanner_lro.emulator.backups.model import Backup
    from airflow_spanner_lro.emulator.clock import Anchor, Clock
    from airflow_spanner_lro.emulator.data.times import RealTimes
    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.schemas.model import Schema
    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement
    from airflow_spanner_lro.emulator.world import World

log = logging.getLogger(__name__)

BackupKey = tuple["BackupName", int]
"""The name of a backup and its serial number, which no later namesake has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseMade:
    """A database is there, with its first schema and no rows."""

    name: DatabaseName
    dialect: Dialect
    schema: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRestored:
    """A database is there, with the rows of a backup.

    :param schema: its schema, in case that there are no rows
    """

    name: DatabaseName
    dialect: Dialect
    schema: Schema
    backup: BackupKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementCommitted:
    """A statement of a schema change is committed."""

    name: DatabaseName
    statement: DdlStatement
    proto_descriptors: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseGone:
    """A database is no longer there."""

    name: DatabaseName


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupBegun:
    """A backup keeps the rows of a database.

    :param at: the real time of the rows that it keeps
    :param present: that was when the backup began
    :param schema: that of its version time
    """

    backup: BackupKey
    database: DatabaseName
    at: datetime
    schema: Schema
    present: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupCopied:
    """A backup keeps the rows of another one."""

    backup: BackupKey
    source: BackupKey


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupGone:
    """A backup is no longer there."""

    backup: BackupKey


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldReplaced:
    """The world is another one: it has these databases, and nobody has their rows."""

    databases: tuple[DatabaseMade, ...]


Note = (
    DatabaseMade
    | DatabaseRestored
    | StatementCommitted
    | DatabaseGone
    | BackupBegun
    | BackupCopied
    | BackupGone
    | WorldReplaced
)


class WorldNotes:
    """What has happened and is still to be done to rows. Safe to use from any thread.

    :param clock: the emulated time
    :param times: what real time that was
    """

    def __init__(self, *, clock: Clock, times: RealTimes) -> None:
        self._clock = clock
        self._times = times
        self._condition = threading.Condition()
        self._waiting: deque[Note] = deque()
        self._noted = self._done = 0
        self._latest: dict[DatabaseName, int] = {}
        self._latest_of_all = 0
        self._ignoring = False

    # --- what the world tells, under its lock ----------------------------------------------------

    def watch(self, world: World) -> None:
        """Watch a world, in place of the one before."""
        self._times.restart(self._clock.anchor())
        self._ignoring = False
        databases = tuple(_made(each) for each in world.resources.databases if _usable(each))
        if databases or self._noted:
            self._add(WorldReplaced(databases=databases))
        if databases:
            log.warning(
                "Rows are gone: the world of the emulator was made again, and its %s database(s) "
                "are there with their schemas and no rows; backups of before hold none either.",
                len(databases),
            )
        world.resources.databases.observer = self._database_changed
        world.resources.backups.observer = self._backup_changed
        world.step_listener = self._step_done

    def jumped(self, anchor: Anchor) -> None:
        """Note that emulated time jumps."""
        self._times.note(anchor)

    def _database_changed(self, old: Database | None, new: Database | None) -> None:
        if new is None:
            if old is not None and _usable(old):
                self._add(DatabaseGone(name=old.name))
            return
        if _usable(old) or not _usable(new):
            return
        made = _made(new)
        if new.origin is None:
            self._add(made)
            return
        backup = (new.origin.backup, new.origin.backup_serial)
        self._add(
            DatabaseRestored(name=new.name, dialect=made.dialect, schema=new.schema, backup=backup)
        )

    def _backup_changed(self, old: Backup | None, new: Backup | None) -> None:
        if new is None:
            if old is not None:
                self._add(BackupGone(backup=(old.name, old.serial)))
            return
        if old is not None:
            return
        key = (new.name, new.serial)
        if new.source is not None:
            self._add(BackupCopied(backup=key, source=new.source))
            return
        # the present is now, whatever time it is: what was written before it counts
        present = new.version_time >= new.create_time
        at = datetime.now(UTC) if present else self._times.real(new.version_time)
        self._add(
            BackupBegun(
                backup=key, database=new.database, at=at, schema=new.schema, present=present
            )
        )

    def _step_done(self, operation: Operation, step: int) -> None:
        details, target = operation.details, operation.target
        if isinstance(details, DdlDetails) and isinstance(target, DatabaseName):
            self._add(
                StatementCommitted(
                    name=target,
                    statement=details.statements[step],
                    proto_descriptors=details.proto_descriptors,
                )
            )

    def _add(self, note: Note) -> None:
        with self._condition:
            if self._ignoring:
                return
            self._noted += 1
            self._waiting.append(note)
            match note:
                case WorldReplaced():
                    self._latest_of_all = self._noted
                    self._latest.clear()
                case DatabaseGone():
                    # one that is made again waits for this one, too: the order sees to it
                    self._latest.pop(note.name, None)
                case DatabaseMade() | DatabaseRestored() | StatementCommitted():
                    self._latest[note.name] = self._noted
                case _:
                    pass
            self._condition.notify_all()

    # --- what whoever does it takes --------------------------------------------------------------

    def take(self, *, timeout: float) -> Note | None:
        """Return the next thing to do, which :meth:`settled` follows; None if none comes."""
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or self._ignoring, timeout)
            return self._waiting.popleft() if self._waiting else None

    def ignore(self) -> None:
        """Note nothing more until a world is watched: nobody does anything about it."""
        with self._condition:
            self._ignoring = True
            self._done += len(self._waiting)
            self._waiting.clear()
            self._condition.notify_all()

    def settled(self) -> None:
        """Say that what was taken is done, well or not."""
        with self._condition:
            self._done += 1
            self._condition.notify_all()

    def wait_for(self, name: DatabaseName, *, go_on: Callable[[], None], every: float) -> None:
        """Wait until everything is done that was noted about a database so far.

        :param go_on: is asked again and again; it raises what ends the wait
        """
        with self._condition:
            position = max(self._latest.get(name, 0), self._latest_of_all)
            while self._done < position:
                self._condition.wait(every)
                go_on()


def _usable(database: Database | None) -> bool:
    return database is not None and database.state is not DatabaseState.CREATING


def _made(database: Database) -> DatabaseMade:
    return DatabaseMade(
        name=database.name,
        dialect=Dialect.of_number(database.dialect),
        schema=database.schema,
    )
