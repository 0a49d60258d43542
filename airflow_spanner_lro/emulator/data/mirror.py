# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Do to Google's emulator, on a thread of its own, what has happened to databases and backups here.

What Google's emulator refuses does not stop the admin plane: the data calls of that one database
are told why, until it is dropped.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import grpc
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.data.calls import Connection
from airflow_spanner_lro.emulator.data.notes import (
    BackupBegun,
    BackupCopied,
    BackupGone,
    DatabaseGone,
    DatabaseMade,
    DatabaseRestored,
    StatementCommitted,
    WorldReplaced,
)
from airflow_spanner_lro.emulator.data.rows import (
    DatabaseRows,
    RowsError,
    RowsRefusedError,
    RowsUnavailableError,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from airflow_spanner_lro.core.names import DatabaseName, InstanceName
    from airflow_spanner_lro.emulator.data.notes import BackupKey, Note, WorldNotes
    from airflow_spanner_lro.emulator.data.process import GoogleEmulator
    from airflow_spanner_lro.emulator.schemas.model import Schema
    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement

log = logging.getLogger(__name__)

_CALL_TIMEOUT = 60.0
_LOOK_AROUND = 30.0
"""How often, in real seconds, the world catches up though nobody asks: Google's emulator keeps old
versions for an hour, so a backup that a schedule has begun must be read before."""
_DATABASE_ADMIN = "/google.spanner.admin.database.v1.DatabaseAdmin/"
_INSTANCE_ADMIN = "/google.spanner.admin.instance.v1.InstanceAdmin/"

_BESIDE_ROWS = frozenset(
    {"ROLE", "STATISTICS", "LOCALITY GROUP", "PLACEMENT", "MODEL", "PROPERTY GRAPH", "DATABASE"}
)
"""Things that rows are the same without: what is refused of them is told, and left out."""
_BESIDE_ROWS_ACTIONS = frozenset({"GRANT", "REVOKE"})
"""What is done to roles, whatever the thing is that they may use."""


class Mirror:
    """Keeps the databases of Google's emulator as ours are.

    :param google: the process, which runs
    :param notes: what is to be done
    :param catch_up: lets the world catch up with the time
    :param closing: is set when nothing more is to be begun
    """

    def __init__(
        self,
        *,
        google: GoogleEmulator,
        notes: WorldNotes,
        catch_up: Callable[[], object],
        closing: threading.Event,
    ) -> None:
        self._google = google
        self._notes = notes
        self._catch_up = catch_up
        self._closing = closing
        self._instances: set[InstanceName] = set()
        self._databases: dict[DatabaseName, Dialect] = {}
        self._problems: dict[DatabaseName, str] = {}
        self._left_out: dict[DatabaseName, set[str]] = {}
        # the rows of each backup, or why there are none
        self._backups: dict[BackupKey, DatabaseRows | str] = {}

    def run(self) -> None:
        """Do what is noted, as long as there is a process to do it to."""
        while not self._closing.is_set() and not self._google.ended():
            note = self._notes.take(timeout=_LOOK_AROUND)
            if note is None:
                self._catch_up()
                continue
            try:
                self._do(note)
            finally:
                self._notes.settled()

    def problem_of(self, name: DatabaseName) -> str:
        """Return why there are no rows of a database, or empty."""
        return self._problems.get(name, "")

    def _do(self, note: Note) -> None:
        match note:
            case BackupBegun():
                self._backups[note.backup] = self._read(note)
            case BackupCopied():
                self._backups[note.backup] = self._kept(note.source)
            case BackupGone():
                self._backups.pop(note.backup, None)
            case WorldReplaced():
                self._backups.clear()
                for name in list(self._databases):
                    self._do_to_database(DatabaseGone(name=name))
                for made in note.databases:
                    self._do_to_database(made)
            case _:
                self._do_to_database(note)

    def _do_to_database(
        self, note: DatabaseMade | DatabaseRestored | StatementCommitted | DatabaseGone
    ) -> None:
        """Do what is noted about a database; if it cannot be done, there are no rows of it."""
        try:
            match note:
                case DatabaseMade():
                    self._make(note.name, note.dialect, note.schema)
                case DatabaseRestored():
                    self._restore(note)
                case StatementCommitted():
                    self._change(note)
                case _:
                    self._drop(note.name)
        except RowsError as exc:
            if not self._is_over(exc):
                self._note_problem(note.name, str(exc))
        except Exception as exc:
            # a bug here must not stop what follows; a call that was cut off is none
            if not self._is_over(exc):
                log.exception("The emulator failed to mirror %s", type(note).__name__)
                self._note_problem(note.name, f"the emulator has a bug: {exc!r}")

    def _is_over(self, exc: Exception) -> bool:
        """Tell whether something failed because there is nobody any more to do anything to."""
        # whose calls break off may not be known to have ended yet
        wait = 0.0 if isinstance(exc, RowsRefusedError) else 1.0
        return self._closing.is_set() or self._google.ended(within=wait)

    def _make(self, name: DatabaseName, dialect: Dialect, schema: Schema) -> None:
        self._create_empty(name, dialect)
        statements = schema.statements
        descriptors = schema.proto_descriptors
        connection = self._connection(name)
        try:
            connection.change_schema(
                [each.text for each in statements], proto_descriptors=descriptors
            )
        except RowsRefusedError:
            # once more, one by one, as it is not told which of them is the matter
            self._drop(name)
            self._create_empty(name, dialect)
            for statement in statements:
                if not self._execute(name, statement, descriptors):
                    return

    def _restore(self, note: DatabaseRestored) -> None:
        rows = self._kept(note.backup)
        if isinstance(rows, str):
            self._make(note.name, note.dialect, note.schema)
            self._note_problem(note.name, f"its backup {note.backup[0].backup} has no rows: {rows}")
            return
        # loaded when rows are first moved: it takes the client library
        from airflow_spanner_lro.emulator.data.writing import write_rows  # noqa: PLC0415

        self._create_empty(note.name, note.dialect)
        write_rows(channel=self._google.channel, database=str(note.name), rows=rows)

    def _change(self, note: StatementCommitted) -> None:
        if note.name not in self._problems and note.name in self._databases:
            self._execute(note.name, note.statement, note.proto_descriptors)

    def _drop(self, name: DatabaseName) -> None:
        self._problems.pop(name, None)
        self._left_out.pop(name, None)
        if self._databases.pop(name, None) is None:
            return
        self._call(
            f"{_DATABASE_ADMIN}DropDatabase",
            database_v1.DropDatabaseRequest.pb()(database=str(name)),
            empty_pb2.Empty,
        )

    def _read(self, note: BackupBegun) -> DatabaseRows | str:
        name = note.database
        if problem := self.problem_of(name):
            return problem
        # loaded when rows are first moved: it takes the client library
        from airflow_spanner_lro.emulator.data.reading import read_rows  # noqa: PLC0415

        left_out = self._left_out.get(name, set())
        try:
            return read_rows(
                channel=self._google.channel,
                database=str(name),
                at=note.at,
                present=note.present,
                statements=[each for each in note.schema.texts if each not in left_out],
                proto_descriptors=note.schema.proto_descriptors,
            )
        except RowsError as exc:
            reason, over = str(exc), self._is_over(exc)
        except Exception as exc:
            # as with databases: a bug here must not stop what follows
            log.exception("The emulator failed to read the rows of a backup")
            reason, over = f"the emulator has a bug: {exc!r}", self._is_over(exc)
        if not over:
            log.warning(
                "Backup %s keeps no rows: %s Whatever is restored from it answers no data calls. "
                "%s",
                note.backup[0].backup,
                reason,
                note.backup[0],
            )
        return reason

    def _kept(self, backup: BackupKey) -> DatabaseRows | str:
        return self._backups.get(backup, "they were gone when the emulator's world was made again.")

    def _execute(
        self, name: DatabaseName, statement: DdlStatement, proto_descriptors: bytes
    ) -> bool:
        """Execute one statement of DDL; return False if that means that there are no rows."""
        try:
            self._connection(name).change_schema(
                [statement.text], proto_descriptors=proto_descriptors
            )
        except RowsRefusedError as exc:
            if statement.entity_type in _BESIDE_ROWS or statement.action in _BESIDE_ROWS_ACTIONS:
                log.warning(
                    "A statement is left out of the rows of database %s, which are the same "
                    "without it: Google's emulator refuses it. %s; %s",
                    name.database,
                    exc,
                    name,
                )
                self._left_out.setdefault(name, set()).add(statement.text)
                return True
            text = " ".join(statement.text.split())
            self._note_problem(name, f"Google's emulator does not execute {text!r}: {exc}")
            return False
        return True

    def _note_problem(self, name: DatabaseName, reason: str) -> None:
        self._problems[name] = reason
        log.warning(
            "Data calls of database %s are refused: %s The admin API goes on; drop the database to "
            "be rid of it. %s",
            name.database,
            reason,
            name,
        )

    def _create_empty(self, name: DatabaseName, dialect: Dialect) -> None:
        self._require_instance(name)
        quote = '"' if dialect is Dialect.POSTGRESQL else "`"
        request = database_v1.CreateDatabaseRequest.pb()(
            parent=str(name.instance_name),
            create_statement=f"CREATE DATABASE {quote}{name.database}{quote}",
            database_dialect=dialect.number,
        )
        self._call(f"{_DATABASE_ADMIN}CreateDatabase", request, operations_pb2.Operation)
        self._databases[name] = dialect

    def _require_instance(self, name: DatabaseName) -> None:
        instance = name.instance_name
        if instance in self._instances:
            return
        request = instance_v1.CreateInstanceRequest.pb()(
            parent=f"projects/{instance.project}", instance_id=instance.instance
        )
        request.instance.name = str(instance)
        request.instance.config = f"projects/{instance.project}/instanceConfigs/emulator-config"
        request.instance.display_name = instance.instance
        request.instance.node_count = 1
        self._call(f"{_INSTANCE_ADMIN}CreateInstance", request, operations_pb2.Operation)
        self._instances.add(instance)

    def _connection(self, name: DatabaseName) -> Connection:
        return Connection(self._google.channel, str(name))

    def _call(self, path: str, request: object, answer: type) -> None:
        method = self._google.channel.unary_unary(
            path,
            request_serializer=type(request).SerializeToString,  # type: ignore[attr-defined]
            response_deserializer=answer.FromString,  # type: ignore[attr-defined]
        )
        try:
            method(request, timeout=_CALL_TIMEOUT)
        except grpc.RpcError as exc:
            text = f"Google's emulator refuses {path.rpartition('/')[2]} ({exc.details()})"
            if exc.code() is grpc.StatusCode.UNAVAILABLE:
                raise RowsUnavailableError(text) from exc
            raise RowsRefusedError(text) from exc
