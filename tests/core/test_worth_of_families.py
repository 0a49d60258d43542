# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How much a family's next poll is worth at most, and when it is due: cheaper than to find it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.expected_end import PRICE
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.watched_operation import PollMethod

from .sample_values import DENIED, UNAVAILABLE, after, running
from .watched_operations import POLICY, Audience, Recorder

GAP = 1.0
"""Seconds within which a poll after the last one is worth nothing, whatever else it would be."""

histories = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.floats(0, 40),
        st.none() | st.integers(0, 100),
        st.floats(1, 1e5),
        st.sampled_from(["answer", "error", "wake up", "poll now", "not listed", "ask", "trust"]),
    ),
    max_size=12,
)


def told(history: list[tuple[int, float, int | None, float, str]]) -> tuple[Audience, float]:
    """Return six operations that have such a history, and what time it is then."""
    audience, at = Audience(6), 0.0
    family = audience.family
    for number, gap, percent, age, what in history:
        at += gap
        name = audience.names[number]
        if what == "answer":
            seen = running(
                name=OperationName.parse(name), percent=percent, start_time=after(at - age)
            )
            audience.hear(name, seen, at=at, method=PollMethod.LIST_NAMED)
        elif what == "error":
            audience.hear(name, UNAVAILABLE, at=at, method=PollMethod.GET)
        elif what == "wake up":
            family.wake_up(name, at=at)
        elif what == "poll now":
            family.poll_now(name, Urgency.ENDING, at=at)
        elif what == "not listed":
            family.not_listed(name, at=at, method=PollMethod.LIST_NAMED)
        elif what == "trust":
            family.watched[name].announced = True
        elif poll := family.next_poll(at=at):
            family.send(poll)
    return audience, at


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(history=histories, passed=st.lists(st.floats(0, 25), min_size=1, max_size=8))
def test_no_poll_is_worth_more_than_the_bound(
    history: list[tuple[int, float, int | None, float, str]], passed: list[float]
) -> None:
    """However the bound was found before: so nobody is passed over for less."""
    audience, at = told(history)
    at += GAP + 1e-3

    for moment in sorted(at + each for each in passed):
        most = audience.family.at_most(moment)
        poll = audience.family.next_poll(at=moment)

        assert poll is None or poll.delay <= most * (1 + 1e-6) + 1e-6


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(history=histories)
def test_it_is_due_when_a_poll_is_worth_a_request(
    history: list[tuple[int, float, int | None, float, str]],
) -> None:
    """Not before, and not later than that by more than a moment."""
    audience, at = told(history)

    due = audience.family.due(at)

    if due == math.inf:
        assert audience.family.next_poll(at=at + 1e6) is None
    elif due <= at:
        assert audience.family.next_poll(at=at) is not None
    else:
        assert audience.family.next_poll(at=at) is None
        before = due - (due - at) / 15
        assert audience.family.next_poll(at=before) is None
        # rounding may be in the way for a moment
        assert audience.family.next_poll(at=due + 0.02) is not None


def test_a_bound_knows_when_a_pause_ends() -> None:
    """In half a second what is nothing now is worth as much as if nothing had been."""
    audience = Audience(1)
    (name,) = audience.names
    audience.hear(name, at=3600, method=PollMethod.GET)
    audience.hear(name, UNAVAILABLE, at=3620, method=PollMethod.GET)
    before = audience.family.at_most(3620.5)

    poll = audience.family.next_poll(at=3621)

    assert poll is not None
    assert before < PRICE < poll.delay
    assert poll.delay <= audience.family.at_most(3621)


def test_a_bound_of_a_moment_is_what_it_is_worth() -> None:
    """A jump that is due this very moment leaves nothing to interpolate."""
    audience = Audience(1, policy=PollPolicy(maximum=1.0, jitter=0))
    (name,) = audience.names
    audience.hear(name, at=100, method=PollMethod.GET)

    bounds = [audience.family.at_most(at) for at in (100, 101, 101)]

    assert bounds[0] < PRICE <= bounds[1] == bounds[2]


def test_nobody_is_worth_nothing() -> None:
    """A family in which nothing is watched any more."""
    audience = Audience(0)

    assert 0 == audience.family.at_most(5)
    assert math.inf == audience.family.due(5) == audience.family.due_after(5)


@pytest.mark.parametrize("trouble", [UNAVAILABLE, DENIED], ids=["UNAVAILABLE", "PERMISSION_DENIED"])
@pytest.mark.parametrize("count", [1, 5, 60])
def test_trouble_makes_no_hot_loop(trouble: Exception, count: int) -> None:
    """Every list is answered by an error for a minute, and every get by one that passes."""
    audience, at, polls = Audience(count), 0.0, 0
    while (at := audience.family.due_after(at)) < 60:
        poll = audience.family.next_poll(at=at)
        if poll is None:
            continue
        audience.family.send(poll)
        polls += 1
        if poll.method is PollMethod.GET:
            audience.hear(poll.names[0], UNAVAILABLE, at=at, method=poll.method)
        else:
            audience.family.list_failed(poll, trouble, at=at, now=after(at), jitter=1)

    # a second at first, and a tenth of the silence later
    assert polls <= count * 30 + 1


def test_who_cancels_is_told_until_an_answer_is_on_its_way() -> None:
    """A kill has half a minute, so the dispatcher must know without a look at each."""
    audience = Audience(3)
    name = audience.names[0]
    audience.polls(at=0)
    before = audience.family.decides

    audience.family.poll_now(name, Urgency.DECIDING, at=1)
    wanted = audience.family.decides
    poll = audience.ask(at=1)
    under_way = audience.family.decides
    audience.answer(poll, at=2)

    assert [False, True, False, False] == [before, wanted, under_way, audience.family.decides]
    assert (PollMethod.GET, (name,)) == (poll.method, poll.names)


def test_a_cancel_of_who_has_left_is_forgotten() -> None:
    """Nobody listens to it any more."""
    audience = Audience(1)
    (name,) = audience.names
    audience.family.poll_now(name, Urgency.DECIDING, at=0)

    audience.family.unsubscribe(name, audience.recorders[name], at=1)

    assert not audience.family.decides


def test_two_cancels_that_no_list_shows_are_answered() -> None:
    """By a get each, although a list could be asked about both."""
    audience = Audience(4)
    hidden = audience.names[:2]
    for at in (0, 1000, 2000):
        audience.polls(at=at, missing=hidden)
    for name in hidden:
        audience.family.poll_now(name, Urgency.DECIDING, at=3000)

    polls = [audience.ask(at=3000) for _ in hidden]

    assert [PollMethod.GET] * 2 == [poll.method for poll in polls]
    assert set(hidden) == {poll.names[0] for poll in polls}


def test_one_poll_only_is_by_a_method_that_tells_about_ended_ones() -> None:
    """Whoever wants one answer about an operation that may be done hears of it."""
    audience = Audience(60)
    audience.polls(at=0)
    name = audience.names[0] + "x"

    audience.family.subscribe(name, Recorder(once=True), policy=None, urgency=Urgency.USUAL, at=0.1)

    assert (PollMethod.GET, (name,)) == ((poll := audience.ask(at=0.1)).method, poll.names)


def test_the_longest_interval_holds_for_each() -> None:
    """Nobody is expected to end, and everybody is polled each half minute all the same."""
    audience, polls, at = Audience(3), 0, 0.0
    while at < 3600:
        while audience.family.next_poll(at=at):
            poll = audience.ask(at=at)
            polls += 1
            for name in poll.names:
                seen = running(
                    name=OperationName.parse(name), percent=1, start_time=after(at - 1e7)
                )
                audience.hear(name, seen, at=at, method=poll.method)
        at = audience.family.due_after(at)

    assert 3600 / POLICY.maximum <= polls <= 3600 / 5
