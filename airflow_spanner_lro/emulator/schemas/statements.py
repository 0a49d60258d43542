# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema statements: verb, kind of thing, names, database options.

That is what ``DdlStatementActionInfo`` tells clients, and what one thing needs of another. What
they do to a schema is told in ``model``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Self, TypeVar

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.alterations import read_alteration
from airflow_spanner_lro.emulator.schemas.database_options import database_options
from airflow_spanner_lro.emulator.schemas.definitions import (
    read_index,
    read_index_change,
    read_simple,
    read_view,
)
from airflow_spanner_lro.emulator.schemas.reader import StatementReader
from airflow_spanner_lro.emulator.schemas.references import (
    NO_REFERENCES,
    References,
    change_stream_references,
)
from airflow_spanner_lro.emulator.schemas.tables import Parts, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping


MAX_STATEMENT_BYTES = 10 * 2**20

DATABASE = "DATABASE"
INDEX = "INDEX"
PROTO_BUNDLE = "PROTO BUNDLE"
ROLE = "ROLE"
SCHEMA = "SCHEMA"
TABLE = "TABLE"
VIEW = "VIEW"

_MADE = ("CHANGE STREAM", "PROPERTY GRAPH", "LOCALITY GROUP", PROTO_BUNDLE, "PLACEMENT",
         "SEQUENCE", "FUNCTION", SCHEMA, "MODEL", "QUEUE", TABLE, INDEX, VIEW, ROLE)  # fmt: skip
_ENTITY_TYPES: Mapping[str, tuple[str, ...]] = {
    "CREATE": _MADE,
    "ALTER": ("CHANGE STREAM", "LOCALITY GROUP", PROTO_BUNDLE, "STATISTICS", DATABASE, "SEQUENCE",
              "MODEL", TABLE, INDEX),
    "DROP": _MADE,
    "RENAME": (TABLE,),
    "GRANT": (),
    "REVOKE": (),
    "ANALYZE": (),
}  # fmt: skip
"""What each verb works on; names of several words come first."""
_INDEX_KINDS = (("UNIQUE", "NULL_FILTERED"), ("SEARCH",), ("VECTOR",))
_SEARCH_INDEX = re.compile(r"\s*(?:CREATE|ALTER)\s+(?:SEARCH|VECTOR)\s", re.IGNORECASE)
_REPLACEABLE = frozenset({VIEW, SCHEMA, "MODEL", "FUNCTION", "PROPERTY GRAPH"})
_VALID_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}", re.ASCII)
_GRANTABLE = ("TABLE FUNCTION", "CHANGE STREAM", "SEQUENCE", "FUNCTION", SCHEMA, TABLE, VIEW)
_PLURALS = {f"{kind}S": kind for kind in ("TABLE", "VIEW", "SEQUENCE", "CHANGE STREAM")}

_BACKFILL = timedelta(seconds=90)
_QUICK = timedelta(seconds=5)
_NEEDS_BACKFILL = {("CREATE", INDEX), ("ALTER", TABLE), ("ALTER", INDEX)}


def database_id_of(create_statement: str, *, dialect: Dialect | None = None) -> str:
    """Return the database id in a ``CREATE DATABASE`` statement.

    :param dialect: which decides how ids are quoted; None if any way will do
    :raises RpcError: if it is not one.
    """
    if dialect is None:
        quoted = '"' in create_statement
        dialect = Dialect.POSTGRESQL if quoted else Dialect.GOOGLE_STANDARD_SQL
    reader = StatementReader(create_statement, dialect=dialect)
    found = reader.take("CREATE", DATABASE) and reader.name()
    if not found or not reader.at_end:
        raise errors.bad_create_statement(create_statement)
    return str(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class DdlStatement:
    """One schema statement.

    :param text: as it was sent
    :param action: its verb in capitals, such as ``CREATE``
    :param entity_type: such as ``TABLE``; empty for ANALYZE
    :param names: what it works on
    :param on: the table of an index, or empty
    :param parent: the table within which another is interleaved, or empty
    :param tolerant: whether it says IF EXISTS or IF NOT EXISTS
    :param replaces: whether it says OR REPLACE
    :param renames: the old and new names of tables
    :param synonym: a name that a table gets in addition
    :param options: of the database, by name; None for one that is reset
    :param privileges: what is granted or revoked, such as ``SELECT``
    :param roles: who is granted it
    :param refers: what else it needs
    :param parts: columns and the like, of a table, an index or a sequence; None if unknown
    """

    text: str
    action: str
    entity_type: str = ""
    names: tuple[str, ...] = ()
    on: str = ""
    parent: str = ""
    tolerant: bool = False
    replaces: bool = False
    renames: tuple[tuple[str, str], ...] = ()
    synonym: str = ""
    options: tuple[tuple[str, str | None], ...] = ()
    privileges: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    refers: References = NO_REFERENCES
    parts: Parts | None = None

    @classmethod
    def parse(cls, text: str, *, dialect: Dialect = Dialect.GOOGLE_STANDARD_SQL) -> Self:
        """Read a statement.

        :raises RpcError: if it is empty, too long, or begins like no schema statement.
        """
        if len(text.encode()) > MAX_STATEMENT_BYTES:
            raise errors.statement_too_long(limit=MAX_STATEMENT_BYTES)
        reader = StatementReader(text, dialect=dialect)
        if reader.at_end:
            raise errors.bad_statement(text, reason="the statement is empty")
        action = next((verb for verb in _ENTITY_TYPES if reader.take(verb)), None)
        if action is None:
            _refuse_foreign(reader, _OTHER_COMMANDS)
            reason = f"expected one of {', '.join(_ENTITY_TYPES)}"
            raise errors.bad_statement(text, reason=reason)
        match action:
            case "ANALYZE":
                if dialect is Dialect.POSTGRESQL and not reader.at_end:
                    raise refusals.not_supported("<ANALYZE> of single tables")
                reader.require_end()
                return cls(text=text, action=action)
            case "GRANT" | "REVOKE":
                return cls._privilege(reader, action)
            case "RENAME":
                return cls._rename(reader)
            case "DROP":
                made = cls._definition(reader, action)
                _require_end(reader)
                return made
            case _:
                return cls._definition(reader, action)

    @classmethod
    def _definition(cls, reader: StatementReader, action: str) -> Self:
        """Read what follows CREATE, ALTER or DROP."""
        replaces = action == "CREATE" and reader.take("OR", "REPLACE")
        qualified = any(_take_each(reader, words) for words in _INDEX_KINDS)
        kinds = (INDEX,) if qualified else _ENTITY_TYPES[action]
        entity_type = next((kind for kind in kinds if reader.take(*kind.split())), "")
        if entity_type == PROTO_BUNDLE:
            return cls(text=reader.text, action=action, entity_type=entity_type)
        exists = ("IF", "NOT", "EXISTS") if action == "CREATE" else ("IF", "EXISTS")
        tolerant = reader.take(*exists)
        if entity_type == TABLE and action == "ALTER":
            reader.take("ONLY")
        several = action == "DROP" and entity_type == SCHEMA
        names = reader.names() if several else tuple(filter(None, [reader.name()]))
        if not entity_type or not names:
            if not entity_type:
                _refuse_foreign(reader, _OTHER_KINDS)
            raise errors.bad_statement(
                reader.text, reason=f"expected what to {action}, and its name"
            )
        if action == "CREATE":
            _require_valid_name(entity_type, names[0])
        if replaces and entity_type not in _REPLACEABLE:
            raise errors.bad_statement(reader.text, reason="nothing of this kind can be replaced")
        made = cls(
            text=reader.text,
            action=action,
            entity_type=entity_type,
            names=names,
            tolerant=tolerant,
            replaces=replaces,
        )
        return made._completed(reader)

    def _completed(self, reader: StatementReader) -> Self:
        """Read what follows the name."""
        made = self
        match (self.action, self.entity_type):
            case ("CREATE", "INDEX"):
                on = reader.name() if reader.take("ON") else None
                if on is None:
                    raise errors.bad_statement(reader.text, reason="expected ON, and a table")
                parts, parent = read_index(reader, search=self.is_search_index)
                made = replace(self._beside(on, reader), on=on, parent=parent, parts=parts)
            case ("ALTER", "INDEX"):
                made = replace(self, parts=read_index_change(reader, search=self.is_search_index))
            case ("CREATE", "TABLE"):
                table = read_table(reader, table=self.names[0])
                made = replace(
                    self,
                    parent=table.parent,
                    synonym=table.synonym,
                    refers=table.refers,
                    parts=table.parts,
                )
            case ("CREATE", "VIEW"):
                made = replace(self, refers=read_view(reader, view=self.names[0]))
            case ("CREATE", "SCHEMA" | "ROLE" | "SEQUENCE"):
                made = replace(self, parts=read_simple(reader, self.entity_type, self.names[0]))
            case ("CREATE" | "ALTER", "CHANGE STREAM"):
                made = replace(
                    self, refers=change_stream_references(reader, alters=self.action == "ALTER")
                )
            case ("ALTER", "DATABASE"):
                made = replace(self, options=database_options(reader))
            case ("ALTER", "TABLE"):
                made = self._alteration(reader)
        return made

    def _beside(self, table: str, reader: StatementReader) -> Self:
        """Return an index in the schema of its table, where PostgreSQL has it without a word."""
        schema, dot, _ = table.rpartition(".")
        if reader.dialect is not Dialect.POSTGRESQL:
            return self
        if "." in self.names[0]:
            reason = "an index has the schema of its table, and names none"
            raise errors.bad_statement(self.text, reason=reason)
        return replace(self, names=(f"{schema}{dot}{self.names[0]}",))

    def _alteration(self, reader: StatementReader) -> Self:
        """Read what changes the names of a table, or what it needs."""
        (old,) = self.names
        if reader.take("ADD", "SYNONYM"):
            return _with_valid_names(replace(self, synonym=reader.name() or ""))
        keeps_old = reader.take("RENAME", "WITH", "SYNONYM", "TO")
        if not keeps_old and not reader.take("RENAME", "TO"):
            found = read_alteration(reader, table=old)
            return replace(self, refers=found.refers, parts=found.parts, parent=found.parent)
        new = reader.name()
        if new is None:
            raise errors.bad_statement(self.text, reason="expected the new name of the table")
        renames = [(old, new)]
        synonym = old if keeps_old else ""
        while reader.take(","):
            if reader.take("ADD", "SYNONYM"):
                synonym = reader.name() or ""
            elif reader.take("ALTER", TABLE):
                other = reader.name()
                target = reader.name() if reader.take("RENAME", "TO") else None
                if other is None or target is None:
                    raise errors.bad_statement(self.text, reason="expected a table to rename")
                renames.append((other, target))
        names = tuple(name for name, _ in renames)
        return _with_valid_names(
            replace(self, names=names, renames=tuple(renames), synonym=synonym)
        )

    @classmethod
    def _rename(cls, reader: StatementReader) -> Self:
        pairs: list[tuple[str, str]] = []
        more = reader.take(TABLE)
        while more:
            old = reader.name()
            new = reader.name() if reader.take("TO") else None
            if old is None or new is None:
                break
            pairs.append((old, new))
            more = reader.take(",")
        if more or not pairs or not reader.at_end:
            raise errors.bad_statement(reader.text, reason="expected RENAME TABLE old TO new")
        names = tuple(old for old, _ in pairs)
        return _with_valid_names(
            cls(
                text=reader.text,
                action="RENAME",
                entity_type=TABLE,
                names=names,
                renames=tuple(pairs),
            )
        )

    @classmethod
    def _privilege(cls, reader: StatementReader, action: str) -> Self:
        """Read what follows GRANT or REVOKE."""
        recipient = "TO" if action == "GRANT" else "FROM"
        entity_type = ROLE
        names: tuple[str, ...] = ()
        privileges: tuple[str, ...] = ()
        if not reader.take(ROLE):
            privileges = reader.until("ON", recipient)
        if reader.take("ON"):
            whole = reader.take("ALL")
            kinds = (*_PLURALS, *_GRANTABLE)
            found = next((kind for kind in kinds if reader.take(*kind.split())), TABLE)
            entity_type = _PLURALS.get(found, found)
            if whole and reader.take("IN", SCHEMA):
                entity_type = SCHEMA
            given = entity_type == SCHEMA and reader.take("DEFAULT")
            names = ("default",) if given else reader.names()
        else:
            # in PostgreSQL the roles themselves stand where privileges do
            names, privileges = privileges or reader.names(), ()
        roles: tuple[str, ...] = ()
        if names and reader.take(recipient):
            reader.take(ROLE)
            roles = reader.names()
        if not roles or not reader.at_end:
            reason = f"expected what to {action}, and the roles"
            raise errors.bad_statement(reader.text, reason=reason)
        return cls(
            text=reader.text,
            action=action,
            entity_type=entity_type,
            names=names,
            privileges=privileges,
            roles=roles,
        )

    @property
    def is_search_index(self) -> bool:
        """It is a search or vector index, whose columns are not sorted."""
        return bool(_SEARCH_INDEX.match(self.text))

    @property
    def usual_duration(self) -> timedelta:
        """How long it takes: long if existing rows have to be read, short otherwise."""
        return _BACKFILL if (self.action, self.entity_type) in _NEEDS_BACKFILL else _QUICK


_S = TypeVar("_S", bound=DdlStatement)


def _require_end(reader: StatementReader) -> None:
    """Refuse what follows a DROP; in PostgreSQL it may say that it is the usual one."""
    usual = reader.dialect is not Dialect.POSTGRESQL or reader.take("RESTRICT")
    if not usual and reader.comes("CASCADE", ","):
        raise refusals.not_supported("<DROP> of several things, or with what needs them,")
    if not reader.at_end:
        raise errors.bad_statement(reader.text, reason="nothing can follow what to DROP")


# fmt: off
_OTHER_COMMANDS = frozenset({
    "BEGIN", "CALL", "CLUSTER", "COMMENT", "COMMIT", "COPY", "DELETE", "DO", "EXPLAIN", "IMPORT",
    "INSERT", "LOCK", "NOTIFY", "REASSIGN", "REFRESH", "REINDEX", "ROLLBACK", "SECURITY",
    "SELECT", "SET", "TRUNCATE", "UPDATE", "VACUUM", "WITH",
})
_OTHER_KINDS = frozenset({
    "ACCESS", "AGGREGATE", "CAST", "COLLATION", "CONVERSION", "DEFAULT", "DOMAIN", "EVENT",
    "EXTENSION", "FOREIGN", "GROUP", "LANGUAGE", "MATERIALIZED", "OPERATOR", "OWNED", "POLICY",
    "PROCEDURE", "PUBLICATION", "ROUTINE", "RULE", "SERVER", "SUBSCRIPTION", "SYSTEM",
    "TABLESPACE", "TEMP", "TEMPORARY", "TEXT", "TRIGGER", "TYPE", "UNLOGGED", "USER",
})
# fmt: on


def _refuse_foreign(reader: StatementReader, words: frozenset[str]) -> None:
    """Refuse what PostgreSQL has and Spanner has not by another code than what nobody has."""
    if reader.dialect is Dialect.POSTGRESQL and reader.comes(*words):
        raise refusals.not_supported("The statement")


_SCHEMAS_OF_THE_SERVICE = frozenset(
    {"public", "information_schema", "spanner_sys", "pg_catalog", "definition_schema", "net"}
)


def _take_each(reader: StatementReader, words: tuple[str, ...]) -> bool:
    """Go on behind those of these words that come next, each once and in this order."""
    taken = False
    for word in words:
        taken = reader.take(word) or taken
    return taken


def _with_valid_names(statement: _S) -> _S:
    """Return a statement if tables can have the names that it gives them."""
    for name in (*(new for _, new in statement.renames), statement.synonym):
        if name:
            _require_valid_name(TABLE, name)
    return statement


def _require_valid_name(entity_type: str, name: str) -> None:
    """Refuse a name that nothing can have, schemas aside: those must exist."""
    if entity_type == SCHEMA and name.lower() in _SCHEMAS_OF_THE_SERVICE:
        raise errors.bad_name(entity_type, name)
    if not _VALID_NAME.fullmatch(name.rpartition(".")[2]):
        raise errors.bad_name(entity_type, name)
