# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The server's audit log: an entry for each end, delivered by a Pub/Sub some time after it.

The entries are those that the emulator in the box writes. How long Google takes to deliver one is
documented as "near real-time" and no more; here each takes the same time.
"""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.emulator.audit.entries import AuditEvent, OperationIdForm
from airflow_spanner_lro.emulator.lifecycle import Lifecycle
from airflow_spanner_lro.emulator.operations.model import Operation, OperationMoment
from airflow_spanner_lro.emulator.plans import Plan
from tests.benchmarks.waiting.operations import PROJECT, Family
from tests.support.pubsub import PubSubDouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.benchmarks.waiting.operations import Item

TOPIC = f"projects/{PROJECT}/topics/spanner-ends"
SUBSCRIPTION = f"projects/{PROJECT}/subscriptions/triggerer-0"
DELIVERED_AFTER = 0.5
"""Seconds from an end until its entry is published."""

_KINDS = {Family.BACKUPS: CREATE_BACKUP, Family.DATABASES: UPDATE_DATABASE_DDL}


class AuditLog:
    """Publishes entries about ends when their time has come, on the running event loop."""

    def __init__(self) -> None:
        self._double = PubSubDouble()
        self._double.create_subscription(SUBSCRIPTION, topic=TOPIC)

    @property
    def address(self) -> str:
        """Where Pub/Sub is, for ``PUBSUB_EMULATOR_HOST``."""
        return self._double.address

    def start(self) -> None:
        """Let listeners come."""
        self._double.start()

    def stop(self) -> None:
        """End all streams."""
        self._double.stop()

    def announce(self, ends: Mapping[Item, float]) -> None:
        """Publish an entry for each operation that ends.

        :param ends: when they end, as UNIX time
        """
        loop = asyncio.get_running_loop()
        offset = loop.time() - time.time()
        for item, at in ends.items():
            loop.call_at(at + DELIVERED_AFTER + offset, self._publish, item, at)

    def _publish(self, item: Item, at: float) -> None:
        self._double.publish(TOPIC, entry(item, at))


def entry(item: Item, at: float) -> bytes:
    """Return the entry about an end, as a sink publishes it.

    :param at: when that was, as UNIX time
    """
    end = datetime.fromtimestamp(at, tz=UTC)
    work = timedelta(seconds=item.age)
    operation = Operation(
        name=OperationName.parse(item.name),
        kind=_KINDS[item.family],
        serial=0,
        lifecycle=Lifecycle(started=end - work, steps=(work,), plan=Plan(), begins=end - work),
        details=None,
        described=empty_pb2.Empty(),
    )
    event = AuditEvent(operation=operation, moment=OperationMoment.END, at=end)
    return json.dumps(event.entry(received=end, id_form=OperationIdForm.FULL)).encode()
