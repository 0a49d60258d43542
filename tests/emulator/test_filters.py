# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The language of list filters: what it means, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator.filters import Filter

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.filter_expressions import Value

OPERATIONS = frozenset({"name", "done", "error", "metadata", "response"})
ANY = frozenset("abcdefgh") | {"text", "flag", "count", "when", "start_time", "many", "none"}
ROW: dict[str, Value] = {
    "text": "Howl/Castle",
    "flag": True,
    "count": 50,
    "when": datetime(2018, 3, 28, 14, 50, 0, 500_000, tzinfo=UTC),
    "start_time": datetime(2018, 3, 28, 14, 50, 0, 500_000, tzinfo=UTC),
    "many": ["first", "Second"],
    "d": "",
    "e": [],
    "f": False,
    "g": 0,
}


def matches(text: str, row: dict[str, Value] | None = None) -> bool:
    """Tell whether a filter without rules on its fields lets a row through."""
    return Filter.parse(text, roots=ANY).matches((ROW if row is None else row).get)


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_empty_filter_lets_everything_through(text: str) -> None:
    """The client of gcloud sends one for lists of databases' operations."""
    assert matches(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text:castle", True),
        ("text:HOWL/CASTLE", True),
        ("text:moving", False),
        ("text=howl/castle", True),
        ("text=howl", False),
        ("text=howl*", True),
        ("text=*castle", True),
        ("text=*/*", True),
        ("text=castle*", False),
        ("text=*howl", False),
        (r'text="howl\*"', False),
        ("text:*castle*", True),
        ("text!=howl*", False),
        ("text!=castle", True),
        ("text<i", True),
        ("text>=Howl", True),
        ('text : "L/C"', True),
        ("text:'l/c'", True),
        ("count:50", True),
        ("count=50.0", True),
        ("count>=50", True),
        ("count > 5e1", False),
        ("count < 1000", True),
        ('count <= "50"', True),
        ("count>-1", True),
        ("count:5", False),
        ("count!=51", True),
        (f"count<{'9' * 5000}", True),
        ("count:fifty", False),
        ("count>fifty", False),
        ("count:*", True),
        ("flag:true", True),
        ("flag=TRUE", True),
        ("flag!=false", True),
        ("flag:yes", False),
        ("flag:1", False),
        ('flag>"tru"', False),
        ("f=false", True),
        ("f:*", True),
        ("g:*", True),
        ("d:*", False),
        ("e:*", False),
        ("d=*", False),
        ("text=*", True),
        ("text!=*", False),
        ("none!=*", True),
        ("many:*", True),
        ("many:second", True),
        ("many:sec", True),
        ("many=first", True),
        ("many=fir", False),
        ("many!=first", False),
        ("many!=third", True),
        ('when<"2018-03-28T14:50:01Z"', True),
        ('when<"2018-03-28T16:50:00+02:00"', False),
        ('when="2018-03-28T14:50:00.500Z"', True),
        ("when=2018-03-28t16:50:00.500000001+02:00", True),
        ("when>2018-03-28", True),
        ("when>2018-03-29", False),
        ("when>yesterday", False),
        ("when>2018-02-30", False),
        ("when>2018-03-28T14:50:00", False),
        ("start_time>2018-03-28", True),
        ("start_time:*", True),
    ],
)
def test_each_type_compares_in_its_own_way(text: str, expected: bool) -> None:
    """The field's type decides; a value that cannot be read as that type matches nothing."""
    assert expected == matches(text)


@pytest.mark.parametrize("operator", [":", "=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("value", ["x", "1", '"false"', '""'])
def test_what_is_not_set_satisfies_no_operator(operator: str, value: str) -> None:
    """Except for != and under NOT, which are complements."""
    assert not matches(f"none{operator}{value}")
    assert matches(f"NOT none{operator}{value}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'a="say \"hi\""', 'say "hi"'),
        (r"a='it\'s'", "it's"),
        (r'a="back\\slash"', "back\\slash"),
        (r"a=back\slash", "back\\slash"),
        ('a="(b) AND c:d"', "(b) AND c:d"),
        ("a=type.googleapis.com/x-y_z@1:2,3", "type.googleapis.com/x-y_z@1:2,3"),
        (r'a="\*"', "*"),
        ("a=b*c", "b*c"),
        ('a=""', ""),
        ("a=or", "or"),
        ('a="AND"', "and"),
    ],
)
def test_values_are_taken_as_they_are_written(text: str, value: str) -> None:
    """Quotes protect anything, a backslash protects one character inside of quotes."""
    assert matches(text, {"a": value})


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a:1 b:1", "a:1 AND b:1"),
        ("(a:1)(b:1)", "a:1 AND b:1"),
        ("a:1 and not b:1", "a:1 AND NOT b:1"),
        ("a:1 Or b:1", "a:1 OR b:1"),
        ("a:1 AND b:1 OR c:1", "a:1 AND (b:1 OR c:1)"),
        ("a:1 b:1 OR c:1", "a:1 AND (b:1 OR c:1)"),
        ("NOT a:1 OR b:1", "(NOT a:1) OR b:1"),
        ("-(a:1 b:1)", "NOT (a:1 AND b:1)"),
        ("--a:1", "a:1"),
        ("((a:1))", "a:1"),
        ("A:1", "a:1"),
    ],
)
def test_terms_are_joined_as_aip_160_says(text: str, meaning: str) -> None:
    """The short form and the long one agree on all rows."""
    for bits in range(8):
        row: dict[str, Value] = {each: bits >> place & 1 for place, each in enumerate("abc")}

        assert matches(text, row) == matches(meaning, row)


@pytest.mark.parametrize("word", ["not", "and", "OR"])
def test_a_keyword_with_an_operator_behind_it_is_a_field(word: str) -> None:
    """Keywords are keywords only where a field cannot stand."""
    assert Filter.parse(f"{word}=1", roots=frozenset({word.lower()})).fields == {word.lower()}


def test_a_filter_asks_no_more_than_it_must() -> None:
    """What comes after the answer is known is not asked for."""
    asked: list[str] = []

    def value_of(path: str) -> Value:
        asked.append(path)
        return 0

    Filter.parse("a:0 OR b:0 AND c:1 AND d:0", roots=ANY).matches(value_of)

    assert ["a", "c"] == asked


def test_a_filter_knows_its_fields() -> None:
    """Paths come in lower case, each once."""
    found = Filter.parse("Metadata.Progress.x:1 OR NAME:a AND name:b", roots=OPERATIONS)

    assert {"metadata.progress.x", "name"} == found.fields
