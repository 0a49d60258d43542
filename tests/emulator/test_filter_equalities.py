# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An OR of equalities of one field is one question, and says what its parts say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.emulator.filters import Filter
from airflow_spanner_lro.emulator.operations import service
from tests.emulator.support.direct_calls import call
from tests.emulator.support.operation_starts import INSTANCE
from tests.emulator.test_filter_properties import literals, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator.filter_expressions import Value
    from airflow_spanner_lro.emulator.operations.model import Operation

ROOTS = frozenset({"a", "b", "name", "done"})


@given(written=st.lists(literals | st.just('"X"'), min_size=2, max_size=6), value=values)
def test_an_or_of_equalities_holds_if_one_of_them_holds(written: list[str], value: Value) -> None:
    """Whatever the type of the field: text, number, boolean, time, a list of them, nothing."""
    alone = [Filter.parse(f"a={each}", roots=ROOTS) for each in written]
    together = Filter.parse(" OR ".join(f"(a={each})" for each in written), roots=ROOTS)

    assert any(each.matches(lambda _: value) for each in alone) == together.matches(lambda _: value)


@given(
    first=st.sampled_from(["=", ":", "!=", "<", ">="]),
    second=st.sampled_from(["=", ":", "!=", "<", ">="]),
    field=st.sampled_from(["a", "b"]),
    value=values,
    other=values,
)
def test_other_terms_of_the_or_keep_their_meaning(
    first: str, second: str, field: str, value: Value, other: Value
) -> None:
    """Contains, unequal and order stand beside equalities as before; so do other fields."""
    terms = ('a="x.y"', f'a{first}"1"', f'{field}{second}"x"', "a=1")
    row = {"a": value, "b": other}
    alone = [Filter.parse(each, roots=ROOTS) for each in terms]
    together = Filter.parse(" OR ".join(terms), roots=ROOTS)

    assert any(each.matches(row.get) for each in alone) == together.matches(row.get)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a=Howl OR a=other", "HOWL", True),
        ("a=how OR a=other", "howl", False),
        ("a:how OR a=other", "howl", True),
        ("a=how* OR a=other", "howl", True),
        (r'a="how\*" OR a=other', "how*", True),
        ("a=1 OR a=2", "1.0", False),
        ("a=1.0 OR a=2", 1, True),
        ("NOT (a=1 OR a=2)", None, True),
    ],
)
def test_an_or_of_equalities_compares_as_one_equality_does(
    text: str, value: Value, expected: bool
) -> None:
    """Case never matters, all of a text is compared, and a wildcard stays one."""
    assert expected == Filter.parse(text, roots=ROOTS).matches(lambda _: value)


def test_the_field_is_asked_for_once_however_many_names_there_are() -> None:
    """Fifty names in one filter are one look-up for each operation."""
    asked: list[str] = []

    def value_of(path: str) -> Value:
        asked.append(path)
        return "nobody"

    wanted = Filter.parse(" OR ".join(f'(name="op-{each}")' for each in range(50)), roots=ROOTS)

    assert not wanted.matches(value_of)
    assert ["name"] == asked


def test_a_list_by_name_asks_each_operation_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of an instance finds two of its operations by fifty names, in as many questions."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = SpannerAdminEmulator(clock=clock)
    database = f"{INSTANCE}/databases/orders"
    emulator.create_database(database)
    for number in range(20):
        call(
            emulator._engine,
            "UpdateDatabaseDdl",
            database=database,
            statements=[f"CREATE TABLE T{number} (Id INT64) PRIMARY KEY (Id)"],
            operation_id=f"op{number}",
        )
    asked: list[str] = []
    fields_of = service.fields_of

    def counted(operation: Operation, now: datetime) -> Callable[[str], Value]:
        value_of = fields_of(operation, now)

        def count(path: str) -> Value:
            asked.append(path)
            return value_of(path)

        return count

    monkeypatch.setattr(service, "fields_of", counted)
    names = [f"{database}/operations/op{number}" for number in (3, 7, *range(1000, 1048))]
    filter_ = " OR ".join(f'(name="{name}")' for name in names)
    found = call(emulator._engine, "ListDatabaseOperations", parent=INSTANCE, filter=filter_)

    assert names[1::-1] == [operation.name for operation in found.operations]
    assert ["name"] * 20 == asked

    found = call(emulator._engine, "ListDatabaseOperations", parent=INSTANCE, filter=filter_)
    assert names[1::-1] == [operation.name for operation in found.operations]
    assert 20 == len(asked)
