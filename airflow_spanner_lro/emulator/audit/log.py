# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Publish audit-log entries beside the emulator's work, in the order of what they tell.

The world only notes what has happened. A thread of its own makes the entries, lets faults happen to
them, and publishes; it also lets the world catch up when an operation is due to end, as nobody may
ask for it. Trouble with Pub/Sub delays entries, and loses them where too many wait; the emulator
goes on.
"""

from __future__ import annotations

import heapq
import logging
import os
import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.audit.entries import AuditEvent, OperationIdForm
from airflow_spanner_lro.emulator.audit.publisher import PublishError, TopicPublisher

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.emulator.engine import Engine
    from airflow_spanner_lro.emulator.faults import Faults
    from airflow_spanner_lro.emulator.operations.model import Operation, OperationMoment

log = logging.getLogger(__name__)

ENDPOINT_VARIABLE = "PUBSUB_EMULATOR_HOST"
"""Where Google's clients look for an emulator of Pub/Sub."""

_TOPIC = re.compile(r"projects/[^/\s]+/topics/[^/\s]+")
_ENDPOINT = re.compile(r"[^/\s]+:[0-9]{1,5}")
_GOOGLES = "googleapis.com"

_ROOM = 100_000
"""How many entries may wait to be published."""
_BATCH = 500
_GATHER = 0.01
"""For how many seconds more entries are gathered, once there is one."""
_LONGEST_WAIT = 3600.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
"""Between two tries to publish what could not be published."""


class AuditTopicError(ValueError):
    """Entries cannot be published to what was named; says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTopic:
    """Where audit-log entries go.

    :param topic: the full name, ``projects/P/topics/T``; it must be there
    :param endpoint: ``host:port`` of an emulator of Pub/Sub, spoken to in plain text; empty for
        what ``PUBSUB_EMULATOR_HOST`` says
    :param operation_id: what ``operation.id`` of the entries is
    :raises AuditTopicError: if there can be no such topic, or it is not in an emulator.
    """

    topic: str
    endpoint: str = ""
    operation_id: OperationIdForm = OperationIdForm.FULL

    def __post_init__(self) -> None:
        object.__setattr__(self, "operation_id", OperationIdForm(self.operation_id))
        endpoint = self.endpoint or os.environ.get(ENDPOINT_VARIABLE, "")
        object.__setattr__(self, "endpoint", endpoint)
        if not _TOPIC.fullmatch(self.topic):
            message = f"{self.topic!r} is no topic: give its full name, projects/P/topics/T."
            raise AuditTopicError(message)
        if not endpoint:
            message = (
                f"Nobody says where the topic {self.topic} is: give the host:port of an emulator "
                f"of Pub/Sub, by --audit-endpoint or {ENDPOINT_VARIABLE}."
            )
            raise AuditTopicError(message)
        if not _ENDPOINT.fullmatch(endpoint):
            message = (
                f"{endpoint!r} is no endpoint of Pub/Sub: give a host:port, such as localhost:8085."
            )
            raise AuditTopicError(message)
        if _GOOGLES in endpoint.lower():
            message = (
                f"{endpoint} is Google's: entries of emulated operations go to an emulator of "
                "Pub/Sub only, such as localhost:8085."
            )
            raise AuditTopicError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCounts:
    """What became of the entries so far.

    :param published: how many messages Pub/Sub has taken; an entry can be two, by a fault
    :param waiting: how many are still to be published, those that a fault delays included
    :param lost: how many a fault has taken away
    :param dropped: how many there was no room for, because Pub/Sub did not answer
    """

    published: int = 0
    waiting: int = 0
    lost: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    """A message and when, by ``time.monotonic()``, it is due; equal times keep their order."""

    due: float
    number: int
    event: AuditEvent
    received: datetime


class AuditLog:
    """The audit log of an emulator. Safe to use from any thread.

    :param topic: where it goes
    """

    def __init__(self, topic: AuditTopic) -> None:
        self.topic = topic
        # append and popleft hold the interpreter's lock, so noting needs none of ours
        self._noted: deque[AuditEvent] = deque()
        self._due: list[_Waiting] = []
        self._published = self._lost = self._dropped = self._numbered = 0
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._pause = 0.0
        self._retry_at = 0.0

    @property
    def counts(self) -> AuditCounts:
        """What became of the entries so far."""
        return AuditCounts(
            published=self._published,
            waiting=len(self._noted) + len(self._due),
            lost=self._lost,
            dropped=self._dropped,
        )

    def note(self, operation: Operation, moment: OperationMoment, at: datetime) -> None:
        """Note that an operation has started or ended."""
        event = AuditEvent(operation=operation, moment=moment, at=at)
        if not event.written:
            return
        if len(self._noted) + len(self._due) >= _ROOM:
            self._dropped += 1
            return
        self._noted.append(event)
        self._woken.set()

    def start(self, *, engine: Engine, faults: Faults) -> None:
        """Begin to publish what is noted."""
        self._stopping.clear()
        publisher = TopicPublisher(topic=self.topic.topic, endpoint=self.topic.endpoint)
        # now, so that the first entries need not wait for it
        publisher.load()
        engine.on_change(self._woken.set)
        self._thread = threading.Thread(
            target=self._run, args=(engine, faults, publisher), name="audit-log", daemon=True
        )
        self._thread.start()

    def stop(self, *, engine: Engine) -> None:
        """Publish what is due, once, and no more; what is noted meanwhile waits for a start."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        engine.on_change(None)
        self._stopping.set()
        self._woken.set()
        thread.join()

    def _run(self, engine: Engine, faults: Faults, publisher: TopicPublisher) -> None:
        try:
            while not self._stopping.is_set():
                wait = self._round(engine, faults, publisher)
                if self._woken.wait(wait):
                    # whatever else happens at once goes out together
                    self._stopping.wait(_GATHER)
            self._round(engine, faults, publisher)
        finally:
            publisher.close()

    def _round(self, engine: Engine, faults: Faults, publisher: TopicPublisher) -> float:
        """Publish what is due; return for how long there is nothing to do, if nobody wakes us."""
        self._woken.clear()
        event = engine.until_next_event()
        self._take_noted(faults, engine.clock.now())
        self._publish_due(publisher)
        now = time.monotonic()
        waits = [_LONGEST_WAIT]
        if event is not None:
            waits.append(max(event, _GATHER))
        if self._due:
            waits.append(max(self._due[0].due, self._retry_at) - now)
        return max(0.0, min(waits))

    def _take_noted(self, faults: Faults, received: datetime) -> None:
        now = time.monotonic()
        while self._noted:
            event = self._noted[0]
            effect = faults.take_entry(method=event.method, names=event.names, moment=event.moment)
            self._lost += not effect.copies
            for _ in range(effect.copies):
                self._numbered += 1
                due = now + effect.delay
                heapq.heappush(self._due, _Waiting(due, self._numbered, event, received))
            # only now, so that it is counted all the time
            self._noted.popleft()

    def _publish_due(self, publisher: TopicPublisher) -> None:
        now = time.monotonic()
        while self._due and self._due[0].due <= now >= self._retry_at:
            batch = heapq.nsmallest(_BATCH, (each for each in self._due if each.due <= now))
            try:
                publisher.publish(
                    [
                        each.event.entry(received=each.received, id_form=self.topic.operation_id)
                        for each in batch
                    ]
                )
            except PublishError as exc:
                self._note_trouble(exc)
                return
            for _ in batch:
                heapq.heappop(self._due)
            self._published += len(batch)
            self._note_success()

    def _note_trouble(self, exc: PublishError) -> None:
        if not self._pause:
            log.warning(
                "Audit-log entries wait: %s does not take them (%s). The emulator goes on, and "
                "tries again; beyond %s they are dropped. %s",
                self.topic.endpoint,
                exc,
                _ROOM,
                self.topic.topic,
            )
        self._pause = min(max(2 * self._pause, _FIRST_PAUSE), _LONGEST_PAUSE)
        self._retry_at = time.monotonic() + self._pause

    def _note_success(self) -> None:
        if self._pause:
            log.warning(
                "Audit-log entries arrive again; %s were dropped so far. %s",
                self._dropped,
                self.topic.topic,
            )
        self._pause = self._retry_at = 0.0
