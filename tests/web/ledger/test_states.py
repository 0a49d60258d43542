# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The table of states that an operation is shown in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.ledger.evidence import Evidence
from airflow_spanner_lro.core.ledger.reaping import TaskFacts, TaskPhase
from airflow_spanner_lro.core.operations.schema_change import StatementRecord
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.web.ledger.states import ENDED, State, shown_state

from .ledgers import NOW, entry

if TYPE_CHECKING:
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry

AT_WORK = TaskFacts(state="deferred", phase=TaskPhase.AT_WORK, try_number=1)
OVER = TaskFacts(state="failed", phase=TaskPhase.OVER, try_number=1)
NEWER = TaskFacts(state="running", phase=TaskPhase.AT_WORK, try_number=2)
INTENT = entry(operation=None, evidence=None)
PRESUMED = entry(evidence=Evidence.PRESUMED)
COMMITTED = (StatementRecord(digest="a", committed=NOW),)


def shown(written: LedgerEntry | None, **given: Any) -> State:
    """Return the state that is shown."""
    usual: dict[str, Any] = {"task": AT_WORK, "tried": None}
    return shown_state(written, **usual | given).state


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        (None, {}, State.UNREADABLE),
        (None, {"seen": OperationState.SUCCEEDED}, State.UNREADABLE),
        (entry(), {"seen": OperationState.SUCCEEDED}, State.SUCCEEDED),
        (entry(), {"seen": OperationState.FAILED}, State.FAILED),
        (entry().close(), {"seen": OperationState.CANCELLED, "tried": "success"}, State.CANCELLED),
        (entry(operation=None, statements=COMMITTED).close(), {}, State.SUCCEEDED),
        (INTENT.close(), {"waits": True}, State.WAITING),
        (INTENT.close(), {}, State.FAILED),
        (PRESUMED.leave(), {"seen": OperationState.RUNNING}, State.RUNNING),
        (PRESUMED.leave(), {}, State.UNKNOWN),
        (entry().close(ending=Ending.CANCELLED), {"tried": "success"}, State.CANCELLED),
        (entry().close(ending=Ending.GONE), {}, State.GONE),
        (entry().close(ending=Ending.FINISHED_FIRST), {}, State.UNKNOWN),
        (entry().close(ending=Ending.REFUSED), {}, State.UNKNOWN),
        (entry().close(ending=Ending.NOT_SENT), {}, State.UNKNOWN),
        (entry().close(ending=Ending.STILL_RUNNING), {}, State.UNKNOWN),
        (entry(failure="ABORTED: x").close(), {"tried": "success"}, State.FAILED),
        (entry().close(), {"tried": "success"}, State.SUCCEEDED),
        (entry(statements=COMMITTED).close(), {}, State.SUCCEEDED),
        (entry().close(), {"tried": "failed"}, State.FAILED),
        (entry().close(), {"tried": "up_for_retry"}, State.FAILED),
        (entry().close(), {"tried": "running"}, State.UNKNOWN),
        (INTENT, {}, State.STARTING),
        (INTENT, {"task": OVER}, State.UNKNOWN),
        (INTENT, {"task": NEWER}, State.UNKNOWN),
        (entry().stop(NOW), {"seen": OperationState.RUNNING}, State.CANCELLING),
        (entry().stop(NOW, ending=Ending.NOT_SENT), {}, State.CANCELLING),
        (entry().stop(NOW, ending=Ending.GONE), {}, State.CANCELLING),
        (entry().noting_cancel_by("ann"), {}, State.CANCELLING),
        (entry().exempt_from_reaping(ending=Ending.FINISHED_FIRST), {}, State.SUCCEEDED),
        (entry(exempt=True), {}, State.RUNNING),
        (entry(), {"task": OVER}, State.RUNNING),
    ],
)
def test_state_is_that_of_the_first_row_that_fits(
    written: LedgerEntry | None, given: dict[str, Any], expected: State
) -> None:
    """Each row of the table gives its state."""
    assert expected is shown(written, **given)


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_of_a_cancel_has_a_sentence(ending: Ending) -> None:
    """However a cancel has ended, the page says so in words."""
    closed = shown_state(entry().close(ending=ending), task=OVER, tried=None)
    stopping = shown_state(entry().stop(NOW, ending=ending), task=OVER, tried=None)

    assert closed.text.endswith(".")
    assert stopping.text.endswith(".")


def test_what_may_go_on_is_not_shown_as_ended() -> None:
    """Only of what was seen or written down to be over it is said that nothing goes on."""
    assert {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.GONE} == ENDED
    assert not shown_state(entry().close(), task=OVER, tried=None).ended
