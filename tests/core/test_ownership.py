# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether those who learn of a task's end by accident may cancel: one row for each liveness."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.ledger import ownership
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.ownership import (
    Claim,
    KillDecision,
    TaskLiveness,
    UnreadableRecord,
    decide_deadline,
    decide_kill,
    decide_on_worker,
    decide_rejected,
    liveness_of,
)
from airflow_spanner_lro.core.operations.snapshot import FollowUp

from . import strategies
from .sample_values import NAME, NOW, OTHER, entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.ledger.ownership import Published
    from airflow_spanner_lro.core.names import OperationName

CLAIM = Claim(operation=NAME, try_number=1)
UNREADABLE = UnreadableRecord(why="LedgerFormatError: a later release wrote it")
COLUMNS: dict[str, tuple[Published, ...]] = {
    "newer try": (entry(try_number=2, adopted=NOW), entry(operation=None, try_number=2)),
    "this try": (
        entry(),
        entry(operation=None),
        entry(operation=OTHER, follow_up=FollowUp(name=NAME, ours=True)),
    ),
    "another one": (entry(operation=OTHER, try_number=2), entry(operation=OTHER)),
    "nothing": (None,),
    "unreadable": (UNREADABLE,),
}
"""The columns of the tables, in their order, with records that belong to them."""


def tables() -> list[dict[TaskLiveness, list[str]]]:
    """Return the documented tables: the cells of each liveness."""
    found = re.findall(
        rf"^liveness +{' +'.join(COLUMNS)}\n[= ]+\n((?:.+\n)+?)=+ ",
        ownership.__doc__ or "",
        re.MULTILINE,
    )
    return [
        {
            TaskLiveness[line[:11].strip().upper().replace(" ", "_")]: line[11:].split()
            for line in table.splitlines()
        }
        for table in found
    ]


DECISIONS = (decide_kill, decide_deadline, decide_on_worker)
"""The decisions that the tables document, in their order."""

records = st.sampled_from([None, UNREADABLE]) | strategies.entries
livenesses = st.sampled_from(TaskLiveness)


def is_own(record: Published, claim: Claim) -> bool:
    """Tell whether a record says that the operation is its own try's, or may be about to."""
    if not isinstance(record, LedgerEntry):
        return False
    own_intent = record.operation is None and record.try_number == claim.try_number
    return own_intent or claim.operation in record.operations


def test_the_tables_are_complete() -> None:
    """Each documented table has a row for each liveness, and a cell for each kind of record."""
    assert len(DECISIONS) == len(tables())
    for table in tables():
        assert set(TaskLiveness) == set(table)
        assert {len(COLUMNS)} == {len(cells) for cells in table.values()}


@pytest.mark.parametrize(
    ("decide", "liveness", "record", "expected"),
    [
        pytest.param(
            decide,
            liveness,
            record,
            KillDecision[cell],
            id=f"{decide.__name__}-{liveness.name}-{column}-{number}",
        )
        for decide, table in zip(DECISIONS, tables(), strict=True)
        for liveness, cells in table.items()
        for (column, among), cell in zip(COLUMNS.items(), cells, strict=True)
        for number, record in enumerate(among)
    ],
)
def test_the_tables_are_what_is_done(
    decide: Callable[..., KillDecision],
    liveness: TaskLiveness,
    record: Published,
    expected: KillDecision,
) -> None:
    """Each cell of a documented table is what its decision says."""
    assert expected is decide(claim=CLAIM, liveness=liveness, record=record)


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
            KillDecision.ADOPTED,
            id="E7 cleared, next try has published an intent: it has looked for this one before",
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
        pytest.param("failed", entry(exempt=True), KillDecision.EXEMPT, id="K8 left running"),
        pytest.param("success", entry(closed=True), KillDecision.DELIVERED, id="N7 delivered"),
    ],
)
def test_kill_by_airflows_state(
    state: str | None, record: Published, expected: KillDecision
) -> None:
    """Each row of the promise that ends in a trigger's kill, by the state that Airflow tells."""
    liveness = liveness_of(state)

    assert expected is decide_kill(claim=CLAIM, liveness=liveness, record=record)


@pytest.mark.parametrize(
    ("state", "record", "expected"),
    [
        pytest.param("deferred", entry(), KillDecision.CANCEL, id="E2 E3 the deadline of its wait"),
        pytest.param("running", entry(), KillDecision.WAITED, id="N7 another triggerer has fired"),
        pytest.param("success", entry(closed=True), KillDecision.ENDED, id="N7 delivered since"),
        pytest.param("failed", entry(), KillDecision.ENDED, id="N7 ended since"),
        pytest.param("deferred", entry(try_number=2), KillDecision.ADOPTED, id="N7 adopted since"),
        pytest.param(
            "deferred",
            entry(operation=OTHER, try_number=2),
            KillDecision.REPLACED,
            id="N7 the task waits for another operation",
        ),
        pytest.param("deferred", None, KillDecision.UNKNOWN, id="E4 nothing can be read"),
        pytest.param("deferred", UNREADABLE, KillDecision.UNKNOWN, id="N12 a newer release's"),
        pytest.param("up_for_retry", entry(), KillDecision.RETRIED, id="K5 a retry follows"),
        pytest.param(
            "deferred", entry(exempt=True), KillDecision.CANCEL, id="E2 E3 cancel_on_kill is off"
        ),
    ],
)
def test_deadline_by_airflows_state(
    state: str | None, record: Published, expected: KillDecision
) -> None:
    """Each row of the promise that ends in a trigger's deadline, by the state that is told."""
    liveness = liveness_of(state)

    assert expected is decide_deadline(claim=CLAIM, liveness=liveness, record=record)


@pytest.mark.parametrize(
    ("state", "record", "expected"),
    [
        pytest.param("running", entry(), KillDecision.CANCEL, id="E1 E13 it runs, and is to end"),
        pytest.param("running", entry(operation=None), KillDecision.CANCEL, id="E21 only intended"),
        pytest.param(
            "running", entry(exempt=True), KillDecision.CANCEL, id="E1 cancel_on_kill is off"
        ),
        pytest.param("failed", entry(), KillDecision.CANCEL, id="E8 marked failed"),
        pytest.param("restarting", entry(), KillDecision.CANCEL, id="E8 cleared while it ran"),
        pytest.param("deleted", None, KillDecision.CANCEL, id="E15 the Dag was deleted"),
        pytest.param("up_for_retry", entry(), KillDecision.RETRIED, id="K4 lost, a retry follows"),
        pytest.param("running", entry(try_number=2), KillDecision.ADOPTED, id="N8 adopted since"),
        pytest.param("success", entry(try_number=2), KillDecision.ADOPTED, id="N8 delivered since"),
        pytest.param(
            "running", None, KillDecision.MOVEDON, id="N8 the next try has just begun to run"
        ),
        pytest.param(
            "running",
            entry(operation=OTHER, try_number=2),
            KillDecision.REPLACED,
            id="N8 the next try waits for another operation",
        ),
        pytest.param("deferred", entry(), KillDecision.WAITED, id="a trigger waits for it"),
    ],
)
def test_worker_by_airflows_state(
    state: str | None, record: Published, expected: KillDecision
) -> None:
    """Each row of the promise that ends on a worker, by the state that Airflow tells."""
    liveness = TaskLiveness.MISSING if state == "deleted" else liveness_of(state)

    assert expected is decide_on_worker(claim=CLAIM, liveness=liveness, record=record)


@given(tries=st.integers(2, 100), liveness=livenesses, operation=st.sampled_from([NAME, None]))
def test_what_a_newer_try_has_is_never_cancelled(
    tries: int, liveness: TaskLiveness, operation: OperationName | None
) -> None:
    """K6, N7 and N8 hold for every later try, in every liveness, for all who ask."""
    record = entry(try_number=tries, operation=operation)

    decisions = {
        decide(claim=CLAIM, liveness=liveness, record=record)
        for decide in (*DECISIONS, decide_rejected)
    }

    assert {KillDecision.ADOPTED} == decisions


@pytest.mark.slow
@given(record=strategies.entries, number=st.integers(0, 1), try_number=st.integers(1, 100))
def test_a_deferred_task_with_its_own_record_is_never_cancelled(
    record: LedgerEntry, number: int, try_number: int
) -> None:
    """Whatever else its record says: a deferred task whose record is its operation's keeps it."""
    names = record.operations
    claim = Claim(operation=names[number] if number < len(names) else NAME, try_number=try_number)
    newer_intent = record.operation is None and record.try_number > try_number

    decision = decide_kill(claim=claim, liveness=TaskLiveness.DEFERRED, record=record)

    assert (decision is KillDecision.CANCEL) == (not is_own(record, claim) and not newer_intent)


@pytest.mark.slow
@given(record=records, liveness=livenesses, try_number=st.integers(1, 100))
def test_a_deadline_cancels_only_what_a_deferred_task_has_published(
    record: Published, liveness: TaskLiveness, try_number: int
) -> None:
    """A trigger that was stalled cancels nothing unless it is certain that its task waits."""
    names = getattr(record, "operations", ()) or (NAME,)
    claim = Claim(operation=names[0], try_number=try_number)

    decision = decide_deadline(claim=claim, liveness=liveness, record=record)

    certain = liveness is TaskLiveness.DEFERRED and is_own(record, claim)
    assert decision is not KillDecision.CANCEL or certain


@pytest.mark.slow
@given(record=records, liveness=livenesses, try_number=st.integers(1, 100))
def test_a_worker_cancels_only_what_its_try_has_published(
    record: Published, liveness: TaskLiveness, try_number: int
) -> None:
    """A process that was frozen cancels nothing unless the record is its own, or gone for good."""
    names = getattr(record, "operations", ()) or (NAME,)
    claim = Claim(operation=names[0], try_number=try_number)

    decision = decide_on_worker(claim=claim, liveness=liveness, record=record)

    gone = liveness is TaskLiveness.MISSING and record is None
    assert decision is not KillDecision.CANCEL or gone or is_own(record, claim)


@pytest.mark.slow
@given(record=records, try_number=st.integers(1, 100))
def test_an_unknown_state_is_never_a_reason(record: Published, try_number: int) -> None:
    """A state that a later Airflow may bring cancels nothing."""
    claim = Claim(operation=NAME, try_number=try_number)
    liveness = liveness_of("a state of tomorrow")

    decisions = {
        decide(claim=claim, liveness=liveness, record=record)
        for decide in (*DECISIONS, decide_rejected)
    }

    assert KillDecision.CANCEL not in decisions


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("deferred", KillDecision.WAITED),
        ("scheduled", KillDecision.WAITED),
        ("queued", KillDecision.WAITED),
        ("running", KillDecision.WAITED),
        (None, KillDecision.WAITED),
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
    liveness = liveness_of(state)

    assert expected is decide_rejected(claim=CLAIM, liveness=liveness, record=record)


@given(liveness=livenesses)
def test_a_rejected_deferral_of_a_task_that_is_gone(liveness: TaskLiveness) -> None:
    """Who waits is decided by the liveness alone, while no newer try has published."""
    stops = {TaskLiveness.ENDED, TaskLiveness.MISSING, TaskLiveness.RESTARTING}

    decision = decide_rejected(claim=CLAIM, liveness=liveness, record=None)

    assert (decision is KillDecision.CANCEL) == (liveness in stops)


def test_a_decision_reads_as_a_reason() -> None:
    """What is logged completes "is not cancelled: ..."."""
    assert "a newer try of the task has adopted it" == KillDecision.ADOPTED.value
