# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for several operations, driven by hand: which requests are shared, what ends the wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.flows.commands import Answer, Flow, Get, ListOperations, Sleep
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.flows.several import (
    MOST_IN_A_LIST,
    REQUESTS_PER_SECOND,
    wait_for_several,
)
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    OperationName,
    SsdCacheName,
)
from airflow_spanner_lro.core.polling.policy import PollPolicy

from .sample_values import DENIED, GONE, NAME, OTHER, UNAVAILABLE, failed, running, succeeded
from .scripted_flows import DEADLINE, play

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    Outcomes = Mapping[OperationName, OperationSnapshot | Exception]

ORDERS = DatabaseName(project="test", instance="main", database="orders")
ON_DATABASE = OperationName(resource=ORDERS, operation="_auto_op_3")
EVEN = PollPolicy(maximum=10, jitter=0)


def waiting(
    *names: OperationName,
    policy: PollPolicy = EVEN,
    first: bool = False,
    seen: list[tuple[OperationName, OperationSnapshot | Exception]] | None = None,
) -> Flow[Outcomes]:
    """Return the flow that waits for some operations."""
    noted = [] if seen is None else seen
    return wait_for_several(
        names=names,
        policy=policy,
        first=first,
        on_answer=lambda name, answer: noted.append((name, answer)),
    )


def names_in(command: object) -> list[str]:
    """Return the operations that a list asks for."""
    assert isinstance(command, ListOperations)
    return [each for each in command.query.server_filter.split('"') if each.startswith("projects/")]


def test_one_is_got_by_its_name() -> None:
    """A list would not save anything."""
    end = succeeded()

    played = play(waiting(NAME), [running(), end])

    assert [Get(NAME)] * 2 == played.asked
    assert {NAME: end} == played.result


def test_those_of_a_family_share_a_list() -> None:
    """Two backups of an instance are asked about by one request, until one is left."""
    script: Sequence[Answer] = [
        (running(), running(name=OTHER)),
        (running(), succeeded(name=OTHER)),
        succeeded(),
    ]

    played = play(waiting(NAME, OTHER), script)

    first, second, last = played.asked
    assert [str(NAME), str(OTHER)] == names_in(first) == names_in(second)
    assert Get(NAME) == last
    assert {NAME, OTHER} == set(played.result or {})


def test_another_family_is_asked_apart() -> None:
    """Backups and databases have lists of their own, so one of each is got by name."""
    played = play(waiting(NAME, ON_DATABASE), [succeeded(), succeeded(name=ON_DATABASE)])

    assert [Get(NAME), Get(ON_DATABASE)] == played.asked


def test_what_no_call_lists_is_got() -> None:
    """The caches of a configuration have no list across them."""
    caches = [
        OperationName(
            resource=SsdCacheName(project="test", config="regional-x", ssd_cache="hot"),
            operation=f"_auto_op_{number}",
        )
        for number in range(2)
    ]

    played = play(waiting(*caches), [succeeded(name=name) for name in caches])

    assert [Get(name) for name in caches] == played.asked


def test_a_list_has_an_end() -> None:
    """Many names are asked for by several lists, none of them longer than a proxy takes."""
    backup = BackupName(project="test", instance="main", backup="nightly")
    names = [
        OperationName(resource=backup, operation=f"_auto_op_{number}")
        for number in range(MOST_IN_A_LIST + 5)
    ]
    every = tuple(succeeded(name=name) for name in names)

    played = play(waiting(*names), [every, every])

    assert [MOST_IN_A_LIST, 5] == [len(names_in(each)) for each in played.asked]


def test_what_a_list_leaves_out_is_got() -> None:
    """A list may lag behind; only a get tells that an operation is gone."""
    played = play(waiting(NAME, OTHER), [(succeeded(),), GONE])

    assert Get(OTHER) == played.asked[-1]
    assert GONE is (played.result or {})[OTHER]


def test_a_refused_list_is_not_tried_again() -> None:
    """Where lists are not allowed, each is got by its name, from then on."""
    script: Sequence[Answer] = [
        DENIED,
        *(running(), running(name=OTHER)),
        *(succeeded(), succeeded(name=OTHER)),
    ]

    played = play(waiting(NAME, OTHER), script)

    lists = [each for each in played.asked if isinstance(each, ListOperations)]
    assert 1 == len(lists)
    assert {NAME, OTHER} == set(played.result or {})


def test_trouble_is_waited_out_by_all() -> None:
    """A list that is not answered says nothing about any of them; each hears of it."""
    seen: list[tuple[OperationName, OperationSnapshot | Exception]] = []
    both = (succeeded(), succeeded(name=OTHER))

    played = play(waiting(NAME, OTHER, seen=seen), [UNAVAILABLE, both])

    assert [(NAME, UNAVAILABLE), (OTHER, UNAVAILABLE)] == seen[:2]
    assert {NAME: both[0], OTHER: both[1]} == played.result


def test_trouble_has_an_end() -> None:
    """What lasts longer than the limit is the outcome of each."""
    policy = PollPolicy(maximum=1, jitter=0, transient_error_limit=2)

    played = play(waiting(NAME, policy=policy), [UNAVAILABLE] * 3)

    assert {NAME: UNAVAILABLE} == played.result


def test_one_that_cannot_be_seen_ends_nobody_elses_wait() -> None:
    """An operation that is unknown is done with; the other goes on being waited for."""
    end = succeeded(name=ON_DATABASE)
    script: Sequence[Answer] = [GONE, running(name=ON_DATABASE), end]

    played = play(waiting(NAME, ON_DATABASE), script)

    assert {NAME: GONE, ON_DATABASE: end} == played.result


def test_the_first_may_be_enough() -> None:
    """Where any will do, the wait ends with the first, however it ended."""
    end = failed(name=OTHER)

    played = play(waiting(NAME, OTHER, first=True), [(running(), end)])

    assert {OTHER: end} == played.result


def test_a_used_up_quota_makes_pauses_grow() -> None:
    """Others ask as well: each refusal for quota doubles the pause."""
    quota = exceptions.ResourceExhausted("Quota exceeded for quota metric 'Administrative'")

    played = play(waiting(NAME), [quota, quota, quota, succeeded()])

    pauses = [each.seconds for each in played.commands if isinstance(each, Sleep)]
    assert 3 == len(pauses)
    assert 1 <= pauses[0]
    assert 4 <= pauses[2]


def test_no_more_than_a_few_requests_a_second() -> None:
    """However young they are, families in many instances are asked about in turn."""
    names = [
        OperationName(
            resource=DatabaseName(project="test", instance=f"main-{number}", database="orders"),
            operation="_auto_op_1",
        )
        for number in range(12)
    ]

    played = play(waiting(*names), [running(name=name) for name in names])

    (pause,) = [each.seconds for each in played.commands if isinstance(each, Sleep)]
    assert len(names) / REQUESTS_PER_SECOND <= pause


def test_a_deadline_is_the_callers_affair() -> None:
    """Time that is up is raised; whoever set it knows what was seen."""
    with pytest.raises(DeadlinePassedError):
        play(waiting(NAME), [running(), DEADLINE])
