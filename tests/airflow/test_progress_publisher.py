# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A triggerer shows what its pollers have seen, sparingly, to its main process.

Time is virtual: hours of waiting pass in milliseconds, and what is shown is counted.
"""

from __future__ import annotations

import asyncio
import base64
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.spanner_admin_database_v1 import RestoreDatabaseMetadata

from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.polling.seen import Emulated
from airflow_spanner_lro.core.polling.seen_record import read_record
from airflow_spanner_lro.triggers import progress_page, progress_publisher
from airflow_spanner_lro.triggers.progress_page import MOST_BYTES, ProgressPage
from airflow_spanner_lro.triggers.progress_publisher import ProgressPublisher, note_line
from tests.admin.virtual_spanner import CrowdedSpanner, poller_of, waiting
from tests.admin.virtual_time import in_virtual_time

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.polling.seen_record import SeenRecord

CLOUD = Endpoint(target="spanner.example:443")
EMULATOR = Endpoint(target="emulator.example:9010", plain_text=True)


class MovingSpanner(CrowdedSpanner):
    """One whose operations tell how far they are."""

    @staticmethod
    def _now(running: Any) -> Operation:
        operation = CrowdedSpanner._now(running)
        percent = min(int(100 * asyncio.get_running_loop().time() / running.ends), 100)
        metadata = RestoreDatabaseMetadata(progress={"progress_percent": percent})
        operation.metadata.Pack(RestoreDatabaseMetadata.pb(metadata))
        return operation


class CountingPage(ProgressPage):
    """The memory between the processes; knows when something was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown_at: list[float] = []

    def show(self, record: bytes) -> None:
        """Show it."""
        self.shown_at.append(asyncio.get_running_loop().time())
        super().show(record)

    @property
    def record(self) -> SeenRecord:
        """The last one."""
        return record_in(self)


def record_in(page: ProgressPage) -> SeenRecord:
    """Return what a page shows."""
    head, _, packed = page.read()[1].partition(b"\n")
    return read_record(f"{head.decode()}\n{base64.b64encode(packed).decode()}")


@dataclass
class Polled:
    """A connection and its poller."""

    poller: OperationPoller
    endpoint: Endpoint = CLOUD
    gcp_conn_id: str = "orders"
    client: Any = field(init=False)
    connection_spec: ConnectionSpec = field(init=False)

    def __post_init__(self) -> None:
        self.client = SimpleNamespace(channels=SimpleNamespace(endpoint=self.endpoint))
        self.connection_spec = ConnectionSpec(gcp_conn_id=self.gcp_conn_id)


@pytest.fixture(autouse=True)
def _nothing_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_page, "_here", progress_page._Here())
    monkeypatch.setattr(progress_publisher, "_lines", {})


@pytest.mark.slow
@in_virtual_time
async def test_shown_at_most_every_twenty_seconds() -> None:
    """However often a hundred operations move, a quarter of an hour has no more than 45 records."""
    spanner, page = MovingSpanner(), CountingPage()
    names = spanner.begin_many(100, instances=4, ends=lambda each: 1000.0 + each)
    poller = poller_of(spanner)
    publisher = ProgressPublisher(lambda: [Polled(poller)], page=page)
    publisher.start()
    publisher.start()
    waits = waiting(poller, names)
    await asyncio.sleep(900)

    found = page.record
    assert 25 <= len(page.shown_at) <= 45
    assert {str(each) for each in names} == set(found.operations)
    assert all(each.state is OperationState.RUNNING for each in found.operations.values())
    assert all(each.percent for each in found.operations.values())
    assert all(each.rate and each.expected_end for each in found.operations.values())
    assert 0 < (found.head.requests_per_second or 0.0) <= 1.0
    assert (100, 0, {}) == (found.head.operations, found.head.left_out, found.head.emulated)
    publisher.stop()
    await asyncio.wait(waits)


@in_virtual_time
async def test_unchanged_is_shown_every_minute() -> None:
    """Where nothing moves, who looks is told each minute that somebody still looks."""
    spanner, page = CrowdedSpanner(), CountingPage()
    (still,) = spanner.begin_many(1)
    poller = poller_of(spanner)
    publisher = ProgressPublisher(lambda: [Polled(poller)], page=page)
    publisher.start()
    (wait,) = waiting(poller, [still])
    await asyncio.sleep(1800)

    gaps = [late - early for early, late in zip(page.shown_at, page.shown_at[1:], strict=False)]
    assert {60.0, 62.0} >= set(gaps[1:])
    publisher.stop()
    wait.cancel()


@in_virtual_time
async def test_end_is_shown_and_then_nothing() -> None:
    """An end is told of for five minutes; where nobody waits any more nothing is written."""
    spanner, page = CrowdedSpanner(), CountingPage()
    (name,) = spanner.begin_many(1, instances=1, ends=lambda _: 100.0)
    poller = poller_of(spanner)
    publisher = ProgressPublisher(lambda: [Polled(poller)], page=page)
    publisher.start()
    await asyncio.wait(waiting(poller, [name]))
    await asyncio.sleep(60)
    ended = page.record.operations[str(name)]
    await asyncio.sleep(600)
    shown = len(page.shown_at)
    await asyncio.sleep(3600)

    assert OperationState.SUCCEEDED is ended.state
    assert (None, None) == (ended.rate, ended.expected_end)
    assert {} == page.record.operations
    assert shown == len(page.shown_at)
    publisher.stop()


@in_virtual_time
async def test_emulator_is_told() -> None:
    """What an emulator says is marked, and so is the connection that leads to it."""
    spanner, page = CrowdedSpanner(), CountingPage()
    (name,) = spanner.begin_many(1, instances=1, ends=lambda _: 1e9)
    poller = poller_of(spanner)
    publisher = ProgressPublisher(lambda: [Polled(poller, EMULATOR)], page=page)
    publisher.start()
    (wait,) = waiting(poller, [name])
    await asyncio.sleep(30)

    assert {"orders": Emulated()} == page.record.head.emulated
    assert Emulated() == page.record.operations[str(name)].emulated
    publisher.stop()
    assert {} == page.record.operations
    wait.cancel()


@in_virtual_time
async def test_shared_budget_counts_once() -> None:
    """Two connections to one project share a budget, and what they send is told once."""
    spanner, page = CrowdedSpanner(), CountingPage()
    names = spanner.begin_many(2, instances=2, ends=lambda _: 1e9)
    first = poller_of(spanner)
    budget = first.project("test").dispatcher.budget
    second = poller_of(spanner, budget_of=lambda _: budget)
    polled = [Polled(first), Polled(second, gcp_conn_id="users")]
    publisher = ProgressPublisher(lambda: polled, page=page)
    publisher.start()
    waits = [*waiting(first, names[:1]), *waiting(second, names[1:])]
    await asyncio.sleep(25)

    sent = sum(each.at <= page.shown_at[-1] for each in spanner.requests)
    assert sent / 60 == page.record.head.requests_per_second
    publisher.stop()
    for each in waits:
        each.cancel()


@in_virtual_time
async def test_last_line_of_the_log_goes_along() -> None:
    """What the task's log says last is shown, until nobody waits any more."""
    spanner = CrowdedSpanner()
    page = progress_page.open_page()
    (name,) = spanner.begin_many(1, instances=1, ends=lambda _: 200.0)
    poller = poller_of(spanner)
    publisher = ProgressPublisher(lambda: [Polled(poller)])
    publisher.start()
    waits = waiting(poller, [name])
    note_line(str(name), "first", at=datetime(2026, 3, 1, tzinfo=UTC))
    note_line(str(name), "second", at=datetime(2026, 3, 1, tzinfo=UTC))
    await asyncio.sleep(30)
    line = record_in(page).operations[str(name)].line
    await asyncio.wait(waits)
    await asyncio.sleep(400)

    assert line is not None
    assert "second" == line.text
    assert {} == progress_publisher._lines
    publisher.stop()


@in_virtual_time
async def test_nothing_is_shown_where_nobody_looks() -> None:
    """In ``dags test`` there is no main process: nothing is written, and nothing remembered."""
    publisher = ProgressPublisher(list)
    publisher.start()
    note_line("some", "line", at=datetime(2026, 3, 1, tzinfo=UTC))
    publisher.stop()
    assert {} == progress_publisher._lines
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.slow
@in_virtual_time
async def test_triggers_have_their_turns_meanwhile() -> None:
    """While a record of a thousand is made, others have a turn after each fifty operations."""
    spanner, page, turns = CrowdedSpanner(), CountingPage(), 0
    names = spanner.begin_many(1000, instances=2)
    poller = poller_of(spanner, rate=10.0)
    waits = waiting(poller, names)
    await asyncio.sleep(60)
    publisher = ProgressPublisher(lambda: [Polled(poller)], page=page)

    async def others() -> None:
        nonlocal turns
        while not page.shown_at:
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    assert await publisher.look(page)
    await busy
    assert 1000 == page.record.head.operations
    assert turns >= 1000 / 50
    for each in waits:
        each.cancel()


@in_virtual_time
async def test_bug_ends_no_wait() -> None:
    """Should publishing fail, the waits go on, and the next trigger starts it again."""

    def broken() -> list[Polled]:
        message = "a bug"
        raise ValueError(message)

    page = CountingPage()
    publisher = ProgressPublisher(broken, page=page)
    publisher.start()
    await asyncio.sleep(10)
    assert publisher._publishing is None
    publisher.start()
    assert publisher._publishing is not None
    publisher._publishing.cancel()


# the memory between both processes


def test_fork_shows_and_parent_reads() -> None:
    """What the fork writes the main process reads, each time the last of it."""
    page = ProgressPage()
    assert (0, b"") == page.read()
    child = os.fork()
    if child == 0:
        page.show(b"first")
        page.show(b"second")
        os._exit(0)
    os.waitpid(child, 0)
    assert (2, b"second") == page.read()


def test_half_written_record_is_not_read() -> None:
    """A record that is being written over while it is read counts as none."""
    page = ProgressPage()
    page.show(b"a record")
    page._place(page.number)[64] = 0
    assert (0, b"") == page.read()


def test_record_without_room_is_refused() -> None:
    """What is longer than the memory is no record; what just fits is one."""
    page = ProgressPage()
    with pytest.raises(ValueError, match="no room"):
        page.show(b"x" * (MOST_BYTES + 1))
    page.show(b"x" * MOST_BYTES)
    assert (1, MOST_BYTES) == (page.read()[0], len(page.read()[1]))
