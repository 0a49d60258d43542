# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancelling and settling, driven by hand: each ending, each lost answer, the refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError

from airflow_spanner_lro.core.flows.commands import Cancel, Get, Sleep
from airflow_spanner_lro.core.flows.operation import cancel_and_settle
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.polling.policy import CancelPolicy
from airflow_spanner_lro.core.status import Code

from .sample_values import DENIED, GONE, NAME, UNAVAILABLE, cancelled, failed, running, succeeded
from .scripted_flows import DEADLINE, FinitePolicy, Play, play

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.core.flows.commands import Answer
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

UNIMPLEMENTED = exceptions.MethodNotImplemented("restores cannot be cancelled")
NOT_DENIED_BY_CODE = RefreshError("no account")


def settle(*answers: Answer) -> Play[Settlement]:
    """Play the flow with these answers."""
    return play(cancel_and_settle(name=NAME, policy=CancelPolicy()), answers)


def settlement(
    ending: Ending, snapshot: OperationSnapshot | None = None, detail: str = ""
) -> Settlement:
    """Return a settlement of the backup operation."""
    return Settlement(name=NAME, ending=ending, snapshot=snapshot, detail=detail)


def test_it_cancels_first_and_once() -> None:
    """The request goes out before anything is polled, and is not repeated once accepted."""
    played = settle(None, running(), running(), cancelled())

    assert [Cancel(NAME), Get(NAME), Get(NAME), Get(NAME)] == played.asked
    assert [
        Cancel(NAME),
        Get(NAME),
        Sleep(0.25),
        Get(NAME),
        Sleep(0.4),
        Get(NAME),
    ] == played.commands


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(
            [None, cancelled()], settlement(Ending.CANCELLED, cancelled()), id="cancelled at once"
        ),
        pytest.param(
            [None, running(), cancelled()],
            settlement(Ending.CANCELLED, cancelled()),
            id="cancelled later",
        ),
        pytest.param(
            [None, running(), succeeded()],
            settlement(Ending.FINISHED_FIRST, succeeded()),
            id="succeeded first",
        ),
        pytest.param(
            [None, failed()], settlement(Ending.FINISHED_FIRST, failed()), id="failed first"
        ),
        pytest.param(
            [exceptions.FailedPrecondition("is done"), succeeded()],
            settlement(Ending.FINISHED_FIRST, succeeded()),
            id="refused because it was done",
        ),
        pytest.param(
            [DENIED, cancelled()],
            settlement(Ending.CANCELLED, cancelled()),
            id="refused, but somebody else cancelled it",
        ),
        pytest.param([GONE, GONE], settlement(Ending.GONE), id="gone"),
        pytest.param([None, running(), GONE], settlement(Ending.GONE), id="gone meanwhile"),
        pytest.param([UNAVAILABLE, GONE], settlement(Ending.GONE), id="gone, cancel unanswered"),
        pytest.param(
            [None, running(percent=1), DEADLINE],
            settlement(Ending.STILL_RUNNING, running(percent=1)),
            id="budget spent",
        ),
        pytest.param(
            [None, running(percent=1), UNAVAILABLE, running(percent=2), UNAVAILABLE, DEADLINE],
            settlement(Ending.STILL_RUNNING, running(percent=2)),
            id="budget spent in trouble; the last answer is kept",
        ),
        pytest.param(
            [None, UNAVAILABLE, DEADLINE],
            settlement(Ending.STILL_RUNNING),
            id="budget spent, never seen",
        ),
        pytest.param(
            [UNAVAILABLE, UNAVAILABLE, DEADLINE],
            settlement(Ending.NOT_SENT, detail="UNAVAILABLE: try later"),
            id="budget spent, cancel never answered",
        ),
    ],
)
def test_each_ending_is_a_value(answers: Sequence[Answer], expected: Settlement) -> None:
    """However a cancel ends, the flow returns it, and raises nothing."""
    assert expected == settle(*answers).result


@pytest.mark.parametrize(
    ("answers", "detail"),
    [
        pytest.param(
            [DENIED, running()],
            "PERMISSION_DENIED: spanner.backups.cancel is missing",
            id="not allowed",
        ),
        pytest.param(
            [UNIMPLEMENTED, running()],
            "UNIMPLEMENTED: restores cannot be cancelled",
            id="cannot be cancelled",
        ),
        pytest.param(
            [UNAVAILABLE, running(), DENIED, running()],
            "PERMISSION_DENIED: spanner.backups.cancel is missing",
            id="not allowed at the second attempt",
        ),
        pytest.param(
            [DENIED, UNAVAILABLE, running()],
            "PERMISSION_DENIED: spanner.backups.cancel is missing",
            id="seen running only after trouble",
        ),
        pytest.param(
            [NOT_DENIED_BY_CODE, running()],
            "RefreshError: no account",
            id="an error without a code",
        ),
    ],
)
def test_a_refusal_is_told_with_its_reason(answers: Sequence[Answer], detail: str) -> None:
    """A refused cancel of an operation that goes on ends the flow with the service's words."""
    result = settle(*answers).result

    assert result is not None
    assert (Ending.REFUSED, running(), detail) == (result.ending, result.snapshot, result.detail)
    # the code is there for those who give advice
    assert result.detail.startswith(result.code.name if result.code else "RefreshError")


def test_a_refused_cancel_is_not_asked_again() -> None:
    """Only what is transient is repeated."""
    played = settle(DENIED, UNAVAILABLE, UNAVAILABLE, running())

    assert [Cancel(NAME), Get(NAME), Get(NAME), Get(NAME)] == played.asked


def test_a_lost_answer_is_asked_again() -> None:
    """The cancel may not have arrived, and to cancel twice does no harm."""
    played = settle(UNAVAILABLE, running(), UNAVAILABLE, running(), None, running(), cancelled())

    assert settlement(Ending.CANCELLED, cancelled()) == played.result
    assert [Cancel(NAME), Get(NAME)] * 3 + [Get(NAME)] == played.asked


def test_trouble_that_passed_is_not_told() -> None:
    """Once the cancel was accepted, an earlier lost answer is no detail of its ending."""
    played = settle(UNAVAILABLE, running(), None, running(), DEADLINE)

    assert settlement(Ending.STILL_RUNNING, running()) == played.result


def test_who_may_neither_cancel_nor_look_was_refused() -> None:
    """The refusal of the cancel is told, not that of the poll."""
    played = settle(DENIED, exceptions.Unauthenticated("who"))

    assert played.result is not None
    assert Code.PERMISSION_DENIED is played.result.code
    assert "PERMISSION_DENIED: spanner.backups.cancel is missing" == played.result.detail


@pytest.mark.parametrize(
    ("answers", "last"),
    [
        pytest.param([None, DENIED], None, id="never seen"),
        pytest.param([None, running(), DENIED], running(), id="seen before"),
    ],
)
def test_an_unseen_end_is_not_called_a_refusal(
    answers: Sequence[Answer], last: OperationSnapshot | None
) -> None:
    """Who may cancel but not poll cannot tell the end, and must not say that it was refused."""
    detail = "PERMISSION_DENIED: spanner.backups.cancel is missing"

    assert settlement(Ending.STILL_RUNNING, last, detail) == settle(*answers).result


def test_who_may_not_look_still_asks_until_the_cancel_is_answered() -> None:
    """A cancel whose answer was lost is asked again, whatever the poll in between answers."""
    played = settle(UNAVAILABLE, DENIED, None, DENIED)

    assert [Cancel(NAME), Get(NAME)] * 2 == played.asked


def test_delays_that_end_are_a_spent_budget() -> None:
    """Whether the driver or the policy gives up, the operation was not seen to end."""
    played = play(cancel_and_settle(name=NAME, policy=FinitePolicy()), [None, running()])

    assert settlement(Ending.STILL_RUNNING, running()) == played.result
