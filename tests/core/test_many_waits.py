# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Two hundred operations in twenty instances, under one budget, in virtual time."""

from __future__ import annotations

from bisect import bisect_left
from itertools import cycle
from statistics import mean

import pytest

from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.polling.watched_operation import PollMethod

from .polling_simulation import Crowd, Member, members

COUNT, GROUPS = 200, 20
OLD = cycle([3600.0])
MIXED = cycle([0.0, 10.0, 60.0, 250.0, 3600.0, 14400.0, 90.0])
"""Ages; seven of them, so that each instance has all."""


def most_in_a_hundred_seconds(crowd: Crowd) -> int:
    """Return how many requests the busiest hundred seconds had."""
    moments = [at for at, _ in crowd.requests]
    return max(bisect_left(moments, at + 100) - index for index, at in enumerate(moments))


def noticed(member: Member) -> bool:
    """Tell whether its end was heard of."""
    last = member.recorder.answers[-1]
    return isinstance(last, OperationSnapshot) and last.done


@pytest.mark.slow
def test_one_list_is_for_all_of_an_instance() -> None:
    """Two hundred operations are twenty requests, and no interval is longer than it may be."""
    crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD))

    crowd.run(until=1000)

    assert {PollMethod.LIST_NAMED} == {way for _, way in crowd.requests}
    assert most_in_a_hundred_seconds(crowd) <= 100
    assert all(max(member.gaps) <= 30 for member in crowd.members.values())


@pytest.mark.slow
def test_more_of_an_instance_than_a_list_by_name_shows_are_one_list_too() -> None:
    """Two hundred operations are two requests; who left the list is asked about by name."""
    crowd = Crowd(members(COUNT, groups=2, ages=OLD))
    for number, member in enumerate(crowd.members.values()):
        if number % 5 == 0:
            member.ends = 200 + 3.7 * number

    crowd.run(until=1200)

    late = [each.polls[-1] - each.ends for each in crowd.members.values() if each.ends < 1200]
    assert max(late) <= 6
    assert PollMethod.LIST_PENDING in {way for _, way in crowd.requests}


@pytest.mark.slow
def test_the_budget_is_kept_and_everybody_is_looked_at() -> None:
    """Old and young ones together, with lists and without."""
    for lists in (True, False):
        crowd = Crowd(members(COUNT, groups=GROUPS, ages=MIXED), rate=0.5, lists=lists)

        crowd.run(until=2000)

        assert most_in_a_hundred_seconds(crowd) <= 50
        assert all(len(member.polls) >= 3 for member in crowd.members.values())


@pytest.mark.slow
def test_every_end_is_noticed() -> None:
    """Whether it comes early or late, and whether lists are permitted or not."""
    for lists in (True, False):
        crowd = Crowd(members(COUNT, groups=GROUPS, ages=MIXED), lists=lists)
        for number, member in enumerate(crowd.members.values()):
            member.ends = 10.0 * number

        crowd.run(until=3000)

        assert all(map(noticed, crowd.members.values()))
        assert all(member.polls[-1] - member.ends < 400 for member in crowd.members.values())


@pytest.mark.slow
def test_ends_are_noticed_within_an_interval_where_the_budget_does_not_bind() -> None:
    """Each second two of twenty instances are listed, so ten seconds are all it takes."""
    crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD), rate=2)
    for number, member in enumerate(crowd.members.values()):
        member.ends = 200 + 3.7 * number

    crowd.run(until=1200)

    late = sorted(member.polls[-1] - member.ends for member in crowd.members.values())
    assert late[int(0.95 * COUNT)] <= 15
    assert late[-1] <= 20


@pytest.mark.slow
def test_a_budget_that_may_rise_rises_while_there_is_too_little() -> None:
    """Three times as many polls, within the higher limit, and ends are noticed sooner."""
    found = []
    for busy in (None, 3.0):
        crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD), rate=1, busy=busy, lists=False)
        for number, member in enumerate(crowd.members.values()):
            member.ends = 1000 + 3.7 * number
        crowd.run(until=2500)
        assert most_in_a_hundred_seconds(crowd) <= 100 * (busy or 1)
        found.append(mean(each.polls[-1] - each.ends for each in crowd.members.values()))

    assert found[1] < found[0] / 2


@pytest.mark.slow
def test_intervals_of_equals_stretch_evenly() -> None:
    """Two hundred gets each half a minute are wanted, and there is room for twenty-five."""
    crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD), lists=False)

    crowd.run(until=4000)

    means = [member.mean_gap for member in crowd.members.values()]
    assert 150 < crowd.mean_gap < 300
    assert max(means) / min(means) < 1.15
    assert max(max(member.gaps) for member in crowd.members.values()) < 1.5 * crowd.mean_gap


@pytest.mark.slow
def test_a_short_interval_takes_nothing_from_others_where_there_is_too_little() -> None:
    """Each waits for its turn as long as the others, whatever interval was asked for."""
    everybody = members(COUNT, groups=GROUPS, ages=OLD)
    short, long = everybody[::2], everybody[1::2]
    for some, maximum in ((short, 5), (long, 60)):
        for member in some:
            member.policy = PollPolicy(maximum=maximum)

    Crowd(everybody, lists=False).run(until=4000)

    turns = [mean(member.mean_gap for member in some) for some in (short, long)]
    assert turns[0] > 150
    assert 0.9 < turns[0] / turns[1] < 1.1


@pytest.mark.slow
def test_big_and_small_instances_stretch_evenly() -> None:
    """Who shares an instance with many others waits no longer, and no less."""
    alone = members(10, groups=10, ages=OLD)
    crowd = Crowd(
        [
            *alone,
            *(
                Member(name=type(each.name).parse(str(each.name).replace("main-0", "big")), age=9e3)
                for each in members(100, groups=1, ages=OLD)
            ),
        ],
        rate=0.5,
        lists=False,
    )

    crowd.run(until=4000)

    small = mean(member.mean_gap for member in alone)
    others = [member.mean_gap for member in crowd.members.values() if member not in alone]
    assert 0.9 < small / mean(others) < 1.1


@pytest.mark.slow
def test_who_is_about_to_end_goes_first_but_not_for_ever() -> None:
    """Half of them say for an hour that they are at 99 %; the others are worth more each second."""
    crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD), lists=False)
    ending, usual = list(crowd.members.values())[::2], list(crowd.members.values())[1::2]
    for member in ending:
        member.percent = 99

    crowd.run(until=4000)

    first, later = (mean(member.mean_gap for member in some) for some in (ending, usual))
    assert first < later < 3 * len(usual) / 0.8
    assert max(max(member.gaps) for member in usual) < 1.5 * later


@pytest.mark.slow
def test_one_who_is_about_to_end_is_seen_sooner_than_the_rest() -> None:
    """Among many that are not."""
    crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD), lists=False)
    one, *rest = crowd.members.values()
    one.percent = 99

    crowd.run(until=4000)

    assert one.mean_gap < min(member.mean_gap for member in rest) - 10


@pytest.mark.slow
def test_cancels_wait_for_nobody() -> None:
    """In the middle of a crowd for which the budget is far too small."""
    crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD), lists=False)
    crowd.run(until=1000)
    stopped = list(crowd.members.values())[::25]

    for member in stopped:
        crowd.poll_now(member)
    crowd.run(until=1000.5)

    assert [1000.0] * len(stopped) == [member.polls[-1] for member in stopped]


@pytest.mark.slow
def test_a_service_that_refuses_is_left_in_peace_and_then_all_goes_on() -> None:
    """Five minutes without quota: a handful of requests, no end is missed, nobody fails."""
    crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD), refuses=(500, 800))
    for number, member in enumerate(crowd.members.values()):
        member.ends = 400 + 2.5 * number

    crowd.run(until=1400)

    assert sum(500 <= at < 800 for at, _ in crowd.requests) < 15
    assert all(map(noticed, crowd.members.values()))
    assert not any(any(member.recorder.permanent) for member in crowd.members.values())


@pytest.mark.slow
def test_lists_that_are_not_permitted_cost_little() -> None:
    """One refusal for each instance and hour; all else are gets, and within the budget."""
    crowd = Crowd(members(COUNT, groups=GROUPS, ages=OLD), lists=False)

    crowd.run(until=3000)

    lists = [at for at, way in crowd.requests if way is not PollMethod.GET]
    assert GROUPS == len(lists)
    assert most_in_a_hundred_seconds(crowd) <= 100
