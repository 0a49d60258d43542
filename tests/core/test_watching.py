# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a condition is asked again and again, and what is said meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.flows.commands import Get
from airflow_spanner_lro.core.flows.conditions import (
    ConditionLog,
    Met,
    NothingInProgress,
    NotYet,
    OperationsSucceeded,
    wait_until_met,
)
from airflow_spanner_lro.core.lists.listing import pending_queries
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.core.polling.policy import PollPolicy

from .builders import DENIED, NAME, NOW, OTHER, UNAVAILABLE, running, succeeded
from .playing import play

if TYPE_CHECKING:
    from airflow_spanner_lro.core.flows.conditions import Verdict

EVEN = PollPolicy(maximum=10, jitter=0)
DATABASE = DatabaseName(project="test", instance="main", database="orders")
ALL = OperationsSucceeded(names=(NAME, OTHER), any_=False)
QUIET = NothingInProgress(on=DATABASE, queries=pending_queries(DATABASE, field="types"))


def test_a_watch_asks_until_it_is_met() -> None:
    """A watch looks, sleeps and looks again; what ended is not asked again."""
    heard: list[Verdict] = []
    flow = wait_until_met(ALL, policy=EVEN, on_verdict=heard.append)

    played = play(flow, [succeeded(), running(name=OTHER), UNAVAILABLE, succeeded(name=OTHER)])

    assert [Get(NAME), Get(OTHER), Get(OTHER), Get(OTHER)] == played.asked
    assert [str(NAME), str(OTHER)] == played.result
    assert [NotYet, NotYet, Met] == [type(each) for each in heard]


def test_names_come_in_the_order_given() -> None:
    """In whatever order the operations end, their names are told in that of the argument."""
    flow = wait_until_met(ALL, policy=EVEN, on_verdict=lambda _: None)

    played = play(flow, [running(), succeeded(name=OTHER), succeeded()])

    assert [str(NAME), str(OTHER)] == played.result


def test_a_watch_that_cannot_be_met_raises() -> None:
    """A watch ends with the error of its condition."""
    flow = wait_until_met(QUIET, policy=EVEN, on_verdict=lambda _: None)

    with pytest.raises(type(DENIED)):
        play(flow, [(), (running(),), DENIED])


def test_trouble_that_lasts_too_long_counts() -> None:
    """Transient errors are waited out for so long, counted from the last answer."""
    policy = PollPolicy(maximum=1, jitter=0, transient_error_limit=2)
    flow = wait_until_met(QUIET, policy=policy, on_verdict=lambda _: None)

    with pytest.raises(type(UNAVAILABLE)):
        play(flow, [UNAVAILABLE, (), (running(),), UNAVAILABLE, UNAVAILABLE, UNAVAILABLE])


def test_narration_is_about_changes() -> None:
    """The same answer again is not worth a line; trouble and its end are one line each."""
    narrator = ConditionLog()
    heard: list[Verdict] = [
        NotYet(condition=QUIET, message="busy"),
        NotYet(condition=QUIET, message="busy"),
        NotYet(condition=QUIET, trouble=UNAVAILABLE),
        NotYet(condition=QUIET, trouble=UNAVAILABLE),
        NotYet(condition=QUIET, message="busy"),
        Met(facts=None, message="quiet"),
    ]

    lines = [line for each in heard for line in narrator.lines(each, now=datetime.now(tz=UTC))]

    assert ["busy", "Spanner is no", "Spanner answers again.", "quiet"] == [
        line[:13] if "not answering" in line else line for line in lines
    ]


def test_operations_are_narrated_one_by_one() -> None:
    """Each operation has its own progress to tell."""
    narrator = ConditionLog()
    seen = [running(percent=40), running(name=OTHER, percent=40), running(percent=41)]

    lines = [line for each in seen for line in narrator.lines(each, now=NOW)]

    assert 2 == len(lines)


def test_errors_are_told_by_the_look() -> None:
    """An error of a get is heard twice, and told once."""
    assert [] == ConditionLog().lines(UNAVAILABLE, now=NOW)
