# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A budget that rises while polls are late, falls when it is refused, and is shared with others."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.core.polling.budget import SPAN, Budget, Urgency

BASE, BUSY = 1.0, 3.0
CALM = 600.0


@dataclass(slots=True)
class Lease:
    """Answers what it is told to; None while it is not known."""

    answer: float | None = None
    wanted: list[float] = field(default_factory=list)

    def rate(self, *, wanted: float, at: float) -> float | None:  # noqa: ARG002
        """Answer."""
        self.wanted.append(wanted)
        return self.answer


@dataclass(slots=True)
class Poller:
    """Sends as much as the budget allows, and notes when, and at which rates.

    :param late: what it sends would have been sent before
    """

    budget: Budget
    late: bool = True
    at: float = 0.0
    sent: list[float] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)

    def run(self, seconds: float, *, urgency: Urgency = Urgency.USUAL, most: int = 10**6) -> None:
        """Send for so long, no more than so many."""
        until, already = self.at + seconds, len(self.sent)
        while self.at < until and len(self.sent) - already < most:
            delay = self.budget.delay(urgency, at=self.at)
            self.note()
            if delay:
                self.at = min(until, self.at + delay)
                continue
            self.budget.take(urgency, at=self.at, late=self.late)
            self.sent.append(self.at)

    def refuse(self) -> None:
        """Be refused."""
        self.budget.refuse(at=self.at)
        self.note()

    def note(self) -> None:
        """Note the rate that holds from now on."""
        if not self.rates or self.rates[-1][1] != self.budget.rate:
            self.rates.append((self.at, self.budget.rate))

    def allowed(self, *, until: float) -> float:
        """Return how many the rates of the last time allow."""
        since = until - SPAN
        moments = [*self.rates, (until, 0.0)]
        return sum(
            rate * max(0.0, min(later, until) - max(at, since))
            for (at, rate), (later, _) in pairwise(moments)
        ) / (SPAN / 100)

    def within(self, seconds: float, *, until: float) -> int:
        """Return how many were sent in the seconds until some time."""
        return bisect_right(self.sent, until) - bisect_right(self.sent, until - seconds)


def test_it_rises_while_polls_are_late() -> None:
    """To the higher rate and no further, within a minute."""
    poller = Poller(Budget(rate=BASE, busy=BUSY))

    poller.run(60)
    risen = poller.budget.rate
    poller.run(600)

    assert BUSY == risen == poller.budget.rate
    assert 250 < poller.within(100, until=660) <= 300


def test_it_does_not_rise_while_nothing_is_late() -> None:
    """However much is asked, in time."""
    poller = Poller(Budget(rate=BASE, busy=BUSY), late=False)

    poller.run(300)

    assert {BASE} == {rate for _, rate in poller.rates}


def test_it_falls_when_polls_are_in_time_again() -> None:
    """Slowly, so that it does not swing."""
    poller = Poller(Budget(rate=BASE, busy=BUSY))
    poller.run(100)

    poller.late = False
    poller.run(5)
    between = poller.budget.rate
    poller.run(100)

    assert BASE < between < BUSY
    assert BASE == poller.budget.rate


@pytest.mark.parametrize("busy", [None, BASE, 0.5])
def test_without_a_higher_rate_it_stays(busy: float | None) -> None:
    """And one that is lower than the usual is none."""
    poller = Poller(Budget(rate=BASE, busy=busy))

    poller.run(300)

    assert {BASE} == {rate for _, rate in poller.rates}
    assert poller.within(100, until=300) <= 100


def test_a_stroke_of_kills_has_the_higher_rate_at_once() -> None:
    """There is half a minute for all of them, and nobody knows before."""
    budget = Budget(rate=BASE, busy=BUSY)

    budget.take(Urgency.DECIDING, at=0)
    budget.delay(Urgency.DECIDING, at=0)

    assert BUSY == budget.rate


@pytest.mark.parametrize("urgency", [Urgency.USUAL, Urgency.DECIDING])
def test_a_refusal_makes_it_fall_at_once_and_stay_down(urgency: Urgency) -> None:
    """For ten minutes, whatever is late."""
    poller = Poller(Budget(rate=BASE, busy=BUSY))
    poller.run(100)

    poller.refuse()
    refused_at, fallen = poller.at, poller.budget.rate
    poller.run(CALM - 1, urgency=urgency)
    still = {poller.budget.rate, *(rate for at, rate in poller.rates if at >= refused_at)}
    poller.run(100, urgency=urgency)

    assert BASE == fallen
    assert {BASE} == still
    assert BUSY == poller.budget.rate


def calm_after(poller: Poller) -> float:
    """Refuse, and return for how long it does not rise."""
    poller.refuse()
    begin = poller.at
    while poller.budget.rate == BASE:
        poller.run(10)
    return poller.at - begin


def test_a_second_refusal_soon_after_counts_for_longer() -> None:
    """Twice as long each time that rising was too much, up to an hour."""
    poller = Poller(Budget(rate=BASE, busy=BUSY))
    poller.run(100)

    calm = [calm_after(poller) for _ in range(5)]

    assert [600, 1200, 2400, 3600, 3600] == pytest.approx(calm, abs=15)


def test_a_refusal_long_after_the_last_is_the_first_again() -> None:
    """Somebody else's burst of requests an hour ago says little about now."""
    poller = Poller(Budget(rate=BASE, busy=BUSY))
    poller.run(100)
    calm_after(poller)
    calm_after(poller)

    poller.run(3000)

    assert calm_after(poller) == pytest.approx(CALM, abs=15)


def test_a_refusal_at_the_usual_rate_does_not_double_the_calm() -> None:
    """It had not risen, so its rising was not the cause; the ten minutes begin anew."""
    poller = Poller(Budget(rate=BASE, busy=BUSY))
    poller.run(100)
    poller.refuse()
    poller.run(300)

    assert calm_after(poller) == pytest.approx(CALM, abs=15)


def test_a_share_that_is_not_known_is_the_usual_rate() -> None:
    """Without Airflow's database nobody takes what others may have."""
    lease = Lease(answer=None)
    poller = Poller(Budget(rate=BASE, busy=BUSY, lease=lease))

    poller.run(300)

    assert {BASE} == {rate for _, rate in poller.rates}
    assert max(lease.wanted) > BASE


def test_a_share_is_asked_for_and_kept_to() -> None:
    """What would be of use, up to the higher rate; and what is granted is all that is sent."""
    lease = Lease(answer=1.5)
    poller = Poller(Budget(rate=BASE, busy=BUSY, lease=lease))

    poller.run(400)

    assert BUSY == max(lease.wanted)
    assert 1.5 == poller.budget.rate
    assert poller.within(100, until=400) <= 150


def test_a_share_that_shrinks_is_kept_to_at_once() -> None:
    """Another triggerer has come, and what is saved up counts as well."""
    lease = Lease(answer=BUSY)
    poller = Poller(Budget(rate=BASE, busy=BUSY, lease=lease))
    poller.run(300)

    lease.answer = 0.5
    poller.run(0.5)
    begin = len(poller.sent)
    poller.run(100)

    assert 0.5 == poller.budget.rate
    assert len(poller.sent) - begin <= 52


def test_a_share_of_nothing_sends_next_to_nothing() -> None:
    """Others hold everything for a moment; when they have made room, it goes on at once."""
    lease = Lease(answer=0.0)
    poller = Poller(Budget(rate=BASE, busy=BUSY, lease=lease))
    poller.run(30)
    nothing = len(poller.sent)

    lease.answer = 1.0
    poller.run(5)

    assert nothing <= 1
    assert len(poller.sent) > nothing


def test_a_refusal_counts_although_more_is_granted() -> None:
    """The share was granted before: it falls at once, and not with the next renewal."""
    lease = Lease(answer=BUSY)
    poller = Poller(Budget(rate=BASE, busy=BUSY, lease=lease))
    poller.run(100)

    poller.refuse()

    assert BASE == poller.budget.rate
    assert BASE == lease.wanted[-1]


phases = st.lists(
    st.tuples(
        st.floats(0, 150),
        st.booleans(),
        st.none() | st.floats(0, 5),
        st.booleans(),
        st.integers(0, 200),
    ),
    min_size=1,
    max_size=6,
)
"""How long, whether polls are late, the share, a refusal at the end, kills at the beginning."""


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(phases=phases, base=st.floats(0.05, 2), times=st.floats(1, 4), shared=st.booleans())
def test_no_hundred_seconds_have_more_than_the_rates_allow(
    phases: list[tuple[float, bool, float | None, bool, int]],
    base: float,
    times: float,
    shared: bool,
) -> None:
    """Whatever is late, refused and granted: no more than the higher rate, nor than their sum."""
    busy, lease = base * times, Lease(answer=phases[0][2])
    poller = Poller(Budget(rate=base, busy=busy, lease=lease if shared else None))
    if not shared:
        poller.rates.append((-SPAN, base))
    for seconds, late, share, refused, kills in phases:
        poller.late, lease.answer = late, share
        poller.run(1.0, urgency=Urgency.DECIDING, most=kills)
        poller.run(seconds)
        if refused:
            poller.refuse()

    for at in poller.sent:
        assert poller.within(100, until=at) <= max(1.0, 100 * busy + 1e-6)
        assert poller.within(SPAN - 1e-6, until=at) <= max(1.0, poller.allowed(until=at) + 1e-6)
    assert all(rate <= busy + 1e-9 or rate <= base for _, rate in poller.rates)


@pytest.mark.parametrize(
    ("waits", "most"),
    [(0, 3.0), (200, 3.0), (250, 2.5), (300, 2.0), (10_000, 2.0)],
)
def test_it_rises_as_far_as_leaves_room_for_cancels(waits: int, most: float) -> None:
    """Each operation that is waited for has a request left to cancel it, of three hundred."""
    budget = Budget(rate=BASE, busy=BUSY)
    here, elsewhere = Source(), Source()
    budget.keep_for_cancels(waits // 2, of=here, at=0.0)
    budget.keep_for_cancels(waits - waits // 2, of=elsewhere, at=0.0)

    assert most == pytest.approx(risen(budget, at=0.0))


def test_room_for_cancels_is_kept_after_the_waits_have_ended() -> None:
    """Who cancels waits no longer; a hundred seconds later nobody does either."""
    budget, here = Budget(rate=BASE, busy=BUSY), Source()
    budget.keep_for_cancels(300, of=here, at=0.0)
    budget.keep_for_cancels(0, of=here, at=50.0)

    assert pytest.approx(2.0) == risen(budget, at=50.0)

    budget.keep_for_cancels(0, of=here, at=101.0)

    assert pytest.approx(BUSY) == risen(budget, at=101.0)


class Source:
    """Somebody who waits for operations."""


def risen(budget: Budget, *, at: float) -> float:
    """Return the rate after a poll that a cancel waits for, which raises it at once."""
    budget.take(Urgency.DECIDING, at=at)
    budget.delay(Urgency.USUAL, at=at)
    return budget.rate
