# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked next about the operations of a family: the request that is worth most."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.expected_end import PRICE, Overruns
from airflow_spanner_lro.core.polling.schedule import NAMED_AT_ONCE, Poll, next_poll
from airflow_spanner_lro.core.polling.watched_operation import PollMethod, WatchedOperation

from .sample_values import UNAVAILABLE, after, running
from .watched_operations import POLICY

MANY = NAMED_AT_ONCE + 10


def one(
    name: str | int,
    *,
    polled: float = 20,
    wanted: float | None = None,
    method: PollMethod = PollMethod.LIST_PENDING,
    urgency: Urgency = Urgency.USUAL,
    asked: bool = False,
) -> WatchedOperation:
    """Return an operation that is watched, a thousand seconds old when it was polled.

    :param polled: before how many seconds it was seen to run
    :param wanted: since how many seconds an answer is known to be worth having
    """
    watched = WatchedOperation(name=str(name), policy=POLICY, at=-1000 - polled)
    watched.on_answer(running(), at=-polled, now=after(-polled), overruns=Overruns())
    if urgency < Urgency.USUAL or wanted is not None:
        watched.poll_now(urgency, at=-(wanted or 0.0))
    watched.method, watched.asked = method, asked
    return watched


def several(
    count: int, *, method: PollMethod = PollMethod.LIST_PENDING, polled: float = 20
) -> list[WatchedOperation]:
    """Return some that are alike, named by their number."""
    return [one(number, method=method, polled=polled) for number in range(count)]


def ask(
    *watched: WatchedOperation,
    pages: int = 1,
    lists: bool = True,
    by_name: bool = True,
) -> Poll | None:
    """Return the next poll at 0."""
    return next_poll(watched, at=0, pages=pages, lists=lists, by_name=by_name)


def asked(poll: Poll | None) -> tuple[PollMethod, set[str]] | None:
    """Return how is asked, and about whom."""
    return None if poll is None else (poll.method, set(poll.names))


def about(method: PollMethod, *names: str | int) -> tuple[PollMethod, set[str]]:
    """Return what is expected to be asked."""
    return method, set(map(str, names))


def test_nothing_is_asked_that_is_worth_no_request() -> None:
    """Polled a moment ago, or asked about already."""
    assert ask() is None
    assert ask(one("a", polled=1)) is None
    assert ask(one("a", asked=True)) is None


def test_many_that_are_worth_little_are_worth_a_request_together() -> None:
    """One list tells about all of them."""
    few, many = several(2, polled=3), several(40, polled=3)

    assert ask(*few) is None
    assert about(PollMethod.LIST_NAMED, *range(40)) == asked(ask(*many))


def test_a_poll_says_what_it_is_worth() -> None:
    """The sum of what each of its operations is worth."""
    watched = several(3)

    poll = ask(*watched)

    assert poll is not None
    assert poll.delay == pytest.approx(sum(each.delay(0) for each in watched))


def test_one_is_asked_about_alone() -> None:
    """A get is the smallest question."""
    assert about(PollMethod.GET, 0) == asked(ask(*several(1)))


@pytest.mark.parametrize("count", [2, 3, NAMED_AT_ONCE])
def test_up_to_fifty_are_listed_by_name(count: int) -> None:
    """One request for all of them, which tells about those that have ended as well."""
    assert about(PollMethod.LIST_NAMED, *range(count)) == asked(ask(*several(count)))


def test_more_are_listed_by_that_of_all_that_are_pending() -> None:
    """It is one request however many there are, as long as it has one page."""
    assert about(PollMethod.LIST_PENDING, *range(MANY)) == asked(ask(*several(MANY)))


def test_a_list_tells_about_those_that_were_polled_just_now_too() -> None:
    """They need not be asked about again in a moment, and the request costs no more."""
    for count, method in ((3, PollMethod.LIST_NAMED), (MANY, PollMethod.LIST_PENDING)):
        assert about(method, *range(count), "fresh") == asked(
            ask(*several(count), one("fresh", polled=0.1))
        )


def test_those_that_are_asked_about_are_left_alone() -> None:
    """An answer about them is on its way."""
    assert about(PollMethod.LIST_NAMED, 0, 1, 2) == asked(
        ask(*several(3), one("asked", asked=True, wanted=50))
    )


@pytest.mark.parametrize(
    ("count", "pages", "method", "names"),
    [
        pytest.param(51, 2, PollMethod.LIST_PENDING, 51, id="two lists by name are no gain"),
        pytest.param(
            51, 3, PollMethod.LIST_NAMED, 50, id="two lists by name are fewer than three pages"
        ),
        pytest.param(100, 3, PollMethod.LIST_NAMED, 50, id="twice fifty"),
        pytest.param(101, 3, PollMethod.LIST_PENDING, 101, id="three lists by name are no gain"),
    ],
)
def test_they_are_listed_by_name_where_that_is_cheaper(
    count: int, pages: int, method: PollMethod, names: int
) -> None:
    """In an instance with many other operations the list of all has many pages."""
    poll = ask(*several(count), pages=pages)

    assert poll is not None
    assert (method, names) == (poll.method, len(poll.names))


def test_pages_count_as_requests() -> None:
    """A list of many pages is worth less than a get that ends as much delay."""
    many = several(200)
    alone = one("alone", wanted=5, method=PollMethod.GET)

    assert about(PollMethod.GET, "alone") == asked(ask(*many, alone, pages=4))
    assert about(PollMethod.LIST_PENDING, *range(200)) == asked(ask(*many, alone))


def test_a_list_by_name_is_for_those_that_are_worth_most() -> None:
    """Fifty at once, and the others next time."""
    many = [one(number, polled=number) for number in range(MANY)]

    poll = ask(*many, pages=9)

    assert about(PollMethod.LIST_NAMED, *range(10, MANY)) == asked(poll)


def test_one_that_is_on_no_pending_list_is_asked_about_alone() -> None:
    """Whoever has left the list has ended, most likely, and a list would be for nobody else."""
    gone = one("gone", wanted=5, method=PollMethod.LIST_NAMED)

    assert about(PollMethod.GET, "gone") == asked(ask(*several(MANY), gone))


def test_many_that_are_on_no_pending_list_are_asked_about_by_name() -> None:
    """The list of all that are pending is of no use for them, however short it is."""
    gone = several(MANY, method=PollMethod.LIST_NAMED)

    poll = ask(*gone)

    assert poll is not None
    assert (PollMethod.LIST_NAMED, NAMED_AT_ONCE) == (poll.method, len(poll.names))


def test_those_that_are_pending_are_no_part_of_a_list_of_those_that_left() -> None:
    """And those that left are no part of the pending list."""
    gone = [one(name, method=PollMethod.LIST_NAMED, wanted=30) for name in "abc"]
    little = [one(name, method=PollMethod.LIST_NAMED) for name in "abc"]

    assert about(PollMethod.LIST_NAMED, *"abc") == asked(ask(*several(MANY), *gone))
    assert about(PollMethod.LIST_PENDING, *range(MANY)) == asked(ask(*several(MANY), *little))


def test_whom_no_list_shows_is_asked_about_alone() -> None:
    """However many there are, the one that is worth most."""
    hidden = [one(number, method=PollMethod.GET, polled=20 + number) for number in range(5)]

    assert about(PollMethod.GET, 4) == asked(ask(*hidden))


def test_cancels_are_not_answered_by_a_list_of_all() -> None:
    """Not to be on it would be no answer, and its pages may take their time."""
    cancel = one("c", urgency=Urgency.DECIDING)
    under_way = one("c", urgency=Urgency.DECIDING, asked=True)

    poll = ask(*several(MANY), cancel)

    assert about(PollMethod.GET, "c") == asked(poll)
    assert poll is not None
    assert (Urgency.DECIDING, math.inf) == (poll.urgency, poll.delay)
    assert about(PollMethod.LIST_PENDING, *range(MANY)) == asked(ask(*several(MANY), under_way))


def test_many_cancels_are_asked_about_by_name() -> None:
    """A stop of the whole Dag run is two requests less."""
    cancels = [one(name, urgency=Urgency.DECIDING) for name in "abc"]

    poll = ask(*several(MANY), *cancels)

    assert about(PollMethod.LIST_NAMED, *"abc") == asked(poll)
    assert poll is not None
    assert Urgency.DECIDING is poll.urgency


@pytest.mark.parametrize(("lists", "by_name"), [(False, True), (True, False)])
def test_the_cancel_that_has_waited_longest_is_asked_about_where_no_list_can_be(
    lists: bool, by_name: bool
) -> None:
    """One after the other, and in their order."""
    cancels = [
        one(name, urgency=Urgency.DECIDING, wanted=wanted)
        for name, wanted in (("a", 1), ("b", 3), ("c", 2))
    ]

    assert about(PollMethod.GET, "b") == asked(ask(*cancels, lists=lists, by_name=by_name))


def test_cancels_that_no_list_shows_are_not_asked_about_by_lists() -> None:
    """Each list would be in vain, and a kill has half a minute."""
    hidden = [one(name, urgency=Urgency.DECIDING, method=PollMethod.GET) for name in "ab"]

    poll = ask(*several(3), *hidden)

    assert poll is not None
    assert (PollMethod.GET, 1) == (poll.method, len(poll.names))


def test_a_poll_is_as_urgent_as_the_most_urgent_it_is_for() -> None:
    """One of them seems to have ended."""
    poll = ask(*several(3), one("ending", urgency=Urgency.ENDING))

    assert poll is not None
    assert Urgency.ENDING is poll.urgency


@pytest.mark.parametrize("method", [PollMethod.LIST_PENDING, PollMethod.LIST_NAMED])
@pytest.mark.parametrize("count", [10, MANY])
def test_without_lists_all_are_asked_about_alone(method: PollMethod, count: int) -> None:
    """For example because a permission is missing."""
    poll = ask(*several(count, method=method), lists=False)

    assert poll is not None
    assert (PollMethod.GET, 1) == (poll.method, len(poll.names))


@pytest.mark.parametrize(("count", "pages"), [(3, 1), (3, 3), (9, 9)])
def test_without_filters_by_name_the_pending_list_remains(count: int, pages: int) -> None:
    """Where it is not more requests than gets would be."""
    assert about(PollMethod.LIST_PENDING, *range(count)) == asked(
        ask(*several(count), pages=pages, by_name=False)
    )


@pytest.mark.parametrize(("count", "pages"), [(2, 1), (3, 4), (8, 9)])
def test_without_filters_by_name_few_are_asked_about_alone(count: int, pages: int) -> None:
    """Among thousands of others, a list of many pages would be for three."""
    poll = ask(*several(count), pages=pages, by_name=False)

    assert poll is not None
    assert PollMethod.GET is poll.method


def test_the_longest_interval_is_kept_however_many_pages_a_list_has() -> None:
    """Nobody is expected to end soon, and everybody is due."""
    old = [one(number, polled=POLICY.maximum) for number in range(4)]
    for each in old:
        seen = running(percent=1, start_time=after(-1e7))
        each.on_answer(seen, at=-POLICY.maximum, now=after(0), overruns=Overruns())

    for pages in (1, 2, 9):
        assert ask(*old, pages=pages) is not None
        assert ask(*old, pages=pages, by_name=False) is not None
        assert ask(*old, pages=pages, lists=False) is not None


def test_without_filters_by_name_those_that_left_are_asked_about_alone() -> None:
    """There is no list that shows them."""
    poll = ask(*several(10, method=PollMethod.LIST_NAMED), by_name=False)

    assert poll is not None
    assert PollMethod.GET is poll.method


def test_who_waits_for_a_second_goes_before_who_is_only_likely_to_have_ended() -> None:
    """An end that seems to be there is worth more than many that may be."""
    gone = one("gone", wanted=3, method=PollMethod.LIST_NAMED)
    likely = several(MANY)

    assert about(PollMethod.GET, "gone") == asked(ask(*likely, gone))


def test_nobody_starves() -> None:
    """What is not asked about is worth more each second, until it is worth most."""
    waiting = one("waiting", polled=200, method=PollMethod.GET)

    assert about(PollMethod.GET, "waiting") == asked(ask(*several(MANY, polled=15), waiting))


def test_trouble_that_passes_is_not_asked_about_again_at_once() -> None:
    """Not alone, and not as a part of a list: it would only be refused again."""
    troubled = one("troubled", wanted=10)
    troubled.on_answer(UNAVAILABLE, at=-0.5, now=after(0), overruns=Overruns())

    assert ask(troubled) is None


watches = st.builds(
    one,
    st.integers(),
    polled=st.floats(0, 300),
    wanted=st.none() | st.floats(0, 100),
    method=st.sampled_from(PollMethod),
    urgency=st.sampled_from([Urgency.DECIDING, Urgency.ENDING, Urgency.USUAL]),
    asked=st.booleans(),
)


@pytest.mark.slow
@given(
    watched=st.lists(watches, max_size=120, unique_by=lambda each: each.name),
    pages=st.integers(1, 5),
    lists=st.booleans(),
    by_name=st.booleans(),
)
def test_what_is_asked_is_worth_as_much_as_any_get(
    watched: list[WatchedOperation], pages: int, lists: bool, by_name: bool
) -> None:
    """Whatever the others are, nobody is passed over for less, and cancels come first."""
    free = {each.name: each for each in watched if not each.asked}
    deciding = {name for name, each in free.items() if each.urgency is Urgency.DECIDING}
    most = max((each.delay(0) for each in free.values()), default=0.0)

    poll = ask(*watched, pages=pages, lists=lists, by_name=by_name)

    if most >= PRICE and pages == 1:
        assert poll is not None
    if poll is not None:
        assert len(set(poll.names)) == len(poll.names)
        assert set(poll.names) <= set(free)
        assert len(poll.names) > 1 or poll.method is PollMethod.GET
        assert len(poll.names) <= NAMED_AT_ONCE or poll.method is PollMethod.LIST_PENDING
        assert lists or poll.method is PollMethod.GET
        assert by_name or poll.method is not PollMethod.LIST_NAMED
        assert all(free[name].method <= poll.method for name in poll.names)
        assert not deciding or set(poll.names) <= deciding
        if not deciding and pages == 1:
            assert poll.delay >= most - 1e-9
