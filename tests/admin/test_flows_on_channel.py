# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whole flows through a real channel: emulated time passes in their sleeps, and nowhere else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.admin.driver import arun, run
from airflow_spanner_lro.core.flows.operation import cancel_and_settle, stop, wait
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, OperationState
from airflow_spanner_lro.core.polling.policy import CancelPolicy, PollPolicy
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan

from .scripted_client import BACKUP, DATABASE, AsyncFakeClock, FakeClock, after

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from datetime import datetime

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.admin.driver import Observer
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

    from .conftest import StartBackup

T = TypeVar("T")

WHOLE = 1500.0
IGNORES_CANCEL = Plan(cancel_delay=None)
POLICY = PollPolicy(jitter=0)


class Perform(Protocol):
    """Performs a flow through the channel."""

    def __call__(
        self,
        flow: Flow[T],
        *,
        deadline: datetime | None = None,
        on_snapshot: Observer | None = None,
    ) -> Awaitable[T]:
        """Perform it."""
        ...


@pytest.fixture(params=["sync", "async"])
def perform(
    request: pytest.FixtureRequest,
    client: SpannerAdminClient,
    async_client: AsyncSpannerAdminClient,
    clock: ManualClock,
) -> Perform:
    """Return a function that performs a flow with one client, and then with the other."""

    async def perform_it(
        flow: Flow[T],
        *,
        deadline: datetime | None = None,
        on_snapshot: Observer | None = None,
    ) -> T:
        if request.param == "async":
            return await arun(
                flow,
                client=async_client,
                clock=AsyncFakeClock(on_sleep=clock.advance),
                deadline=deadline,
                on_snapshot=on_snapshot,
            )
        return await asyncio.to_thread(
            run,
            flow,
            client=client,
            clock=FakeClock(on_sleep=clock.advance),
            deadline=deadline,
            on_snapshot=on_snapshot,
        )

    return perform_it


def settle(name: OperationName) -> Flow[Settlement]:
    """Return the flow that cancels and settles."""
    return cancel_and_settle(name=name, policy=CancelPolicy())


async def test_a_wait_sees_a_backup_through(
    perform: Perform, emulator: SpannerAdminEmulator, clock: ManualClock, start_backup: StartBackup
) -> None:
    """25 minutes are seen to their end within the last interval, with few calls."""
    name = start_backup().name
    heard: list[OperationSnapshot | Exception] = []

    snapshot = await perform(wait(name=name, policy=POLICY), on_snapshot=heard.append)

    percents = [each.percent for each in heard if isinstance(each, OperationSnapshot)]
    assert OperationState.SUCCEEDED is snapshot.state
    assert after(WHOLE) == snapshot.end_time
    assert after(WHOLE) <= clock.now() <= after(WHOLE + 30)
    assert sorted(percents, key=lambda percent: percent or 0) == percents
    assert len(emulator.calls.of("GetOperation")) == len(heard) < 110


async def test_a_wait_outlives_an_outage(
    perform: Perform, emulator: SpannerAdminEmulator, start_backup: StartBackup
) -> None:
    """K9: ten refused polls in a row change nothing about the result."""
    name = start_backup().name
    emulator.faults.fail(method="GetOperation", times=10)
    heard: list[OperationSnapshot | Exception] = []

    snapshot = await perform(wait(name=name, policy=POLICY), on_snapshot=heard.append)

    assert snapshot.succeeded
    assert [isinstance(each, Exception) for each in heard[:11]] == [True] * 10 + [False]


async def test_a_wait_ends_with_a_failure_as_it_is(
    perform: Perform, emulator: SpannerAdminEmulator, start_backup: StartBackup
) -> None:
    """A failed operation is an answer of the wait, with code and text of the service."""
    emulator.plan(Plan(fail_at=0.5, fail_with=(Code.RESOURCE_EXHAUSTED, "no room")))
    name = start_backup().name

    snapshot = await perform(wait(name=name, policy=POLICY))

    assert snapshot.error is not None
    assert (Code.RESOURCE_EXHAUSTED, "no room") == (snapshot.error.code, snapshot.error.message)


async def test_a_wait_for_nothing_is_not_found(perform: Perform, start_backup: StartBackup) -> None:
    """An operation that Spanner does not know is an error at once."""
    name = start_backup().name
    unknown = type(name)(resource=name.resource, operation="_auto_op_0")

    with pytest.raises(exceptions.NotFound):
        await perform(wait(name=unknown, policy=POLICY))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        pytest.param(Plan(), (Ending.CANCELLED, OperationState.CANCELLED), id="at once"),
        pytest.param(
            Plan(cancel_delay=timedelta(seconds=8)),
            (Ending.CANCELLED, OperationState.CANCELLED),
            id="after a while",
        ),
        pytest.param(
            Plan(cancel_delay=None, duration=timedelta(seconds=8)),
            (Ending.FINISHED_FIRST, OperationState.SUCCEEDED),
            id="it succeeded first",
        ),
        pytest.param(
            Plan(cancel_delay=None, duration=timedelta(seconds=8), fail_at=0.5),
            (Ending.FINISHED_FIRST, OperationState.FAILED),
            id="it failed first",
        ),
        pytest.param(
            IGNORES_CANCEL,
            (Ending.STILL_RUNNING, OperationState.RUNNING),
            id="it ignores the cancel",
        ),
        pytest.param(
            Plan(cancel_delay=timedelta(seconds=31)),
            (Ending.STILL_RUNNING, OperationState.RUNNING),
            id="too late",
        ),
    ],
)
async def test_a_cancel_has_three_endings(
    perform: Perform,
    emulator: SpannerAdminEmulator,
    start_backup: StartBackup,
    plan: Plan,
    expected: tuple[Ending, OperationState],
) -> None:
    """Within a budget of 30 seconds it is known what became of the operation, or that it is not."""
    emulator.plan(plan)
    name = start_backup().name

    settlement = await perform(settle(name), deadline=after(30))

    assert settlement.snapshot is not None
    assert expected == (settlement.ending, settlement.snapshot.state)
    assert emulator.clock.now() <= after(30)
    assert 1 == len(emulator.calls.of("CancelOperation"))


@pytest.mark.parametrize("code", [Code.PERMISSION_DENIED, Code.UNIMPLEMENTED])
async def test_a_refused_cancel_is_told(
    perform: Perform, emulator: SpannerAdminEmulator, start_backup: StartBackup, code: Code
) -> None:
    """The operation goes on, and the settlement says why."""
    emulator.faults.fail(method="CancelOperation", code=code, message="not you", times=None)
    name = start_backup().name

    settlement = await perform(settle(name), deadline=after(30))

    assert Ending.REFUSED is settlement.ending
    assert f"{code.name}: not you" == settlement.detail
    assert OperationState.RUNNING is emulator.operations()[0].state


async def test_an_unknown_operation_is_gone(perform: Perform, start_backup: StartBackup) -> None:
    """There is nothing to cancel, and that is no error."""
    name = start_backup().name
    unknown = type(name)(resource=name.resource, operation="_auto_op_0")

    settlement = await perform(settle(unknown))

    assert Ending.GONE is settlement.ending


async def test_a_cancel_gets_through_an_outage(
    perform: Perform, emulator: SpannerAdminEmulator, start_backup: StartBackup
) -> None:
    """E19: a refused call and a lost answer later, the operation is cancelled all the same."""
    name = start_backup().name
    emulator.faults.fail(method="CancelOperation")
    emulator.faults.fail(method="GetOperation")

    settlement = await perform(settle(name), deadline=after(30))

    assert Ending.CANCELLED is settlement.ending
    assert [
        Code.UNAVAILABLE,
        Code.OK,
    ] == [call.code for call in emulator.calls.of("CancelOperation")]


@pytest.mark.parametrize("trouble", ["GetBackup", "DeleteBackup"])
async def test_a_backup_made_in_spite_of_its_cancel_is_deleted(
    perform: Perform, emulator: SpannerAdminEmulator, start_backup: StartBackup, trouble: str
) -> None:
    """What the operation itself made goes, also if an answer is lost meanwhile."""
    emulator.plan(Plan(cancel_delay=None, duration=timedelta(seconds=8)))
    emulator.faults.lose_answer(method=trouble)
    name = start_backup().name

    settlement = await perform(
        stop(name=name, policy=CancelPolicy(), cleans_up=True), deadline=after(30)
    )

    assert str(BACKUP) == settlement.cleaned_up
    assert "backup" not in {each.noun for each in emulator.resources()}


async def test_a_namesake_of_a_backup_stays(
    perform: Perform,
    emulator: SpannerAdminEmulator,
    client: SpannerAdminClient,
    clock: ManualClock,
    start_backup: StartBackup,
) -> None:
    """A backup that somebody made under the same name later is not ours to delete."""
    name = start_backup().name
    clock.advance(WHOLE)
    client.delete_resource(name=BACKUP)
    emulator.create_backup(str(BACKUP), str(DATABASE))

    settlement = await perform(stop(name=name, policy=CancelPolicy(), cleans_up=True))

    assert Ending.FINISHED_FIRST is settlement.ending
    assert settlement.cleaned_up is None
    assert str(BACKUP) in {each.name for each in emulator.resources()}
