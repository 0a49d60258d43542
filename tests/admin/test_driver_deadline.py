# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Deadlines belong to the drivers, and both keep them alike."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.admin.driver import CALL_TIMEOUT
from airflow_spanner_lro.core.flows.commands import Get, Sleep
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError, cancel_and_settle, wait
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.polling.policy import CancelPolicy, PollPolicy

from .scripted_client import NAME, NOW, RUNNING, SUCCEEDED, after

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.flows.commands import Flow

    from .flow_drivers import Driver

EVEN = PollPolicy(maximum=10, jitter=0)


async def test_a_deadline_cuts_the_last_sleep_short(drive: Driver) -> None:
    """The last poll is at the deadline, not after it; then the flow is told."""
    with pytest.raises(DeadlinePassedError):
        await drive(wait(name=NAME, policy=EVEN), [RUNNING] * 7, deadline=after(2))

    *sleeps, last = drive.clock.slept
    assert all(0.3 < seconds < 0.5 for seconds in sleeps)
    assert last < 0.3
    looks = [asked.at for asked in drive.script.asked]
    assert pytest.approx([0, *accumulate(drive.clock.slept)]) == looks
    assert pytest.approx(2) == looks[-1]


async def test_an_operation_that_ends_at_the_deadline_has_ended(drive: Driver) -> None:
    """The poll the deadline counts: success just in time is success."""
    assert SUCCEEDED == await drive(
        wait(name=NAME, policy=EVEN), [RUNNING, RUNNING, SUCCEEDED], deadline=after(1.5)
    )


@pytest.mark.parametrize("deadline", [NOW, after(-3600)], ids=["now", "an hour ago"])
async def test_a_passed_deadline_still_lets_one_look(drive: Driver, deadline: datetime) -> None:
    """Only sleeping is forbidden then: a resumed task must find out what became of its wait."""
    result = await drive(wait(name=NAME, policy=EVEN), [SUCCEEDED], deadline=deadline)

    assert SUCCEEDED == result


async def test_a_passed_deadline_ends_before_the_first_sleep(drive: Driver) -> None:
    """Nothing is slept when no time is left."""
    with pytest.raises(DeadlinePassedError):
        await drive(wait(name=NAME, policy=EVEN), [RUNNING], deadline=NOW)

    assert [] == drive.clock.slept


async def test_a_cancel_is_sent_even_without_any_time_left(drive: Driver) -> None:
    """A budget of nothing still asks for the cancel, and polls once."""
    settlement = await drive(
        cancel_and_settle(name=NAME, policy=CancelPolicy()), [None, RUNNING], deadline=after(-1)
    )

    assert Ending.STILL_RUNNING is settlement.ending
    assert ["cancel", "get"] == [asked.method for asked in drive.script.asked]


async def test_a_flow_may_go_on_after_its_deadline(drive: Driver) -> None:
    """What a flow asks for after it was told is performed; a further sleep is refused again."""

    def stubborn() -> Flow[int]:
        refused = 0
        for _ in range(2):
            try:
                yield Sleep(1)
            except DeadlinePassedError:
                refused += 1
        yield Get(NAME)
        return refused

    refused = await drive(stubborn(), [SUCCEEDED], deadline=NOW)

    assert 2 == refused


@pytest.mark.parametrize(
    ("deadline", "timeout"),
    [
        pytest.param(None, CALL_TIMEOUT, id="no deadline"),
        pytest.param(after(60), CALL_TIMEOUT, id="far"),
        pytest.param(after(4), 4, id="near"),
        pytest.param(after(0.2), 1, id="at least a second"),
        pytest.param(after(-9), 1, id="passed"),
    ],
)
async def test_a_call_may_take_no_longer_than_is_left(
    drive: Driver, deadline: datetime | None, timeout: float
) -> None:
    """A call that hangs must not run over the deadline, by more than a second."""
    await drive(wait(name=NAME, policy=EVEN), [SUCCEEDED], deadline=deadline)

    assert [timeout] == [asked.timeout for asked in drive.script.asked]


async def test_what_is_left_is_reckoned_for_each_call(drive: Driver) -> None:
    """The timeout of a later call is shorter than that of an earlier one."""
    await drive(wait(name=NAME, policy=EVEN), [RUNNING, RUNNING, SUCCEEDED], deadline=after(5))

    first, *later = drive.script.asked
    assert 5 == first.timeout
    assert all(each.at > 0 for each in later)
    assert pytest.approx([5 - each.at for each in later]) == [each.timeout for each in later]
