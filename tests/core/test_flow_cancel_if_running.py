# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Cancelling an operation that we did not watch: what was done before is left as it is."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import DeadlineExceeded

from airflow_spanner_lro.core.flows.commands import (
    Cancel,
    DeleteResource,
    Get,
    GetResource,
    GetResult,
)
from airflow_spanner_lro.core.flows.operation import (
    POLL_AGAIN_WITHIN,
    POLL_WITHIN,
    UNSEEN,
    cancel_if_running,
)
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import ResourceState
from airflow_spanner_lro.core.polling.policy import CancelPolicy

from .sample_values import (
    BACKUP,
    DENIED,
    GONE,
    NAME,
    NOW,
    UNAVAILABLE,
    cancelled,
    failed,
    running,
    succeeded,
)
from .scripted_flows import DEADLINE, play

POLL = Get(NAME, POLL_WITHIN)
TOO_LATE = DeadlineExceeded("no answer in time")
MADE = ResourceState(name=str(BACKUP), state="READY", create_time=NOW)


@pytest.mark.parametrize("end", [succeeded(), failed(), cancelled()], ids=lambda end: end.state)
def test_what_is_done_is_left_alone(end: object) -> None:
    """An operation that is done is returned, neither cancelled nor cleaned up after."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [end])  # type: ignore[list-item]  # it is a snapshot

    assert (end, [POLL]) == (played.result, played.asked)


def test_what_runs_is_stopped() -> None:
    """An operation that runs is cancelled, and what it made in spite of that is deleted."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [running(), None, succeeded(), MADE, MADE, None])

    assert [
        POLL,
        Cancel(NAME),
        Get(NAME),
        GetResult(NAME),
        GetResource(BACKUP),
        DeleteResource(BACKUP),
    ] == played.asked


def test_a_look_that_is_denied_deletes_nothing() -> None:
    """Without the poll it is not known who saw the end, so the operation is cancelled only."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [DENIED, None, succeeded()])

    assert [POLL, Cancel(NAME), Get(NAME)] == played.asked
    assert played.result == Settlement(
        name=NAME, ending=Ending.FINISHED_FIRST, snapshot=succeeded(), left_behind=UNSEEN
    )


def test_a_look_is_tried_twice() -> None:
    """Trouble that passes at once keeps nobody from seeing that the operation is done."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [UNAVAILABLE, succeeded()])

    assert (succeeded(), [POLL] * 2) == (played.result, played.asked)


@pytest.mark.parametrize(
    "trouble", [[UNAVAILABLE, UNAVAILABLE], [TOO_LATE]], ids=["unavailable", "no answer in time"]
)
def test_a_cancel_does_not_wait_long_for_a_look(trouble: list[Exception]) -> None:
    """Without a poll the cancel goes out all the same, and what was made by then is left there."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [*trouble, None, succeeded()])

    assert [*[POLL] * len(trouble), Cancel(NAME), Get(NAME)] == played.asked
    assert isinstance(played.result, Settlement)
    assert Ending.FINISHED_FIRST is played.result.ending
    assert "delete it if nobody uses it" in played.result.sentence


def test_what_is_seen_to_run_after_the_decision_may_be_cleaned_up() -> None:
    """An operation that runs on after its cancel cannot have been delivered before it."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [TOO_LATE, None, running(), succeeded(), MADE, MADE, None])

    assert DeleteResource(BACKUP) == played.asked[-1]
    assert isinstance(played.result, Settlement)
    assert str(BACKUP) == played.result.cleaned_up


def test_what_was_seen_to_run_shortly_before_is_cancelled_at_once() -> None:
    """Where nothing is to be deleted, the last poll of whoever waited is enough."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=False, seen_running=True)

    played = play(flow, [None, cancelled()])

    assert [Cancel(NAME), Get(NAME)] == played.asked


def test_a_clean_up_needs_a_look_of_its_own() -> None:
    """What was seen before the decision may be delivered by now: a moment is spent on a poll."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True, seen_running=True)

    played = play(flow, [TOO_LATE, None, succeeded()])

    assert [Get(NAME, POLL_AGAIN_WITHIN), Cancel(NAME), Get(NAME)] == played.asked


def test_who_waits_is_told_when_the_cancel_is_sent() -> None:
    """It is told once the cancel has got through, and before its outcome is known."""
    told: list[str] = []
    flow = cancel_if_running(
        name=NAME,
        policy=CancelPolicy(),
        cleans_up=False,
        seen_running=True,
        sent=lambda: told.append("sent"),
    )

    first, taken = next(flow), list(told)
    flow.send(UNAVAILABLE)
    flow.send(running())
    flow.send(None)
    not_yet = list(told)
    flow.send(None)

    assert (Cancel(NAME), [], [], ["sent"]) == (first, taken, not_yet, told)


def test_a_cancel_that_does_not_get_through_is_told_as_not_sent() -> None:
    """Trouble that lasts leaves the operation to the reaper, and is said to be the reason."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [UNAVAILABLE, DEADLINE, UNAVAILABLE, UNAVAILABLE, DEADLINE])

    assert [POLL, Cancel(NAME), Get(NAME)] == played.asked
    assert isinstance(played.result, Settlement)
    assert Ending.NOT_SENT is played.result.ending
    assert "was not sent, or did not get through (UNAVAILABLE" in played.result.sentence


def test_what_is_gone_is_settled() -> None:
    """An operation that Spanner no longer knows needs no cancel to be settled."""
    flow = cancel_if_running(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [GONE, GONE, GONE])

    assert played.result == Settlement(name=NAME, ending=Ending.GONE)
