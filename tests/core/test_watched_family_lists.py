# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Where lists do not help: those that they do not show, and lists that are refused."""

from __future__ import annotations

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.schedule import LISTS_AGAIN
from airflow_spanner_lro.core.polling.watched_operation import PollMethod

from .sample_values import DENIED, GONE, UNAVAILABLE, after
from .watched_operations import NO_FILTER, POLICY, Audience, Recorder

REFUSALS = [
    pytest.param(DENIED, id="PERMISSION_DENIED"),
    pytest.param(exceptions.MethodNotImplemented("no such call"), id="UNIMPLEMENTED"),
    pytest.param(GONE, id="NOT_FOUND"),
]


def ways(audience: Audience, *, at: float) -> list[PollMethod]:
    """Ask and answer until nothing is due, and return how it was asked."""
    return [poll.method for poll in audience.polls(at=at)]


CROWD = 60
"""More than one list by name shows, so that the list of all that are pending is asked for."""


def refuse(audience: Audience, exc: Exception, *, at: float) -> bool:
    """Refuse the list that is asked for next."""
    poll = audience.ask(at=at)
    assert poll.method is not PollMethod.GET
    return audience.family.list_failed(poll, exc, at=at, now=after(at), jitter=1)


def test_an_operation_that_no_list_shows_is_found_out() -> None:
    """Two pending lists are in vain; in the end a get is all that is asked."""
    audience = Audience(CROWD)
    hidden = audience.names[0]

    asked = [
        [(poll.method, len(poll.names)) for poll in audience.polls(at=at, missing=[hidden])]
        for at in (0, 1000, 2000)
    ]

    once_for_all, alone = (PollMethod.LIST_PENDING, CROWD), (PollMethod.GET, 1)
    assert [[once_for_all, alone]] * 2 == asked[:2]
    assert sorted([(PollMethod.LIST_PENDING, CROWD - 1), alone]) == sorted(asked[2])
    assert 3 == len(audience.recorders[hidden].answers)


def test_an_operation_that_no_list_by_name_shows_is_found_out() -> None:
    """Where there is no other list: two are in vain, and then it is no part of a third."""
    audience = Audience(5)
    hidden = audience.names[0]

    asked = [
        sorted((poll.method, len(poll.names)) for poll in audience.polls(at=at, missing=[hidden]))
        for at in (0, 1000, 2000)
    ]

    alone = (PollMethod.GET, 1)
    assert [[(PollMethod.LIST_NAMED, 5), alone]] * 2 == asked[:2]
    assert [(PollMethod.LIST_NAMED, 4), alone] == asked[2]


def test_several_that_no_list_shows_are_asked_about_by_name_and_then_alone() -> None:
    """Each way is dearer than the one before, and surer."""
    audience = Audience(CROWD)
    hidden = audience.names[:3]
    audience.polls(at=0, missing=hidden)

    asked = [poll.method for poll in audience.polls(at=1000, missing=hidden)]
    later = [poll.method for poll in audience.polls(at=2000, missing=hidden)]

    assert [PollMethod.LIST_PENDING, PollMethod.LIST_NAMED, *[PollMethod.GET] * 3] == asked
    assert sorted([PollMethod.LIST_PENDING, *[PollMethod.GET] * 3]) == sorted(later)


def test_those_that_the_pending_list_hides_are_looked_at_by_name() -> None:
    """If a list by name shows that they run."""
    audience = Audience(CROWD)
    hidden = audience.names[:3]
    for at in (0, 1000):
        pending = audience.ask(at=at)
        audience.answer(pending, at=at, missing=hidden)
        audience.polls(at=at)

    later = [(poll.method, len(poll.names)) for poll in audience.polls(at=2000)]

    expected = [(PollMethod.LIST_PENDING, CROWD - 3), (PollMethod.LIST_NAMED, 3)]
    assert sorted(expected) == sorted(later)


def test_trouble_does_not_make_a_list_trusted_again() -> None:
    """An error says nothing about why a list did not show the operation."""
    audience = Audience(CROWD)
    gone = audience.names[0]
    audience.answer(audience.ask(at=0), at=0, ended=[gone])

    audience.hear(gone, UNAVAILABLE, at=1, method=audience.ask(at=0).method)

    polls = [(poll.method, len(poll.names)) for poll in audience.polls(at=40)]
    assert sorted([(PollMethod.LIST_PENDING, CROWD - 1), (PollMethod.GET, 1)]) == sorted(polls)


def test_an_operation_comes_back_when_a_list_shows_it() -> None:
    """Even if the list was not asked for its sake."""
    audience = Audience(CROWD)
    hidden = audience.names[0]
    for at in (0, 1000, 2000):
        audience.polls(at=at, missing=[hidden])

    audience.hear(hidden, at=3000, method=PollMethod.LIST_PENDING)
    later = [(poll.method, len(poll.names)) for poll in audience.polls(at=3040)]

    assert [(PollMethod.LIST_PENDING, CROWD)] == later


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("count", [4, CROWD])
def test_a_refused_list_is_replaced_by_gets(refusal: Exception, count: int) -> None:
    """Nobody hears of it: whether their operations can be had, the gets tell."""
    audience = Audience(count)

    assert refuse(audience, refusal, at=0)

    assert [PollMethod.GET] * count == ways(audience, at=0)
    assert all(len(recorder.answers) == 1 for recorder in audience.recorders.values())


def test_a_refused_list_is_told_once() -> None:
    """Two were under way, and both are refused."""
    audience = Audience(6)
    audience.polls(at=0)
    poll = audience.ask(at=1)
    fresh = [f"{audience.names[0]}{number}" for number in range(3)]
    for name in fresh:
        audience.family.subscribe(name, Recorder(), policy=POLICY, urgency=Urgency.USUAL, at=1)
    other = audience.ask(at=1)

    told = [
        audience.family.list_failed(each, DENIED, at=1, now=after(1), jitter=1)
        for each in (poll, other)
    ]

    assert [True, False] == told


@pytest.mark.parametrize("refusal", [DENIED, UNAVAILABLE], ids=["for good", "for now"])
def test_a_refused_list_is_nothing_to_those_who_have_left(refusal: Exception) -> None:
    """They had gone while it was under way."""
    audience = Audience(4)
    gone = audience.names[0]
    poll = audience.ask(at=0)
    audience.family.unsubscribe(gone, audience.recorders[gone], at=1)

    audience.family.list_failed(poll, refusal, at=2, now=after(2), jitter=1)

    assert [] == audience.recorders[gone].answers
    assert gone not in audience.family.watched


def test_lists_are_tried_again_after_an_hour() -> None:
    """Somebody may have given the permission by now."""
    audience = Audience(4)
    refuse(audience, DENIED, at=0)
    ways(audience, at=0)

    assert [PollMethod.GET] * 4 == ways(audience, at=LISTS_AGAIN - 1)
    assert [PollMethod.LIST_NAMED] == ways(audience, at=LISTS_AGAIN + 40)


def test_a_list_that_is_refused_again_is_told_again() -> None:
    """An hour later it is news."""
    audience = Audience(4)
    refuse(audience, DENIED, at=0)
    ways(audience, at=0)

    assert refuse(audience, DENIED, at=LISTS_AGAIN)
    assert [PollMethod.GET] * 4 == ways(audience, at=LISTS_AGAIN)


def test_a_refused_list_makes_nobody_due_who_was_not() -> None:
    """The list would have told about them as well; asking about each is another matter."""
    audience = Audience(4)
    ways(audience, at=1000)
    newcomers = [f"{audience.names[0]}{number}" for number in range(3)]
    for name in newcomers:
        audience.family.subscribe(name, Recorder(), policy=POLICY, urgency=Urgency.USUAL, at=1005)

    poll = audience.ask(at=1005)
    audience.family.list_failed(poll, DENIED, at=1005, now=after(1010), jitter=1)

    assert 7 == len(poll.names)
    asked = [audience.ask(at=1005).names[0] for _ in newcomers]
    assert sorted(newcomers) == sorted(asked)
    assert audience.family.due(1005) > 1006


def test_a_filter_that_is_refused_is_never_sent_again() -> None:
    """The list of all that are pending remains."""
    audience = Audience(4)

    assert refuse(audience, NO_FILTER, at=0)

    assert [PollMethod.LIST_PENDING] == ways(audience, at=0)
    assert [PollMethod.LIST_PENDING] == ways(audience, at=LISTS_AGAIN * 2)


def test_a_pending_list_that_is_no_valid_question_is_given_up() -> None:
    """Where not even that filter is understood there are gets."""
    audience = Audience(CROWD)
    again = refuse(audience, NO_FILTER, at=0)

    assert refuse(audience, NO_FILTER, at=0)

    assert not again
    assert [PollMethod.GET] * CROWD == ways(audience, at=0)


def test_a_list_that_cannot_show_ended_ones_is_asked_for_without_them() -> None:
    """What the grammar allows and production refuses costs one request, and nobody hears of it."""
    audience = Audience(CROWD)
    before = audience.family.next_poll(at=5)
    told = refuse(audience, NO_FILTER, at=5)

    after_it = audience.family.next_poll(at=5)

    assert before is not None
    assert after_it is not None
    assert (True, False) == (before.shows_ended, after_it.shows_ended)
    assert not told
    assert [PollMethod.LIST_PENDING] == ways(audience, at=5)
    assert all(1 == len(recorder.answers) for recorder in audience.recorders.values())


def test_two_such_lists_under_way_are_one_refusal() -> None:
    """Whoever came while the first was under way has one of his own; lists are not given up."""
    audience = Audience(CROWD)
    first = audience.ask(at=0)
    for number in range(CROWD):
        newcomer = f"{audience.names[0]}{number}"
        audience.family.subscribe(newcomer, Recorder(), policy=POLICY, urgency=Urgency.USUAL, at=1)
    second = audience.ask(at=1)

    told = [
        audience.family.list_failed(poll, NO_FILTER, at=2, now=after(2), jitter=1)
        for poll in (first, second)
    ]

    assert [False, False] == told
    assert PollMethod.LIST_PENDING is audience.ask(at=2).method


def test_a_list_shows_what_has_ended_since_the_first_of_them_was_polled() -> None:
    """Whoever was polled last a minute ago may have ended since then."""
    audience = Audience(CROWD)
    audience.polls(at=100)
    audience.hear(audience.names[0], at=150, method=PollMethod.GET)

    assert 60 == audience.family.ended_since(at=160)


def test_lists_that_show_ended_ones_need_no_second_look() -> None:
    """A hundred and twenty that end at once are one request."""
    audience = Audience(130, shows_ended=True)
    ended = audience.names[:120]
    poll = audience.ask(at=0)

    audience.answer(poll, at=0, ended=ended)

    assert PollMethod.LIST_PENDING is poll.method
    assert 10 == len(audience.family.watched)
    assert audience.family.next_poll(at=0) is None


def test_a_filter_that_hides_what_runs_is_not_used_again() -> None:
    """A list that was to show more shows less: then the one without those that have ended."""
    audience = Audience(CROWD)

    audience.polls(at=0, missing=audience.names[:1])
    poll = audience.ask(at=40)

    assert (PollMethod.LIST_PENDING, False) == (poll.method, poll.shows_ended)


@pytest.mark.parametrize("count", [1, 5])
def test_a_filter_that_shows_no_ended_ones_is_used_on(count: int) -> None:
    """What was not on it has ended: it may be too late for it, but nothing was hidden."""
    audience = Audience(CROWD)
    ended = audience.names[:count]
    audience.answer(audience.ask(at=0), at=0, ended=ended)

    audience.answer(audience.ask(at=0), at=0, ended=ended)
    poll = audience.ask(at=40)

    assert (PollMethod.LIST_PENDING, True) == (poll.method, poll.shows_ended)


@pytest.mark.parametrize("count", [4, CROWD], ids=["by name", "pending"])
def test_trouble_of_a_list_that_passes_reaches_all_it_was_for(count: int) -> None:
    """They wait it out, each with its own limit, and lists go on."""
    audience = Audience(count)
    told = refuse(audience, UNAVAILABLE, at=0)

    assert not told
    assert all(
        ([UNAVAILABLE], [False]) == (recorder.answers, recorder.permanent)
        for recorder in audience.recorders.values()
    )
    assert audience.family.due(0) == pytest.approx(1, abs=0.01)
    assert PollMethod.GET is not audience.ask(at=1).method


def test_trouble_of_lists_that_lasts_is_an_end() -> None:
    """After the limit of each."""
    audience = Audience(4, policy=PollPolicy(transient_error_limit=60))
    for at in (0, 30, 60):
        refuse(audience, UNAVAILABLE, at=at)

    assert all(
        [False, False, True] == recorder.permanent for recorder in audience.recorders.values()
    )
    assert 0 == len(audience.family.watched)


def test_the_number_of_pages_says_what_is_cheaper() -> None:
    """Sixty of our own among the operations of everybody."""
    audience = Audience(CROWD)
    assert [PollMethod.LIST_PENDING] == ways(audience, at=0)

    audience.family.listed(pages=3)

    assert [PollMethod.LIST_NAMED] * 2 == ways(audience, at=40)
