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
YOUNG = 0.35
"""Seconds until the second poll of an operation that has just begun and tells no progress."""


def test_it_gets_then_sleeps_in_turns() -> None:
    """An operation is polled before anything is slept, and once after each sleep."""
    flow = wait(name=NAME, policy=EVEN)

    assert Get(NAME) == next(flow)
    assert isinstance(flow.send(running()), Sleep)
    assert Get(NAME) == flow.send(None)
    assert isinstance(flow.send(running()), Sleep)


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
    assert [Get, Sleep, Get] == [type(command) for command in played.commands]


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
    assert 4 == len(played.asked)
    assert played.slept >= 2


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
            [running(), UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE],
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
    """What has run for longer may well go on for longer; what is young ends any moment."""
    slept = walk([lambda _: running()] * 80, began=None)

    assert YOUNG == pytest.approx(slept[0], abs=0.01)
    assert slept == sorted(slept)


def test_a_change_of_three_seconds_is_polled_often_enough() -> None:
    """The worker goes on within 0.7 s of its end, whenever that is, and a sleep may be longer."""
    slept = walk([lambda _: running()] * 12, began=None)

    ages = accumulate(slept)
    assert max(seconds for age, seconds in zip(ages, slept, strict=True) if age <= 4) * 1.1 < 0.7


def test_what_has_run_for_long_is_polled_once_in_ten_seconds_at_most() -> None:
    """No budget counts what a worker asks: fifty of them must leave Spanner's five to others."""
    slept = walk([lambda _: running()] * 250, began=None)

    old = [seconds for age, seconds in zip(accumulate(slept), slept, strict=True) if age > 600]
    assert len(old) > 100
    assert min(old) > 10


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

    assert [YOUNG, 30, 30] == pytest.approx(slept, abs=0.01)


def test_it_does_not_learn_the_age_without_the_time() -> None:
    """Then the wait is as old as the operation."""
    an_hour_ago = NOW - timedelta(hours=1)

    slept = walk([lambda _: running(start_time=an_hour_ago)] * 3, began=None)

    assert [YOUNG, YOUNG, YOUNG] == pytest.approx(slept, abs=0.01)


def test_a_sleep_differs_a_little_from_its_interval() -> None:
    """So that many tasks that were started together do not poll together."""
    first = set()
    for _ in range(10):
        flow = wait(name=NAME, policy=PollPolicy(jitter=0.1))
        next(flow)
        first.add(flow.send(running()))

    assert len(first) > 1
    least, most = 0.9 * YOUNG, 1.1 * YOUNG + 0.01
    assert all(isinstance(each, Sleep) and least <= each.seconds <= most for each in first)


def test_a_look_that_fails_keeps_the_pace() -> None:
    """Trouble says nothing about the operation, and neither does it about its end."""
    without = walk([lambda _: running(percent=99)] * 2, began=None)

    slept = walk([lambda _: running(percent=99), lambda _: UNAVAILABLE] * 2, began=None)

    assert without[0] == slept[0]
    assert [1, 1] == [slept[1], slept[3]]
    assert slept[2] < 1
