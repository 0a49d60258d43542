# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""List filters: AIP-160 as Spanner uses it, such as ``(metadata.name:howl) AND (error:*)``.

A filter is read once and asked of thousands of items, so reading does all the work: what is left is
a chain of functions that stops as soon as the answer is known. What is not understood is refused
when the filter is read, never when it is asked: a list with nothing in it answers like a full one.

The language, and what was decided where its documents are silent:

- ``OR`` binds tighter than ``AND``, and terms side by side are joined by AND. Keywords may be in
  any case, and are keywords only where no operator follows; a leading ``-`` is NOT.
- Case never matters, neither in fields nor in values.
- There are two truth values. NOT is the complement, and ``!=`` is the complement of ``=``; what is
  not set, or cannot be compared, satisfies no other operator.
- ``:`` looks for a part of a text. ``=`` compares all of it, where a ``*`` at an end stands for
  anything. On numbers, booleans and times the two mean the same.
- A ``*`` alone, after ``:`` or ``=``, asks whether there is anything: not unset, and not empty.
- A term holds for a list if it holds for one of its elements.
- Fields whose names end with ``_time`` are compared with RFC 3339 timestamps, or with a date, which
  is its midnight in UTC.

A comparison is one token, because only inside of it can be told what a character means: a colon
separates a field from its value, and is a part of the value afterwards. The parser calls itself for
what is inside of parentheses and after NOT, and so limits how deep that goes. The rules on fields
stand apart from the grammar because they differ from list to list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.filter_expressions import (
    And,
    Comparison,
    Literal,
    Not,
    Operator,
    Or,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_spanner_lro.emulator.filter_expressions import Expression, Test, ValueOf


_SHOWN = 60


class FilterError(ValueError):
    """A filter, or a part of it, that is not understood."""


def filter_error(reason: str, *, at: int) -> FilterError:
    """Make the error for something that begins at an offset of the filter."""
    return FilterError(f"{reason} (at character {at + 1})")


def shown(part: str) -> str:
    """Return a part of a filter as errors show it: quoted, and short enough for an answer."""
    return repr(part if len(part) <= _SHOWN else f"{part[:_SHOWN]}…")


_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"""[^\s()"'<>=!:]+""")
_PATH = re.compile(r"[a-z_@][\w@-]*(\.[\w@-]+)*", re.ASCII | re.IGNORECASE)
_OPERATOR = re.compile(r"<=|>=|!=|[<>=:]")
_BARE = re.compile(r"[^\s()]+")
_SPECIAL = re.compile(r"""["'<>=]""")
_QUOTED = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)\'""", re.DOTALL)
_CHARACTER = re.compile(r"\\?(?P<plain>.)", re.DOTALL)
_END_OF_VALUE = re.compile(r"[\s()]|\Z")
_RESERVED = frozenset({"AND", "OR", "NOT"})


class Symbol(StrEnum):
    """A token that is no comparison; its value is how errors call it."""

    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    END = "the end"


@dataclass(frozen=True, slots=True)
class FilterToken:
    """A symbol or a comparison, and where it begins in the filter."""

    what: Symbol | Comparison
    at: int


def tokens(text: str) -> Iterator[FilterToken]:
    """Read a filter from left to right; the last token is the end.

    :raises FilterError: at the first part that is no token.
    """
    at = _skip_space(text, 0)
    while at < len(text):
        what, end = _token(text, at)
        yield FilterToken(what, at)
        at = _skip_space(text, end)
    yield FilterToken(Symbol.END, len(text))


def _token(text: str, at: int) -> tuple[Symbol | Comparison, int]:
    """Read the token at an offset; return it and where it ends."""
    character = text[at]
    if character in "()":
        return Symbol(character), at + 1
    if character == "-":
        return Symbol.NOT, at + 1
    word = _WORD.match(text, at)
    if word is None:
        raise _no_comparison(text, at)
    operator = _OPERATOR.match(text, _skip_space(text, word.end()))
    if operator is not None:
        return _comparison(text, word, operator)
    if word[0].upper() in _RESERVED:
        return Symbol(word[0].upper()), word.end()
    raise _no_comparison(text, at)


def _no_comparison(text: str, at: int) -> FilterError:
    part = _BARE.match(text, at)
    reason = f"{shown(part[0] if part else text[at])} is not a comparison of the form field:value"
    return filter_error(reason, at=at)


def _comparison(text: str, word: re.Match[str], operator: re.Match[str]) -> tuple[Comparison, int]:
    """Read the value of a comparison; return the comparison and where it ends."""
    if not _PATH.fullmatch(word[0]):
        reason = f"{shown(word[0])} is not the name of a field"
        raise filter_error(reason, at=word.start())
    at = _skip_space(text, operator.end())
    source, end = _value(text, at, after=word[0] + operator[0])
    relation = Operator(operator[0])
    literal = _literal(source)
    part = f"the operator {relation} in {shown(text[word.start() : end])}"
    if relation.orders and literal.open:
        raise filter_error(f"{part} does not go with a *, which has no place in an order", at=at)
    if relation.orders and text[at:end].lower() in ("true", "false"):
        raise filter_error(f"{part} does not go with true and false, which have no order", at=at)
    path = word[0].lower()
    return Comparison(path=path, operator=relation, literal=literal, at=word.start()), end


def _value(text: str, at: int, *, after: str) -> tuple[str, int]:
    """Read a value; return it with its escapes and without its quotes, and where it ends."""
    if text[at : at + 1] in ('"', "'"):
        found = _QUOTED.match(text, at)
        if found is None:
            raise filter_error(f"the quote before {shown(text[at + 1 :])} is never closed", at=at)
        if not _END_OF_VALUE.match(text, found.end()):
            raise filter_error(f"a space is missing after {shown(found[0])}", at=found.end())
        return (found[2] if found[1] is None else found[1]), found.end()
    found = _BARE.match(text, at)
    if found is None or found[0] in _RESERVED:
        raise filter_error(f"the value is missing after {shown(after)}", at=at)
    if _SPECIAL.search(found[0]):
        raise filter_error(f"the value {shown(found[0])} needs quotes around it", at=at)
    return found[0].replace("\\", "\\\\"), found.end()


def _literal(source: str) -> Literal:
    """Make a literal of a value with escapes; an escaped * is no wildcard."""
    characters = list(_CHARACTER.finditer(source))
    start, end = 0, len(characters)
    while start < end and characters[start][0] == "*":
        start += 1
    while end > start and characters[end - 1][0] == "*":
        end -= 1
    return Literal(
        text="".join(each["plain"] for each in characters[start:end]).lower(),
        open_start=start > 0,
        open_end=end < len(characters),
    )


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


MAX_LENGTH = 64 * 1024
"""The longest filter, in characters."""

MAX_DEPTH = 50
"""How many parentheses and NOTs may stand inside of each other."""

_NO_TERM = frozenset({Symbol.AND, Symbol.OR, Symbol.CLOSE, Symbol.END})


def parse(text: str) -> Expression:
    """Read a filter; an empty one holds for everything.

    :raises FilterError: saying which part is not understood.
    """
    if len(text) > MAX_LENGTH:
        message = f"it has {len(text)} characters; the limit is {MAX_LENGTH}"
        raise FilterError(message)
    return _Parser(list(tokens(text))).whole()


class _Parser:
    """A place in a list of tokens, and what each rule of the grammar reads from there on."""

    def __init__(self, found: list[FilterToken]) -> None:
        self._tokens = found
        self._next = 0

    def whole(self) -> Expression:
        """Read everything."""
        if self._is(Symbol.END):
            return And(())
        expression = self._sequence(0)
        if self._is(Symbol.CLOSE):
            raise filter_error("there is a ) too many", at=self._token.at)
        return expression

    @property
    def _token(self) -> FilterToken:
        return self._tokens[self._next]

    def _is(self, symbol: Symbol) -> bool:
        return self._token.what is symbol

    def _take(self, symbol: Symbol) -> bool:
        """Step over a symbol if it comes next, and tell whether it did."""
        found = self._is(symbol)
        self._next += found
        return found

    def _sequence(self, depth: int) -> Expression:
        """Read terms joined by AND, written or not, up to a closing parenthesis or the end."""
        parts = [self._alternatives(depth)]
        while self._take(Symbol.AND) or self._token.what not in _NO_TERM:
            parts.append(self._alternatives(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _alternatives(self, depth: int) -> Expression:
        """Read terms joined by OR."""
        parts = [self._term(depth)]
        while self._take(Symbol.OR):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _term(self, depth: int) -> Expression:
        """Read a comparison, or what is in parentheses, with or without NOT."""
        token = self._token
        if depth > MAX_DEPTH:
            raise filter_error(f"it is nested more than {MAX_DEPTH} levels deep", at=token.at)
        if isinstance(token.what, Comparison):
            self._next += 1
            return token.what
        if self._take(Symbol.NOT):
            return Not(self._term(depth + 1))
        if self._take(Symbol.OPEN):
            inside = self._sequence(depth + 1)
            if not self._take(Symbol.CLOSE):
                raise filter_error("a ) is missing for this (", at=token.at)
            return inside
        raise self._no_term(token)

    def _no_term(self, token: FilterToken) -> FilterError:
        before = self._tokens[self._next - 1].what if self._next else None
        if token.what is Symbol.END:
            return filter_error(f"it ends with {before}", at=token.at)
        if before is None:
            return filter_error(f"it begins with {token.what}", at=token.at)
        return filter_error(
            f"a comparison is missing between {before} and {token.what}", at=token.at
        )


_TYPE = "metadata.@type"
_METADATA = "metadata."
_UNTYPED = "metadata.database"
_POSITIVE = (Operator.EQUAL, Operator.HAS)


_LABELS = "labels"
"""The one map in all of the API's messages; its entries are texts."""

_WITHOUT_PARTS = frozenset(
    {
        *("name", "done", "display_name", "database", "state", "size_bytes"),
        *("create_time", "expire_time", "version_time", "backup_schedules"),
    }
)
"""The fields of lists that are values."""


def check_fields(expression: Expression, *, roots: frozenset[str]) -> None:
    """Check that a filter uses no other fields than those below the roots, where there are any.

    :raises FilterError: naming the field and the roots, or where the path should have ended.
    """
    for each in expression.comparisons():
        if each.path in roots:
            continue
        if each.path.partition(".")[0] not in roots:
            known = ", ".join(sorted(roots))
            raise filter_error(f"the field {shown(each.path)} is not one of {known}", at=each.at)
        value = _value_within(each.path)
        if value != each.path:
            reason = f"the field {shown(each.path)} is part of {shown(value)}, which has no parts"
            raise filter_error(reason, at=each.at)


def _value_within(path: str) -> str:
    """Return a path up to the first field that is a value, as far as can be told from names."""
    parts = path.split(".")
    if parts[0] in _WITHOUT_PARTS:
        return parts[0]
    if _LABELS in parts:
        return ".".join(parts[: parts.index(_LABELS) + 2])
    return path


def _is_label(path: str) -> bool:
    return _LABELS in path.split(".")[:-1]


def check_times(expression: Expression) -> None:
    """Check that fields which hold times, as their names tell, are compared with times.

    All of Google's APIs call such fields ``…_time``. Without the rule, a date with a typing mistake
    would match nothing, and nobody would know why.

    :raises FilterError: naming the value.
    """
    for each in expression.comparisons():
        literal = each.literal
        if not each.path.endswith("_time") or _is_label(each.path):
            continue
        if not literal.anything and literal.moment is None:
            reason = f"the value of {shown(each.path)} is not a timestamp such as"
            raise filter_error(f'{reason} "2018-03-28T14:50:00Z"', at=each.at)


def check_type_first(expression: Expression) -> None:
    """Check that the type of the metadata comes before any of its fields, as production wants.

    The type tells which message a field is of. Hence it must come before the field from left to
    right, and must hold where the field is asked: a type in one branch of an OR says nothing about
    the other branch, and what comes after the OR needs one in each. A type that is negated tells
    nothing.

    gcloud sends one filter without a type, on the database of backups, and that one is accepted.

    :raises FilterError: naming the first field that came too early.
    """
    if isinstance(expression, Comparison) and expression.path == _UNTYPED:
        return
    _gives_type(expression, known=False)


def _gives_type(expression: Expression, *, known: bool) -> bool:
    """Check an expression; tell whether the type is known after it.

    :param known: whether the type is known before it
    """
    if isinstance(expression, Comparison):
        if expression.path == _TYPE:
            return known or expression.operator in _POSITIVE
        if expression.path.startswith(_METADATA) and not known:
            reason = f"{_TYPE} must come before {expression.path}"
            raise filter_error(reason, at=expression.at)
        return known
    if isinstance(expression, Not):
        _gives_type(expression.part, known=known)
        return known
    if isinstance(expression, And):
        for part in expression.parts:
            known = _gives_type(part, known=known)
        return known
    given = [_gives_type(part, known=known) for part in expression.parts]  # checks each of them
    return all(given)


def _terms(expression: Expression) -> Iterator[Expression]:
    """Go through the expressions that must all hold for one to hold."""
    if not isinstance(expression, And):
        yield expression
        return
    for part in expression.parts:
        yield from _terms(part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list call wants to see.

    :param fields: the paths it uses, in lower case
    :param test: the function it was turned into
    :param terms: the expressions that must all hold
    """

    fields: frozenset[str]
    test: Test
    terms: tuple[Expression, ...] = ()

    @classmethod
    def parse(cls, text: str, *, roots: frozenset[str], typed: bool = False) -> Filter:
        """Read a filter; an empty one lets everything through.

        :param roots: the fields it may use: first parts of paths, or whole paths; in lower case
        :param typed: whether ``metadata.@type`` must come before other fields of the metadata
        :raises FilterError: saying which part is not understood, and where it stands.
        """
        expression = parse(text)
        check_fields(expression, roots=roots)
        check_times(expression)
        if typed:
            check_type_first(expression)
        fields = frozenset(each.path for each in expression.comparisons())
        return cls(fields=fields, test=expression.compile(), terms=tuple(_terms(expression)))

    def of_terms(self, chosen: Callable[[Iterable[str]], bool]) -> Test | None:
        """Return a test of some of the terms alone; None if there are none of them.

        :param chosen: tells of a term by the paths of its fields
        """
        kept = [each for each in self.terms if chosen([part.path for part in each.comparisons()])]
        return And(tuple(kept)).compile() if kept else None

    def matches(self, value_of: ValueOf) -> bool:
        """Tell whether it lets something through; this never raises.

        :param value_of: gives the value of a field by its path, None if it is not set
        """
        return self.test(value_of)
