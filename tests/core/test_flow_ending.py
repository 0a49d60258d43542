# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Stopping on hearsay, driven by hand: what was done before anybody looked is left as it is."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.flows.commands import (
    Cancel,
    DeleteResource,
    Get,
    GetResource,
    GetResult,
)
from airflow_spanner_lro.core.flows.ending import stop_unless_done
from airflow_spanner_lro.core.flows.policy import CancelPolicy
from airflow_spanner_lro.core.operations.resource import ResourceState
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement

from .builders import (
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
from .playing import DEADLINE, play

MADE = ResourceState(name=str(BACKUP), state="READY", create_time=NOW)


@pytest.mark.parametrize("end", [succeeded(), failed(), cancelled()], ids=lambda end: end.state)
def test_what_is_done_is_left_alone(end: object) -> None:
    """An operation that is done is returned, neither cancelled nor cleaned up after."""
    flow = stop_unless_done(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [end])  # type: ignore[list-item]  # it is a snapshot

    assert (end, [Get(NAME)]) == (played.result, played.asked)


def test_what_runs_is_stopped() -> None:
    """An operation that runs is cancelled, and what it made in spite of that is deleted."""
    flow = stop_unless_done(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [running(), None, succeeded(), MADE, MADE, None])

    assert [
        Get(NAME),
        Cancel(NAME),
        Get(NAME),
        GetResult(NAME),
        GetResource(BACKUP),
        DeleteResource(BACKUP),
    ] == played.asked


def test_a_look_that_is_denied_deletes_nothing() -> None:
    """Without the look it is not known who saw the end, so the operation is cancelled only."""
    flow = stop_unless_done(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [DENIED, None, succeeded()])

    assert [Get(NAME), Cancel(NAME), Get(NAME)] == played.asked
    assert played.result == Settlement(
        name=NAME, ending=Ending.FINISHED_FIRST, snapshot=succeeded()
    )


def test_trouble_that_passes_cancels_nothing() -> None:
    """What cannot be seen for a moment may be done: nothing is cancelled before the look."""
    flow = stop_unless_done(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [UNAVAILABLE, UNAVAILABLE, succeeded()])

    assert (succeeded(), [Get(NAME)] * 3) == (played.result, played.asked)


def test_trouble_that_does_not_pass_in_time_cancels_nothing() -> None:
    """A look that does not succeed in time leaves the operation to the reaper, and says why."""
    flow = stop_unless_done(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [UNAVAILABLE, DEADLINE])

    assert [Get(NAME)] == played.asked
    assert isinstance(played.result, Settlement)
    assert Ending.NOT_SENT is played.result.ending
    assert "was not sent, or did not get through (UNAVAILABLE" in played.result.sentence


def test_what_is_gone_is_settled() -> None:
    """An operation that Spanner no longer knows needs no cancel to be settled."""
    flow = stop_unless_done(name=NAME, policy=CancelPolicy(), cleans_up=True)

    played = play(flow, [GONE, GONE, GONE])

    assert played.result == Settlement(name=NAME, ending=Ending.GONE)
