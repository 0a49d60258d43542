# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""E23: many kills at once, in virtual time: every cancel goes out, within both limits."""

from __future__ import annotations

import pytest

from airflow_spanner_lro.core.operations.settlement import Ending

from .kill_simulation import QUOTA, Stroke, strike

WITHIN = 28.0


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.5, 1.0])
@pytest.mark.parametrize("others", [0, 1000])
@pytest.mark.parametrize(("kills", "instances"), [(60, 5), (60, 60), (300, 10), (300, 100)])
def test_every_cancel_is_sent_in_time(kills: int, instances: int, others: int, rate: float) -> None:
    """However many and however small the budget, no kill waits for a poll that does not come."""
    struck = strike(Stroke(kills=kills, instances=instances, others=others, rate=rate))

    assert kills == sum(seconds <= WITHIN for seconds in struck.cancels)
    assert struck.polls <= 100 * rate
    assert struck.all_ <= QUOTA
    assert 0 == struck.endings[Ending.NOT_SENT]
    assert 0 == struck.unseen


@pytest.mark.slow
@pytest.mark.parametrize("after", [60.0, 900.0], ids=["soon", "later"])
@pytest.mark.parametrize("others", [0, 1000])
def test_every_cancel_is_sent_in_time_while_the_budget_is_high(
    *, others: int, after: float
) -> None:
    """A budget that has risen, because ends would be noticed late, takes no room from cancels."""
    struck = strike(Stroke(kills=300, instances=100, others=others, busy=3.0, after=after))

    assert 300 == sum(seconds <= WITHIN for seconds in struck.cancels)
    assert 100 < struck.polls <= 200
    assert struck.all_ <= QUOTA
    assert 0 == struck.endings[Ending.NOT_SENT]


@pytest.mark.parametrize("waits", [True, False], ids=["polled long ago", "never polled"])
def test_nobody_needs_to_have_been_polled(*, waits: bool) -> None:
    """Kills of what was polled two minutes ago, or by another process, send their cancels too."""
    struck = strike(Stroke(kills=60, instances=60, others=60, rate=0.5, waits=waits))

    assert 60 == sum(seconds <= WITHIN for seconds in struck.cancels)


@pytest.mark.slow
def test_some_outcomes_are_seen_although_the_budget_binds() -> None:
    """One list tells what became of all kills of an instance, and the others are polled on."""
    struck = strike(Stroke(kills=300, instances=30, others=1000))

    assert 300 == len(struck.cancels)
    assert struck.endings[Ending.CANCELLED] >= 50
    assert 0 == struck.unseen


@pytest.mark.slow
def test_more_than_spanner_takes() -> None:
    """Of a thousand kills each is sent or told as not sent, and the reaper ends those."""
    struck = strike(Stroke(kills=1000, instances=100, others=1000), looked_at_after=(WITHIN, 300.0))

    assert struck.endings[Ending.NOT_SENT] == struck.left[WITHIN] > 0
    assert 0 == struck.left[300.0]
    assert struck.all_ <= QUOTA
