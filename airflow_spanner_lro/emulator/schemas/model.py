# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schemas: which things exist, what statements do to them, and what they refuse to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.errors import schemas as refusals
from airflow_spanner_lro.emulator.schemas.alteration_checks import require_alteration_fits
from airflow_spanner_lro.emulator.schemas.database_options import DEFAULT_TIME_ZONE
from airflow_spanner_lro.emulator.schemas.dependants import require_no_references
from airflow_spanner_lro.emulator.schemas.other_checks import (
    require_index_fits,
    require_sources,
    require_trackable,
)
from airflow_spanner_lro.emulator.schemas.statements import (
    DATABASE,
    INDEX,
    PROTO_BUNDLE,
    ROLE,
    SCHEMA,
    TABLE,
    VIEW,
    DdlStatement,
)
from airflow_spanner_lro.emulator.schemas.table_checks import require_table_fits

if TYPE_CHECKING:
    from collections.abc import Iterable


_BEFORE_TABLE = r"TABLE|ON|IN|PARENT|REFERENCES|FOR|FROM|JOIN|EXISTS"
_DATABASE_ID = re.compile(r"(\bDATABASE\s+)([`\"]?)[\w-]+\2", re.IGNORECASE)


def renamed_statement(statement: DdlStatement, old: str, new: str) -> DdlStatement:
    """Return a statement after a table that it may speak of has got another name."""
    pattern = rf"\b({_BEFORE_TABLE})(\s+)([`\"]?){re.escape(old)}\3(?![\w.`\"])"
    is_table = statement.entity_type == TABLE
    return replace(
        statement,
        text=re.sub(pattern, rf"\1\2\g<3>{new}\3", statement.text, flags=re.IGNORECASE),
        names=tuple(_moved(name, old, new) if is_table else name for name in statement.names),
        on=_moved(statement.on, old, new),
        parent=_moved(statement.parent, old, new),
        refers=statement.refers.renamed(old, new),
    )


def about_database(statement: DdlStatement, database_id: str) -> DdlStatement:
    """Return an ALTER DATABASE for a database of another name."""
    # in PostgreSQL options have a namespace; quoted, as the new name may need that
    quote = '"' if "spanner." in statement.text.lower() else "`"
    text = _DATABASE_ID.sub(rf"\1{quote}{database_id}{quote}", statement.text, count=1)
    return replace(statement, text=text, names=(database_id,))


def revoked(grant: DdlStatement, revoke: DdlStatement) -> tuple[DdlStatement, ...]:
    """Return what is left of a GRANT after a REVOKE; any other statement stays as it is."""
    if grant.action != "GRANT" or grant.entity_type != revoke.entity_type:
        return (grant,)
    given = list(product(grant.privileges or ("",), grant.names, grant.roles))
    taken = set(
        product(
            map(str.lower, revoke.privileges or ("",)),
            map(str.lower, revoke.names),
            map(str.lower, revoke.roles),
        )
    )
    left = [parts for parts in given if tuple(map(str.lower, parts)) not in taken]
    if len(left) == len(given):
        return (grant,)
    return tuple(_single(grant, *parts) for parts in left)


def _single(grant: DdlStatement, privilege: str, name: str, role: str) -> DdlStatement:
    what = f"{privilege} ON {grant.entity_type} {name}" if privilege else f"ROLE {name}"
    return replace(
        grant,
        text=f"GRANT {what} TO ROLE {role}",
        privileges=(privilege,) if privilege else (),
        names=(name,),
        roles=(role,),
    )


def _moved(name: str, old: str, new: str) -> str:
    return new if name.lower() == old.lower() else name


SYSTEM_ROLES = ("public", "spanner_info_reader", "spanner_sys_reader")
"""The roles that every database has; nobody can drop them."""

# those things cannot have the name of one another
_ONE_NAMESPACE = frozenset(
    {
        *(TABLE, INDEX, VIEW, SCHEMA, "SEQUENCE", "CHANGE STREAM"),
        *("MODEL", "PROPERTY GRAPH", "FUNCTION", "QUEUE"),
    }
)
_GIVEN_SCHEMAS = frozenset({"public", "default", "spanner"})
# of these there is always one, whatever it is called
_ALWAYS_THERE = frozenset({DATABASE, "STATISTICS"})
_DEFAULT_LOCALITY_GROUP = ("LOCALITY GROUP", "default")


_PLACEMENT = re.compile(
    r"CREATE\s+PLACEMENT\b.*\binstance_partition\s*=\s*(['\"])(?P<id>.*?)\1",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The statements that make up a schema, in the order in which they were committed.

    An ALTER is kept as a statement of its own behind the CREATE that it changes, where production
    would rewrite the CREATE; names of tables are rewritten.

    :param proto_descriptors: of the proto bundle, as they were last sent
    """

    statements: tuple[DdlStatement, ...] = field(default=())
    proto_descriptors: bytes = b""

    @property
    def texts(self) -> tuple[str, ...]:
        """The statements as GetDatabaseDdl gives them."""
        return tuple(statement.text for statement in self.statements)

    @property
    def roles(self) -> tuple[str, ...]:
        """The database roles, those of the system included."""
        made = (name for each in self._made(ROLE) for name in each.names)
        return (*SYSTEM_ROLES, *made)

    @property
    def placements(self) -> list[str]:
        """The ids of the instance partitions in which it has placements, each of them once."""
        found = (_PLACEMENT.match(text) for text in self.texts)
        return list(dict.fromkeys(match["id"] for match in found if match is not None))

    def option(self, name: str) -> str | None:
        """Return an option of the database; None if it has its default."""
        found = None
        for statement in self.statements:
            if statement.options and name in (given := dict(statement.options)):
                found = given[name]
        return found

    def has(self, entity_type: str, name: str) -> bool:
        """Tell whether a thing exists; names are compared without regard to case."""
        return self._find(name, (entity_type,)) is not None

    def _knows(self, entity_type: str, name: str) -> bool:
        """Tell whether a statement may refer to a thing so: it has to spell the name as it is."""
        return any(name in each.names for each in self._made(entity_type))

    def table_of(self, index: str) -> str | None:
        """Return the table of an index, or None if there is no such index."""
        found = self._find(index, (INDEX,))
        return None if found is None else found.on

    def apply(self, statement: DdlStatement, *, proto_descriptors: bytes = b"") -> Schema:
        """Return the schema after a statement.

        :param proto_descriptors: what came with it, for one that works on the proto bundle
        :raises RpcError: if it creates what exists, or works on what does not.
        """
        if statement.entity_type == PROTO_BUNDLE:
            return self._bundle(statement, proto_descriptors)
        match statement.action:
            case "CREATE":
                return self._create(statement)
            case "DROP":
                return self._drop(statement)
            case "ALTER" | "RENAME":
                if DEFAULT_TIME_ZONE in dict(statement.options) and any(self._made(TABLE)):
                    raise errors.time_zone_with_tables()
                return self._change(statement)
            case "GRANT" | "REVOKE":
                return self._privilege(statement)
            case _:  # ANALYZE leaves nothing behind
                return self

    def for_database(self, database_id: str) -> Schema:
        """Return the schema as that of another database, which has it from a backup."""
        moved = tuple(
            about_database(statement, database_id)
            if statement.entity_type == DATABASE
            else statement
            for statement in self.statements
        )
        return replace(self, statements=moved)

    def _create(self, statement: DdlStatement) -> Schema:
        (name,) = statement.names
        kind = statement.entity_type
        rivals = _ONE_NAMESPACE if kind in _ONE_NAMESPACE else {kind}
        rival = self._find(name, rivals)
        if kind == ROLE and name.lower() in SYSTEM_ROLES:
            raise errors.duplicate_name(name)
        if rival is not None:
            if statement.replaces and rival.entity_type == kind:
                self._require_sense(statement)
                kept = (statement if each is rival else each for each in self.statements)
                return replace(self, statements=tuple(kept))
            if statement.tolerant and rival.entity_type == kind:
                return self
            raise errors.duplicate_name(name)
        schema, dot, _ = name.rpartition(".")
        if dot and schema.lower() not in _GIVEN_SCHEMAS and not self._knows(SCHEMA, schema):
            raise errors.no_such_entity(SCHEMA, schema)
        # the tables of an index are looked at with its columns
        if kind == TABLE and statement.parent and not self._knows(TABLE, statement.parent):
            raise errors.no_such_entity(TABLE, statement.parent)
        self._require_sense(statement)
        if statement.on and name.rpartition(".")[0] != statement.on.rpartition(".")[0]:
            raise errors.index_elsewhere(name, table=statement.on)
        return self.plus(statement)

    def _require_sense(self, statement: DdlStatement) -> None:
        """Refuse what does not fit the columns, keys and names that are there."""
        kind_by_default = self.option("default_sequence_kind") is not None
        match statement.entity_type:
            case "TABLE":
                has_protos = any(self._made(PROTO_BUNDLE))
                require_table_fits(
                    self.statements,
                    statement,
                    kind_by_default=kind_by_default,
                    has_protos=has_protos,
                )
            case "INDEX":
                require_index_fits(self.statements, statement, search=statement.is_search_index)
            case "VIEW":
                require_sources(self.statements, statement)
            case "CHANGE STREAM":
                require_trackable(self.statements, statement)
            case "SEQUENCE" if statement.parts and not statement.parts.has_kind:
                if not kind_by_default:
                    raise refusals.no_sequence_kind(f"the sequence {statement.names[0]}")
            case _:
                pass

    def _drop(self, statement: DdlStatement) -> Schema:
        kind = statement.entity_type
        for name in statement.names:
            if kind == ROLE and name.lower() in SYSTEM_ROLES:
                raise errors.system_role(name)
            if not self._knows(kind, name):
                if statement.tolerant:
                    return self
                raise errors.no_such_entity(kind, name)
            self._require_unused(kind, name)
        gone = {(kind, name.lower()) for name in statement.names}
        kept = (each for each in self.statements if gone.isdisjoint(_keys(each)))
        return replace(self, statements=tuple(kept))

    def _require_unused(self, kind: str, name: str) -> None:
        """Refuse to drop what something else needs."""
        same = name.lower()
        if kind == TABLE:
            if indexes := _names(each for each in self._made(INDEX) if each.on.lower() == same):
                raise errors.table_has_indexes(name, indexes=indexes)
            within = (each for each in self._made(TABLE, INDEX) if each.parent.lower() == same)
            if children := _names(within):
                raise errors.table_has_children(name, children=children)
        require_no_references(self.statements, kind=kind, name=name)
        if kind == SCHEMA and any(
            each.lower().startswith(f"{same}.")
            for statement in self._made(*_ONE_NAMESPACE)
            for each in statement.names
        ):
            raise errors.schema_in_use(name)
        granted = (each for each in self.statements if each.action == "GRANT" and each.privileges)
        if kind == ROLE and any(same in map(str.lower, each.roles) for each in granted):
            raise errors.role_in_use(name)

    def _change(self, statement: DdlStatement) -> Schema:
        for name in statement.names:
            if not self._can_change(statement.entity_type, name):
                if statement.tolerant:
                    return self
                raise errors.no_such_entity(statement.entity_type, name)
        if not statement.renames:
            return self._altered(statement)
        schema = self
        gone = {old.lower() for old, _ in statement.renames}
        for _, new in statement.renames:
            if new.lower() not in gone and self._find(new, _ONE_NAMESPACE) is not None:
                raise errors.duplicate_name(new)
        # by way of names that nothing has, as tables may swap theirs
        for step, (old, _) in enumerate(statement.renames):
            schema = schema.renamed(old, f"_renaming_{step}")
        for step, (_, new) in enumerate(statement.renames):
            schema = schema.renamed(f"_renaming_{step}", new)
        if statement.synonym:
            new = statement.renames[0][1]
            text = f"ALTER TABLE {new} ADD SYNONYM {statement.synonym}"
            schema = schema.plus(
                replace(statement, text=text, names=(new,), renames=(), action="ALTER")
            )
        return schema

    def _altered(self, statement: DdlStatement) -> Schema:
        """Return the schema after an ALTER that changes no names."""
        if statement.entity_type == TABLE:
            if statement.parent and not self._knows(TABLE, statement.parent):
                raise errors.no_such_entity(TABLE, statement.parent)
            changes = require_alteration_fits(
                self.statements,
                statement,
                kind_by_default=self.option("default_sequence_kind") is not None,
                has_protos=any(self._made(PROTO_BUNDLE)),
            )
            return self.plus(statement) if changes else self
        if statement.entity_type == "CHANGE STREAM":
            require_trackable(self.statements, statement)
        return self.plus(statement)

    def _can_change(self, kind: str, name: str) -> bool:
        there = kind in _ALWAYS_THERE or (kind, name.lower()) == _DEFAULT_LOCALITY_GROUP
        return there or self._knows(kind, name)

    def _privilege(self, statement: DdlStatement) -> Schema:
        known = {name.lower() for name in self.roles}
        granted_roles = statement.names if statement.entity_type == ROLE else ()
        for role in (*statement.roles, *granted_roles):
            if role.lower() not in known:
                raise errors.no_such_entity(ROLE, role)
        if statement.entity_type == TABLE:
            for name in statement.names:
                if not (self._knows(TABLE, name) or self._knows(VIEW, name)):
                    raise errors.no_such_entity(TABLE, name)
        if statement.action == "GRANT":
            return self.plus(statement)
        left = (part for each in self.statements for part in revoked(each, statement))
        return replace(self, statements=tuple(left))

    def _bundle(self, statement: DdlStatement, descriptors: bytes) -> Schema:
        exists = any(self._made(PROTO_BUNDLE))
        if statement.action == "CREATE" and exists:
            raise errors.duplicate_name(PROTO_BUNDLE)
        if statement.action != "CREATE" and not exists:
            raise errors.no_such_entity(PROTO_BUNDLE, "the database has none")
        if statement.action == "DROP":
            kept = (each for each in self.statements if each.entity_type != PROTO_BUNDLE)
            return replace(self, statements=tuple(kept), proto_descriptors=b"")
        if not (descriptors or self.proto_descriptors):
            raise errors.missing_descriptors()
        changed = replace(self, proto_descriptors=descriptors or self.proto_descriptors)
        return changed.plus(statement)

    def renamed(self, old: str, new: str) -> Schema:
        """Return the schema after a table has got another name."""
        changed = tuple(renamed_statement(statement, old, new) for statement in self.statements)
        return replace(self, statements=changed)

    def _made(self, *kinds: str) -> Iterable[DdlStatement]:
        return (e for e in self.statements if e.action == "CREATE" and e.entity_type in kinds)

    def _find(self, name: str, kinds: Iterable[str]) -> DdlStatement | None:
        found = (each for each in self._made(*kinds) if name.lower() in map(str.lower, each.names))
        return next(iter(found), None)

    def plus(self, statement: DdlStatement) -> Schema:
        """Return the schema with one more statement, whatever that is."""
        return replace(self, statements=(*self.statements, statement))


def _keys(statement: DdlStatement) -> set[tuple[str, str]]:
    """Return what a statement is about: it goes when that is dropped."""
    keys = {(statement.entity_type, name.lower()) for name in statement.names}
    return keys | {(ROLE, role.lower()) for role in statement.roles}


def _names(statements: Iterable[DdlStatement]) -> str:
    return ",".join(name for statement in statements for name in statement.names)
