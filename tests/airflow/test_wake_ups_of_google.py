# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Wake-ups through Google's own emulator of Pub/Sub, where it is installed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

from airflow_spanner_lro.triggers import wake_ups
from airflow_spanner_lro.triggers.wake_ups import WakeUps
from tests.airflow.listening import OPERATION, SUBSCRIPTION, TOPIC, Recorder, entry, until
from tests.support.google_pubsub import found, google_pubsub

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.skipif(
    found() is None,
    reason="Google's Pub/Sub emulator needs Java and a component of gcloud, which this machine "
    "lacks; test_wake_ups.py does the same with the double, everywhere",
)


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run the emulator with a topic."""
    monkeypatch.setattr(wake_ups, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(wake_ups, "LONGEST_PAUSE", 0.2)
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WAKE_SUBSCRIPTION", SUBSCRIPTION)
    with google_pubsub() as address:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        publisher = PublisherClient()
        publisher.create_topic(name=TOPIC)
        publisher.transport.close()
        yield TOPIC


def subscribe(topic: str) -> None:
    """Make the subscription."""
    with SubscriberClient() as subscriber:
        subscriber.create_subscription(name=SUBSCRIPTION, topic=topic)


def publish(topic: str, *messages: bytes) -> None:
    """Publish messages, in order."""
    publisher = PublisherClient()
    for data in messages:
        publisher.publish(topic, data).result(30)
    publisher.stop()
    publisher.transport.close()


async def test_wake_ups(topic: str, caplog: pytest.LogCaptureFixture) -> None:
    """A subscription is missed, told once, made, and brings entries after what is none."""
    caplog.set_level(logging.INFO)
    poller = Recorder()
    heard = WakeUps(lambda: [poller])
    heard.start()
    await until(lambda: "No wake-ups" in caplog.text)

    await asyncio.to_thread(subscribe, topic)
    await asyncio.to_thread(publish, topic, b"poison", entry())
    await until(lambda: poller.woken)
    heard.stop()

    assert 1 == caplog.text.count("No wake-ups")
    assert "NOT_FOUND" in caplog.text
    assert [OPERATION] == [str(each.operation) for each in poller.woken]
