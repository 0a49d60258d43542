# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Several flows side by side: in which order they ask, how long they sleep, how they end."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.flows.commands import Cancel, Flow, Get, Sleep
from airflow_spanner_lro.core.flows.operation import (
    POLL_WITHIN,
    DeadlinePassedError,
    cancel_if_running,
    gather,
    stop_all,
    wait,
)
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.polling.policy import CancelPolicy, PollPolicy

from .sample_values import BACKUP, DENIED, NAME, OTHER, cancelled, running, succeeded
from .scripted_flows import DEADLINE, play

THIRD = OperationName(resource=BACKUP, operation="_auto_op_3")


def sleeper(*seconds: float) -> Flow[float]:
    """Sleep some times, and return for how long in all."""
    for each in seconds:
        yield Sleep(each)
    return sum(seconds)


def test_all_cancels_come_first() -> None:
    """The last operation is asked to cancel before the first is polled."""
    played = play(
        stop_all([NAME, OTHER, THIRD], policy=CancelPolicy(), cleans_up=False),
        [None, None, None, cancelled(), cancelled(name=OTHER), cancelled(name=THIRD)],
    )

    names = [NAME, OTHER, THIRD]
    assert [Cancel(name) for name in names] + [Get(name) for name in names] == played.commands


def test_a_cancel_that_is_ready_goes_before_a_look() -> None:
    """Whoever has polled and has to cancel does not wait until all others have polled."""
    flows = (
        cancel_if_running(name=name, policy=CancelPolicy(), cleans_up=True)
        for name in (NAME, OTHER)
    )

    played = play(
        gather(flows),
        [running(), None, running(), None, cancelled(), cancelled(name=OTHER)],
    )

    polls = [Get(name, POLL_WITHIN) for name in (NAME, OTHER)]
    assert [
        *(polls[0], Cancel(NAME)),
        *(polls[1], Cancel(OTHER)),
        *(Get(NAME), Get(OTHER)),
    ] == played.commands


def test_each_has_its_own_ending() -> None:
    """What becomes of one is not what becomes of another; they come in the order given."""
    played = play(
        stop_all([NAME, OTHER, THIRD], policy=CancelPolicy(), cleans_up=False),
        [None, None, DENIED, running(), succeeded(), running(), cancelled()],
    )

    assert played.result is not None
    assert [(NAME, Ending.CANCELLED), (OTHER, Ending.FINISHED_FIRST), (THIRD, Ending.REFUSED)] == [
        (each.name, each.ending) for each in played.result
    ]


def test_sleeps_overlap() -> None:
    """All of them take as long as the longest."""
    played = play(gather([sleeper(3, 3), sleeper(5), sleeper(1, 1, 1)]), [])

    assert (6, 5, 3) == played.result
    assert 6 == played.slept


def test_nobody_sleeps_too_long() -> None:
    """Whoever's time has come goes on, whatever the others do."""
    played = play(gather([sleeper(1, 3), sleeper(2.5)]), [])

    assert [1, 1.5, 1.5] == [each.seconds for each in played.commands if isinstance(each, Sleep)]


def test_deadline_is_everyones() -> None:
    """Those that have not ended are told of the deadline, and say what they know."""
    played = play(
        stop_all([NAME, OTHER], policy=CancelPolicy(), cleans_up=False),
        [None, None, running(), cancelled(name=OTHER), DEADLINE],
    )

    assert played.result is not None
    assert [Ending.STILL_RUNNING, Ending.CANCELLED] == [each.ending for each in played.result]


def test_an_error_ends_all() -> None:
    """A flow that raises ends the others with it."""
    waits = (wait(name=name, policy=PollPolicy()) for name in (NAME, OTHER))

    with pytest.raises(DeadlinePassedError):
        play(gather(waits), [running(), running(), DEADLINE])


def test_nothing_to_do() -> None:
    """Without a flow there is nothing to ask."""
    played = play(stop_all([], policy=CancelPolicy(), cleans_up=True), [])

    assert ((), []) == (played.result, played.commands)


def test_zero_seconds_are_slept_at_once() -> None:
    """A flow that sleeps for no time at all goes on."""
    played = play(gather([sleeper(0, 2)]), [])

    assert (2,) == played.result
    assert [Sleep(0), Sleep(2)] == played.commands


def test_one_alone_asks_as_it_would_by_itself() -> None:
    """One flow among none is that flow."""
    answers = [None, running(), running(), cancelled()]

    alone = play(stop_all([NAME], policy=CancelPolicy(), cleans_up=False), answers)

    assert [
        Cancel(NAME),
        Get(NAME),
        Sleep(0.25),
        Get(NAME),
        Sleep(0.4),
        Get(NAME),
    ] == alone.commands
