# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which triggers share a poller, and what a trigger is told when it cannot have one."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from google.auth.credentials import AnonymousCredentials

from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.core.polling.budget import Urgency
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.triggers import lease_board, pollers
from airflow_spanner_lro.triggers.lease_board import LeaseBoard, digest_of
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.pollers import shared_poller
from tests.airflow.fakes import DATABASE, LONG, FakeTask
from tests.airflow.task_runner import backup, defer, fire, over_the_wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from airflow.triggers.base import TriggerEvent
    from pytest_mock import MockerFixture

    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from tests.airflow.fakes import Stage

ONE = ConnectionSpec(gcp_conn_id="one", endpoint=None)
TWO = ConnectionSpec(gcp_conn_id="two", endpoint=None)


class Robot(AnonymousCredentials):
    """Credentials of a service account."""

    def __init__(self, email: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.service_account_email = email


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be two connections."""
    for name in ("ONE", "TWO"):
        connection = json.dumps({"conn_type": "google_cloud_platform"})
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", connection)


def lead_to(mocker: MockerFixture, *emails: str) -> Any:
    """Let connections, in the order in which they are read, be those of service accounts."""
    endpoints = [Endpoint(target="spanner.test:443", credentials=Robot(email)) for email in emails]
    return mocker.patch.object(SpannerAdminHook, "connect", side_effect=endpoints)


def share_a_budget(first: OperationPoller, second: OperationPoller) -> bool:
    """Tell whether what both ask about a project is counted together."""
    return first.project("test").dispatcher.budget is second.project("test").dispatcher.budget


async def test_same_connection(stage: Stage, two: None) -> None:
    """Triggers of one connection share a poller."""
    del stage, two

    first, second = await shared_poller(ONE), await shared_poller(ONE)

    assert first is second


async def test_two_connections_never_share_a_client(two: None, mocker: MockerFixture) -> None:
    """Two connections of one account may have other rights: they share its budget, no channel."""
    del two
    lead_to(mocker, "robot@test", "robot@test")

    first, second = await asyncio.gather(shared_poller(ONE), shared_poller(TWO))

    assert first.spanner is not second.spanner
    assert share_a_budget(first, second)


async def test_another_impersonation_chain(two: None, mocker: MockerFixture) -> None:
    """Whom to impersonate is part of the way, whatever account the connection has."""
    del two
    lead_to(mocker, "robot@test", "robot@test")
    chain = ConnectionSpec(gcp_conn_id="one", impersonation_chain=("other@test",), endpoint=None)

    first, second = await shared_poller(ONE), await shared_poller(chain)

    assert first.spanner is not second.spanner


async def test_another_service_account(two: None, mocker: MockerFixture) -> None:
    """Requests of all accounts to a project count together: Spanner has a limit for them all."""
    del two
    lead_to(mocker, "robot@test", "other@test")

    first, second = await shared_poller(ONE), await shared_poller(TWO)

    assert first.spanner is not second.spanner
    assert share_a_budget(first, second)


@pytest.mark.slow
async def test_budgets_of_nobody_are_forgotten(two: None, mocker: MockerFixture) -> None:
    """Budgets live as long as a poller counts by them."""
    del two
    lead_to(mocker, "robot@test", "other@test")
    shared = (await shared_poller(ONE), pollers._of_loops[asyncio.get_running_loop()])[1]
    (await shared_poller(ONE)).project("test")
    before = len(shared.budgets)

    shared.pollers.clear()
    for _ in range(3):
        # whoever still has to be called has been
        await asyncio.sleep(0)
    gc.collect()

    assert (1, 0) == (before, len(shared.budgets))


async def test_another_endpoint(stage: Stage, two: None) -> None:
    """Another endpoint is another Spanner."""
    del stage, two

    first = await shared_poller(ONE)
    second = await shared_poller(ConnectionSpec(gcp_conn_id="one", endpoint="http://localhost:1"))

    assert first is not second


async def test_a_thousand_triggers_connect_once(two: None, mocker: MockerFixture) -> None:
    """However many triggers begin at the same time, a connection is read once."""
    del two
    connect = lead_to(mocker, "robot@test")

    shared = await asyncio.gather(*(shared_poller(ONE) for _ in range(1000)))

    assert 1 == len(set(map(id, shared)))
    connect.assert_called_once_with()


async def test_one_that_goes_away_while_it_connects(two: None, mocker: MockerFixture) -> None:
    """The first trigger builds for all: the others have the poller even if it is stopped."""
    del two
    lead_to(mocker, "robot@test")
    first = asyncio.create_task(shared_poller(ONE))
    others = [asyncio.create_task(shared_poller(ONE)) for _ in range(3)]
    await asyncio.sleep(0)

    first.cancel()
    shared = await asyncio.gather(*others)

    assert first.cancelled()
    assert 1 == len(set(map(id, shared)))


def test_each_loop_has_its_own(stage: Stage, two: None) -> None:
    """A channel belongs to its event loop, and so does the poller."""
    del stage, two

    first, second = (asyncio.run(shared_poller(ONE)) for _ in range(2))

    assert first is not second


async def test_budget_is_that_of_the_settings(
    stage: Stage, two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The poller has the budget that the configuration gives it."""
    del stage, two
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__MAX_ADMIN_REQUESTS_PER_SECOND", "0.25")

    poller = await shared_poller(ONE)

    assert 25 == poller.project("test").dispatcher.budget.capacity


async def test_budget_is_shared_with_other_triggerers(
    two: None, mocker: MockerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each project has a share, whatever the accounts that ask about it are."""
    del two
    mocker.patch.object(lease_board._here, "board", board := LeaseBoard())
    user = Endpoint(
        target="spanner.test:443",
        credentials=AnonymousCredentials(),
        origin="connection 'two'",
    )
    robot = Endpoint(target="spanner.test:443", credentials=Robot("robot@x.test"))
    mocker.patch.object(SpannerAdminHook, "connect", side_effect=[robot, user])
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__MAX_ADMIN_REQUESTS_PER_SECOND", "0.5")
    asked = [
        (await shared_poller(ONE), "orders"),
        (await shared_poller(ONE), "users"),
        (await shared_poller(TWO), "orders"),
    ]
    for poller, project in asked:
        poller.project(project).dispatcher.budget.delay(Urgency.USUAL, at=1.0)

    expected = [digest_of("spanner.test:443", project).hex() for project in ("orders", "users")]
    assert expected == [wish.key for wish in board.wishes()]
    assert [0.5] * 2 == [wish.rate for wish in board.wishes()]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("MAX_ADMIN_REQUESTS_PER_SECOND", "0"),
        ("MAX_ADMIN_REQUESTS_PER_SECOND", "-1"),
        ("POLL_INTERVAL", "0.001"),
        ("POLL_INTERVALL", "30"),
    ],
)
async def test_bad_settings(
    stage: Stage, two: None, monkeypatch: pytest.MonkeyPatch, *, option: str, value: str
) -> None:
    """A mistake in the configuration is reported at the start, and asks nothing of Spanner."""
    del two
    with monkeypatch.context() as environment:
        environment.setenv(f"AIRFLOW__SPANNER_LRO__{option}", value)
        with pytest.raises(SettingsError, match=rf"\[spanner_lro\] {option.lower()}"):
            await shared_poller(ONE)

    # once it is right, the next trigger that comes can wait
    await shared_poller(ONE)
    assert not stage.emulator.calls


def test_trigger_tells_bad_settings(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trigger that was deferred before somebody made the mistake raises it at its start."""
    stage.emulator.plan(LONG)
    trigger = cast("Any", defer(backup(deferrable=True), task).trigger)
    before = len(stage.emulator.calls)
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__MAX_ADMIN_REQUESTS_PER_SECOND", "0")

    with pytest.raises(SettingsError, match="max_admin_requests_per_second"):
        fire(trigger)

    assert before == len(stage.emulator.calls)


@pytest.mark.parametrize("interval", [0.001, 0, float("nan")])
def test_trigger_tells_a_bad_interval(stage: Stage, interval: float) -> None:
    """An interval that is none is reported at the start, and asks nothing of Spanner."""
    trigger = SpannerOperationTrigger(
        operation=f"{DATABASE}/operations/some", poll_interval=interval
    )

    with pytest.raises(ValueError, match="poll_interval"):
        fire(trigger)

    assert not stage.emulator.calls


async def waiting(task: FakeTask, stage: Stage) -> asyncio.Future[TriggerEvent]:
    """Let a trigger wait for a backup until it is between two polls."""
    stage.emulator.plan(LONG)
    deferred = await asyncio.to_thread(defer, backup(deferrable=True), task)
    trigger = over_the_wire(cast("Any", deferred.trigger))
    events = cast("AsyncGenerator[TriggerEvent, None]", trigger.run())
    before = len(stage.emulator.calls)
    future = asyncio.ensure_future(anext(events))
    async with asyncio.timeout(10):
        while len(stage.emulator.calls) == before:  # noqa: ASYNC110  # of other threads
            await asyncio.sleep(0.01)
    # its answer comes, and the next poll is not due yet
    await asyncio.sleep(0.05)
    return future


async def test_kill_between_two_polls(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trigger that is stopped while nothing is asked keeps the reason, and leaves the poller."""
    monkeypatch.setattr("airflow_spanner_lro.core.polling.policy.MINIMUM_INTERVAL", 1.0)
    future = await waiting(task, stage)

    future.cancel("a user acted")
    with pytest.raises(asyncio.CancelledError) as caught:
        await future
    await asyncio.sleep(0.01)

    assert ("a user acted",) == caught.value.args
    (shared,) = pollers._of_loops[asyncio.get_running_loop()].pollers.values()
    assert 0 == shared.poller.waits
    assert shared.poller.idle
    assert not stage.cancels
    assert not stage.operation.done


async def test_end_of_another_does_not_end_it(stage: Stage, task: FakeTask) -> None:
    """One trigger of two for the same operation is stopped, and the other sees the end."""
    first = await waiting(task, stage)
    other = SpannerOperationTrigger(operation=stage.operation.name, endpoint=None)
    second = asyncio.ensure_future(
        anext(cast("AsyncGenerator[TriggerEvent, None]", over_the_wire(other).run()))
    )
    await asyncio.sleep(0.05)

    first.cancel("a user acted")
    stage.finish_upon()
    event = await asyncio.wait_for(second, timeout=10)

    assert "SUCCEEDED" in json.dumps(event.payload)
    assert first.cancelled()
