# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Several triggerers together: in no hundred seconds more requests than the cap, whatever happens.

Each has a budget as its poller has one, and the share that its main process renews.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.polling.budget import OVER, Budget, Urgency
from tests.airflow.leasing_triggerers import BASE, CAP, Clock, Record, Triggerer

if TYPE_CHECKING:
    from collections.abc import Iterable

TICK = 0.25


@dataclass(slots=True)
class Installation:
    """Triggerers of one Airflow, and when they have sent requests.

    :param urgencies: of the requests that they would send at any time
    :param busy: those that have more to ask than they may
    """

    record: Record = field(default_factory=Record)
    clock: Clock = field(init=False)
    triggerers: dict[str, tuple[Triggerer, Budget]] = field(default_factory=dict)
    urgencies: tuple[Urgency, ...] = (Urgency.USUAL,)
    busy: set[str] = field(default_factory=set)
    sent: list[float] = field(default_factory=list)
    sent_by: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = Clock(self.record)

    def begin(self, *names: str) -> None:
        """Start triggerers that are busy from then on."""
        for name in names:
            triggerer = Triggerer(name, self.record, self.clock)
            triggerer.keeper.look()
            budget = Budget(rate=BASE, busy=CAP, lease=triggerer.lease)
            self.triggerers[name] = triggerer, budget
            self.busy.add(name)

    def lose(self, *names: str) -> None:
        """Kill triggerers."""
        for name in names:
            del self.triggerers[name]
            self.busy.discard(name)

    def live(self, seconds: float) -> None:
        """Let all go on for some time."""
        end = self.clock.at + seconds
        while self.clock.at < end:
            for name, (triggerer, budget) in self.triggerers.items():
                for urgency in self.urgencies if name in self.busy else ():
                    while budget.delay(urgency, at=self.clock.at) <= 0:
                        budget.take(urgency, at=self.clock.at, late=True)
                        self.sent.append(self.clock.at)
                        self.sent_by.setdefault(name, []).append(self.clock.at)
                triggerer.keeper.look()
            self.clock.sleep(TICK)

    def most(self) -> int:
        """Return the highest number of requests within a hundred seconds."""
        return max(
            (bisect_left(self.sent, at + OVER) - number for number, at in enumerate(self.sent)),
            default=0,
        )

    def rate_of(self, name: str, *, last: float) -> float:
        """Return how many requests a second a triggerer has sent lately."""
        since = self.clock.at - last
        return sum(at >= since for at in self.sent_by[name]) / last


def test_one_rises() -> None:
    """A triggerer alone comes near the cap while it is busy."""
    installation = Installation()
    installation.begin("a")
    installation.live(400)

    assert 0.8 * CAP <= installation.rate_of("a", last=100)
    assert CAP * OVER >= installation.most()


def test_three_share() -> None:
    """Three that are busy have equal parts, and a second one does not wait for long."""
    installation = Installation()
    installation.begin("a")
    installation.live(150)
    installation.begin("b", "c")
    installation.live(20)
    soon = min(len(installation.sent_by["b"]), len(installation.sent_by["c"]))
    installation.live(200)

    rates = [installation.rate_of(name, last=100) for name in "abc"]
    assert 5 <= soon
    assert 0.75 * CAP / 3 <= min(rates)
    assert max(rates) <= CAP / 3
    assert CAP * OVER >= installation.most()


def test_share_of_an_idle_one_is_used_by_another() -> None:
    """While one has nothing to ask the other has its part; when it comes back it gets it again."""
    installation = Installation()
    installation.begin("a", "b")
    installation.live(200)
    installation.busy.discard("a")
    installation.live(150)
    alone = installation.rate_of("b", last=100)
    installation.busy.add("a")
    installation.live(200)

    assert CAP / 2 < alone
    assert 0.75 * CAP / 2 <= installation.rate_of("a", last=100)
    assert CAP * OVER >= installation.most()


def test_nobody_sends_more_for_a_restart() -> None:
    """A triggerer that is killed and replaced at once gets its part when the old one's expires."""
    installation = Installation()
    installation.begin("a")
    installation.live(200)
    installation.lose("a")
    installation.begin("b")
    installation.live(200)

    assert 0.8 * CAP <= installation.rate_of("b", last=100)
    assert CAP * OVER >= installation.most()


def test_outage_of_the_database() -> None:
    """Without it each of two keeps to the usual rate, and it is shared again afterwards."""
    installation = Installation()
    installation.begin("a", "b")
    installation.live(200)
    installation.record.failing = AirflowDatabaseError("server gone")
    installation.live(200)
    during = [installation.rate_of(name, last=100) for name in "ab"]
    installation.record.failing = None
    installation.live(200)

    assert max(during) <= BASE
    assert 0.75 * BASE <= min(during)
    assert 0.75 * CAP / 2 <= installation.rate_of("a", last=100)
    assert CAP * OVER >= installation.most()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "lose", "rest", "work"]),
        st.sampled_from("abcd"),
        st.floats(1, 90),
    ),
    max_size=12,
)


def most_in_a_hundred_seconds(steps: Iterable[tuple[str, str, float]], *urgencies: Urgency) -> int:
    """Let triggerers come, be lost, rest and work, and send all they may."""
    installation = Installation(urgencies=urgencies)
    installation.begin("first")
    for number, (what, name, seconds) in enumerate(steps):
        known = name in installation.triggerers
        if what == "begin" and not known:
            # its holder's name is its own, as that of a new process is
            installation.begin(name)
            triggerer, _ = installation.triggerers[name]
            triggerer.keeper._holder = f"{name}{number}"
        elif what == "lose" and known:
            installation.lose(name)
        elif what == "rest":
            installation.busy.discard(name)
        elif what == "work" and known:
            installation.busy.add(name)
        installation.live(seconds)
    return installation.most()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_never_more_than_the_cap(steps: Iterable[tuple[str, str, float]]) -> None:
    """Triggerers come, are lost, rest and work: the cap holds in every hundred seconds."""
    assert CAP * OVER >= most_in_a_hundred_seconds(steps, Urgency.USUAL)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_kills_while_shares_move_stay_within_the_quota(
    steps: Iterable[tuple[str, str, float]],
) -> None:
    """Polls for kills are not spaced out; a share that moves meanwhile may count for both."""
    most = most_in_a_hundred_seconds(steps, Urgency.USUAL, Urgency.DECIDING)

    assert 1.5 * CAP * OVER >= most
