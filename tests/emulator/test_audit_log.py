# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Audit-log entries arrive in Pub/Sub: in order, at their time, at no cost of the emulator's."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import grpc
import httpx
import pytest

from airflow_spanner_lro.core.kinds import CREATE_BACKUP, UPDATE_DATABASE_DDL
from airflow_spanner_lro.emulator import (
    AuditCounts,
    AuditTopic,
    Clock,
    ManualClock,
    OperationMoment,
    Plan,
    SpannerAdminEmulator,
    SystemClock,
)
from tests.emulator.conftest import DATABASE, INSTANCE
from tests.emulator.support.direct_calls import call
from tests.support.log_lines import logged
from tests.support.pubsub import PubSubDouble, running_pubsub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUDIT = "airflow_spanner_lro.emulator.audit"
TOPIC = "projects/logs/topics/audit"
FIRST, LAST = "first", "last"
TABLE = "CREATE TABLE T{} (Id INT64) PRIMARY KEY (Id)"


class Run(Protocol):
    """Runs an emulator whose entries go to the double."""

    def __call__(self, clock: Clock | None = None, **options: Any) -> SpannerAdminEmulator:
        """Run it until the test has ended."""
        ...


@pytest.fixture
def pubsub() -> Iterator[PubSubDouble]:
    """Run a double of Pub/Sub that has the topic."""
    with running_pubsub() as running:
        running.create_topic(TOPIC)
        yield running


@pytest.fixture
def run(pubsub: PubSubDouble) -> Iterator[Run]:
    """Return a function that runs an emulator with a database."""
    with ExitStack() as stack:

        def start(clock: Clock | None = None, **options: Any) -> SpannerAdminEmulator:
            topic = AuditTopic(topic=TOPIC, endpoint=pubsub.address)
            emulator = SpannerAdminEmulator(
                clock=clock or ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), audit=topic, **options
            )
            stack.enter_context(emulator)
            emulator.create_database(DATABASE, if_missing=True)
            return emulator

        yield start


def change_schema(emulator: SpannerAdminEmulator, number: int = 0) -> str:
    """Start a schema change, and return its name."""
    statements = [TABLE.format(number)]
    operation = call(
        emulator._engine, "UpdateDatabaseDdl", database=DATABASE, statements=statements
    )
    name: str = operation.name
    return name


def start_backup(emulator: SpannerAdminEmulator, backup_id: str = "nightly") -> str:
    """Start a backup, and return its name."""
    backup = {"database": DATABASE, "expire_time": emulator.clock.now() + timedelta(days=1)}
    operation = call(
        emulator._engine, "CreateBackup", parent=INSTANCE, backup_id=backup_id, backup=backup
    )
    name: str = operation.name
    return name


def arrived(pubsub: PubSubDouble) -> list[tuple[str, str]]:
    """Return the entries that have arrived: which operation, and whether first or last."""
    found = [json.loads(data)["operation"] for data in pubsub.published(TOPIC)]
    return [(each["id"], FIRST if each.get(FIRST) else LAST) for each in found]


def wait_for(pubsub: PubSubDouble, *expected: tuple[str, str]) -> None:
    """Wait until as many entries have arrived, and make sure that they are these."""
    pubsub.wait_until(lambda: len(pubsub.published(TOPIC)) >= len(expected))

    assert list(expected) == arrived(pubsub)


def test_an_entry_arrives_at_the_start_and_one_at_the_end(run: Run, pubsub: PubSubDouble) -> None:
    """The end is told when the clock has gone there, though nobody asks the emulator."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    name = start_backup(run(clock))
    wait_for(pubsub, (name, FIRST))
    clock.advance(timedelta(minutes=25))
    wait_for(pubsub, (name, FIRST), (name, LAST))
    entry = json.loads(pubsub.published(TOPIC)[1])

    assert "2026-01-01T00:25:00.000000Z" == entry["timestamp"]
    assert (
        "google.spanner.admin.database.v1.DatabaseAdmin.CreateBackup"
        == entry["protoPayload"]["methodName"]
    )
    assert [
        {"logging.googleapis.com/timestamp": json.loads(data)["timestamp"]}
        for data in pubsub.published(TOPIC)
    ] == pubsub.attributes(TOPIC)


def test_an_end_is_told_while_time_runs_by_itself(run: Run, pubsub: PubSubDouble) -> None:
    """Within the time that the operation takes, at the speed of the clock."""
    emulator = run(SystemClock(scale=100))
    emulator.plan(Plan(duration=timedelta(seconds=20)), kind=UPDATE_DATABASE_DDL)
    name = change_schema(emulator)

    wait_for(pubsub, (name, FIRST), (name, LAST))


def test_what_a_jump_passes_arrives_in_the_order_in_which_it_happened(
    run: Run, pubsub: PubSubDouble
) -> None:
    """Schema changes follow each other, and a backup ends long after them."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = run(clock)
    backup = start_backup(emulator)
    changes = [change_schema(emulator, number) for number in range(3)]
    clock.advance(timedelta(hours=1))

    wait_for(
        pubsub,
        (backup, FIRST),
        *((name, FIRST) for name in changes),
        *((name, LAST) for name in changes),
        (backup, LAST),
    )


def test_more_ends_at_once_than_one_request_takes_all_arrive(
    run: Run, pubsub: PubSubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are several requests, and stay in order."""
    monkeypatch.setattr("airflow_spanner_lro.emulator.audit.log._BATCH", 4)
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = run(clock)
    names = [change_schema(emulator, number) for number in range(13)]
    clock.advance(timedelta(days=1))
    wait_for(pubsub, *((name, FIRST) for name in names), *((name, LAST) for name in names))
    pubsub.wait_until(lambda: emulator.audit == AuditCounts(published=26))

    assert 7 <= pubsub.calls.count("Publish")


def test_entries_can_be_lost(run: Run, pubsub: PubSubDouble) -> None:
    """Only the one that was meant, by method, name and moment."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = run(clock)
    end = OperationMoment.END
    emulator.faults.lose_entry(method="CreateBackup", moment=end)
    emulator.faults.lose_entry(method="UpdateDatabaseDdl", resource=f"{INSTANCE}/databases/other")
    backup, change = start_backup(emulator), change_schema(emulator)
    clock.advance(timedelta(hours=1))
    pubsub.wait_until(lambda: emulator.audit == AuditCounts(published=3, lost=1))

    assert [(backup, FIRST), (change, FIRST), (change, LAST)] == arrived(pubsub)
    assert ["UpdateDatabaseDdl"] == [fault.method for fault in emulator.faults.pending()]


def test_entries_can_come_twice(run: Run, pubsub: PubSubDouble) -> None:
    """As two messages with one insertId."""
    emulator = run()
    emulator.faults.double_entry(resource=DATABASE)
    name = change_schema(emulator)
    wait_for(pubsub, (name, FIRST), (name, FIRST))

    assert 1 == len({json.loads(data)["insertId"] for data in pubsub.published(TOPIC)})
    assert () == emulator.faults.pending()


def test_entries_can_come_late(run: Run, pubsub: PubSubDouble) -> None:
    """Others overtake them."""
    emulator = run()
    emulator.faults.delay_entry(0.3, method="CreateBackup")
    backup, change = start_backup(emulator), change_schema(emulator)

    wait_for(pubsub, (change, FIRST), (backup, FIRST))
    assert [None] == [fault.times for fault in emulator.faults.pending()]


def test_a_lost_entry_needs_no_delay(run: Run, pubsub: PubSubDouble) -> None:
    """The delay is there for the next one."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = run(clock)
    emulator.faults.lose_entry()
    emulator.faults.delay_entry(0.01, times=1)
    start_backup(emulator)
    pubsub.wait_until(lambda: emulator.audit == AuditCounts(lost=1))

    assert 1 == len(emulator.faults.pending())


def test_faults_of_entries_leave_calls_alone(run: Run) -> None:
    """And those of calls leave entries alone."""
    emulator = run()
    emulator.faults.lose_entry(times=None)
    emulator.faults.fail(method="CreateBackup")

    assert None is emulator.faults.take(method="GetOperation", resource="x").refuse
    assert None is not emulator.faults.take(method="CreateBackup", resource="x").refuse
    effect = emulator.faults.take_entry(
        method="CreateBackup", names=["x"], moment=OperationMoment.END
    )
    assert 0 == effect.copies


def test_entries_wait_while_pubsub_is_in_trouble(
    run: Run, pubsub: PubSubDouble, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning, the emulator answers as ever, and all arrives in the end, in order."""
    caplog.set_level(logging.WARNING, AUDIT)
    pubsub.refuse("Publish", grpc.StatusCode.UNAVAILABLE)
    emulator = run()
    names = [change_schema(emulator, number) for number in range(3)]
    pubsub.wait_until(lambda: pubsub.calls.count("Publish") >= 2)
    said = logged(caplog, AUDIT)
    waiting = emulator.audit
    pubsub.allow("Publish")
    wait_for(pubsub, *((name, FIRST) for name in names))

    assert 1 == len(said)
    assert said[0].startswith("Audit-log entries wait: ")
    assert said[0].endswith(TOPIC)
    assert AuditCounts(waiting=3) == waiting


def test_a_topic_that_is_not_there_is_told(
    pubsub: PubSubDouble, caplog: pytest.LogCaptureFixture
) -> None:
    """Pub/Sub's own words are in the warning, and the topic may still be made."""
    caplog.set_level(logging.WARNING, AUDIT)
    topic = AuditTopic(topic="projects/logs/topics/new", endpoint=pubsub.address)
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    with SpannerAdminEmulator(clock=clock, audit=topic) as emulator:
        emulator.create_database(DATABASE)
        change_schema(emulator)
        pubsub.wait_until(lambda: bool(logged(caplog, AUDIT)))
        pubsub.create_topic(topic.topic)
        pubsub.wait_until(lambda: len(pubsub.published(topic.topic)) == 1)

    assert "Topic not found: projects/logs/topics/new" in logged(caplog, AUDIT)[0]


def test_nobody_at_the_endpoint_does_not_stop_the_emulator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It starts, answers and stops."""
    caplog.set_level(logging.WARNING, AUDIT)
    with running_pubsub() as gone:
        topic = AuditTopic(topic=TOPIC, endpoint=gone.address)
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    with SpannerAdminEmulator(clock=clock, audit=topic) as emulator:
        emulator.create_database(DATABASE)
        name = change_schema(emulator)
        (done,) = emulator.run_until_done(name)

    assert done.done
    assert AuditCounts(waiting=2) == emulator.audit


def test_there_is_room_for_so_many_entries_only(
    run: Run, pubsub: PubSubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no room is dropped and counted, so that a lost Pub/Sub does not fill the memory."""
    monkeypatch.setattr("airflow_spanner_lro.emulator.audit.log._ROOM", 2)
    pubsub.refuse("Publish", grpc.StatusCode.UNAVAILABLE)
    emulator = run()
    for number in range(5):
        change_schema(emulator, number)

    assert AuditCounts(waiting=2, dropped=3) == emulator.audit


def test_a_stop_publishes_what_is_due(run: Run, pubsub: PubSubDouble) -> None:
    """And a later start goes on."""
    emulator = run()
    name = change_schema(emulator)
    emulator.stop()

    assert [(name, FIRST)] == arrived(pubsub)

    emulator.start()
    other = change_schema(emulator, 1)

    wait_for(pubsub, (name, FIRST), (other, FIRST))


def test_an_end_while_the_emulator_was_away_is_told_when_it_is_back(
    run: Run, pubsub: PubSubDouble, tmp_path: Path
) -> None:
    """What had been told before is not told again."""
    file = tmp_path / "state"
    first = run(SystemClock(scale=1000), state_file=file)
    first.plan(Plan(duration=timedelta(seconds=200)), kind=UPDATE_DATABASE_DDL)
    name = change_schema(first)
    wait_for(pubsub, (name, FIRST))
    first.stop()
    assert 1 == len(arrived(pubsub))
    run(SystemClock(scale=1000), state_file=file)

    wait_for(pubsub, (name, FIRST), (name, LAST))


def test_a_restored_world_goes_on_to_tell(run: Run, pubsub: PubSubDouble) -> None:
    """What is restored has been told; what it does afterwards is told."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = run(clock)
    name = change_schema(emulator)
    wait_for(pubsub, (name, FIRST))
    emulator.restore(emulator.snapshot())
    clock.advance(60)

    wait_for(pubsub, (name, FIRST), (name, LAST))


def test_the_control_interface_counts_entries(run: Run, pubsub: PubSubDouble) -> None:
    """For tests in other processes, which wait until all have arrived."""
    emulator = run(rest_port=0)
    emulator.faults.lose_entry()
    change_schema(emulator)
    change_schema(emulator, 1)
    pubsub.wait_until(lambda: emulator.audit == AuditCounts(published=1, lost=1))
    found = httpx.get(f"{emulator.rest_endpoint}/control/audit", timeout=10).json()

    assert {"on": True, "published": 1, "waiting": 0, "lost": 1, "dropped": 0} == found


def test_without_a_topic_nothing_is_noted() -> None:
    """An emulator has no audit log unless somebody asks for one."""
    with SpannerAdminEmulator() as emulator:
        emulator.create_database(DATABASE)
        change_schema(emulator)

        assert None is emulator.audit
        assert None is emulator._engine._on_change


def test_a_cancelled_backup_ends_with_an_error(run: Run, pubsub: PubSubDouble) -> None:
    """The end is told at the time when the cancel had its effect."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    emulator = run(clock)
    emulator.plan(Plan(cancel_delay=timedelta(seconds=5)), kind=CREATE_BACKUP)
    name = start_backup(emulator)
    call(emulator._engine, "CancelOperation", name=name)
    clock.advance(60)
    wait_for(pubsub, (name, FIRST), (name, LAST))
    entry = json.loads(pubsub.published(TOPIC)[1])

    assert ("2026-01-01T00:00:05.000000Z", 1) == (
        entry["timestamp"],
        entry["protoPayload"]["status"]["code"],
    )
