# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a filter has said of an operation is remembered, and never wrongly so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest
from google.cloud import spanner_admin_database_v1 as database_v1
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.emulator.filters import Filter
from airflow_spanner_lro.emulator.operations.registry import HANDLERS
from airflow_spanner_lro.emulator.operations.service import fields_of
from airflow_spanner_lro.emulator.operations.verdicts import FilterVerdicts, Verdicts, is_steady
from tests.emulator.conftest import INSTANCE
from tests.emulator.support.scripted_engine import (
    ACTIONS,
    ADMIN,
    add_resources,
    make_engine,
    perform,
)

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.engine import Engine

ROOTS = frozenset({"name", "done", "error", "metadata", "response"})
BACKUPS = "(metadata.@type:CreateBackupMetadata)"
SCHEMAS = "(metadata.@type:UpdateDatabaseDdlMetadata)"
FILTERS = (
    "",
    "done:true",
    "NOT done:true",
    "error:*",
    "error.code=1 OR done:false",
    f"{BACKUPS} AND (NOT done:true)",
    f"{BACKUPS} AND metadata.database:orders",
    f"({BACKUPS} AND metadata.name:b1) OR (NOT done:true)",
    f"{BACKUPS} metadata.progress.progress_percent > 30",
    f'{SCHEMAS} AND metadata.progress.end_time < "2030-01-01T00:00:00Z"',
    f"({BACKUPS} OR {SCHEMAS}) AND (done:true) AND name:operations",
    "NOT (name:_auto_op_ AND done:true)",
    "response.@type:Backup",
)


def listed(on: Engine, filter_: str) -> list[str]:
    """Return the names in all lists of an instance, as a client gets them."""
    names = []
    for method, type_ in (
        ("ListDatabaseOperations", database_v1.ListDatabaseOperationsRequest),
        ("ListBackupOperations", database_v1.ListBackupOperationsRequest),
    ):
        request = type_(parent=INSTANCE, filter=filter_, page_size=1000)
        answer = on.call(on.methods[f"/{ADMIN}/{method}"], request)
        names += [each.name for each in answer.operations]
    return names


def expected(on: Engine, filter_: str) -> set[str]:
    """Return the names that a filter lets through which has never been asked before."""
    wanted = Filter.parse(filter_, roots=ROOTS, typed=True)
    with on.locked() as (world, now):
        return {
            row.full_name
            for row in world.operations
            if f"{INSTANCE}/" in row.full_name
            and any(part in row.full_name for part in ("/databases/", "/backups/"))
            and row.retained(now)
            and wanted.matches(fields_of(row, now))
        }


@settings(deadline=None, max_examples=12)
@given(
    script=st.lists(
        st.tuples(st.integers(0, 20_000), st.sampled_from(ACTIONS)), min_size=1, max_size=15
    )
)
def test_lists_are_those_of_filters_without_memory(script: list[tuple[int, str]]) -> None:
    """Asked after each step of any history, so that whatever is remembered is old."""
    lived = make_engine()
    add_resources(lived)
    for number, (pause, action) in enumerate(script):
        lived.clock.advance(pause)
        perform(lived, action, number)
        for filter_ in FILTERS:
            assert expected(lived, filter_) == set(listed(lived, filter_)), filter_


def test_what_is_under_way_is_asked_again_and_what_has_ended_is_not() -> None:
    """An operation that was left out as it was running is there once it has ended."""
    lived = make_engine()
    perform(lived, "backup", 1)
    before = listed(lived, "done:true")
    lived.clock.advance(3600)
    after = listed(lived, "done:true")
    with lived.locked() as (world, now):
        (row,) = world.operations
        verdicts = FilterVerdicts(Filter.parse("done:true", roots=ROOTS), fields_of)
        assert verdicts.lets_through(row, now)
        forgetful = FilterVerdicts(Filter.parse("done:true", roots=ROOTS), _never)
        forgetful._final[row.serial] = True

        assert forgetful.lets_through(row, now)
    assert [] == before
    assert 1 == len(after)


def _never(*_: object) -> NoReturn:
    message = "nobody needs to look"
    raise AssertionError(message)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_changes_of_a_kind_is_not_steady(kind: object) -> None:
    """Whatever a handler says it refreshes is asked again."""
    for field in HANDLERS[kind].changing:  # type: ignore[index]  # of all kinds
        assert not is_steady(f"metadata.{field}")
        assert not is_steady(f"metadata.{field}.anything")
    assert is_steady("metadata.@type")
    assert not is_steady("done")


def test_memory_of_filters_has_an_end() -> None:
    """Of a thousand filters the last few are remembered, and what is forgotten leaves no trace."""
    verdicts = Verdicts()
    lived = make_engine()
    perform(lived, "backup", 1)
    for number in range(1000):
        text = f"name:{number}"
        found = verdicts.of(
            text, Filter.parse(text, roots=ROOTS), fields_of=fields_of, operations=0
        )
        found._final = dict.fromkeys(range(number * 2), False)

    assert len(verdicts._filters) <= 32
    again = verdicts.of(text, Filter.parse(text, roots=ROOTS), fields_of=fields_of, operations=0)
    assert 0 == len(again)
