# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What holds for every filter: no surprises, two truth values, OR before AND."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.emulator.filters import Filter, FilterError

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.filter_expressions import Value

ROOTS = frozenset({"a", "b", "c", "metadata", "start_time"})

_WORDS = (
    *(
        "a",
        "b.c",
        "metadata.name",
        "metadata.@type",
        "start_time",
        "nobody",
        "1",
        "x*",
        "*",
        "true",
    ),
    *('"quoted"', "'x y'", '"', "'", "\\", "2018-03-28", '"2018-03-28T14:50:00.1Z"', "-1.5e3", "٣"),
    *(":", "=", "!=", "<", "<=", ">", ">=", "!", "(", ")", "-", ",", " ", "AND", "or", "NOT"),
)
filterish = st.lists(st.sampled_from(_WORDS), max_size=30).map("".join) | st.lists(
    st.sampled_from(_WORDS), max_size=30
).map(" ".join)

fields = st.sampled_from(["a", "b", "c.d", "metadata.x"])
operators = st.sampled_from([":", "=", "!=", "<", "<=", ">", ">="])
literals = st.sampled_from(["1", '"x"', '""', '"true"', "1e9", "2018-03-28", '"1"', "x.y"])
comparisons = st.builds("{}{}{}".format, fields, operators, literals)
expressions = st.recursive(
    comparisons,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR", ""]), inner)
        | st.builds("NOT {}".format, inner)
    ),
    max_leaves=10,
)

moments = st.datetimes() | st.datetimes(timezones=st.timezones())
values: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | moments,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=4,
)


@given(text=st.text() | filterish, typed=st.booleans())
def test_reading_raises_nothing_but_filter_errors(text: str, typed: bool) -> None:
    """Whatever a client sends, it gets a sentence or a filter."""
    with suppress(FilterError):
        Filter.parse(text, roots=ROOTS, typed=typed)


@given(text=filterish | expressions, value=values)
def test_every_filter_can_be_asked_of_every_value(text: str, value: Value) -> None:
    """All that can go wrong goes wrong when it is read, so that empty lists answer alike."""
    try:
        wanted = Filter.parse(text, roots=ROOTS)
    except FilterError:
        return

    assert wanted.matches(lambda _: value) in (True, False)


@given(text=expressions, value=values)
def test_not_is_the_complement(text: str, value: Value) -> None:
    """Also for what is not set and for what cannot be compared."""
    plain = Filter.parse(text, roots=ROOTS)
    negated = Filter.parse(f"NOT ({text})", roots=ROOTS)

    assert plain.matches(lambda _: value) != negated.matches(lambda _: value)


@given(literal=literals, value=values)
def test_unequal_is_the_complement_of_equal(literal: str, value: Value) -> None:
    """What is not set is unequal to everything."""
    equal = Filter.parse(f"a={literal}", roots=ROOTS)
    unequal = Filter.parse(f"a!={literal}", roots=ROOTS)

    assert equal.matches(lambda _: value) != unequal.matches(lambda _: value)


@given(
    terms=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=8),
    joints=st.lists(st.sampled_from(["AND", "OR", ""]), min_size=7, max_size=7),
)
def test_or_binds_tighter_than_and(terms: list[tuple[bool, bool]], joints: list[str]) -> None:
    """A filter without parentheses is a conjunction of disjunctions."""
    text, group, oracle = "", 0, []
    for place, (negated, truth) in enumerate(terms):
        joint = joints[place - 1] if place else ""
        group += joint != "OR"
        oracle.append((group, truth != negated))
        text += f" {joint} {'NOT ' if negated else ''}a={'1' if truth else '2'}"
    groups = groupby(oracle, key=lambda each: each[0])
    expected = all(any(truth for _, truth in each) for _, each in groups)

    assert expected == Filter.parse(text, roots=ROOTS).matches(lambda _: 1)


@pytest.mark.slow
@given(field=st.datetimes(timezones=st.just(UTC)), written=st.datetimes(timezones=st.timezones()))
def test_times_compare_as_moments(field: datetime, written: datetime) -> None:
    """Whatever the offset in which they are written."""
    offset = written.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        return  # RFC 3339 has no seconds in offsets
    wanted = Filter.parse(f'a<"{written.isoformat()}"', roots=ROOTS)

    assert wanted.matches(lambda _: field) == (field < written)


@given(text=st.text(), value=st.text())
def test_a_quoted_text_equals_itself_whatever_is_in_it(text: str, value: str) -> None:
    """With backslashes before what has a meaning, any text can be asked for."""
    escaped = "".join(f"\\{each}" if each in '"\\*' else each for each in text)
    wanted = Filter.parse(f'a="{escaped}"', roots=ROOTS)

    assert wanted.matches(lambda _: value) == (value.lower() == text.lower())
    assert wanted.matches(lambda _: text)


@pytest.mark.parametrize("depth", [10, 50])
def test_sensible_depths_are_read(depth: int) -> None:
    """The limit is far beyond what people and programs write."""
    assert {"a"} == Filter.parse("(" * depth + "a:1" + ")" * depth, roots=ROOTS).fields
