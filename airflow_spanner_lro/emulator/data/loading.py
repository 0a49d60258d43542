# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Divide a schema into what rows need and what comes after them.

Foreign keys come after the rows, so that tables which refer to each other can be filled at all;
indexes, as filling one at once is far quicker; change streams, so that they report no restored row;
and whatever builds on these. A foreign key within CREATE TABLE is cut out and added later. The
order of the statements is kept on either side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ddl.lexer import Dialect, UnclosedError, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_spanner_lro.core.ddl.lexer import DdlToken

_ROWS_NEED = frozenset(
    {"DATABASE", "FUNCTION", "LOCALITY", "PLACEMENT", "PROTO", "SCHEMA", "SEQUENCE", "TABLE"}
)
"""What tables are made of; all else can wait for the rows."""
_BEFORE_KIND = frozenset({"OR", "REPLACE", "UNIQUE", "NULL_FILTERED", "SEARCH", "VECTOR"})
_GENERATED_KEY_NAME = "FK_"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """The statements of a schema, around its rows.

    :param before: what must be there for rows to be written
    :param after: what waits for them
    """

    before: tuple[str, ...]
    after: tuple[str, ...]


def plan_load(statements: Iterable[str], *, dialect: Dialect, database_id: str) -> LoadPlan:
    """Divide the statements of a schema.

    :param statements: also its history, in which an ALTER stands behind its CREATE
    :param database_id: the database that they are for, whatever it was called before
    """
    division = _Division(dialect=dialect, database_id=database_id)
    for statement in statements:
        division.add(statement)
    return LoadPlan(before=tuple(division.before), after=tuple(division.after))


@dataclass(slots=True, kw_only=True)
class _Division:
    dialect: Dialect
    database_id: str
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Put a statement where it belongs."""
        try:
            tokens = list(tokenize(text, dialect=self.dialect))
        except UnclosedError:
            tokens = []  # whoever executes it says what is wrong with it
        words = [token.text.upper() for token in tokens]
        match next((word for word in words[1:] if word not in _BEFORE_KIND), ""):
            case "TABLE" if words[0] == "CREATE":
                self._create_table(text, tokens)
            case "TABLE":
                self._alter_table(text, tokens, words)
            case "DATABASE":
                self.before.append(self._about_this_database(text, tokens, words))
            case "LOCALITY" if words[0] == "CREATE":
                # Google's emulator shows it behind the tables that name it
                self.before.insert(0, text)
            case kind if kind in _ROWS_NEED:
                self.before.append(text)
            case _:
                self.after.append(text)

    def _create_table(self, text: str, tokens: Sequence[DdlToken]) -> None:
        opening = next((i for i, token in enumerate(tokens) if token.text == "("), len(tokens))
        table = _name(text, tokens[2:opening])
        kept, done = "", 0
        for cut in _foreign_keys(text, tokens, opening):
            self.after.append(f"ALTER TABLE {table} ADD {cut.clause}")
            kept, done = kept + text[done : cut.start], cut.end
        self.before.append(kept + text[done:])

    def _alter_table(self, text: str, tokens: Sequence[DdlToken], words: Sequence[str]) -> None:
        verb = next((i for i, word in enumerate(words) if word in ("ADD", "DROP")), 0)
        if not verb or tokens[0].text.upper() != "ALTER":
            self.before.append(text)
            return
        clause = words[verb:]
        if clause[1:2] == ["FOREIGN"] or (
            clause[1:2] == ["CONSTRAINT"] and "FOREIGN" in clause[3:4]
        ):
            self.after.append(text)
        elif clause[:2] == ["DROP", "CONSTRAINT"]:
            self._drop_constraint(text, _name(text, tokens[2:verb]), tokens[verb + 2].text)
        else:
            self.before.append(text)

    def _drop_constraint(self, text: str, table: str, constraint: str) -> None:
        added = _spaced(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} FOREIGN", self.dialect)
        keys = [each for each in self.after if _spaced(each, self.dialect).startswith(added)]
        if keys:
            self.after.remove(keys[-1])
        elif constraint.startswith(_GENERATED_KEY_NAME):
            self.after.append(text)
        else:
            self.before.append(text)

    def _about_this_database(
        self, text: str, tokens: Sequence[DdlToken], words: Sequence[str]
    ) -> str:
        name_end = words.index("SET") if "SET" in words else 0
        if name_end < len(("ALTER", "DATABASE", "name")):
            return text
        name = self.dialect.quoted(self.database_id)
        return f"{text[: tokens[1].end]} {name} {text[tokens[name_end].start :]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A foreign key within CREATE TABLE.

    :param start: from where the text goes: a comma before it goes as well
    :param end: up to where it goes
    :param clause: the key, as ALTER TABLE adds it
    """

    start: int
    end: int
    clause: str


def _foreign_keys(text: str, tokens: Sequence[DdlToken], opening: int) -> Iterator[_Cut]:
    """Yield the foreign keys between the parentheses of CREATE TABLE."""
    depth, first = 0, opening + 1
    for index in range(opening, len(tokens)):
        mark = tokens[index].text
        depth += (mark == "(") - (mark == ")")
        if depth > 1 or (depth and mark != ","):
            continue
        if index > first and (cut := _foreign_key(text, tokens, first, index)) is not None:
            yield cut
        first = index + 1
        if not depth:
            return


def _foreign_key(text: str, tokens: Sequence[DdlToken], first: int, last: int) -> _Cut | None:
    """Return the foreign key in a column or a constraint, which ends before a token."""
    part = tokens[first:last]
    words = [token.text.upper() for token in part]
    named = words[0] == "CONSTRAINT"
    if (words[2:3] if named else words[:1]) == ["FOREIGN"]:
        clause = text[part[0].start : part[-1].end]
        return _Cut(start=tokens[first - 1].start, end=part[-1].end, clause=clause)
    if named or "REFERENCES" not in words:
        return None
    # of a column, as PostgreSQL has it
    begin = words.index("REFERENCES")
    end = _end_of_reference(words, begin)
    clause = f"FOREIGN KEY ({part[0].text}) {text[part[begin].start : part[end - 1].end]}"
    if words[begin - 2] == "CONSTRAINT":
        clause = f"CONSTRAINT {part[begin - 1].text} {clause}"
        begin -= 2
    return _Cut(start=part[begin - 1].end, end=part[end - 1].end, clause=clause)


def _end_of_reference(words: Sequence[str], begin: int) -> int:
    """Return the place behind ``REFERENCES table (columns) ON DELETE action``."""
    end = begin + 2
    while words[end : end + 1] == ["."]:
        end += 2
    if words[end : end + 1] == ["("]:
        end = words.index(")", end) + 1
    while words[end : end + 1] == ["ON"]:
        end += 4 if words[end + 2 : end + 3] in (["NO"], ["SET"]) else 3
    return end


def _name(text: str, tokens: Sequence[DdlToken]) -> str:
    """Return a table's name as it is written, behind words that may stand before it."""
    named = [token for token in tokens if token.text.upper() not in ("IF", "NOT", "EXISTS", "ONLY")]
    return text[named[0].start : named[-1].end] if named else ""


def _spaced(text: str, dialect: Dialect) -> str:
    try:
        return " ".join(token.text.upper() for token in tokenize(text, dialect=dialect))
    except UnclosedError:
        return ""
