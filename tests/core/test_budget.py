# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How many requests are sent: polls within their budget, all within the quota, cancels first."""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.polling.budget import Budget, Urgency

Arrival = tuple[float, Urgency]

rates = st.floats(0.01, 20)
crowds = st.tuples(
    st.floats(0, 150) | st.just(0.0),
    st.floats(0, 1.2),
    st.sampled_from(Urgency),
)
"""Some who come at once: how long after the ones before, how many of the room, for what."""


def arrivals_of(budget: Budget, drawn: list[tuple[float, float, Urgency]]) -> list[Arrival]:
    """Return who comes when."""
    at, arrivals = 0.0, []
    for gap, part, urgency in drawn:
        at += gap
        arrivals += [(at, urgency)] * (1 + int(part * budget.capacity))
    return arrivals


def sent(
    budget: Budget, arrivals: list[Arrival], *, refused: frozenset[int] = frozenset()
) -> list[Arrival]:
    """Send all of them as soon as the budget lets each go, and return when that was.

    :param refused: which of the requests the service refuses, by their number
    """
    queues = {urgency: deque[float]() for urgency in Urgency}
    for at, urgency in arrivals:
        queues[urgency].append(at)
    at, gone = 0.0, list[Arrival]()
    while waiting := {urgency: queue[0] for urgency, queue in queues.items() if queue}:
        # when each of them may go, as far as is known now; somebody may come before
        delays = {u: budget.delay(u, at=at) for u, came in waiting.items() if came <= at}
        if min(delays.values(), default=1) > 0:
            to_come = [came for came in waiting.values() if came > at]
            at = min(to_come + [at + delay for delay in delays.values()])
            continue
        urgency = min(delays, key=lambda each: delays[each])
        queues[urgency].popleft()
        budget.take(urgency, at=at)
        if len(gone) in refused:
            budget.refuse(at=at)
        else:
            budget.accept(at=at)
        gone.append((at, urgency))
    return gone


QUOTA = 500
"""Requests that Spanner takes of a project in a hundred seconds."""


def polls_of(gone: list[Arrival]) -> list[float]:
    """Return when those were sent that cancel nothing."""
    return [at for at, urgency in gone if urgency is not Urgency.CANCEL]


@pytest.mark.slow
@given(
    rate=rates,
    drawn=st.lists(crowds, min_size=1, max_size=5),
    refused=st.frozensets(st.integers(0, 100), max_size=5),
)
def test_no_hundred_seconds_have_more_than_the_limits_allow(
    rate: float, drawn: list[tuple[float, float, Urgency]], refused: frozenset[int]
) -> None:
    """In a hundred seconds: polls at most a hundred times the rate, all at most 500."""
    budget = Budget(rate=rate)
    most, over = max(1, math.floor(100 * rate + 1e-6)), max(100.0, 1 / rate)
    quota = max(QUOTA, most)

    gone = sent(budget, arrivals_of(budget, drawn), refused=refused)

    polls, moments = polls_of(gone), [at for at, _ in gone]
    assert all(later - one >= over for one, later in zip(polls, polls[most:], strict=False))
    assert all(later - one >= 100 for one, later in zip(moments, moments[quota:], strict=False))


@pytest.mark.slow
@given(rate=rates, drawn=st.lists(crowds, min_size=1, max_size=5))
def test_everybody_is_sent(rate: float, drawn: list[tuple[float, float, Urgency]]) -> None:
    """Each delay ends: what is wanted is sent in the end, and not before it is wanted."""
    budget = Budget(rate=rate)
    arrivals = arrivals_of(budget, drawn)

    gone = sent(budget, arrivals)

    assert len(arrivals) == len(gone)
    assert all(
        came[0] <= left[0] for came, left in zip(sorted(arrivals), sorted(gone), strict=True)
    )


@pytest.mark.slow
@given(rate=st.floats(0.1, 20), drawn=st.lists(crowds, min_size=1, max_size=5))
def test_a_twentieth_of_the_room_is_left_for_polls_that_a_cancel_waits_for(
    rate: float, drawn: list[tuple[float, float, Urgency]]
) -> None:
    """However many other polls are wanted, in a hundred seconds they use the rest at most."""
    budget = Budget(rate=rate)
    most = budget.capacity - budget.capacity // 20

    gone = sent(budget, arrivals_of(budget, drawn))

    polls = [at for at, urgency in gone if urgency > Urgency.DECIDING]

    assert all(later - one >= 100 for one, later in zip(polls, polls[most:], strict=False))


def busy_until(budget: Budget, moment: float, *, urgency: Urgency) -> float:
    """Poll as often as may be until some moment, and return it."""
    at = 0.0
    while (at := at + budget.delay(urgency, at=at)) < moment:
        budget.take(urgency, at=at)
    return moment


def delays_of(budget: Budget, urgency: Urgency, *, count: int, at: float) -> list[float]:
    """Send some at once, and return for how long each had to wait."""
    delays = []
    for _ in range(count):
        delays.append(budget.delay(urgency, at=at))
        budget.take(urgency, at=at)
    return delays


POLLS = st.sampled_from([Urgency.ENDING, Urgency.USUAL])


@given(rate=st.floats(0.1, 20), busy=st.floats(0, 300), urgency=POLLS)
def test_deciding_polls_go_at_once_while_there_is_room(
    rate: float, busy: float, urgency: Urgency
) -> None:
    """In the middle of as many other polls as there may be, a twentieth of the room is there."""
    budget = Budget(rate=rate)
    at = busy_until(budget, busy, urgency=urgency)

    delays = delays_of(budget, Urgency.DECIDING, count=budget.capacity // 20, at=at)

    assert not any(delays)


@given(
    rate=st.floats(0.1, 4.5),
    busy=st.floats(0, 300),
    urgency=st.sampled_from([Urgency.DECIDING, Urgency.ENDING, Urgency.USUAL]),
)
def test_cancels_have_what_is_no_budget_of_polls(
    rate: float, busy: float, urgency: Urgency
) -> None:
    """In the middle of as many polls as there may be, all the rest of the quota is for cancels."""
    budget = Budget(rate=rate)
    at = busy_until(budget, busy, urgency=urgency)

    delays = delays_of(budget, Urgency.CANCEL, count=QUOTA - budget.capacity, at=at)

    assert not any(delays)


@pytest.mark.slow
@given(rate=st.floats(0.1, 4.5), cancels=st.integers(0, 400))
def test_cancels_do_not_slow_polls_down(rate: float, cancels: int) -> None:
    """Polls go on as if nothing were cancelled, as long as both have room in the quota."""
    busy, calm = Budget(rate=rate), Budget(rate=rate)
    some = min(cancels, QUOTA - busy.capacity)
    delays_of(busy, Urgency.CANCEL, count=some, at=0)

    crowd = [(0.0, Urgency.USUAL)] * busy.capacity

    assert sent(calm, crowd) == sent(busy, crowd)


def test_looks_are_spaced_evenly() -> None:
    """As many as may be: a few at once from what was saved up, then one after the other."""
    crowd = [(0.0, Urgency.USUAL)] * 400

    gone = sent(Budget(rate=1), crowd)

    moments = polls_of(gone)
    assert 0 == moments[3] < moments[4]
    gaps = [later - one for one, later in pairwise(moments[5:])]
    assert max(gaps) == pytest.approx(min(gaps), abs=1e-3)
    assert 1.0 < max(gaps) < 1.25


@pytest.mark.parametrize("urgency", [Urgency.ENDING, Urgency.USUAL])
def test_only_cancels_are_not_spaced(urgency: Urgency) -> None:
    """How urgent a poll is says which is sent first, and not how many are."""
    crowd = [(0.0, urgency)] * 50

    gone = sent(Budget(rate=1), crowd)

    assert gone[-1][0] > 45


def test_little_can_be_saved_up() -> None:
    """After an hour without a request a handful goes at once, and no hundred."""
    budget = Budget(rate=1)
    budget.take(Urgency.USUAL, at=0)

    gone = sent(budget, [(3600.0, Urgency.USUAL)] * 20)

    assert 4 == sum(at == 3600 for at, _ in gone)


def test_what_is_saved_up_is_for_polls_that_end_much_delay() -> None:
    """A poll that is worth little waits, so that an end that is seen now does not."""
    budget = Budget(rate=1)
    for _ in range(3):
        budget.take(Urgency.USUAL, at=0)

    delays = [budget.delay(Urgency.USUAL, at=0, worth=worth) for worth in (0.01, 0.4, 0.8)]

    assert delays[0] > delays[1] > delays[2] == 0


def test_polls_that_are_worth_little_are_sent_in_the_end() -> None:
    """What is saved up is no more than a handful, and then everybody may have some of it."""
    budget = Budget(rate=1)
    budget.take(Urgency.USUAL, at=0)

    assert 0 == budget.delay(Urgency.USUAL, at=10, worth=0.0)


def test_more_cancels_than_there_is_room_wait_for_it() -> None:
    """Five hundred go at once; the one after them would be too many."""
    crowd = [(0.0, Urgency.CANCEL)] * 501

    gone = sent(Budget(rate=1), crowd)

    assert 0 == gone[499][0]
    assert 100 < gone[500][0] <= 101


def test_cancels_may_use_up_the_room_of_polls() -> None:
    """A poll is one request more, so it waits where cancels have used all of the quota."""
    budget = Budget(rate=1)

    sent(budget, [(0.0, Urgency.CANCEL)] * 500)

    assert budget.delay(Urgency.ENDING, at=50) == pytest.approx(51)


def test_a_tiny_rate_is_kept_over_a_longer_time() -> None:
    """Two requests in a thousand seconds are one in five hundred."""
    crowd = [(0.0, Urgency.DECIDING)] * 4

    gone = sent(Budget(rate=0.002), crowd)

    assert all(later - one >= 500 for (one, _), (later, _) in pairwise(gone))


def test_a_refusal_pauses_looks_for_five_seconds() -> None:
    """The service says that there are too many: from whomever they are, ours are too many."""
    budget = Budget(rate=1)

    budget.refuse(at=1000)

    assert 5 == budget.delay(Urgency.USUAL, at=1000)
    assert 2 == budget.delay(Urgency.ENDING, at=1003)
    assert 0 == budget.delay(Urgency.USUAL, at=1005)


def pauses(budget: Budget, *, count: int, at: float) -> list[float]:
    """Return how long each pause is if the first request after each is refused again."""
    found = []
    for _ in range(count):
        budget.refuse(at=at)
        found.append(budget.delay(Urgency.USUAL, at=at))
        at += found[-1]
    return found


def test_pauses_double_up_to_a_minute() -> None:
    """As long as every request is refused, there are fewer and fewer, but never none."""
    assert [5, 10, 20, 40, 60, 60] == pauses(Budget(rate=1), count=6, at=1000)


def test_several_refusals_of_one_moment_count_once() -> None:
    """What was under way when the first was refused says nothing new."""
    budget = Budget(rate=1)

    for moment in (1000, 1000, 1000.5, 1004.9):
        budget.refuse(at=moment)

    assert 0 == budget.delay(Urgency.USUAL, at=1005)
    assert [10] == pauses(budget, count=1, at=1010)


def test_an_answer_after_the_pause_ends_the_doubling() -> None:
    """It recovers by itself, and the next refusal begins anew."""
    budget = Budget(rate=1)
    pauses(budget, count=4, at=1000)

    budget.accept(at=1080)

    assert 0 == budget.delay(Urgency.USUAL, at=1080)
    assert [5] == pauses(budget, count=1, at=1080)


def test_an_answer_within_the_pause_does_not_end_it() -> None:
    """A request from before the refusal may still be answered."""
    budget = Budget(rate=1)
    budget.refuse(at=1000)

    budget.accept(at=1001)

    assert 4 == budget.delay(Urgency.USUAL, at=1001)
    assert [10] == pauses(budget, count=1, at=1005)


def test_cancels_are_tried_again_after_a_second() -> None:
    """A pause is not for those that a kill waits for."""
    budget = Budget(rate=1)

    budget.refuse(at=1000)

    assert 1 == budget.delay(Urgency.CANCEL, at=1000)
    assert 0 == budget.delay(Urgency.CANCEL, at=1001)


def test_refused_cancels_do_not_lengthen_the_pause() -> None:
    """They are tried within it, and being refused there was to be expected."""
    budget = Budget(rate=1)
    budget.refuse(at=1000)

    for second in range(1, 5):
        budget.take(Urgency.CANCEL, at=1000 + second)
        budget.refuse(at=1000 + second)

    assert budget.delay(Urgency.USUAL, at=1004) <= 2


def test_looks_do_not_storm_after_a_pause() -> None:
    """Nothing is saved up from before a refusal: they go on one after the other."""
    budget = Budget(rate=1)
    budget.refuse(at=1000)

    gone = sent(budget, [(1000.0, Urgency.USUAL)] * 12)

    assert gone[-1][0] > 1010


@pytest.mark.parametrize("rate", [0, -1, 0.0, math.nan, math.inf, -math.inf])
def test_a_budget_is_more_than_nothing(rate: float) -> None:
    """What is no such number is refused at once, in terms of the setting."""
    with pytest.raises(InvalidArgumentError, match="more than 0") as caught:
        Budget(rate=rate)

    assert "max_admin_requests_per_second" == caught.value.field


@pytest.mark.parametrize("fair", [True, False])
def test_what_cancels_goes_before_everything(fair: bool) -> None:
    """However long others have waited, and whoever's turn it is."""
    ranks = [
        Urgency.CANCEL.rank(due=100, fair=fair),
        Urgency.DECIDING.rank(due=100, fair=fair),
        Urgency.ENDING.rank(due=0, fair=fair),
    ]

    assert sorted(ranks) == ranks
    assert Urgency.DECIDING.rank(due=100, fair=fair) < Urgency.USUAL.rank(due=0, fair=fair)


def test_each_third_turn_is_for_who_has_waited_longest() -> None:
    """However near the end of another is; else the more urgent goes first."""
    ending, usual = (Urgency.ENDING, 500.0), (Urgency.USUAL, 100.0)

    first = {
        fair: min((ending, usual), key=lambda each: each[0].rank(due=each[1], fair=fair))
        for fair in (True, False)
    }

    assert {True: usual, False: ending} == first
