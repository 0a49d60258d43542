# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""When to poll: intervals grow with the time waited, vary a little, and stay within bounds."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core.exceptions import from_grpc_status
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.polling.policy import (
    BackOffPolicy,
    CancelPolicy,
    PollPolicy,
    is_final,
)
from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from random import Random


def first(count: int, policy: PollPolicy | CancelPolicy) -> list[float]:
    """Return the first delays of a policy."""
    return list(islice(policy.delays(), count))


def test_it_looks_after_a_second_at_first() -> None:
    """While an operation is young, an interval is the shortest there is."""
    assert first(11, PollPolicy(jitter=0)) == [1.0] * 11


def test_an_interval_is_a_tenth_of_the_time_waited() -> None:
    """After the first ten seconds the intervals grow with the time already waited."""
    delays = first(40, PollPolicy(jitter=0))

    expected = [max(1.0, sum(delays[:index]) / 10) for index in range(40)]
    assert expected == pytest.approx(delays)


@given(maximum=st.floats(1, 1000))
def test_intervals_grow_up_to_the_maximum(maximum: float) -> None:
    """An interval is never shorter than the one before, and in the end it is the longest."""
    delays = first(200, PollPolicy(maximum=maximum, jitter=0))

    assert all(one <= next_ for one, next_ in pairwise(delays))
    assert maximum == delays[-1]


@given(maximum=st.floats(1, 1000), jitter=st.floats(0, 0.5), generator=st.randoms())
def test_jitter_stays_within_its_part(maximum: float, jitter: float, generator: Random) -> None:
    """An interval differs from the one without jitter by no more than the part that is allowed."""
    plain = first(60, PollPolicy(maximum=maximum, jitter=0))
    delays = first(60, PollPolicy(maximum=maximum, jitter=jitter, rng=generator))

    allowed = [interval * jitter + 1e-9 for interval in plain]
    differences = [abs(one - other) for one, other in zip(plain, delays, strict=True)]
    assert all(difference <= most for difference, most in zip(differences, allowed, strict=True))


def test_two_waits_do_not_march_in_step() -> None:
    """By default every policy draws its own jitter."""
    assert first(5, PollPolicy()) != first(5, PollPolicy())


def test_each_wait_begins_anew() -> None:
    """The delays of a policy are counted for each wait, not for the policy."""
    policy = PollPolicy(jitter=0)
    first(100, policy)

    assert [1.0] == first(1, policy)


def test_a_long_backup_is_asked_after_rarely() -> None:
    """Four hours take some 500 polls, not 14,000."""
    waited = polls = 0.0
    for delay in PollPolicy(jitter=0).delays():
        waited, polls = waited + delay, polls + 1
        if waited >= 4 * 3600:
            break

    assert 480 < polls < 540


@pytest.mark.parametrize(
    "maximum",
    [
        pytest.param(0.999, id="just below"),
        pytest.param(0.0, id="zero"),
        pytest.param(-30.0, id="negative"),
        pytest.param(float("nan"), id="no number"),
        pytest.param(float("inf"), id="never again"),
        pytest.param(True, id="a truth value"),
        pytest.param("30", id="text"),
    ],
)
def test_nobody_polls_faster_than_once_a_second(maximum: Any) -> None:
    """The error speaks of the operator's parameter, and gives the limit."""
    with pytest.raises(InvalidArgumentError, match="at least 1") as caught:
        PollPolicy(maximum=maximum)

    assert "poll_interval" == caught.value.field
    assert caught.value.value is maximum


def test_the_shortest_maximum_is_accepted() -> None:
    """The limit itself is allowed, and then every interval is one second."""
    assert first(50, PollPolicy(maximum=1, jitter=0)) == [1.0] * 50


def test_policies_of_equal_numbers_are_equal() -> None:
    """The source of randomness is no part of a policy's value."""
    assert PollPolicy(maximum=7) == PollPolicy(maximum=7)


def test_a_cancel_is_looked_after_at_once() -> None:
    """The first poll follows within a quarter of a second, later ones up to ten seconds apart."""
    delays = first(20, CancelPolicy())

    assert [0.25, 0.4, 0.64] == pytest.approx(delays[:3])
    assert all(one <= next_ for one, next_ in pairwise(delays))
    assert 10.0 == delays[-1]


@pytest.mark.parametrize(
    ("code", "silence", "expected"),
    [
        pytest.param(Code.UNAVAILABLE, 0, False, id="transient"),
        pytest.param(Code.UNAVAILABLE, 59.9, False, id="transient, for long"),
        pytest.param(Code.UNAVAILABLE, 60, True, id="transient, for too long"),
        pytest.param(Code.RESOURCE_EXHAUSTED, 0, False, id="quota"),
        pytest.param(Code.RESOURCE_EXHAUSTED, 59.9, False, id="quota, for long"),
        pytest.param(Code.RESOURCE_EXHAUSTED, 60, True, id="quota, for too long"),
        pytest.param(Code.UNAUTHENTICATED, 0, True, id="credentials"),
        pytest.param(Code.NOT_FOUND, 0, True, id="lasting"),
    ],
)
def test_when_an_error_ends_a_wait(code: Code, silence: float, expected: bool) -> None:
    """What may pass is waited out up to the limit; everything else counts at once."""
    exc = from_grpc_status(code.value, "text")

    assert expected is is_final(exc, silence=silence, limit=60)
    assert expected is PollPolicy(transient_error_limit=60).gives_up(exc, silence=silence)


def test_pauses_double_up_to_a_minute() -> None:
    """A quota is counted over a minute or two: asking more rarely than that gains nothing."""
    policy, pauses = BackOffPolicy(), [BackOffPolicy().after(None)]
    for _ in range(7):
        pauses.append(policy.after(pauses[-1]))

    assert [1, 2, 4, 8, 16, 32, 60, 60] == pauses


@given(generator=st.randoms())
def test_pauses_of_many_spread(generator: Random) -> None:
    """What was refused together comes again over half of the pause's length, and not together."""
    pause = BackOffPolicy(rng=generator).jittered(10)

    assert 5 <= pause <= 15
