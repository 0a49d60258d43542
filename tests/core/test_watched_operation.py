# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One operation that is watched: who is told what, and when and how it is polled next."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.schedule import PollMethod, WatchedOperation

from .sample_values import DENIED, GONE, NAME, UNAVAILABLE, after, running, succeeded
from .watched_operations import POLICY, Recorder, Seen


def watched(*recorders: Recorder, policy: PollPolicy = POLICY) -> WatchedOperation:
    """Return an operation that these listen to since 0."""
    one = WatchedOperation(name=str(NAME), policy=policy, at=0)
    one.listeners += recorders
    return one


def tell(one: WatchedOperation, answer: Seen, *, at: float, jitter: float = 1) -> None:
    """Let it hear an answer."""
    one.on_answer(answer, at=at, now=after(at), jitter=jitter)


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
    assert 1 == one.due


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


def test_the_next_look_is_after_an_interval_with_its_jitter() -> None:
    """A tenth of the age, and a little more or less."""
    one = watched(Recorder())

    tell(one, running(), at=100, jitter=0.9)

    assert one.due == pytest.approx(109)


def test_it_may_be_looked_at_a_little_early() -> None:
    """A quarter of its interval, if others are due: one list more would be dearer."""
    one = watched(Recorder())
    tell(one, running(), at=100)

    assert not one.nearly_due(107.4)
    assert one.nearly_due(107.6)


def test_it_is_not_ripe_while_it_is_asked_about() -> None:
    """One request at a time."""
    one = watched(Recorder())

    one.asked = True

    assert not one.nearly_due(1000)


def test_to_hurry_is_to_be_due_now_and_never_later() -> None:
    """Whoever hurries does not put off what was due before."""
    one = watched(Recorder())
    tell(one, running(), at=100)

    one.poll_now(Urgency.USUAL, at=105)
    one.poll_now(Urgency.USUAL, at=107)

    assert 105 == one.due


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

    assert one.nearly_due(5)


def test_an_end_that_is_near_makes_it_more_urgent() -> None:
    """Complete, or to be so within an interval."""
    one = watched(Recorder())

    tell(one, running(percent=100), at=100)

    assert Urgency.ENDING is one.urgency


def test_the_more_urgent_goes_first_however_long_others_have_waited() -> None:
    """Unless it is the turn of the one who has waited longest."""
    usual, ending = watched(), watched()
    usual.due, ending.due = 100, 500
    ending.urgency = Urgency.ENDING

    assert ending.rank(fair=False) < usual.rank(fair=False)
    assert usual.rank(fair=True) < ending.rank(fair=True)


@pytest.mark.parametrize("fair", [True, False])
def test_a_cancel_goes_before_everything(fair: bool) -> None:
    """However long others have waited, and whoever's turn it is."""
    one, other = watched(), watched()
    one.due, other.due = 1e9, -1e9
    one.urgency, other.urgency = Urgency.DECIDING, Urgency.ENDING

    assert one.rank(fair=fair) < other.rank(fair=fair)


def test_who_is_not_on_the_pending_list_is_looked_at_by_name_at_once() -> None:
    """It has ended, most likely."""
    one = watched(Recorder())
    one.asked = True

    one.not_listed(at=7)

    assert (PollMethod.LIST_NAMED, 7, Urgency.ENDING, False) == (
        one.method,
        one.due,
        one.urgency,
        one.asked,
    )


def test_who_is_on_no_list_is_looked_at_alone() -> None:
    """By name first, then by a get, and that one always answers."""
    one = watched(Recorder())

    for at in range(3):
        one.not_listed(at=at)

    assert PollMethod.GET is one.method


def test_a_cancel_that_a_list_has_not_answered_is_one_still() -> None:
    """Being absent from a list is no answer to those who cancel."""
    one = watched(Recorder())
    one.poll_now(Urgency.DECIDING, at=0)

    one.not_listed(at=1)

    assert Urgency.DECIDING is one.urgency


def test_one_miss_is_forgiven() -> None:
    """A list may lag behind a moment; the next one is trusted again."""
    one = watched(Recorder())
    one.not_listed(at=0)

    one.seen_running(among_pending=False)

    assert PollMethod.LIST_PENDING is one.method


def test_two_misses_are_not() -> None:
    """The list of all that are pending does not show it, so it is polled by name from then."""
    one = watched(Recorder())
    for at in (0, 30):
        one.not_listed(at=at)
        one.seen_running(among_pending=False)

    assert PollMethod.LIST_NAMED is one.method


def test_who_is_on_no_list_by_name_stays_alone() -> None:
    """Seen to run by a get, it is polled like that."""
    one = watched(Recorder())
    for at in (0, 30):
        one.not_listed(at=at)
        one.seen_running(among_pending=False)
    one.not_listed(at=60)

    one.seen_running(among_pending=False)

    assert PollMethod.GET is one.method


@pytest.mark.parametrize("misses", [1, 2, 3])
def test_who_is_seen_on_the_pending_list_is_looked_at_by_it_again(misses: int) -> None:
    """Whatever the reason was, it is gone."""
    one = watched(Recorder())
    for at in range(misses):
        one.not_listed(at=at)

    one.seen_running(among_pending=True)

    assert (PollMethod.LIST_PENDING, 0) == (one.method, one.misses)
