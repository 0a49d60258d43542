# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting, driven by hand: what is asked, what ends it, and what does not."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError, TransportError

from airflow_spanner_lro.core.flows.commands import Get, Sleep
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, wait
from airflow_spanner_lro.core.polling.policy import PollPolicy

from .sample_values import (
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    Seen = OperationSnapshot | Exception

EVEN = PollPolicy(maximum=10, jitter=0)
PATIENT_FOR_THREE = PollPolicy(maximum=1, jitter=0, transient_error_limit=3)


def test_it_gets_then_sleeps_in_turns() -> None:
    """An operation is polled before anything is slept, and once after each sleep."""
    flow = wait(name=NAME, policy=EVEN)

    assert Get(NAME) == next(flow)
    assert Sleep(1.0) == flow.send(running())
    assert Get(NAME) == flow.send(None)
    assert Sleep(1.0) == flow.send(running())


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(succeeded(), id="succeeded"),
        pytest.param(failed(), id="failed"),
        pytest.param(cancelled(), id="cancelled"),
    ],
)
def test_it_ends_with_the_operation_however_that_ends(end: OperationSnapshot) -> None:
    """The first snapshot that is done is the result; it judges nothing, and sleeps no more."""
    played = play(wait(name=NAME, policy=EVEN), [running(), end])

    assert end == played.result
    assert [Get(NAME), Sleep(1.0), Get(NAME)] == played.commands


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(UNAVAILABLE, id="UNAVAILABLE"),
        pytest.param(exceptions.DeadlineExceeded("slow"), id="DEADLINE_EXCEEDED"),
        pytest.param(exceptions.InternalServerError("oops"), id="INTERNAL"),
        pytest.param(exceptions.Aborted("again"), id="ABORTED"),
        pytest.param(exceptions.ResourceExhausted("quota"), id="RESOURCE_EXHAUSTED"),
        pytest.param(exceptions.Unknown("what"), id="UNKNOWN"),
        pytest.param(TransportError("no token", retryable=True), id="retryable credentials"),
    ],
)
def test_transient_trouble_is_waited_out(trouble: Exception) -> None:
    """K9: such an error says nothing about the operation, so it is asked again after the sleep."""
    played = play(wait(name=NAME, policy=EVEN), [running(), trouble, trouble, succeeded()])

    assert succeeded() == played.result
    assert 3 == played.slept


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(DENIED, id="PERMISSION_DENIED"),
        pytest.param(GONE, id="NOT_FOUND"),
        pytest.param(exceptions.Unauthenticated("who"), id="UNAUTHENTICATED"),
        pytest.param(exceptions.Cancelled("the call was"), id="CANCELLED"),
        pytest.param(RefreshError("no account"), id="credentials for good"),
        pytest.param(exceptions.GoogleAPIError("no code"), id="no code"),
    ],
)
def test_permanent_trouble_propagates_as_it_is(trouble: Exception) -> None:
    """An error that would only come again is raised at once, the same object."""
    with pytest.raises(type(trouble)) as caught:
        play(wait(name=NAME, policy=EVEN), [running(), trouble])

    assert trouble is caught.value


def test_patience_ends_with_the_last_error() -> None:
    """After three seconds without a single answer the trouble counts."""
    last = exceptions.ServiceUnavailable("the fourth")

    with pytest.raises(exceptions.ServiceUnavailable) as caught:
        play(wait(name=NAME, policy=PATIENT_FOR_THREE), [UNAVAILABLE] * 3 + [last])

    assert last is caught.value


def test_an_answer_restores_patience() -> None:
    """Patience is for silence, so it begins anew with each answer."""
    answers = [UNAVAILABLE] * 3 + [running()] + [UNAVAILABLE] * 2 + [succeeded()]

    played = play(wait(name=NAME, policy=PATIENT_FOR_THREE), answers)

    assert succeeded() == played.result


def test_silence_counts_from_the_last_answer() -> None:
    """The time slept after an answer is silence too, if no answer follows."""
    with pytest.raises(exceptions.ServiceUnavailable):
        play(
            wait(name=NAME, policy=PATIENT_FOR_THREE),
            [running(), UNAVAILABLE, UNAVAILABLE, UNAVAILABLE],
        )


@pytest.mark.parametrize(
    ("more", "patient"), [pytest.param(0, True, id="an hour"), pytest.param(1, False, id="longer")]
)
def test_patience_is_an_hour_by_default(more: int, patient: bool) -> None:
    """K9: trouble of up to an hour is no reason to fail; then it is."""
    policy = PollPolicy(jitter=0)
    slept = accumulate(policy.delays())
    polls = next(count for count, total in enumerate(slept, start=1) if total >= 3600)
    expectation = nullcontext() if patient else pytest.raises(exceptions.ServiceUnavailable)

    with expectation:
        play(wait(name=NAME, policy=policy), [UNAVAILABLE] * (polls + more))


def test_a_passed_deadline_propagates() -> None:
    """What a deadline means is for whoever set it to say."""
    with pytest.raises(DeadlinePassedError):
        play(wait(name=NAME, policy=EVEN), [running(), DEADLINE])


def walk(answers: Iterable[Callable[[float], Seen]], *, began: datetime | None) -> list[float]:
    """Return how long each sleep of a wait is, which is told the time after each.

    :param answers: what each poll sees, as a function of the time that has passed
    :param began: the time when the wait began; None if it is never told the time
    """
    flow, slept, waited = wait(name=NAME, policy=PollPolicy(jitter=0)), list[float](), 0.0
    assert Get(NAME) == next(flow)
    for answer in answers:
        command = flow.send(answer(waited))
        assert isinstance(command, Sleep)
        slept.append(command.seconds)
        waited += command.seconds
        flow.send(began + timedelta(seconds=waited) if began else None)
    return slept


def test_it_looks_more_and_more_rarely() -> None:
    """An interval is a tenth of the time waited, from a second up."""
    slept = walk([lambda _: running()] * 40, began=None)

    expected = [max(1.0, sum(slept[:index]) / 10) for index in range(40)]
    assert expected == pytest.approx(slept)


def test_it_looks_at_the_estimated_end() -> None:
    """A backup of a thousand seconds is seen to end within half a percent of them and a second."""
    progress = [lambda waited: running(percent=min(99, int(waited / 10)))] * 90

    slept = walk(progress, began=None)

    polls = list(accumulate(slept))
    assert min(poll for poll in polls if poll >= 1000) <= 1006
    assert min(seconds for poll, seconds in zip(polls, slept, strict=True) if poll > 900) < 6


def test_it_learns_the_age_when_it_knows_the_time() -> None:
    """An operation that was started an hour ago is polled rarely, from the second poll on."""
    an_hour_ago = NOW - timedelta(hours=1)

    slept = walk([lambda _: running(start_time=an_hour_ago)] * 3, began=NOW)

    assert [1, 30, 30] == slept


def test_it_does_not_learn_the_age_without_the_time() -> None:
    """Then the wait is as old as the operation."""
    an_hour_ago = NOW - timedelta(hours=1)

    slept = walk([lambda _: running(start_time=an_hour_ago)] * 3, began=None)

    assert [1, 1, 1] == slept


def test_a_sleep_differs_a_little_from_its_interval() -> None:
    """So that many tasks that were started together do not poll together."""
    first = set()
    for _ in range(10):
        flow = wait(name=NAME, policy=PollPolicy(jitter=0.1))
        next(flow)
        first.add(flow.send(running()))

    assert len(first) > 1
    assert all(isinstance(each, Sleep) and 0.9 <= each.seconds <= 1.1 for each in first)


def test_a_look_that_fails_keeps_the_pace() -> None:
    """Trouble says nothing about the operation, and neither does it about its end."""
    slept = walk([lambda _: running(percent=99), lambda _: UNAVAILABLE] * 2, began=None)

    assert [1, 1, 1, 1] == slept
