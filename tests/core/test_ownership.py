# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether those who learn of a task's end by accident may cancel: one row for each situation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.tries import ownership
from airflow_spanner_lro.core.tries.ownership import (
    Claim,
    KillDecision,
    Situation,
    UnreadableRecord,
    decide_kill,
    decide_rejected,
    situation_of,
)

from . import strategies
from .builders import NAME, NOW, OTHER, entry

if TYPE_CHECKING:
    from airflow_spanner_lro.core.tries.ownership import Published

CLAIM = Claim(operation=NAME, try_number=1)
UNREADABLE = UnreadableRecord(why="ValueError: version 7")
# in the order of the table's columns
RECORDS: tuple[Published, ...] = (
    entry(try_number=2, adopted=NOW),
    entry(),
    entry(operation=OTHER, try_number=2),
    None,
    UNREADABLE,
)
TABLE = [
    (Situation[name.strip().upper().replace(" ", "_")], cells.split())
    for name, cells in re.findall(
        r"^([a-z ]{11}) ((?:[A-Z]+ *){5})$", ownership.__doc__ or "", re.MULTILINE
    )
]

records = st.sampled_from([None, UNREADABLE]) | strategies.entries
situations = st.sampled_from(Situation)


def test_the_table_is_complete() -> None:
    """The documented table has a row for each situation, and a cell for each kind of record."""
    assert set(Situation) == {situation for situation, _ in TABLE}
    assert {len(RECORDS)} == {len(cells) for _, cells in TABLE}


@pytest.mark.parametrize(
    ("situation", "record", "expected"),
    [
        pytest.param(situation, record, KillDecision[cell], id=f"{situation.name}-{column}")
        for situation, cells in TABLE
        for column, (record, cell) in enumerate(zip(RECORDS, cells, strict=True))
    ],
)
def test_the_table_is_what_is_done(
    situation: Situation, record: Published, expected: KillDecision
) -> None:
    """Each cell of the documented table is what the decision says."""
    assert expected is decide_kill(claim=CLAIM, situation=situation, record=record)


@pytest.mark.parametrize(
    ("state", "record", "expected"),
    [
        pytest.param("failed", entry(), KillDecision.CANCEL, id="E5 marked failed"),
        pytest.param("success", entry(), KillDecision.CANCEL, id="E6 marked success"),
        pytest.param("skipped", entry(), KillDecision.CANCEL, id="E10, E11 dagrun_timeout"),
        pytest.param("failed", UNREADABLE, KillDecision.CANCEL, id="E5 written by a later release"),
        pytest.param(None, entry(), KillDecision.CANCEL, id="E7 cleared, next try not scheduled"),
        pytest.param("queued", entry(), KillDecision.CANCEL, id="E7 cleared, next try queued"),
        pytest.param("running", None, KillDecision.CANCEL, id="E7 cleared, next try just begun"),
        pytest.param(
            "running",
            entry(operation=None, try_number=2),
            KillDecision.CANCEL,
            id="E7 cleared, next try has only an intent",
        ),
        pytest.param(
            "deferred",
            entry(operation=OTHER, try_number=2),
            KillDecision.CANCEL,
            id="E7 cleared, next try waits for another operation",
        ),
        pytest.param("deferred", entry(), KillDecision.MOVED, id="K2 moved"),
        pytest.param(
            "up_for_retry", entry(), KillDecision.RETRIED, id="K5 crashed elsewhere, retry follows"
        ),
        pytest.param("running", entry(try_number=2), KillDecision.ADOPTED, id="K6 next try runs"),
        pytest.param("deferred", entry(try_number=2), KillDecision.ADOPTED, id="K6 next try waits"),
        pytest.param("failed", entry(try_number=2), KillDecision.ADOPTED, id="K6 next try ended"),
        pytest.param("failed", entry(spared=True), KillDecision.SPARED, id="K8 left running"),
    ],
)
def test_kill_by_airflows_state(
    state: str | None, record: Published, expected: KillDecision
) -> None:
    """Each row of the promise that ends in a trigger's kill, by the state that Airflow tells."""
    situation = situation_of(state)

    assert expected is decide_kill(claim=CLAIM, situation=situation, record=record)


@given(tries=st.integers(2, 100), situation=situations)
def test_what_a_newer_try_has_is_never_cancelled(tries: int, situation: Situation) -> None:
    """K6 holds for every later try, in every situation, for both who ask."""
    record = entry(try_number=tries)

    decisions = {
        decide(claim=CLAIM, situation=situation, record=record)
        for decide in (decide_kill, decide_rejected)
    }

    assert {KillDecision.ADOPTED} == decisions


@given(record=strategies.entries, number=st.integers(0, 1), try_number=st.integers(1, 100))
def test_a_deferred_task_with_its_own_record_is_never_cancelled(
    record: Published, number: int, try_number: int
) -> None:
    """Whatever else its record says: a deferred task whose record names the operation keeps it."""
    names = getattr(record, "operations", ())
    claim = Claim(operation=names[number] if number < len(names) else NAME, try_number=try_number)

    decision = decide_kill(claim=claim, situation=Situation.DEFERRED, record=record)

    assert (decision is KillDecision.CANCEL) == (claim.operation not in names)


@given(record=records, try_number=st.integers(1, 100))
def test_an_unknown_state_is_never_a_reason(record: Published, try_number: int) -> None:
    """A state that a later Airflow may bring cancels nothing."""
    claim = Claim(operation=NAME, try_number=try_number)
    situation = situation_of("a state of tomorrow")

    assert KillDecision.CANCEL is not decide_kill(claim=claim, situation=situation, record=record)
    assert KillDecision.CANCEL is not decide_rejected(
        claim=claim, situation=situation, record=record
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("deferred", KillDecision.WAITED_FOR),
        ("scheduled", KillDecision.WAITED_FOR),
        ("queued", KillDecision.WAITED_FOR),
        ("running", KillDecision.WAITED_FOR),
        (None, KillDecision.WAITED_FOR),
        ("up_for_retry", KillDecision.RETRIED),
        ("failed", KillDecision.CANCEL),
        ("success", KillDecision.CANCEL),
        ("skipped", KillDecision.CANCEL),
        ("removed", KillDecision.CANCEL),
        ("upstream_failed", KillDecision.CANCEL),
        ("restarting", KillDecision.CANCEL),
    ],
)
@pytest.mark.parametrize("record", [entry(), None, UNREADABLE], ids=["ours", "none", "unreadable"])
def test_rejected_by_airflows_state(
    state: str | None, record: Published, expected: KillDecision
) -> None:
    """E12: only a task that a user has ended or cleared while it ran has its operation stopped."""
    situation = situation_of(state)

    assert expected is decide_rejected(claim=CLAIM, situation=situation, record=record)


@given(situation=situations)
def test_a_rejected_deferral_of_a_task_that_is_gone(situation: Situation) -> None:
    """Who waits is decided by the situation alone, while no newer try has published."""
    stops = {Situation.ENDED, Situation.MISSING, Situation.RESTARTING}

    decision = decide_rejected(claim=CLAIM, situation=situation, record=None)

    assert (decision is KillDecision.CANCEL) == (situation in stops)


def test_a_decision_reads_as_a_reason() -> None:
    """What is logged completes "is not cancelled: ..."."""
    assert KillDecision.ADOPTED.value == "a newer try of the task has adopted it"
