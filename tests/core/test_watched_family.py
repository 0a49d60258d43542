# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The watched operations of a family: who is asked about, and what an answer means for each."""

from __future__ import annotations

import math

import pytest

from airflow_spanner_lro.core.names import OperationName, SsdCacheName
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.families import family_of
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.schedule import FRESH, WatchedFamily
from airflow_spanner_lro.core.polling.watched_operation import PollMethod

from .sample_values import GONE, NOW, after, running, succeeded
from .watched_operations import POLICY, Audience, Recorder

CROWD = 60
"""More than one list by name shows, so that the list of all that are pending is asked for."""


def ways(audience: Audience, *, at: float) -> list[PollMethod]:
    """Ask and answer until nothing is due, and return how it was asked."""
    return [poll.method for poll in audience.polls(at=at)]


def test_a_newcomer_is_due_at_once() -> None:
    """The first poll is not put off."""
    audience = Audience(1, at=17)

    assert 17 == audience.family.due(17)
    assert audience.family.next_poll(at=17) is not None


def test_nobody_is_due_while_answers_are_awaited() -> None:
    """What comes next depends on them."""
    audience = Audience(3)

    audience.ask(at=0)

    assert audience.family.due(0) == math.inf
    assert audience.family.next_poll(at=1000) is None


def test_to_ask_is_not_to_send() -> None:
    """The budget may not allow it yet; until it is sent, whatever comes may change it."""
    audience = Audience(1)

    polls = [audience.family.next_poll(at=0) for _ in range(2)]

    assert polls[0] is not None
    assert polls[0] == polls[1]


def test_after_the_answers_they_are_due_when_that_is_worth_a_request() -> None:
    """A quarter of a second, while they are young, and later the more of them the sooner."""
    audience, alone = Audience(3), Audience(1)

    assert [PollMethod.LIST_NAMED] == ways(audience, at=0)
    assert [PollMethod.GET] == ways(alone, at=0)

    assert audience.family.next_poll(at=0.2) is None
    assert 0.25 <= audience.family.due(0) <= alone.family.due(0) < 0.5


def test_it_is_looked_again_after_a_moment_at_the_least() -> None:
    """Rounding at the end of an interval makes nobody's loop hot."""
    audience = Audience(3)
    ways(audience, at=0)
    due = audience.family.due(0)

    assert due == audience.family.due_after(0)
    assert due < audience.family.due_after(due)


def test_a_few_that_left_the_list_are_asked_about_by_name() -> None:
    """One list for all, then one of those that it did not show."""
    audience = Audience(CROWD)
    one, other = audience.names[3], audience.names[7]

    audience.answer(audience.ask(at=0), at=0, ended=[one, other])

    poll = audience.ask(at=0)
    assert (PollMethod.LIST_NAMED, {one, other}) == (poll.method, set(poll.names))
    assert audience.family.next_poll(at=0) is None


def test_many_that_left_the_list_are_asked_about_by_name() -> None:
    """A hundred and twenty that end at once are four requests, the last for those that run, too."""
    audience = Audience(130)
    ended = audience.names[:120]

    audience.answer(audience.ask(at=0), at=0, ended=ended)
    asked = []
    while audience.family.next_poll(at=0):
        poll = audience.ask(at=0)
        asked.append((poll.method, len(poll.names)))
        audience.answer(poll, at=0, ended=ended)

    assert [
        (PollMethod.LIST_NAMED, 50),
        (PollMethod.LIST_NAMED, 50),
        (PollMethod.LIST_NAMED, 20 + 10),
    ] == asked
    assert 10 == len(audience.family.watched)


def test_who_left_the_list_goes_before_those_that_are_due() -> None:
    """Somebody waits for an end that is there."""
    audience = Audience(CROWD)
    gone = audience.names[0]

    audience.answer(audience.ask(at=1000), at=1000, ended=[gone])
    poll = audience.ask(at=1010)

    assert ((gone,), Urgency.ENDING) == (poll.names, poll.urgency)


def test_an_operation_that_is_done_is_watched_no_more() -> None:
    """Its listeners have what they waited for, and nothing is asked for nobody."""
    audience = Audience(1)
    (name,) = audience.names

    audience.answer(audience.ask(at=0), at=0, ended=[name])

    assert [succeeded(name=OperationName.parse(name))] == audience.recorders[name].answers
    assert name not in audience.family.watched
    assert (len(audience.family.watched), audience.family.due(0)) == (0, math.inf)


def test_the_last_listener_takes_the_operation_along() -> None:
    """Those who leave before the end are not asked for."""
    audience = Audience(1)
    (name,) = audience.names
    other = Recorder()
    audience.family.subscribe(name, other, policy=POLICY, urgency=Urgency.USUAL, at=0)

    audience.family.unsubscribe(name, audience.recorders[name], at=0)
    assert name in audience.family.watched
    audience.family.unsubscribe(name, other, at=0)
    assert name not in audience.family.watched


def test_to_leave_twice_does_no_harm() -> None:
    """And neither does leaving what is not watched."""
    audience = Audience(1)
    (name,) = audience.names

    for _ in range(2):
        audience.family.unsubscribe(name, audience.recorders[name], at=0)
    audience.family.poll_now(name, Urgency.DECIDING, at=0)

    assert audience.family.due(0) == math.inf


def test_what_was_seen_to_run_is_known_after_all_have_left() -> None:
    """A kill ends the wait before it asks; what that has seen counts for as long as it is fresh."""
    audience = Audience(1)
    (name,) = audience.names
    audience.ask(at=100)
    audience.hear(name, at=100, method=PollMethod.GET)
    audience.family.unsubscribe(name, audience.recorders[name], at=105)

    known = [audience.family.seen_running(name, at=at) for at in (105, 100 + FRESH, 101 + FRESH)]

    assert [True, True, False] == known


def test_what_is_done_or_was_never_seen_does_not_run() -> None:
    """Only an answer that says so makes an operation count as running."""
    audience = Audience(1)
    (name,) = audience.names
    before = audience.family.seen_running(name, at=0)
    audience.ask(at=1)
    audience.hear(name, at=1, method=PollMethod.GET)
    between = audience.family.seen_running(name, at=2)
    audience.ask(at=60)
    audience.family.on_answer(name, succeeded(), at=60, now=NOW, method=PollMethod.GET)

    assert [False, True, False] == [before, between, audience.family.seen_running(name, at=61)]


def test_what_was_asked_for_before_is_no_answer() -> None:
    """Whoever begins to listen while a request is under way waits for the next one."""
    audience = Audience(1)
    (name,) = audience.names
    audience.ask(at=0)
    audience.family.unsubscribe(name, audience.recorders[name], at=1)
    late = Recorder(once=True)
    audience.family.subscribe(name, late, policy=None, urgency=Urgency.DECIDING, at=2)

    audience.family.on_answer(name, running(), at=3, now=NOW, method=PollMethod.GET, sent=0)
    before = list(late.answers)
    poll = audience.family.next_poll(at=3)
    audience.family.on_answer(name, succeeded(), at=4, now=NOW, method=PollMethod.GET, sent=3)

    assert [] == before
    assert poll is not None
    assert [succeeded()] == late.answers


def test_those_who_leave_are_forgotten() -> None:
    """However many come and go, only the latest are remembered."""
    audience = Audience(1)
    group = audience.family
    for number in range(500):
        recorder, name = Recorder(), f"operation {number}"
        group.subscribe(name, recorder, policy=POLICY, urgency=Urgency.USUAL, at=number)
        group.on_answer(name, running(), at=number, now=NOW, method=PollMethod.GET)
        group.unsubscribe(name, recorder, at=number)

    assert len(group._left) <= FRESH + 1


def test_an_answer_that_comes_too_late_is_for_nobody() -> None:
    """All who listened have left while the request was under way."""
    audience = Audience(1)
    (name,) = audience.names
    audience.ask(at=0)
    audience.family.unsubscribe(name, audience.recorders[name], at=0)

    audience.hear(name, at=1, method=PollMethod.GET)
    audience.family.not_listed(name, at=1, method=PollMethod.LIST_NAMED)

    assert [] == audience.recorders[name].answers
    assert 0 == len(audience.family.watched)


def test_one_look_is_heard_by_all() -> None:
    """Two who want to know of the same operation are one request."""
    audience = Audience(1)
    (name,) = audience.names
    once = Recorder(once=True)
    audience.family.subscribe(name, once, policy=None, urgency=Urgency.USUAL, at=0)

    assert [PollMethod.GET] == ways(audience, at=0)

    assert [1, 1] == [len(recorder.answers) for recorder in (once, audience.recorders[name])]


def test_the_most_eager_listener_says_how_often() -> None:
    """One waits with an interval of up to a minute, another of up to five seconds."""
    audience = Audience(1, policy=PollPolicy(maximum=60))
    (name,) = audience.names
    for maximum in (5, 40):
        policy = PollPolicy(maximum=maximum)
        audience.family.subscribe(name, Recorder(), policy=policy, urgency=Urgency.USUAL, at=0)

    audience.ask(at=10_000)
    seen = running(name=OperationName.parse(name), percent=1, start_time=after(-1e7))
    audience.hear(name, seen, at=10_000, method=PollMethod.GET)

    assert audience.family.due(10_000) == pytest.approx(10_005, abs=0.01)


def test_one_bad_name_hurts_only_its_own_listeners() -> None:
    """The others hear nothing of it, and are polled as ever."""
    audience = Audience(3)
    bad, *good = audience.names
    audience.ask(at=0)

    audience.family.not_listed(bad, at=0, method=PollMethod.LIST_NAMED)
    for name in good:
        audience.hear(name, at=0, method=PollMethod.LIST_NAMED)
    assert (PollMethod.GET, (bad,)) == (audience.ask(at=0).method, (bad,))
    audience.hear(bad, GONE, at=0, method=PollMethod.GET)

    assert ([GONE], [True]) == (audience.recorders[bad].answers, audience.recorders[bad].permanent)
    assert all(
        [running(name=OperationName.parse(n))] == audience.recorders[n].answers for n in good
    )
    assert bad not in audience.family.watched
    assert 0 < audience.family.due(0) < 1


def test_a_cancel_does_not_wait_for_the_list_that_is_under_way() -> None:
    """It is asked about again on its own."""
    audience = Audience(20)
    audience.ask(at=0)
    name = audience.names[5]

    audience.family.poll_now(name, Urgency.DECIDING, at=1)

    poll = audience.ask(at=1)
    assert (PollMethod.GET, (name,)) == (poll.method, poll.names)
    assert Urgency.DECIDING is poll.urgency


def test_where_there_is_no_list_each_is_asked_about_alone() -> None:
    """Google's library has no call for caches."""
    cache = SsdCacheName(project="test", config="custom-mine", ssd_cache="fast")
    group = WatchedFamily(family_of(OperationName(resource=cache, operation="_auto_op_1")))
    for number in range(4):
        group.subscribe(str(number), Recorder(), policy=POLICY, urgency=Urgency.USUAL, at=0)

    asked = []
    while poll := group.next_poll(at=1e6):
        group.send(poll)
        asked.append(poll)

    assert [PollMethod.GET] * 4 == [poll.method for poll in asked]


def test_when_nothing_more_will_be_asked_all_are_told() -> None:
    """Nobody waits for ever for an answer that does not come."""
    audience = Audience(4)
    bug = RuntimeError("a bug")

    audience.family.fail(bug)

    assert all(
        ([bug], [True]) == (recorder.answers, recorder.permanent)
        for recorder in audience.recorders.values()
    )
    assert (len(audience.family.watched), audience.family.due(0)) == (0, math.inf)
