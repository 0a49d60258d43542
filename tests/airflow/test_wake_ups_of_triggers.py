# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Triggers that are woken by the emulator's own audit log, and by whom it is asked for."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials

from airflow_spanner_lro.admin import pubsub
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.emulator import AuditTopic, ManualClock, SpannerAdminEmulator
from airflow_spanner_lro.hooks.connection import SpannerConnectionHook
from airflow_spanner_lro.triggers import pollers, wake_ups
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.pollers import shared_poller
from airflow_spanner_lro.triggers.wake_ups import WakeUps
from tests.airflow.fakes import DATABASE, LATER, LONG
from tests.airflow.listening import SUBSCRIPTION, TOPIC, Recorder, entry, until, warnings
from tests.airflow.task_runner import backup, play
from tests.support.pubsub import PubSubDouble, running_pubsub

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from airflow.triggers.base import TriggerEvent

    from airflow_spanner_lro.core.polling.wake_ups import WakeUp
    from tests.airflow.fakes import FakeTask

SPEC = ConnectionSpec(gcp_conn_id="google_cloud_default", endpoint=None)


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[PubSubDouble]:
    """Run a Pub/Sub with a topic, and the subscription that is configured."""
    monkeypatch.setattr(wake_ups, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(wake_ups, "LONGEST_PAUSE", 0.05)
    monkeypatch.setattr(pubsub, "STEADY_AFTER", 0.3)
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WAKE_SUBSCRIPTION", SUBSCRIPTION)
    with running_pubsub() as running:
        running.create_subscription(SUBSCRIPTION, topic=TOPIC)
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", running.address)
        yield running


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that is hours slow: what starts by it is old enough for rare polls."""
    return ManualClock(datetime.now(tz=UTC) - timedelta(hours=12))


@pytest.fixture
def emulator(
    double: PubSubDouble,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator whose audit log goes to the topic, with ids of any form."""
    form: Any = getattr(request, "param", "full")
    topic = AuditTopic(topic=TOPIC, endpoint=double.address, operation_id=form)
    with SpannerAdminEmulator(clock=clock, audit=topic) as running:
        running.create_database(DATABASE)
        running.plan(LONG)
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", running.endpoint)
        yield running


def waiting(name: str) -> asyncio.Future[TriggerEvent]:
    """Let a trigger wait for an operation."""
    trigger = SpannerOperationTrigger(operation=name, endpoint=None, poll_interval=3600)
    events = cast("AsyncGenerator[TriggerEvent, None]", trigger.run())
    return asyncio.ensure_future(anext(events))


def polls(emulator: SpannerAdminEmulator) -> int:
    """Return how often somebody has asked for operations."""
    return len(emulator.calls.of("GetOperation", "ListBackupOperations"))


@pytest.mark.parametrize("emulator", ["full", "short", "opaque"], indirect=True)
async def test_end_is_noticed_by_its_entry(
    emulator: SpannerAdminEmulator, double: PubSubDouble, clock: ManualClock, task: FakeTask
) -> None:
    """A wait whose next poll is far away ends at once, whatever form ids have."""
    name = str(await asyncio.to_thread(play, backup(wait_for_completion=False), task))
    event = waiting(name)
    await until(lambda: polls(emulator))
    await until(lambda: double.streams(SUBSCRIPTION))

    clock.advance(LATER)
    payload = cast("Any", await asyncio.wait_for(event, timeout=10)).payload

    assert "SUCCEEDED" == payload["snapshot"]["state"]
    assert polls(emulator) <= 3


async def test_start_of_another_wakes_nobody(
    emulator: SpannerAdminEmulator, double: PubSubDouble, task: FakeTask
) -> None:
    """What is no end of something that is waited for costs no poll."""
    name = str(await asyncio.to_thread(play, backup(wait_for_completion=False), task))
    event = waiting(name)
    await until(lambda: polls(emulator))
    before = polls(emulator)
    await until(lambda: double.published(TOPIC))

    for data in (b"poison", *double.published(TOPIC)):
        double.publish(TOPIC, data)
    await until(lambda: len(double.acknowledged(SUBSCRIPTION)) >= 3)

    assert before == polls(emulator)
    assert not event.done()
    event.cancel()


async def test_listening_ends_with_the_last_poller(
    double: PubSubDouble, emulator: SpannerAdminEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first wait opens the stream, and it is closed when nobody has waited for long."""
    del emulator
    for name in ("CHECK_EVERY", "UNUSED_AFTER"):
        monkeypatch.setattr(pollers, name, 0.3)

    await shared_poller(SPEC)
    await until(lambda: double.streams(SUBSCRIPTION))
    await until(lambda: not double.streams(SUBSCRIPTION))
    await shared_poller(SPEC)
    await until(lambda: double.streams(SUBSCRIPTION))

    assert 2 == double.calls.count("StreamingPull")


async def test_wait_goes_on_without_pubsub(
    emulator: SpannerAdminEmulator,
    double: PubSubDouble,
    clock: ManualClock,
    task: FakeTask,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where nothing may be received, there is one warning, and the wait ends by its polls."""
    caplog.set_level(logging.WARNING)
    double.refuse("StreamingPull", grpc.StatusCode.PERMISSION_DENIED)
    name = str(await asyncio.to_thread(play, backup(wait_for_completion=False), task))
    trigger = SpannerOperationTrigger(operation=name, endpoint=None, poll_interval=1)
    events = cast("AsyncGenerator[TriggerEvent, None]", trigger.run())
    event = asyncio.ensure_future(anext(events))
    await until(lambda: "No wake-ups" in caplog.text)

    clock.advance(LATER)
    payload = cast("Any", await asyncio.wait_for(event, timeout=15)).payload

    assert emulator.operations()[-1].done
    assert "SUCCEEDED" == payload["snapshot"]["state"]
    assert 1 == caplog.text.count("No wake-ups")


async def test_as_whom(double: PubSubDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an emulator it is Google's Pub/Sub, asked with the credentials of the connection."""
    del double
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST")
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WAKE_CONNECTION", "ears")
    monkeypatch.setenv("AIRFLOW_CONN_EARS", "google-cloud-platform://")
    credentials = AnonymousCredentials()
    asked: list[object] = []

    def get_credentials(hook: SpannerConnectionHook) -> AnonymousCredentials:
        asked.append(hook.gcp_conn_id)
        return credentials

    async def pull(subscription: pubsub.Subscription, **_: Any) -> None:
        async with subscription._client() as client:
            asked.extend([client.transport.host, client.transport._credentials])
        await asyncio.Event().wait()

    monkeypatch.setattr(SpannerConnectionHook, "get_credentials", get_credentials)
    monkeypatch.setattr(pubsub.Subscription, "pull", pull)
    heard = WakeUps(list)

    heard.start()
    await until(lambda: len(asked) == 3)
    heard.stop()

    assert ["ears", "pubsub.googleapis.com:443", credentials] == asked


async def test_bug_costs_one_message(
    double: PubSubDouble, caplog: pytest.LogCaptureFixture
) -> None:
    """A poller that fails is told of once; the stream goes on, and no message comes back."""

    class Failing(Recorder):
        def wake_up(self, wake_up: WakeUp) -> int:
            if super().wake_up(wake_up) and len(self.woken) < 4:
                message = "a bug"
                raise ValueError(message)
            return 1

    poller = Failing()
    heard = WakeUps(lambda: [poller])
    heard.start()
    for _ in range(4):
        double.publish(TOPIC, entry())
    await until(lambda: len(double.acknowledged(SUBSCRIPTION)) == 4)
    await until(lambda: len(poller.woken) == 4)
    heard.stop()

    assert ["A wake-up was lost, by a bug; such a one is told once."] == warnings(caplog)
    assert 1 == double.calls.count("StreamingPull")
