# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's server tells of ends as an audit log would."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from airflow_spanner_lro.admin.pubsub import Subscription
from airflow_spanner_lro.core.polling.wake_ups import WakeUp, parse_wake_up
from tests.benchmarks.waiting.audit_log import DELIVERED_AFTER, SUBSCRIPTION, AuditLog, entry
from tests.benchmarks.waiting.operations import Item, Service, World

WORLD = World(service=Service.SPANNER, operations=40, instances=2, seed=1, endings_within=1.0)


def test_every_entry_tells_the_end_of_its_operation() -> None:
    """As our triggers read it, and when that was."""
    now = time.time()
    told = [parse_wake_up(entry(item, now)) for item in WORLD.items()]
    wake_ups = [each for each in told if isinstance(each, WakeUp) and each.last]

    assert [item.name for item in WORLD.items()] == [str(each.operation) for each in wake_ups]
    assert {datetime.fromtimestamp(now, tz=UTC)} == {each.at for each in wake_ups}


async def test_an_entry_arrives_when_its_delivery_is_over() -> None:
    """By a streaming pull, in the order of the ends, and none for what does not end."""
    first, second, other = WORLD.items()[:3]
    arrived: dict[str, float] = {}
    both, opened = asyncio.Event(), asyncio.Event()

    def receive(data: bytes) -> None:
        told = parse_wake_up(data)
        assert isinstance(told, WakeUp)
        arrived[str(told.operation)] = time.time()
        if len(arrived) == 2:
            both.set()

    log = AuditLog()
    log.start()
    try:
        source = Subscription(name=SUBSCRIPTION, emulator=log.address)
        pulling = asyncio.create_task(source.pull(opened=opened.set, received=receive))
        now = time.time()
        ends: dict[Item, float] = {second: now, first: now - DELIVERED_AFTER}
        log.announce(ends)
        async with asyncio.timeout(20):
            await both.wait()
        pulling.cancel()
        await asyncio.wait([pulling])
    finally:
        log.stop()

    assert [first.name, second.name] == list(arrived)
    assert other.name not in arrived
    assert arrived[second.name] >= now + DELIVERED_AFTER
