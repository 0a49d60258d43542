# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The stages of a ledger entry: only the ways of the table are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.ledger.entry import (
    TRANSITIONS,
    LedgerEntry,
    Stage,
    StageError,
    stage_after,
)
from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.operations.snapshot import FollowUp

from .builders import NOW, OTHER, entry

if TYPE_CHECKING:
    from collections.abc import Callable

GOING: dict[str, Callable[[LedgerEntry], LedgerEntry]] = {
    "started_as": lambda it: it.started_as(OTHER, evidence=Evidence.ANSWERED),
    "unanswered_at": lambda it: it.unanswered_at(NOW),
    "owned_by": lambda it: it.owned_by(it.try_number + 1, deadline=None, now=NOW),
    "goes_on_as": lambda it: it.goes_on_as(FollowUp(name=OTHER)),
    "stop": lambda it: it.stop(NOW),
    "exempt_from_reaping": LedgerEntry.exempt_from_reaping,
    "close": LedgerEntry.close,
    "leave": LedgerEntry.leave,
}
STANDING = {
    Stage.INTENDED: entry(operation=None),
    Stage.RUNNING: entry(),
    Stage.STOPPING: entry(stopping=NOW),
    Stage.CLOSED: entry(closed=True),
}


def test_every_stage_is_told_by_its_entry() -> None:
    """An entry tells the stage it is in."""
    assert {stage: stage for stage in Stage} == {
        stage: each.stage for stage, each in STANDING.items()
    }


def test_every_way_of_the_table_is_gone() -> None:
    """No method that the table names is forgotten here."""
    assert {way.by for way in TRANSITIONS} == set(GOING)


@pytest.mark.parametrize("by", sorted(GOING))
@pytest.mark.parametrize("before", list(Stage))
def test_an_entry_goes_the_ways_of_the_table_and_no_other(before: Stage, by: str) -> None:
    """Each method leads where the table says, and is refused where the table has no way."""
    ways = {(way.before, way.by): way.after for way in TRANSITIONS}
    after = ways.get((before, by))

    if after is None:
        with pytest.raises(StageError, match=f"{before} has no way called {by}"):
            GOING[by](STANDING[before])
    else:
        assert after is GOING[by](STANDING[before]).stage


@given(steps=st.lists(st.sampled_from(sorted(GOING))))
def test_a_closed_entry_opens_for_a_later_try_only(steps: list[str]) -> None:
    """Whatever happens in whatever order, only another try makes a closed entry owe anything."""
    now: Any = STANDING[Stage.RUNNING]
    for by in steps:
        before = now
        try:
            now = GOING[by](before)
        except StageError:
            continue
        assert now.stage is stage_after(before.stage, by=by)
        if before.closed and not now.closed:
            assert now.try_number > before.try_number
