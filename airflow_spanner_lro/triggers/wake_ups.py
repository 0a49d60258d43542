# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Listen to Spanner's audit log while anything waits: an entry about an end wakes its poll.

One listener for each event loop, on the deployment's own subscription and connection, whatever
Dags name. It brings hints and no outcomes: without it, or with everything that it could bring
being lost, late, doubled or forged, waits end by polls as they always do. So its troubles are told
once and concern nobody else, and it tries again for as long as something waits.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from contextvars import Context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro import settings
from airflow_spanner_lro.core.errors import SpannerLroError, UnusableConnectionError
from airflow_spanner_lro.core.polling.wake_ups import Ignored, parse_wake_up
from airflow_spanner_lro.core.status import (
    Code,
    code_name,
    code_of,
    error_text,
    is_credentials_error,
)
from airflow_spanner_lro.metrics import WakeUpEffect, count_wake_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_spanner_lro.admin.pubsub import Subscription
    from airflow_spanner_lro.core.polling.wake_ups import WakeUp

EMULATOR_VARIABLE = "PUBSUB_EMULATOR_HOST"
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 120.0
"""Seconds after which it is tried again to listen: twice as long each time."""
_UNKNOWN = "StatusLostError"
_UNKNOWN_FOR = 5
"""How often a stream may end without telling why; what tells it comes before that."""

log = logging.getLogger(__name__)


class Wakes(Protocol):
    """A poller that can look at an operation sooner."""

    def wake_up(self, wake_up: WakeUp) -> int:
        """Poll the operations soon that this may be about, and return how many these are."""

    def wake_ups_lost(self) -> None:
        """Note that nothing can be heard any more."""


class WakeUps:
    """What one event loop hears of the audit log, while its pollers want to know.

    :param pollers: returns those that there are at the moment
    """

    def __init__(self, pollers: Callable[[], Iterable[Wakes]]) -> None:
        self._pollers = pollers
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen from now on, if a subscription is configured and nobody listens so far.

        :raises SettingsError: if the section ``[spanner_lro]`` of the configuration cannot be used
        """
        if self._listening is not None or not (name := settings.wake_subscription()):
            return
        listener = _Listener(name, settings.wake_connection(), self._pollers)
        loop = asyncio.get_running_loop()
        # not in the context of the one who came first: what it logs is nobody's own
        self._listening = loop.create_task(listener.run(), context=Context())
        self._listening.add_done_callback(self._ended)

    def stop(self) -> None:
        """Listen no more, until somebody starts it again."""
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    def _ended(self, listening: asyncio.Task[None]) -> None:
        if self._listening is listening:
            self._listening = None


class _Listener:
    """Keeps a stream open, and tells once when that is not possible."""

    def __init__(
        self, name: str, connection_id: str, pollers: Callable[[], Iterable[Wakes]]
    ) -> None:
        self._name = name
        self._connection_id = connection_id
        self._pollers = pollers
        self._failures = 0
        self._said: set[str] = set()
        self._open = False
        self._told_open = self._told_woken = False
        self._bugs: set[type[Exception]] = set()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                source = await asyncio.to_thread(_subscription, self._name, self._connection_id)
                await source.pull(opened=self._opened, received=self._received)
            except Exception as exc:  # noqa: BLE001  # whatever it is, polling goes on without
                self._failed(exc)
            else:
                self._failures += 1  # ended without an error
            self._open = False
            pause = min(FIRST_PAUSE * 2 ** min(self._failures - 1, 20), LONGEST_PAUSE)
            # triggerers that have lost the same service do not come back in step
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311

    def _opened(self) -> None:
        if self._open:
            return
        self._open, self._failures = True, 0
        if self._said:
            log.info("Wake-ups are back: entries of the audit log arrive again. %s", self._name)
        elif not self._told_open:
            log.info("Wake-ups: listening to Spanner's audit log. %s", self._name)
        self._told_open = True
        self._said.clear()

    def _failed(self, exc: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            # Pub/Sub ends every stream now and then, and a key may just have been replaced
            log.debug("The stream of wake-ups has ended: %r", exc)
            return
        for poller in self._pollers():
            poller.wake_ups_lost()
        name = code_name(exc)
        if name in self._said:
            return
        if name == _UNKNOWN and (self._said or self._failures < _UNKNOWN_FOR):
            return
        self._said.add(name)
        log.warning(
            "No wake-ups: subscription %s cannot be listened to (%s).%s Waits go on and notice "
            "ends by polling; it is tried again by itself. %s",
            self._name.rpartition("/")[2],
            error_text(exc),
            _remedy(exc, connection_id=self._connection_id),
            self._name,
        )

    def _received(self, data: bytes) -> None:
        """Wake whoever a message may be about; a bug there loses that message, and no other."""
        try:
            self._wake(data)
        except Exception as exc:  # the stream goes on
            if type(exc) not in self._bugs:
                log.exception("A wake-up was lost, by a bug; such a one is told once.")
            self._bugs.add(type(exc))

    def _wake(self, data: bytes) -> None:
        parsed = parse_wake_up(data)
        if isinstance(parsed, Ignored):
            count_wake_up(parsed.because)
        elif not parsed.last:
            count_wake_up(WakeUpEffect.NOT_LAST)
        elif sum([poller.wake_up(parsed) for poller in self._pollers()]):
            delay = datetime.now(tz=UTC) - parsed.at if parsed.at else None
            count_wake_up(WakeUpEffect.WOKEN, delay=delay)
            if not self._told_woken:
                log.info("Wake-ups arrive: the first operation is polled because of one.")
            self._told_woken = True
        else:
            count_wake_up(WakeUpEffect.NOT_WATCHED)


def _subscription(name: str, connection_id: str) -> Subscription:
    """Load the client library and read the connection: all of it blocks.

    :raises UnusableConnectionError: if the connection does not exist, or an emulator is named and
        none is allowed
    """
    from airflow_spanner_lro.admin.pubsub import Subscription  # noqa: PLC0415  # loads gRPC
    from airflow_spanner_lro.hooks.connection import SpannerConnectionHook  # noqa: PLC0415

    if emulator := os.environ.get(EMULATOR_VARIABLE):
        if not settings.allow_emulator():
            message = (
                f"No emulator is allowed here: {EMULATOR_VARIABLE} names {emulator}, and "
                f"[spanner_lro] allow_emulator is False. Unset {EMULATOR_VARIABLE} in this "
                "process, or set allow_emulator to True."
            )
            raise UnusableConnectionError(message)
        return Subscription(name=name, emulator=emulator)
    hook = SpannerConnectionHook(gcp_conn_id=connection_id)
    return Subscription(name=name, credentials=hook.get_credentials())


def _remedy(exc: Exception, *, connection_id: str) -> str:
    """Return a sentence about what somebody can do, with a space before it."""
    if is_credentials_error(exc):
        return f" Put valid credentials into connection {connection_id!r} (wake_connection)."
    if code_of(exc) is Code.PERMISSION_DENIED:
        return (
            f" Give the account of connection {connection_id!r} (wake_connection) the role "
            "roles/pubsub.subscriber on it."
        )
    if code_of(exc) is Code.NOT_FOUND:
        return " Create it, or correct [spanner_lro] wake_subscription."
    if isinstance(exc, SpannerLroError):
        return ""  # it says so itself
    if emulator := os.environ.get(EMULATOR_VARIABLE):
        return f" {EMULATOR_VARIABLE} names {emulator}: start it, or unset the variable."
    return " If it does not pass, look whether Pub/Sub can be reached from the triggerer."
