# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The double of Pub/Sub serves Google's own publisher and subscriber."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core.exceptions import NotFound, PermissionDenied
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

from tests.support.pubsub import PubSubDouble, running_pubsub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.pubsub_v1.subscriber.message import Message

TOPIC = "projects/p/topics/t"
SUBSCRIPTION = "projects/p/subscriptions/s"


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[PubSubDouble]:
    """Run a double that Google's clients find."""
    with running_pubsub() as running:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", running.address)
        yield running


@pytest.fixture
def subscriber(double: PubSubDouble) -> Iterator[SubscriberClient]:
    """Return a subscriber, closed at the end."""
    del double
    with SubscriberClient() as client:
        yield client


def test_what_is_published_is_received_and_acknowledged(
    double: PubSubDouble, subscriber: SubscriberClient
) -> None:
    """A message of Google's publisher reaches Google's subscriber, once it is there."""
    publisher = PublisherClient()
    publisher.create_topic(name=TOPIC)
    subscriber.create_subscription(name=SUBSCRIPTION, topic=TOPIC)
    received: list[bytes] = []

    def take(message: Message) -> None:
        received.append(message.data)
        message.ack()

    future = subscriber.subscribe(SUBSCRIPTION, take)
    publisher.publish(TOPIC, b"first", origin="test").result(10)
    double.publish(TOPIC, b"second")
    double.wait_until(lambda: len(double.acknowledged(SUBSCRIPTION)) == 2)
    future.cancel()
    future.result(10)
    publisher.transport.close()

    assert {b"first", b"second"} == set(received)
    assert [b"first", b"second"] == double.published(TOPIC)
    assert [{"origin": "test"}, {}] == double.attributes(TOPIC)
    assert 0 == double.unacknowledged(SUBSCRIPTION)


def test_broken_stream_delivers_again_what_was_not_acknowledged(
    double: PubSubDouble, subscriber: SubscriberClient
) -> None:
    """A message that a stream took with it comes by the next one."""
    double.create_subscription(SUBSCRIPTION, topic=TOPIC)
    seen: list[Message] = []
    future = subscriber.subscribe(SUBSCRIPTION, seen.append)
    double.publish(TOPIC, b"data")
    double.wait_until(lambda: len(seen) == 1)

    double.break_streams()
    double.wait_until(lambda: len(seen) == 2)
    seen[-1].ack()
    double.wait_until(lambda: double.acknowledged(SUBSCRIPTION) == [b"data"])
    future.cancel()
    future.result(10)

    assert 2 == double.calls.count("StreamingPull")


def test_subscription_that_is_not_there(double: PubSubDouble, subscriber: SubscriberClient) -> None:
    """Whoever listens to nothing is told so."""
    del double
    future = subscriber.subscribe(SUBSCRIPTION, lambda message: message.ack())

    with pytest.raises(NotFound):
        future.result(10)


def test_refused_method(double: PubSubDouble, subscriber: SubscriberClient) -> None:
    """A method is refused until it is allowed."""
    double.create_subscription(SUBSCRIPTION, topic=TOPIC)
    double.refuse("GetSubscription", grpc.StatusCode.PERMISSION_DENIED)

    with pytest.raises(PermissionDenied):
        subscriber.get_subscription(subscription=SUBSCRIPTION)
    double.allow("GetSubscription")

    assert TOPIC == subscriber.get_subscription(subscription=SUBSCRIPTION).topic


def test_pull_takes_what_waits(double: PubSubDouble, subscriber: SubscriberClient) -> None:
    """A single pull takes messages, and an acknowledged one does not come again."""
    double.create_subscription(SUBSCRIPTION, topic=TOPIC)
    double.publish(TOPIC, b"data")

    answer = subscriber.pull(subscription=SUBSCRIPTION, max_messages=5)
    ack_ids = [received.ack_id for received in answer.received_messages]
    subscriber.acknowledge(subscription=SUBSCRIPTION, ack_ids=ack_ids)

    assert [b"data"] == double.acknowledged(SUBSCRIPTION)
    assert 0 == double.unacknowledged(SUBSCRIPTION)
