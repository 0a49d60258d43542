# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked next about the operations of a family: with as few requests as possible."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.core.polling.schedule import (
    NAMED_AT_ONCE,
    Poll,
    PollMethod,
    WatchedOperation,
    next_poll,
)

from .watched_operations import POLICY


def one(
    name: str | int,
    *,
    due: float = 0,
    method: PollMethod = PollMethod.LIST_PENDING,
    urgency: Urgency = Urgency.USUAL,
    asked: bool = False,
    interval: float = 0,
) -> WatchedOperation:
    """Return an operation that is watched."""
    watched = WatchedOperation(name=str(name), policy=POLICY, at=0)
    watched.due, watched.method, watched.urgency = due, method, urgency
    watched.asked, watched.interval = asked, interval
    return watched


def several(
    count: int, *, method: PollMethod = PollMethod.LIST_PENDING, due: float = 0
) -> list[WatchedOperation]:
    """Return some that are alike, named by their number."""
    return [one(number, method=method, due=due) for number in range(count)]


def ask(
    *watched: WatchedOperation,
    at: float = 0,
    fair: bool = False,
    pages: int = 1,
    lists: bool = True,
    by_name: bool = True,
) -> Poll | None:
    """Return the next poll."""
    return next_poll(watched, at=at, fair=fair, pages=pages, lists=lists, by_name=by_name)


def asked(method: PollMethod, *names: str | int, urgency: Urgency = Urgency.USUAL) -> Poll:
    """Return what is expected to be asked."""
    return Poll(method=method, names=tuple(map(str, names)), urgency=urgency)


def test_nothing_is_asked_while_nothing_is_due() -> None:
    """Being nearly due is not enough, and neither is being asked about already."""
    assert ask() is None
    assert ask(*several(5, due=1)) is None
    assert ask(one("a", asked=True)) is None
    assert ask(one("a", due=1, interval=10)) is None


@pytest.mark.parametrize("count", [1, 2])
def test_few_are_asked_about_alone(count: int) -> None:
    """A get is the smallest question, and two of them are no more requests than a list and one."""
    assert asked(PollMethod.GET, 0) == ask(*several(count))


def test_three_are_worth_a_list() -> None:
    """One request for all of them."""
    assert asked(PollMethod.LIST_PENDING, 0, 1, 2) == ask(*several(3))


def test_the_pending_list_tells_about_those_that_are_not_due_too() -> None:
    """They need not be asked about again in a moment."""
    assert asked(PollMethod.LIST_PENDING, 0, 1, 2, "later") == ask(
        *several(3), one("later", due=1000)
    )


def test_those_that_are_nearly_due_make_a_list_worth_it() -> None:
    """One that is due and two that are within a quarter of their interval."""
    soon = [one(name, due=2, interval=8) for name in "bc"]

    assert asked(PollMethod.LIST_PENDING, "a", "b", "c") == ask(one("a"), *soon)
    assert asked(PollMethod.GET, "a") == ask(one("a"), *soon[1:])


def test_those_that_are_asked_about_are_left_alone() -> None:
    """An answer about them is on its way."""
    assert asked(PollMethod.LIST_PENDING, 0, 1, 2) == ask(*several(3), one("asked", asked=True))


@pytest.mark.parametrize(
    ("count", "pages", "method", "names"),
    [
        pytest.param(3, 2, PollMethod.LIST_NAMED, 3, id="three of two pages"),
        pytest.param(50, 2, PollMethod.LIST_NAMED, 50, id="fifty of two pages"),
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
    assert asked(method, *range(names)) == ask(*several(count), pages=pages)


def test_a_list_by_name_is_for_those_that_are_due() -> None:
    """There it costs something to ask about others as well."""
    assert asked(PollMethod.LIST_NAMED, 0, 1, 2) == ask(
        *several(3), one("later", due=1000), pages=9
    )


def test_a_list_by_name_is_for_the_most_urgent() -> None:
    """Fifty at once: those who have waited longest."""
    many = [one(number, due=-number) for number in range(60)]

    poll = ask(*many, pages=9)

    assert asked(PollMethod.LIST_NAMED, *range(59, 9, -1)) == poll


@pytest.mark.parametrize("count", [1, 2])
def test_a_few_that_are_on_no_pending_list_are_asked_about_alone(count: int) -> None:
    """Whoever has left the list has ended, most likely."""
    assert asked(PollMethod.GET, 0) == ask(*several(count, method=PollMethod.LIST_NAMED))


def test_many_that_are_on_no_pending_list_are_asked_about_by_name() -> None:
    """The list of all that are pending is of no use for them, however short it is."""
    gone = several(60, method=PollMethod.LIST_NAMED)

    assert asked(PollMethod.LIST_NAMED, *range(NAMED_AT_ONCE)) == ask(*gone)


def test_those_that_are_pending_are_no_part_of_a_list_of_those_that_left() -> None:
    """And those that left are no part of the pending list."""
    gone = [one(name, method=PollMethod.LIST_NAMED, due=-1) for name in "abc"]

    assert asked(PollMethod.LIST_NAMED, "a", "b", "c") == ask(*several(3), *gone)
    assert asked(PollMethod.LIST_PENDING, 0, 1, 2) == ask(*several(3, due=-2), *gone)


def test_whom_no_list_shows_is_asked_about_alone() -> None:
    """However many there are."""
    assert asked(PollMethod.GET, 0) == ask(*several(5, method=PollMethod.GET))


def test_cancels_are_not_answered_by_the_pending_list() -> None:
    """Not to be on it would be no answer, and its pages may take their time."""
    cancel = one("c", urgency=Urgency.DECIDING)

    assert asked(PollMethod.GET, "c", urgency=Urgency.DECIDING) == ask(*several(10), cancel)
    assert asked(PollMethod.LIST_PENDING, *range(10)) == ask(
        *several(10), one("c", urgency=Urgency.DECIDING, asked=True)
    )


def test_many_cancels_are_asked_about_by_name() -> None:
    """A stop of the whole Dag run is three requests less."""
    cancels = [one(name, urgency=Urgency.DECIDING) for name in "abc"]

    poll = ask(*several(10), *cancels)

    assert asked(PollMethod.LIST_NAMED, "a", "b", "c", urgency=Urgency.DECIDING) == poll


@pytest.mark.parametrize("method", [PollMethod.LIST_PENDING, PollMethod.LIST_NAMED])
def test_without_lists_all_are_asked_about_alone(method: PollMethod) -> None:
    """For example because a permission is missing."""
    assert asked(PollMethod.GET, 0) == ask(*several(10, method=method), lists=False)


def test_without_filters_by_name_the_pending_list_remains() -> None:
    """However many pages it has."""
    assert asked(PollMethod.LIST_PENDING, *range(10)) == ask(*several(10), pages=99, by_name=False)


def test_without_filters_by_name_those_that_left_are_asked_about_alone() -> None:
    """There is no list that shows them."""
    assert asked(PollMethod.GET, 0) == ask(
        *several(10, method=PollMethod.LIST_NAMED), by_name=False
    )


def test_who_goes_first_says_what_is_asked() -> None:
    """The one with the lowest rank: of those that are due, and not of those that are nearly."""
    ending = one("ending", due=-5, urgency=Urgency.ENDING)
    nearly = one("nearly", due=1, interval=10, urgency=Urgency.ENDING)

    assert asked(PollMethod.GET, "ending", urgency=Urgency.ENDING) == ask(one("a", due=-9), ending)
    assert asked(PollMethod.GET, "a") == ask(one("a"), nearly)


def test_in_a_fair_turn_the_one_who_has_waited_longest_goes_first() -> None:
    """However near the end of another is; only a cancel goes before."""
    ending = one("ending", due=-5, urgency=Urgency.ENDING)
    cancel = one("cancel", urgency=Urgency.DECIDING)

    assert asked(PollMethod.GET, "a") == ask(one("a", due=-9), ending, fair=True)
    assert asked(PollMethod.GET, "cancel", urgency=Urgency.DECIDING) == ask(
        one("a", due=-9), cancel, fair=True
    )


watches = st.builds(
    one,
    st.integers(),
    due=st.floats(-100, 100),
    method=st.sampled_from(PollMethod),
    urgency=st.sampled_from(Urgency),
    asked=st.booleans(),
    interval=st.floats(0, 30),
)


@given(
    watched=st.lists(watches, max_size=120, unique_by=lambda each: each.name),
    fair=st.booleans(),
    pages=st.integers(1, 5),
    lists=st.booleans(),
    by_name=st.booleans(),
)
def test_who_goes_first_is_always_asked_about(
    watched: list[WatchedOperation], fair: bool, pages: int, lists: bool, by_name: bool
) -> None:
    """Whatever the others are: so nobody starves, and nobody is asked about twice at a time."""
    free = {each.name: each for each in watched if not each.asked}
    due = [each for each in free.values() if each.due <= 0]

    poll = ask(*watched, fair=fair, pages=pages, lists=lists, by_name=by_name)

    assert (poll is None) == (not due)
    if poll is not None:
        asked_about = {free[name].rank(fair=fair) for name in poll.names}
        assert min(each.rank(fair=fair) for each in due) in asked_about
        assert len(set(poll.names)) == len(poll.names)
        assert len(poll.names) >= 3 or poll.method is PollMethod.GET
        assert all(free[name].method <= poll.method for name in poll.names)
