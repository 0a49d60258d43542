# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One filter shows what is pending and what has just ended, on every list of operations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.kinds import ProgressShape
from airflow_spanner_lro.emulator import ManualClock, RpcError, SpannerAdminEmulator
from tests.emulator.support.direct_calls import call
from tests.emulator.support.operation_starts import (
    DATABASE,
    INSTANCE,
    PROJECT,
    STARTS,
    OperationStart,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.kinds import OperationKind

LISTS = {
    "DatabaseName": ("ListDatabaseOperations", {"parent": INSTANCE}),
    "BackupName": ("ListBackupOperations", {"parent": INSTANCE}),
    "InstancePartitionName": ("ListInstancePartitionOperations", {"parent": INSTANCE}),
    "InstanceConfigName": ("ListInstanceConfigOperations", {"parent": PROJECT}),
    "InstanceName": ("ListOperations", {"name": f"{INSTANCE}/operations"}),
}
NEW_INSTANCE = f"{PROJECT}/instances/new"
WITH_END = [each for each in STARTS if each.kind.progress is not ProgressShape.NONE]


def end_field(kind: OperationKind) -> str:
    """Return the field of the metadata that tells when an operation ended."""
    if kind.progress is ProgressShape.TIMES_ONLY:
        return "metadata.end_time"
    return "metadata.progress.end_time"


def recent(kind: OperationKind, since: datetime) -> str:
    """Return a filter for what is pending, and what has ended since; other branches beside."""
    ended = f'(metadata.@type:{kind.metadata_type_url}) AND ({end_field(kind)}>"{{}}")'
    other = kinds.COPY_BACKUP if kind is kinds.CREATE_BACKUP else kinds.CREATE_BACKUP
    beside = f'(metadata.@type:{other.metadata_type_url}) AND (metadata.progress.end_time>"{{}}")'
    terms = (
        "(NOT done:true)",
        f"({ended.format(since.isoformat())})",
        f"({beside.format(since.isoformat())})",
    )
    return " OR ".join(terms)


class Emulated:
    """An emulator whose RPCs are called in place."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 11, 28, 10, tzinfo=UTC))
        self.emulator = SpannerAdminEmulator(clock=self.clock)

    def call(self, name: str, request: Mapping[str, Any]) -> Any:
        """Call an RPC."""
        return call(self.emulator._engine, name, **request)

    def start(self, start: OperationStart) -> str:
        """Start an operation, and return its name."""
        start.prepare(
            self.emulator,
            lambda kind, request: self.call(kind.method, request),
        )
        name: str = self.call(start.kind.method, start.request_at(self.clock.now())).name
        return name

    def listed(self, kind: OperationKind, since: datetime) -> set[str]:
        """Return the names that the list of this kind's family shows."""
        method, parent = LISTS[kind.target.__name__]
        if kind is kinds.CREATE_INSTANCE:
            parent = {"name": f"{NEW_INSTANCE}/operations"}
        answer = self.call(method, {**parent, "filter": recent(kind, since)})
        return {operation.name for operation in answer.operations}


@pytest.fixture
def emulated() -> Emulated:
    """Return an emulator whose RPCs are called in place."""
    return Emulated()


@pytest.mark.parametrize("start", WITH_END, ids=str)
def test_a_list_shows_what_has_just_ended_beside_what_is_pending(
    emulated: Emulated, start: OperationStart
) -> None:
    """An operation is there while it runs, and after its end until the time moves beyond it."""
    name = emulated.start(start)
    hour = timedelta(hours=1)

    assert name in emulated.listed(start.kind, emulated.clock.now() + hour)

    (done,) = emulated.emulator.run_until_done(name)
    assert done.ended is not None
    tick = timedelta(microseconds=1)

    assert name in emulated.listed(start.kind, done.ended - tick)
    assert name not in emulated.listed(start.kind, done.ended)


def test_the_creation_of_a_database_does_not_tell_when_it_ended(emulated: Emulated) -> None:
    """Its metadata has nothing but a name, so that such a filter shows it while it runs only."""
    (start,) = (each for each in STARTS if each.kind is kinds.CREATE_DATABASE)
    name = emulated.start(start)
    since = emulated.clock.now() - timedelta(days=1)

    assert name in emulated.listed(start.kind, since)

    emulated.emulator.run_until_done(name)

    assert name not in emulated.listed(start.kind, since)


def test_a_restore_and_the_optimization_after_it_tell_their_own_ends(emulated: Emulated) -> None:
    """The optimization begins when the restore ends, and is found by its own type."""
    (start,) = (each for each in STARTS if each.kind is kinds.RESTORE_DATABASE)
    emulated.start(start)
    views = emulated.emulator.run_until_done()
    optimized = next(each for each in views if each.kind is kinds.OPTIMIZE_RESTORED_DATABASE)
    assert optimized.ended is not None
    tick = timedelta(microseconds=1)

    assert {optimized.name} == emulated.listed(optimized.kind, optimized.ended - tick)
    assert set() == emulated.listed(optimized.kind, optimized.ended)


def test_a_schema_change_is_found_by_the_end_of_any_statement(emulated: Emulated) -> None:
    """It has one progress for each statement, and one that ended in time is enough."""
    emulated.emulator.create_database(DATABASE)
    tables = [f"CREATE TABLE T{each} (Id INT64) PRIMARY KEY (Id)" for each in range(3)]
    started = emulated.clock.now()
    name = emulated.call("UpdateDatabaseDdl", {"database": DATABASE, "statements": tables}).name
    (done,) = emulated.emulator.run_until_done(name)
    assert done.ended is not None
    one = (done.ended - started) / 3

    for since in (started, started + one, started + 2 * one):
        assert {name} == emulated.listed(kinds.UPDATE_DATABASE_DDL, since)
    assert set() == emulated.listed(kinds.UPDATE_DATABASE_DDL, done.ended)


@pytest.mark.parametrize("field", ["metadata.progress.end_time", "metadata.end_time"])
@pytest.mark.parametrize(("method", "parent"), LISTS.values(), ids=LISTS)
def test_an_end_without_its_type_is_refused(
    emulated: Emulated, method: str, parent: dict[str, str], field: str
) -> None:
    """The documented rule is that the type comes first, in each branch of the OR."""
    emulated.emulator.create_instance(INSTANCE)
    filter_ = f'(done:false) OR ({field}>"2026-11-28T10:00:00Z")'

    with pytest.raises(RpcError, match=f"metadata.@type must come before {field}"):
        emulated.call(method, {**parent, "filter": filter_})
