# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A double of Cloud Pub/Sub, which speaks the protocol of Google's own client over gRPC.

Publishers and subscribers find it by ``PUBSUB_EMULATOR_HOST``. As with the service, a message goes
to each subscription that its topic has at that moment, to one of the streams of that subscription,
and comes again where the stream ends, or the receiver asks for that, before it is acknowledged.
Acknowledgement deadlines do not run out by the clock.

Faults are set by the tests: a method that is refused, and streams that break.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from google.pubsub_v1 import types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PATIENCE = 20.0


@dataclass(slots=True, kw_only=True)
class _Subscription:
    """What one subscription still has to deliver, and what it has seen acknowledged."""

    topic: str
    waiting: deque[types.PubsubMessage] = field(default_factory=deque)
    outstanding: dict[str, types.PubsubMessage] = field(default_factory=dict)
    acknowledged: list[bytes] = field(default_factory=list)
    deliveries: int = 0
    streams: int = 0


class PubSubDouble:
    """Topics and subscriptions in memory, behind a gRPC server.

    :ivar address: host and port, for ``PUBSUB_EMULATOR_HOST``
    :ivar calls: the names of the methods that were called, in order
    """

    def __init__(self, *, port: int = 0) -> None:
        self.calls: list[str] = []
        self._changed = threading.Condition()
        self._published: defaultdict[str, list[types.PubsubMessage]] = defaultdict(list)
        self._topics: set[str] = set()
        self._subscriptions: dict[str, _Subscription] = {}
        self._refused: dict[str, tuple[grpc.StatusCode, str]] = {}
        self._broken: tuple[int, grpc.StatusCode] = (0, grpc.StatusCode.UNAVAILABLE)
        self._numbers = itertools.count(1)
        self._server = grpc.server(ThreadPoolExecutor(32, thread_name_prefix="pubsub-double"))
        self._server.add_generic_rpc_handlers((self._publisher(), self._subscriber()))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self.address = f"127.0.0.1:{self.port}"
        self._stopped = False

    def start(self) -> None:
        """Take calls."""
        self._server.start()

    def stop(self) -> None:
        """End all streams, and take no more calls."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._server.stop(grace=None).wait()

    # what a test arranges

    def create_topic(self, topic: str) -> None:
        """Make a topic, ``projects/P/topics/T``."""
        with self._changed:
            self._topics.add(topic)

    def create_subscription(self, subscription: str, *, topic: str) -> None:
        """Make a subscription, ``projects/P/subscriptions/S``, of a topic that may be new."""
        with self._changed:
            self._topics.add(topic)
            self._subscriptions[subscription] = _Subscription(topic=topic)

    def delete_subscription(self, subscription: str) -> None:
        """Delete a subscription under those who listen, whose streams end with NOT_FOUND."""
        with self._changed:
            del self._subscriptions[subscription]
            self._changed.notify_all()

    def publish(self, topic: str, data: bytes, *, attributes: Mapping[str, str] = {}) -> str:
        """Publish a message as a publisher would, and return its id."""
        message = types.PubsubMessage(data=data, attributes=dict(attributes))
        with self._changed:
            return self._publish(topic, message)

    def refuse(self, method: str, code: grpc.StatusCode, details: str = "refused") -> None:
        """Answer a method, such as ``StreamingPull``, with an error from now on."""
        with self._changed:
            self._refused[method] = (code, details)

    def allow(self, method: str) -> None:
        """Answer a method that was refused."""
        with self._changed:
            self._refused.pop(method, None)

    def break_streams(self, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        """End all streams that are open now, with a status."""
        with self._changed:
            self._broken = (self._broken[0] + 1, code)
            self._changed.notify_all()

    # what a test sees

    def published(self, topic: str) -> list[bytes]:
        """Return the data of the messages that were published to a topic, in order."""
        with self._changed:
            return [message.data for message in self._published[topic]]

    def attributes(self, topic: str) -> list[dict[str, str]]:
        """Return the attributes of those messages."""
        with self._changed:
            return [dict(message.attributes) for message in self._published[topic]]

    def acknowledged(self, subscription: str) -> list[bytes]:
        """Return the data of the messages that were acknowledged, in that order."""
        with self._changed:
            return list(self._subscriptions[subscription].acknowledged)

    def unacknowledged(self, subscription: str) -> int:
        """Return how many messages a subscription would deliver, or deliver again."""
        with self._changed:
            found = self._subscriptions[subscription]
            return len(found.waiting) + len(found.outstanding)

    def streams(self, subscription: str) -> int:
        """Return how many streams are open."""
        with self._changed:
            return self._subscriptions[subscription].streams

    def wait_until(self, holds: Callable[[], bool], *, timeout: float = _PATIENCE) -> None:
        """Wait, in a thread that is no event loop's, until something holds.

        :raises TimeoutError: if it does not in time
        """
        end = time.monotonic() + timeout
        while not holds():
            with self._changed:
                if time.monotonic() >= end:
                    raise TimeoutError
                self._changed.wait(0.02)

    # the protocol

    def _publisher(self) -> grpc.GenericRpcHandler:
        methods = {
            "CreateTopic": _unary(self._create_topic, types.Topic, types.Topic),
            "GetTopic": _unary(self._get_topic, types.GetTopicRequest, types.Topic),
            "Publish": _unary(self._publish_all, types.PublishRequest, types.PublishResponse),
        }
        return grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", methods)

    def _subscriber(self) -> grpc.GenericRpcHandler:
        subscription = types.Subscription
        methods = {
            "CreateSubscription": _unary(self._create_subscription, subscription, subscription),
            "GetSubscription": _unary(
                self._get_subscription, types.GetSubscriptionRequest, subscription
            ),
            "Pull": _unary(self._pull, types.PullRequest, types.PullResponse),
            "Acknowledge": _unary(self._acknowledge, types.AcknowledgeRequest, None),
            "ModifyAckDeadline": _unary(self._modify, types.ModifyAckDeadlineRequest, None),
            "StreamingPull": grpc.stream_stream_rpc_method_handler(
                self._streaming_pull,
                request_deserializer=types.StreamingPullRequest.deserialize,
                response_serializer=types.StreamingPullResponse.serialize,
            ),
        }
        return grpc.method_handlers_generic_handler("google.pubsub.v1.Subscriber", methods)

    def _enter(self, method: str, context: grpc.ServicerContext) -> None:
        with self._changed:
            self.calls.append(method)
            refused = self._refused.get(method)
            self._changed.notify_all()
        if refused:
            _abort(context, *refused)

    def _create_topic(self, request: types.Topic, context: grpc.ServicerContext) -> types.Topic:
        self._enter("CreateTopic", context)
        if request.name in self._topics:
            _abort(context, grpc.StatusCode.ALREADY_EXISTS, f"Topic exists: {request.name}")
        self.create_topic(request.name)
        return request

    def _get_topic(
        self, request: types.GetTopicRequest, context: grpc.ServicerContext
    ) -> types.Topic:
        self._enter("GetTopic", context)
        self._check_topic(request.topic, context)
        return types.Topic(name=request.topic)

    def _publish_all(
        self, request: types.PublishRequest, context: grpc.ServicerContext
    ) -> types.PublishResponse:
        self._enter("Publish", context)
        self._check_topic(request.topic, context)
        with self._changed:
            ids = [self._publish(request.topic, message) for message in request.messages]
        return types.PublishResponse(message_ids=ids)

    def _create_subscription(
        self, request: types.Subscription, context: grpc.ServicerContext
    ) -> types.Subscription:
        self._enter("CreateSubscription", context)
        self._check_topic(request.topic, context)
        if request.name in self._subscriptions:
            _abort(context, grpc.StatusCode.ALREADY_EXISTS, f"Subscription exists: {request.name}")
        self.create_subscription(request.name, topic=request.topic)
        return request

    def _get_subscription(
        self, request: types.GetSubscriptionRequest, context: grpc.ServicerContext
    ) -> types.Subscription:
        self._enter("GetSubscription", context)
        found = self._find(request.subscription, context)
        return types.Subscription(name=request.subscription, topic=found.topic)

    def _pull(
        self, request: types.PullRequest, context: grpc.ServicerContext
    ) -> types.PullResponse:
        self._enter("Pull", context)
        found = self._find(request.subscription, context)
        with self._changed:
            return types.PullResponse(received_messages=self._take(found, request.max_messages))

    def _acknowledge(self, request: types.AcknowledgeRequest, context: grpc.ServicerContext) -> Any:
        self._enter("Acknowledge", context)
        self._settle(self._find(request.subscription, context), request.ack_ids)
        return empty_pb2.Empty()

    def _modify(
        self, request: types.ModifyAckDeadlineRequest, context: grpc.ServicerContext
    ) -> Any:
        self._enter("ModifyAckDeadline", context)
        found = self._find(request.subscription, context)
        if request.ack_deadline_seconds == 0:
            self._return(found, request.ack_ids)
        return empty_pb2.Empty()

    def _streaming_pull(
        self, requests: Iterator[types.StreamingPullRequest], context: grpc.ServicerContext
    ) -> Iterator[types.StreamingPullResponse]:
        name = next(requests).subscription
        self._enter("StreamingPull", context)
        found = self._find(name, context)
        context.add_callback(self._notify)
        threading.Thread(target=self._read, args=(found, requests), daemon=True).start()
        mine: list[str] = []
        with self._changed:
            found.streams += 1
            breaks, _ = self._broken
        try:
            while context.is_active() and not self._stopped:
                with self._changed:
                    messages = self._take(found, 1000)
                    mine += [message.ack_id for message in messages]
                    if not messages:
                        self._changed.wait(1.0)
                    broken, code = self._broken
                    deleted = self._subscriptions.get(name) is not found
                if broken != breaks:
                    _abort(context, code, "the stream broke")
                if deleted:
                    _abort(context, grpc.StatusCode.NOT_FOUND, f"Resource not found: {name}")
                if messages:
                    yield types.StreamingPullResponse(received_messages=messages)
        finally:
            self._return(found, mine)
            with self._changed:
                found.streams -= 1
                self._changed.notify_all()

    def _read(self, found: _Subscription, requests: Iterator[types.StreamingPullRequest]) -> None:
        """Read what a stream's other side says: acknowledgements, and that it is still there."""
        try:
            for request in requests:
                self._settle(found, request.ack_ids)
                pairs = zip(
                    request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=True
                )
                self._return(found, [ack_id for ack_id, seconds in pairs if seconds == 0])
        except grpc.RpcError:
            return  # the other side is gone
        finally:
            self._notify()

    # subscriptions

    def _publish(self, topic: str, message: types.PubsubMessage) -> str:
        number = str(next(self._numbers))
        stored = types.PubsubMessage(
            data=message.data, attributes=dict(message.attributes), message_id=number
        )
        self._published[topic].append(stored)
        for subscription in self._subscriptions.values():
            if subscription.topic == topic:
                subscription.waiting.append(stored)
        self._changed.notify_all()
        return number

    def _take(self, found: _Subscription, most: int) -> list[types.ReceivedMessage]:
        taken: list[types.ReceivedMessage] = []
        while found.waiting and len(taken) < most:
            message = found.waiting.popleft()
            found.deliveries += 1
            ack_id = f"{message.message_id}:{found.deliveries}"
            found.outstanding[ack_id] = message
            taken.append(types.ReceivedMessage(ack_id=ack_id, message=message))
        return taken

    def _settle(self, found: _Subscription, ack_ids: Any) -> None:
        with self._changed:
            for ack_id in ack_ids:
                if message := found.outstanding.pop(ack_id, None):
                    found.acknowledged.append(message.data)
            self._changed.notify_all()

    def _return(self, found: _Subscription, ack_ids: Any) -> None:
        with self._changed:
            for ack_id in ack_ids:
                if message := found.outstanding.pop(ack_id, None):
                    found.waiting.append(message)
            self._changed.notify_all()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _check_topic(self, topic: str, context: grpc.ServicerContext) -> None:
        if topic not in self._topics:
            _abort(context, grpc.StatusCode.NOT_FOUND, f"Topic not found: {topic}")

    def _find(self, subscription: str, context: grpc.ServicerContext) -> _Subscription:
        found = self._subscriptions.get(subscription)
        if found is None:
            _abort(context, grpc.StatusCode.NOT_FOUND, f"Resource not found: {subscription}")
        return found


@contextmanager
def running_pubsub() -> Iterator[PubSubDouble]:
    """Run a double on a port of its own."""
    double = PubSubDouble()
    double.start()
    try:
        yield double
    finally:
        double.stop()


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, details: str) -> NoReturn:
    context.abort(code, details)
    raise AssertionError  # abort raises; its types do not say so


def _unary(
    method: Callable[..., Any], request: Any, response: Any
) -> grpc.RpcMethodHandler[Any, Any]:
    serialize = response.serialize if response else empty_pb2.Empty.SerializeToString
    return grpc.unary_unary_rpc_method_handler(
        method, request_deserializer=request.deserialize, response_serializer=serialize
    )
