# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One operation that is watched: who is told what, how it is polled, and what a poll is worth."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.expected_end import PRICE, Overruns
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.watched_operation import (
    PollMethod,
    WatchedOperation,
)

from .sample_values import DENIED, GONE, NAME, UNAVAILABLE, after, failed, running, succeeded
from .watched_operations import POLICY, Recorder, Seen


def watched(*recorders: Recorder, policy: PollPolicy = POLICY) -> WatchedOperation:
    """Return an operation that these listen to since 0."""
    one = WatchedOperation(name=str(NAME), policy=policy, at=0)
    one.listeners += recorders
    return one


def tell(one: WatchedOperation, answer: Seen, *, at: float, jitter: float = 1) -> None:
    """Let it hear an answer."""
    one.on_answer(answer, at=at, now=after(at), overruns=Overruns(), jitter=jitter)


def test_everybody_hears_every_answer() -> None:
    """All who listen are told the same."""
    recorders = Recorder(), Recorder()
    one = watched(*recorders)

    tell(one, running(), at=0)

    assert [[running()], [running()]] == [recorder.answers for recorder in recorders]
    assert [*recorders] == one.listeners


def test_who_has_heard_enough_leaves() -> None:
    """One answer is enough for the one, the other waits for the end."""
    once, until_done = Recorder(once=True), Recorder()
    one = watched(once, until_done)

    tell(one, running(), at=0)

    assert [until_done] == one.listeners


def test_the_end_is_what_all_wait_for() -> None:
    """Nobody listens to an operation that is done."""
    one = watched(Recorder(), Recorder())

    tell(one, succeeded(), at=0)

    assert not one.listeners


class Bringing(Recorder):
    """Brings another one along when it is told something."""

    def __init__(self, one: WatchedOperation) -> None:
        super().__init__()
        self.one = one
        self.other = Recorder()

    def on_answer(self, answer: Seen, *, permanent: bool) -> bool:
        """Bring the other one."""
        self.one.listeners.append(self.other)
        return super().on_answer(answer, permanent=permanent)


def test_who_comes_while_others_are_told_stays() -> None:
    """A newcomer hears the next answer."""
    one = watched()
    bringing = Bringing(one)
    one.listeners.append(bringing)

    tell(one, running(), at=0)

    assert [bringing.other, bringing] == one.listeners
    assert [] == bringing.other.answers


@pytest.mark.parametrize("trouble", [DENIED, GONE], ids=["PERMISSION_DENIED", "NOT_FOUND"])
def test_trouble_that_does_not_pass_is_the_end(trouble: Exception) -> None:
    """It would only come again."""
    recorder = Recorder()
    one = watched(recorder)

    tell(one, trouble, at=0)

    assert ([trouble], [True]) == (recorder.answers, recorder.permanent)
    assert not one.listeners


def test_trouble_that_passes_is_waited_out() -> None:
    """It is told, and it is not the end."""
    recorder = Recorder()
    one = watched(recorder)

    tell(one, UNAVAILABLE, at=0)

    assert ([UNAVAILABLE], [False]) == (recorder.answers, recorder.permanent)
    assert 1 == one.paused_until
    assert 0 == one.delay(0.99) < PRICE <= one.delay(1)


def test_patience_has_an_end() -> None:
    """After as long as the policy says, without a single answer, trouble counts."""
    recorder = Recorder()
    one = watched(recorder, policy=PollPolicy(transient_error_limit=60))

    for at in (0, 30, 59, 60):
        tell(one, UNAVAILABLE, at=at)

    assert [False, False, False, True] == recorder.permanent


def test_an_answer_restores_patience() -> None:
    """Patience is for silence."""
    recorder = Recorder()
    one = watched(recorder, policy=PollPolicy(transient_error_limit=60))

    for at, answer in ((0, UNAVAILABLE), (50, running()), (55, UNAVAILABLE), (110, UNAVAILABLE)):
        tell(one, answer, at=at)

    assert not any(recorder.permanent)


def test_the_pause_after_trouble_varies() -> None:
    """What failed together does not come again together."""
    one = watched(Recorder())

    tell(one, UNAVAILABLE, at=100, jitter=0.9)

    assert 100.9 == one.paused_until


@pytest.mark.parametrize("minutes", [1, 10, 40])
def test_pauses_grow_with_the_silence(minutes: int) -> None:
    """A tenth of it, up to the longest interval: a lost connection is not hammered."""
    one = watched(Recorder())
    tell(one, UNAVAILABLE, at=0)

    tell(one, UNAVAILABLE, at=60 * minutes)

    assert min(6.0 * minutes, POLICY.maximum) == one.paused_until - 60 * minutes


def test_a_poll_is_worth_more_the_longer_ago_the_last_was() -> None:
    """Nothing at first, and at the longest interval it is due whatever else is known."""
    one = watched(Recorder())
    tell(one, running(start_time=after(-1e6)), at=100)

    worth = [one.delay(100 + passed) for passed in (0, 5, 10, 29.9, 30)]

    assert 0 == worth[0]
    assert sorted(worth) == worth
    assert worth[-1] >= PRICE


def test_the_longest_interval_is_kept_however_unlikely_an_end_is() -> None:
    """Progress says that it takes a year; somebody asked for a poll each half minute."""
    one = watched(Recorder())
    tell(one, running(percent=1, start_time=after(-1e6)), at=0)

    assert one.delay(29.9) < PRICE == one.delay(30)
    assert 30 == one.changes_at


def test_nothing_is_worth_a_poll_while_one_is_under_way() -> None:
    """One request at a time."""
    one = watched(Recorder())

    one.asked = True

    assert 0 == one.delay(1000)


def test_to_hurry_is_to_be_due_now_and_never_later() -> None:
    """Whoever hurries does not put off what was due before."""
    one = watched(Recorder())
    tell(one, running(), at=100)

    one.poll_now(Urgency.USUAL, at=105)
    one.poll_now(Urgency.USUAL, at=107)

    assert 105 == one.wanted_since
    assert PRICE <= one.delay(105) < one.delay(107)


def test_who_cancels_does_not_wait_for_a_pause_to_end() -> None:
    """A kill has half a minute."""
    one = watched(Recorder())
    tell(one, UNAVAILABLE, at=0)

    one.poll_now(Urgency.DECIDING, at=0.1)

    assert one.delay(0.1) >= PRICE


def test_who_asks_for_an_answer_counts_more_than_who_is_expected_to_end() -> None:
    """Somebody waits for this answer, and it was told to be urgent."""
    usual, asked_for = watched(Recorder()), watched(Recorder())
    for one in (usual, asked_for):
        tell(one, running(), at=100)

    usual.poll_now(Urgency.USUAL, at=105)
    asked_for.poll_now(Urgency.ENDING, at=105)

    assert asked_for.delay(106) > 5 * usual.delay(106)


def test_to_hurry_less_makes_nothing_less_urgent() -> None:
    """A cancel stays one until there is an answer."""
    one = watched(Recorder())

    one.poll_now(Urgency.DECIDING, at=0)
    one.poll_now(Urgency.USUAL, at=0)

    assert Urgency.DECIDING is one.urgency
    tell(one, running(), at=1)
    assert Urgency.USUAL is one.urgency  # type: ignore[comparison-overlap]  # it has changed


def test_a_cancel_does_not_wait_for_a_list_that_is_under_way() -> None:
    """The later pages of a list wait for their turn, and may do so for long."""
    one = watched(Recorder())
    one.asked = True

    one.poll_now(Urgency.DECIDING, at=5)

    assert one.delay(5) >= PRICE


def test_a_newcomer_is_worth_a_poll_but_not_more_than_who_has_ended() -> None:
    """It has hardly begun; the other was on a list and is not any more."""
    new, missed = watched(Recorder()), watched(Recorder())
    missed.not_listed(at=0, by=PollMethod.LIST_PENDING)

    assert PRICE <= new.delay(0) <= missed.delay(0)
    assert new.delay(3) < missed.delay(3)


def test_who_is_not_on_the_pending_list_is_looked_at_by_name_at_once() -> None:
    """It has ended, most likely, and each second counts from now on."""
    one = watched(Recorder())
    tell(one, running(), at=0)
    one.asked = True

    one.not_listed(at=7, by=PollMethod.LIST_PENDING)

    assert (PollMethod.LIST_NAMED, 7, Urgency.ENDING, False) == (
        one.method,
        one.wanted_since,
        one.urgency,
        one.asked,
    )
    assert 10 <= one.delay(17) < 11


@pytest.mark.parametrize(
    "by",
    [
        [PollMethod.LIST_PENDING, PollMethod.LIST_NAMED],
        [PollMethod.LIST_NAMED],
        [PollMethod.LIST_PENDING] * 3,
    ],
)
def test_who_is_on_no_list_is_looked_at_alone(by: list[PollMethod]) -> None:
    """By name first, then by a get, and that one always answers."""
    one = watched(Recorder())

    for at, method in enumerate(by):
        one.not_listed(at=at, by=method)

    assert PollMethod.GET is one.method


def test_a_cancel_that_a_list_has_not_answered_is_one_still() -> None:
    """Being absent from a list is no answer to those who cancel."""
    one = watched(Recorder())
    one.poll_now(Urgency.DECIDING, at=0)

    one.not_listed(at=1, by=PollMethod.LIST_PENDING)

    assert Urgency.DECIDING is one.urgency


def test_one_miss_is_forgiven() -> None:
    """A list may lag behind a moment; the next one is trusted again."""
    one = watched(Recorder())
    one.not_listed(at=0, by=PollMethod.LIST_PENDING)

    one.seen_running(among_pending=False)

    assert PollMethod.LIST_PENDING is one.method


def test_two_misses_are_not() -> None:
    """The list of all that are pending does not show it, so it is polled by name from then."""
    one = watched(Recorder())
    for at in (0, 30):
        one.not_listed(at=at, by=PollMethod.LIST_PENDING)
        one.seen_running(among_pending=False)

    assert PollMethod.LIST_NAMED is one.method


def test_who_is_on_no_list_by_name_stays_alone() -> None:
    """Seen to run by a get, it is polled like that."""
    one = watched(Recorder())
    for at in (0, 30):
        one.not_listed(at=at, by=PollMethod.LIST_PENDING)
        one.seen_running(among_pending=False)
    one.not_listed(at=60, by=PollMethod.LIST_NAMED)

    one.seen_running(among_pending=False)

    assert PollMethod.GET is one.method


def test_who_is_not_shown_twice_by_name_stays_alone() -> None:
    """Where only lists by name are asked for, each round would cost a list and a get."""
    one = watched(Recorder())
    methods = []
    for at in (0, 30, 60):
        one.not_listed(at=at, by=PollMethod.LIST_NAMED)
        one.seen_running(among_pending=False)
        methods.append(one.method)

    assert [PollMethod.LIST_PENDING, PollMethod.GET, PollMethod.GET] == methods


@pytest.mark.parametrize("misses", [1, 2, 3])
def test_who_is_seen_on_the_pending_list_is_looked_at_by_it_again(misses: int) -> None:
    """Whatever the reason was, it is gone."""
    one = watched(Recorder())
    for at in range(misses):
        one.not_listed(at=at, by=PollMethod.LIST_PENDING)

    one.seen_running(among_pending=True)

    assert (PollMethod.LIST_PENDING, 0) == (one.method, one.misses)


def test_how_ends_compare_with_what_was_foretold_is_learned() -> None:
    """Of those that succeed; how long one took that failed says nothing about others."""
    for end, learned in ((succeeded(), True), (failed(), False)):
        overruns = Overruns()
        for _ in range(5):
            one = watched(Recorder())
            for at in range(1, 100):
                seen = running(percent=at, start_time=after(0))
                one.on_answer(seen, at=at, now=after(at), overruns=Overruns())
            one.on_answer(end, at=150, now=after(150), overruns=overruns)
        first, last = overruns.of(end.kind)
        assert learned is (first == pytest.approx(1.5, abs=0.05) == last)


def test_the_end_counts_and_not_when_it_was_seen() -> None:
    """It was seen after ten minutes of a lost connection."""
    overruns = Overruns()
    for _ in range(5):
        one = watched(Recorder())
        for at in range(1, 100):
            seen = running(percent=at, start_time=after(0))
            one.on_answer(seen, at=at, now=after(at), overruns=Overruns())
        end = succeeded(end_time=after(100))
        one.on_answer(end, at=700, now=after(700), overruns=overruns)

    assert (1, 1) == pytest.approx(overruns.of(succeeded().kind), abs=0.02)
