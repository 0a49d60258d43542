# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One streaming pull from a Pub/Sub subscription, on the event loop of whoever listens.

Google's subscriber keeps half a dozen threads and repeats for ever, without a word, what fails for
a passing reason. Here it has to be told that nothing comes, no thread may outlive a loop, and
messages are hints that need no lease. So this is the generated async client below it, and the
stream's end is an error for the caller to deal with.

Each message is acknowledged before it is read: whatever it holds, it does not come again for ever.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import grpc
from google.api_core.exceptions import InternalServerError
from google.api_core.gapic_v1.client_info import ClientInfo
from google.pubsub_v1 import SubscriberAsyncClient
from google.pubsub_v1.types import StreamingPullRequest, StreamingPullResponse

from airflow_spanner_lro import __version__
from airflow_spanner_lro.core.errors import SpannerLroError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from google.auth.credentials import Credentials

STEADY_AFTER = 5.0
"""Seconds after which a stream that has brought nothing, and no error either, counts as open: a
refusal comes sooner."""
_HEARTBEAT = 30.0
"""Seconds between two signs of life: Pub/Sub ends streams that give none for a minute."""
_MOST_MESSAGES = 1_000
_MOST_BYTES = 10 * 1024 * 1024
"""How much may be under way; the rest waits in the subscription."""
_ACK_DEADLINE = 60
_LONGEST_TURN = 0.02
"""Seconds for which messages may keep the loop from everything else."""

_STATUS_LOST = "Internal error from Core"

_EMULATOR = (
    # one that was started again at the same port is not reached by the connection of the last one
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
)


class StatusLostError(SpannerLroError):
    """The stream ended while something was being sent, and gRPC has lost what the server said.

    That happens to about one refusal in ten (grpc 1.85.1); the next attempt tells.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where to listen, and as whom.

    :param name: ``projects/<project>/subscriptions/<subscription>``
    :param credentials: required unless there is an emulator
    :param emulator: ``host:port`` of one, which is spoken to without TLS; empty for Google's own
    """

    name: str
    credentials: Credentials | None = None
    emulator: str = ""

    async def pull(self, *, opened: Callable[[], None], received: Callable[[bytes], None]) -> None:
        """Hand over what messages hold until the stream ends, which Pub/Sub lets each one do.

        :param opened: called when the stream has turned out to be open, and maybe again
        :param received: called with the data of each message, on the event loop
        :raises GoogleAPICallError: if the stream ends with an error
        :raises StatusLostError: if it does, and nobody knows with which
        """
        try:
            await self._pull(opened=opened, received=received)
        except InternalServerError as exc:
            if _STATUS_LOST not in str(exc):
                raise
            message = "The stream has ended, and gRPC does not tell why"
            raise StatusLostError(message) from exc

    async def _pull(self, *, opened: Callable[[], None], received: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        acks: asyncio.Queue[list[str]] = asyncio.Queue()
        async with self._client() as client:
            # the library would give it a deadline, and repeat what it should tell
            stream = await client.streaming_pull(
                requests=_requests(self.name, acks), retry=None, timeout=None
            )
            steady = loop.call_later(STEADY_AFTER, opened)
            try:
                async for response in stream:
                    messages = StreamingPullResponse.pb(response).received_messages
                    acks.put_nowait([message.ack_id for message in messages])
                    steady.cancel()
                    opened()
                    since = loop.time()
                    for message in messages:
                        received(message.message.data)
                        if loop.time() - since >= _LONGEST_TURN:
                            await asyncio.sleep(0)
                            since = loop.time()
            finally:
                steady.cancel()
                stream.cancel()

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Any]:
        """Return a generated client with a channel of its own, which is closed at the end."""
        transport: Any = SubscriberAsyncClient.get_transport_class("grpc_asyncio")
        info = ClientInfo(user_agent=f"airflow-spanner-lro/{__version__}")
        if self.emulator:
            channel = grpc.aio.insecure_channel(self.emulator, options=_EMULATOR)
            client = SubscriberAsyncClient(transport=transport(channel=channel))
        else:
            made = transport(credentials=self.credentials, client_info=info)
            client = SubscriberAsyncClient(transport=made, client_info=info)
        try:
            yield client
        finally:
            await client.transport.close()


async def _requests(
    subscription: str, acks: asyncio.Queue[list[str]]
) -> AsyncIterator[StreamingPullRequest]:
    """Yield what the stream is told: what to deliver, what has arrived, and signs of life."""
    yield StreamingPullRequest(
        subscription=subscription,
        stream_ack_deadline_seconds=_ACK_DEADLINE,
        client_id=str(uuid4()),
        max_outstanding_messages=_MOST_MESSAGES,
        max_outstanding_bytes=_MOST_BYTES,
    )
    while True:
        ack_ids: list[str] = []
        try:
            async with asyncio.timeout(_HEARTBEAT):
                ack_ids = await acks.get()
        except TimeoutError:
            pass  # an empty request is a sign of life
        yield StreamingPullRequest(ack_ids=ack_ids)
