# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is refused in a list filter: broken grammar, unknown fields, and a type that comes late."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.emulator.filters import Filter, FilterError

OPERATIONS = frozenset({"name", "done", "error", "metadata", "response"})
ANY = frozenset({"a", "b", "c", "start_time"})


def test_a_root_can_be_a_whole_path() -> None:
    """Then other fields below its first part are not allowed."""
    roots = frozenset({"metadata.name"})
    Filter.parse("metadata.name:x", roots=roots)

    with pytest.raises(FilterError, match=r"'metadata.names' is not one of metadata.name"):
        Filter.parse("metadata.names:x", roots=roots)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("foo", r"'foo' is not a comparison of the form field:value \(at character 1\)"),
        ("a:1 foo", r"'foo' is not a comparison .* \(at character 5\)"),
        ("colour:blue", "the field 'colour' is not one of a, b, c"),
        ("a:1 AND", r"it ends with AND \(at character 8\)"),
        ("NOT", "it ends with NOT"),
        ("(", r"it ends with \("),
        ("AND a:1", "it begins with AND"),
        (")", r"it begins with \)"),
        ("a:1 AND OR b:1", "a comparison is missing between AND and OR"),
        ("()", r"a comparison is missing between \( and \)"),
        ("a:1)", r"there is a \) too many"),
        ("(a:1", r"a \) is missing for this \( \(at character 1\)"),
        ("a:", "the value is missing after 'a:'"),
        ("a: AND b:1", "the value is missing after 'a:'"),
        ("(a=)", "the value is missing after 'a='"),
        (":b", "':b' is not a comparison"),
        ('"a":b', "is not a comparison"),
        ("a..b:1", "'a..b' is not the name of a field"),
        ("1:1", "'1' is not the name of a field"),
        ('a:"b', "the quote before 'b' is never closed"),
        ('a:"b"c', "a space is missing after '\"b\"'"),
        ("a:b=c", "the value 'b=c' needs quotes"),
        ("a==b", "the value '=b' needs quotes"),
        ("a<b*", r"the operator < in 'a<b\*' does not go with a \*"),
        ("a>true", "the operator > in 'a>true' does not go with true and false"),
        ("start_time>yesterday", "the value of 'start_time' is not a timestamp"),
        ("a.start_time>2018-03-28T14:50:00", "the value of 'a.start_time' is not a timestamp"),
        ("start_time:2018*", "is not a timestamp"),
        ("(" * 10_000, "nested more than 50 levels"),
        ("NOT " * 10_000 + "a:1", "nested more than 50 levels"),
        ("-" * 60_000 + "a:1", "nested more than 50 levels"),
        ("a:" + "1" * 65_536, "65538 characters; the limit is 65536"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, reason: str) -> None:
    """The error says which part, and where."""
    with pytest.raises(FilterError, match=reason):
        Filter.parse(text, roots=ANY)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("labels.env.more:x", "labels.env"),
        ("LABELS.Env.More.Still=x", "labels.env"),
        ("metadata.@type:x metadata.instance.labels.env.more:x", "metadata.instance.labels.env"),
        ("metadata.@type:x metadata.instance.labels.env.@type:x", "metadata.instance.labels.env"),
        ("response.labels.env.more:*", "response.labels.env"),
        ("NOT labels.a.b:*", "labels.a"),
        ("done.more:true", "done"),
        ("name.more:x", "name"),
    ],
)
def test_a_path_does_not_go_on_beyond_a_value(text: str, value: str) -> None:
    """Entries of maps are texts, and so are names: what is asked of a part of them is a mistake."""
    with pytest.raises(FilterError, match=rf"is part of '{value}', which has no parts"):
        Filter.parse(text, roots=OPERATIONS | {"labels"}, typed=True)


@pytest.mark.parametrize(
    "text",
    ["labels:env", "labels.env:x", "labels.labels:x", "labels.start_time:yesterday", "a.labels:x"],
)
def test_labels_may_be_called_like_other_fields(text: str) -> None:
    """A label is a text, also one whose key looks like the name of a time."""
    assert isinstance(Filter.parse(text, roots=ANY | {"labels"}), Filter)


def test_a_refusal_is_short() -> None:
    """Errors travel in gRPC's trailers, which have little room."""
    with pytest.raises(FilterError) as caught:
        Filter.parse("x" * 60_000, roots=ANY)

    assert len(str(caught.value)) < 200


def test_a_long_filter_is_read() -> None:
    """Only depth is limited tightly: a filter may list thousands of names."""
    text = " OR ".join(f"a:{number}x" for number in range(5000))

    assert Filter.parse(text, roots=ANY).matches(lambda _: "4999x")


@pytest.mark.parametrize(
    "text",
    [
        "metadata.@type:T AND metadata.name:x",
        "(metadata.@type:T) (NOT metadata.name:x)",
        "(metadata.@type:T OR metadata.@type:U) AND metadata.name:x",
        "metadata.@type:T AND (metadata.name:x OR metadata.name:y)",
        "(metadata.@type:T AND metadata.name:x) OR done:true",
        "NOT (metadata.@type:T AND metadata.name:x)",
        "metadata.database:x",
        "((metadata.database=x))",
        "response.name:x",
        "metadata:*",
    ],
)
def test_a_type_may_come_first(text: str) -> None:
    """First is from left to right, and in each branch of an OR; one filter needs no type."""
    assert Filter.parse(text, roots=OPERATIONS, typed=True).fields


@pytest.mark.parametrize(
    "text",
    [
        "metadata.name:x",
        "metadata.name:x AND metadata.@type:T",
        "(metadata.name:x) (metadata.@type:T)",
        "metadata.@type:T OR metadata.name:x",
        "(metadata.@type:T OR done:true) AND metadata.name:x",
        "(NOT metadata.@type:T) AND metadata.name:x",
        "metadata.@type!=T AND metadata.name:x",
        "metadata.database:x AND done:true",
        "metadata.database:x OR metadata.database:y",
        "NOT metadata.database:x",
    ],
)
def test_a_type_must_come_first(text: str) -> None:
    """Otherwise nobody knows which message the field is of; production refuses it as well."""
    with pytest.raises(FilterError, match=r"metadata.@type must come before metadata\.\w+"):
        Filter.parse(text, roots=OPERATIONS, typed=True)


def test_types_need_not_come_first_elsewhere() -> None:
    """The rule is one of lists of operations."""
    assert {"metadata.name"} == Filter.parse("metadata.name:x", roots=OPERATIONS).fields
