# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Publish log entries to a topic of a Pub/Sub emulator, in plain text, as a Logging sink would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.pubsub_v1 import PublisherClient

_SECONDS = 2.0
"""How long a request may take."""

_OPTIONS = (
    # an emulator is near by, whatever proxy the environment names
    ("grpc.enable_http_proxy", 0),
    # and it is there again soon after a restart
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class PublishError(Exception):
    """Entries could not be published; says why, in the words of whoever refused."""


class TopicPublisher:
    """Publishes to one topic. To be used by one thread; nothing is loaded with this module.

    :param topic: its full name
    :param endpoint: where Pub/Sub is, ``host:port``
    """

    def __init__(self, *, topic: str, endpoint: str) -> None:
        self._topic = topic
        self._endpoint = endpoint
        self._client: PublisherClient | None = None

    def load(self) -> PublisherClient:
        """Load Google's client, and make the channel; neither asks Pub/Sub for anything."""
        if self._client is None:
            # half a second, which only emulators with an audit log spend
            import grpc  # noqa: PLC0415
            from google.pubsub_v1 import PublisherClient  # noqa: PLC0415
            from google.pubsub_v1.services.publisher.transports import (  # noqa: PLC0415
                PublisherGrpcTransport,
            )

            channel = grpc.insecure_channel(self._endpoint, options=_OPTIONS)
            self._client = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        return self._client

    def publish(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Publish entries, in their order.

        :raises PublishError: if Pub/Sub did not take them, or cannot be reached.
        """
        client = self.load()
        from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415
        from google.pubsub_v1.types import PubsubMessage  # noqa: PLC0415

        messages = [
            PubsubMessage(
                data=json.dumps(entry, separators=(",", ":")).encode(),
                attributes={"logging.googleapis.com/timestamp": entry["timestamp"]},
            )
            for entry in entries
        ]
        try:
            client.publish(topic=self._topic, messages=messages, retry=None, timeout=_SECONDS)
        except GoogleAPIError as exc:
            raise PublishError(str(exc)) from exc

    def close(self) -> None:
        """Leave Pub/Sub."""
        if self._client is not None:
            self._client.transport.close()
            self._client = None
