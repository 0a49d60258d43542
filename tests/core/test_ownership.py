# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a trigger that is told to kill may cancel: one row for each situation of the promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.tries.ownership import Claim, KillDecision, decide_kill

from . import strategies
from .builders import NAME, OTHER, entry

if TYPE_CHECKING:
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry

CLAIM = Claim(operation=NAME, try_number=1)


@pytest.mark.parametrize(
    ("deferred", "record", "expected"),
    [
        pytest.param(False, entry(), KillDecision.CANCEL, id="E5, E6, E9-E11 marked by a user"),
        pytest.param(False, None, KillDecision.CANCEL, id="E7 cleared, next try not there yet"),
        pytest.param(
            False,
            entry(operation=OTHER, try_number=2),
            KillDecision.CANCEL,
            id="E7 cleared, next try runs with another operation",
        ),
        pytest.param(
            True,
            entry(operation=OTHER, try_number=2),
            KillDecision.CANCEL,
            id="E7 cleared, next try waits for another operation",
        ),
        pytest.param(
            False,
            entry(operation=None, try_number=2),
            KillDecision.CANCEL,
            id="E7 cleared, next try has only an intent",
        ),
        pytest.param(False, None, KillDecision.CANCEL, id="E15 Dag deleted"),
        pytest.param(True, entry(), KillDecision.MOVED, id="K2 moved to another triggerer"),
        pytest.param(
            True, entry(try_number=2), KillDecision.ADOPTED, id="K6 adopted by a try that waits"
        ),
        pytest.param(
            False, entry(try_number=2), KillDecision.ADOPTED, id="K6 adopted by a try that runs"
        ),
        pytest.param(
            True, None, KillDecision.UNKNOWN, id="rule 4: deferred, but nothing is published"
        ),
    ],
)
def test_decide_kill(deferred: bool, record: LedgerEntry | None, expected: KillDecision) -> None:
    """The state of the task and the record of who owns the operation decide."""
    assert expected is decide_kill(claim=CLAIM, deferred=deferred, record=record)


@given(tries=st.integers(2, 100), deferred=st.booleans())
def test_what_a_newer_try_adopted_is_never_cancelled(tries: int, deferred: bool) -> None:
    """K6 holds for every later try, in every state of the task."""
    record = entry(try_number=tries)

    assert KillDecision.ADOPTED is decide_kill(claim=CLAIM, deferred=deferred, record=record)


@given(record=st.none() | strategies.entries, try_number=st.integers(1, 100))
def test_a_task_that_waits_for_it_keeps_it(record: LedgerEntry | None, try_number: int) -> None:
    """A deferred task loses its operation only to a record that names another one."""
    claim = Claim(operation=NAME, try_number=try_number)

    decision = decide_kill(claim=claim, deferred=True, record=record)

    assert (decision is KillDecision.CANCEL) == (record is not None and record.operation != NAME)


def test_a_decision_reads_as_a_reason() -> None:
    """What is logged completes "is not cancelled: ..."."""
    assert KillDecision.ADOPTED.value == "a newer try of the task has adopted it"
