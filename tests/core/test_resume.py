# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a try does first: one row for each line of the promise "starting once"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.resume import NextStep, next_step

from . import strategies
from .sample_values import FINGERPRINT, NOW, cancelled, entry, failed, running, succeeded

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

OURS = entry()
CLOSED = entry(closed=True)
CHANGED = entry(fingerprint="as rendered before")
PRESUMED = entry(evidence=Evidence.PRESUMED)
PRESUMED_AND_CHANGED = entry(evidence=Evidence.PRESUMED, fingerprint="as rendered before")
CHANGED_AND_CLOSED = entry(fingerprint="as rendered before", closed=True)
INTENT = entry(operation=None)
BEING_CANCELLED = running(cancel_time=NOW)


@pytest.mark.parametrize(
    ("found", "snapshot", "expected"),
    [
        pytest.param(None, None, NextStep.START, id="no entry"),
        pytest.param(INTENT, None, NextStep.SEARCH, id="an intent without a name"),
        pytest.param(
            entry(operation=None, fingerprint="as rendered before"),
            None,
            NextStep.SEARCH,
            id="an intent without a name, request changed",
        ),
        pytest.param(INTENT.close(), None, NextStep.START, id="an intent that came to nothing"),
        pytest.param(OURS, running(), NextStep.ADOPT, id="running, same request"),
        pytest.param(CLOSED, running(), NextStep.ADOPT, id="running, same request, closed"),
        pytest.param(CHANGED, running(), NextStep.REPLACE, id="running, request changed"),
        pytest.param(OURS, BEING_CANCELLED, NextStep.AWAIT_CANCEL, id="running, being cancelled"),
        pytest.param(
            CHANGED,
            BEING_CANCELLED,
            NextStep.AWAIT_CANCEL,
            id="running, being cancelled, request changed",
        ),
        pytest.param(OURS, succeeded(), NextStep.DELIVER, id="succeeded, never delivered"),
        pytest.param(
            OURS,
            succeeded(cancel_time=NOW),
            NextStep.DELIVER,
            id="succeeded in spite of a cancel, never delivered",
        ),
        pytest.param(CLOSED, succeeded(), NextStep.START, id="succeeded, delivered, cleared"),
        pytest.param(
            CHANGED, succeeded(), NextStep.START, id="succeeded, never delivered, request changed"
        ),
        pytest.param(
            CHANGED_AND_CLOSED, succeeded(), NextStep.START, id="succeeded, delivered, changed"
        ),
        pytest.param(PRESUMED, running(), NextStep.ADOPT, id="running, only presumed ours"),
        pytest.param(
            PRESUMED_AND_CHANGED,
            running(),
            NextStep.REFUSE,
            id="running, only presumed ours, request changed",
        ),
        pytest.param(
            entry(evidence=Evidence.PRESUMED, stopping=NOW),
            running(),
            NextStep.REFUSE,
            id="running, only presumed ours, end decided before",
        ),
        pytest.param(
            entry(stopping=NOW), running(), NextStep.REPLACE, id="running, end decided before"
        ),
        pytest.param(
            entry(evidence=Evidence.NAMED, fingerprint="as rendered before"),
            running(),
            NextStep.REPLACE,
            id="running, named by us, request changed",
        ),
        pytest.param(
            entry(evidence=Evidence.SIGNED, fingerprint="as rendered before"),
            running(),
            NextStep.REPLACE,
            id="running, signed by us, request changed",
        ),
        pytest.param(
            PRESUMED, succeeded(), NextStep.DELIVER, id="succeeded, only presumed, never delivered"
        ),
        pytest.param(OURS, failed(), NextStep.START, id="failed"),
        pytest.param(OURS, cancelled(), NextStep.START, id="cancelled"),
        pytest.param(CLOSED, cancelled(), NextStep.START, id="cancelled, closed"),
        pytest.param(OURS, None, NextStep.START, id="Spanner no longer knows it"),
    ],
)
def test_next_step(
    found: LedgerEntry | None, snapshot: OperationSnapshot | None, expected: NextStep
) -> None:
    """What is found in the ledger and in Spanner decides what this try does."""
    assert expected is next_step(entry=found, snapshot=snapshot, fingerprint=FINGERPRINT)


@pytest.mark.slow
@given(
    found=st.none() | strategies.entries,
    snapshot=st.none() | strategies.snapshots,
    fingerprint=st.text(),
)
def test_nothing_is_started_beside_a_running_operation(
    found: LedgerEntry | None, snapshot: OperationSnapshot | None, fingerprint: str
) -> None:
    """While an operation of ours is known to run, no step is to start right away."""
    step = next_step(entry=found, snapshot=snapshot, fingerprint=fingerprint)

    running_ours = found and found.operation and snapshot and not snapshot.done
    assert not (running_ours and step in {NextStep.START, NextStep.SEARCH, NextStep.DELIVER})


@pytest.mark.slow
@given(
    found=st.none() | strategies.entries,
    snapshot=st.none() | strategies.snapshots,
    fingerprint=st.text(),
)
def test_success_is_only_for_our_own_work(
    found: LedgerEntry | None, snapshot: OperationSnapshot | None, fingerprint: str
) -> None:
    """Nothing is delivered but what succeeded, was asked for like this, and is still owed."""
    step = next_step(entry=found, snapshot=snapshot, fingerprint=fingerprint)

    assert step is not NextStep.DELIVER or (
        found is not None
        and found.operation is not None
        and not found.closed
        and found.fingerprint == fingerprint
        and snapshot is not None
        and snapshot.succeeded
    )


@pytest.mark.slow
@given(found=strategies.entries, snapshot=strategies.snapshots, fingerprint=st.text())
def test_what_is_only_presumed_is_never_cancelled(
    found: LedgerEntry, snapshot: OperationSnapshot, fingerprint: str
) -> None:
    """Whatever else is found, no step cancels an operation that nothing proves to be ours."""
    step = next_step(entry=found, snapshot=snapshot, fingerprint=fingerprint)

    assert step is not NextStep.REPLACE or found.may_cancel
