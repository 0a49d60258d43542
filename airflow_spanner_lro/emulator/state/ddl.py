# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema statements, as far as an emulator of operations needs to understand them.

It reads the verb, the kind of thing and its name, which is what ``DdlStatementActionInfo`` tells
clients, and keeps track of which things exist. Columns, types and data are not its business: the
emulator of Google has a real parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Self

from airflow_spanner_lro.emulator import errors

_VERBS = ("CREATE", "ALTER", "DROP", "RENAME", "GRANT", "REVOKE", "ANALYZE")
# longest first, as "CHANGE STREAM" must not be read as something called CHANGE
_ENTITY_TYPES = (
    "SCHEMA OBJECT",
    "CHANGE STREAM",
    "PROPERTY GRAPH",
    "LOCALITY GROUP",
    "PROTO BUNDLE",
    "DATABASE",
    "STATISTICS",
    "PLACEMENT",
    "SEQUENCE",
    "FUNCTION",
    "SCHEMA",
    "MODEL",
    "TABLE",
    "INDEX",
    "VIEW",
    "ROLE",
)
_NAME = r"[`\"]?(?P<name>[A-Za-z_][\w.-]*)[`\"]?"
_COMMENT = re.compile(r"--[^\n]*|#[^\n]*|/\*.*?\*/", re.DOTALL)
_HEAD = re.compile(
    rf"(?P<verb>{'|'.join(_VERBS)})\b\s*"
    r"(?P<replace>OR\s+REPLACE\s+)?"
    r"(?:(?:UNIQUE|NULL_FILTERED|SEARCH|VECTOR)\s+)*"
    rf"(?:(?P<entity>{'|'.join(kind.replace(' ', chr(92) + 's+') for kind in _ENTITY_TYPES)})\b)?"
    r"\s*(?P<if>IF\s+(?:NOT\s+)?EXISTS\s+)?",
    re.IGNORECASE,
)
_ON_TABLE = re.compile(rf"\s+ON\s+(?:TABLE\s+)?{_NAME}", re.IGNORECASE)
_ROLE_OF_GRANT = re.compile(r"\bON\s+(TABLE|VIEW|FUNCTION|CHANGE\s+STREAM)\s+(?P<names>.+?)\s+"
                            r"(?:TO|FROM)\s+ROLE\b", re.IGNORECASE | re.DOTALL)  # fmt: skip
_CREATE_DATABASE = re.compile(rf"\s*CREATE\s+DATABASE\s+{_NAME}\s*;?\s*", re.IGNORECASE)

_BACKFILL = timedelta(seconds=90)
_QUICK = timedelta(seconds=5)
_NEEDS_BACKFILL = {("CREATE", "INDEX"), ("ALTER", "TABLE"), ("ALTER", "INDEX")}
_SPACE = re.compile(r"\s+")


def database_id_of(create_statement: str) -> str:
    """Return the database id in a ``CREATE DATABASE`` statement.

    :raises RpcError: if it is not one.
    """
    found = _CREATE_DATABASE.fullmatch(create_statement)
    if found is None:
        raise errors.bad_create_statement(create_statement)
    return found["name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One schema statement.

    :param text: as it was sent
    :param action: its verb in capitals, such as ``CREATE``
    :param entity_type: such as ``TABLE``; empty for ANALYZE
    :param names: what it works on
    :param on: the table of an index, or empty
    :param tolerant: whether it says IF EXISTS, IF NOT EXISTS or OR REPLACE
    """

    text: str
    action: str
    entity_type: str
    names: tuple[str, ...]
    on: str = ""
    tolerant: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a statement.

        :raises RpcError: if it is empty or does not begin like any schema statement.
        """
        bare = _COMMENT.sub(" ", text).strip().rstrip(";").strip()
        if not bare:
            raise errors.bad_statement(text, reason="the statement is empty")
        head = _HEAD.match(bare)
        if head is None:
            raise errors.bad_statement(text, reason=f"expected one of {', '.join(_VERBS)}")
        action = head["verb"].upper()
        entity_type = _SPACE.sub(" ", head["entity"] or "").upper()
        if action == "ANALYZE":
            return cls(text=text, action=action, entity_type="", names=())
        if action in ("GRANT", "REVOKE"):
            return cls._privilege(text, bare, action=action)
        rest = bare[head.end() :]
        name = re.match(_NAME, rest)
        if entity_type == "PROTO BUNDLE":
            return cls(text=text, action=action, entity_type=entity_type, names=())
        if not entity_type or name is None:
            raise errors.bad_statement(text, reason=f"expected what to {action}, and its name")
        on = _ON_TABLE.match(rest, name.end()) if entity_type == "INDEX" else None
        return cls(
            text=text,
            action=action,
            entity_type=entity_type,
            names=(name["name"],),
            on=on["name"] if on else "",
            tolerant=bool(head["if"] or head["replace"]),
        )

    @classmethod
    def _privilege(cls, text: str, bare: str, *, action: str) -> Self:
        found = _ROLE_OF_GRANT.search(bare)
        entity_type = _SPACE.sub(" ", found[1]).upper() if found else "ROLE"
        names = tuple(name.strip(' `"\n\t') for name in found["names"].split(",")) if found else ()
        return cls(text=text, action=action, entity_type=entity_type, names=names)

    @property
    def usual_duration(self) -> timedelta:
        """How long it takes: long if existing rows have to be read, short otherwise."""
        return _BACKFILL if (self.action, self.entity_type) in _NEEDS_BACKFILL else _QUICK


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The statements that make up a schema, in the order in which they were committed.

    An ALTER is kept as a statement of its own behind the CREATE that it changes, where production
    would rewrite the CREATE.
    """

    statements: tuple[Statement, ...] = field(default=())

    @property
    def texts(self) -> tuple[str, ...]:
        """The statements as GetDatabaseDdl gives them."""
        return tuple(statement.text for statement in self.statements)

    def apply(self, statement: Statement) -> Schema:
        """Return the schema after a statement.

        :raises RpcError: if it creates what exists, or works on what does not.
        """
        if statement.action == "CREATE":
            return self._create(statement)
        if statement.action in ("ALTER", "DROP", "RENAME"):
            return self._change(statement)
        if statement.action == "ANALYZE":  # leaves nothing behind
            return self
        return self._with(statement)

    def _create(self, statement: Statement) -> Schema:
        if statement.on and not self._has("TABLE", statement.on):
            raise errors.no_such_entity("TABLE", statement.on)
        for name in statement.names:
            if self._has(statement.entity_type, name):
                if statement.tolerant:
                    return self
                raise errors.duplicate_name(name)
        return self._with(statement)

    def _change(self, statement: Statement) -> Schema:
        if statement.entity_type in ("DATABASE", "STATISTICS", "PROTO BUNDLE"):
            return self._with(statement)
        for name in statement.names:
            if not self._has(statement.entity_type, name):
                if statement.tolerant:
                    return self
                raise errors.no_such_entity(statement.entity_type, name)
        if statement.action != "DROP":
            return self._with(statement)
        gone = {(statement.entity_type, name.lower()) for name in statement.names}
        kept = (
            other
            for other in self.statements
            if gone.isdisjoint((other.entity_type, name.lower()) for name in other.names)
        )
        return replace(self, statements=tuple(kept))

    def _has(self, entity_type: str, name: str) -> bool:
        """Tell whether a thing exists; names are compared without regard to case."""
        return any(
            other.action == "CREATE"
            and other.entity_type == entity_type
            and name.lower() in (each.lower() for each in other.names)
            for other in self.statements
        )

    def _with(self, statement: Statement) -> Schema:
        return replace(self, statements=(*self.statements, statement))
