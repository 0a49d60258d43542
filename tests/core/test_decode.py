# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations are decoded as the API returns them, schema changes with lists that may be short."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import given, strategies as st

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.operations.snapshot import (
    OperationError,
    OperationState,
    StatementProgress,
    decode_operation,
)
from airflow_spanner_lro.core.status import Code

from .sample_values import NAME, NOW, after, operation
from .strategies import moments

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind


TOLD = {"progress_percent": 40, "start_time": NOW, "end_time": after(60)}


def error(code: int, message: str = "") -> dict[str, object]:
    """Return the error of an operation."""
    return {"code": code, "message": message}


@pytest.mark.parametrize(
    ("kind", "metadata"),
    [
        pytest.param(kind, type_(progress=TOLD, cancel_time=after(30)), id=str(kind))
        for kind, type_ in [
            (kinds.CREATE_BACKUP, database_v1.CreateBackupMetadata),
            (kinds.COPY_BACKUP, database_v1.CopyBackupMetadata),
            (kinds.RESTORE_DATABASE, database_v1.RestoreDatabaseMetadata),
            (kinds.UPDATE_DATABASE, database_v1.UpdateDatabaseMetadata),
            (kinds.MOVE_INSTANCE, instance_v1.MoveInstanceMetadata),
            (kinds.CREATE_INSTANCE_CONFIG, instance_v1.CreateInstanceConfigMetadata),
            (kinds.UPDATE_INSTANCE_CONFIG, instance_v1.UpdateInstanceConfigMetadata),
        ]
    ],
)
def test_one_progress(kind: OperationKind, metadata: Any) -> None:
    """Percentage and times come from the one progress, the cancel time from beside it."""
    snapshot = decode_operation(operation(metadata))

    assert kind is snapshot.kind
    assert 40 == snapshot.percent
    assert (NOW, after(60), after(30)) == (
        snapshot.start_time,
        snapshot.end_time,
        snapshot.cancel_time,
    )


def test_one_progress_without_a_cancel_time() -> None:
    """An optimisation cannot be cancelled, so its metadata has no field for that."""
    metadata = database_v1.OptimizeRestoredDatabaseMetadata(progress={"progress_percent": 7})

    snapshot = decode_operation(operation(metadata))

    assert (snapshot.kind, snapshot.percent) == (kinds.OPTIMIZE_RESTORED_DATABASE, 7)
    assert (None, None, None) == (snapshot.start_time, snapshot.end_time, snapshot.cancel_time)


def test_nothing_told_yet() -> None:
    """A progress that is not filled in yet is at 0 %, with no times."""
    snapshot = decode_operation(operation(database_v1.CreateBackupMetadata()))

    assert 0 == snapshot.percent
    assert (None, None, None) == (snapshot.start_time, snapshot.end_time, snapshot.cancel_time)


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        pytest.param(kind, type_, id=str(kind))
        for kind, type_ in [
            (kinds.CREATE_INSTANCE, instance_v1.CreateInstanceMetadata),
            (kinds.UPDATE_INSTANCE, instance_v1.UpdateInstanceMetadata),
            (kinds.CREATE_INSTANCE_PARTITION, instance_v1.CreateInstancePartitionMetadata),
            (kinds.UPDATE_INSTANCE_PARTITION, instance_v1.UpdateInstancePartitionMetadata),
        ]
    ],
)
def test_times_only(kind: OperationKind, type_: Any) -> None:
    """Without a progress there are times and no percentage."""
    metadata = type_(start_time=NOW, cancel_time=after(30), end_time=after(60))

    snapshot = decode_operation(operation(metadata))

    assert kind is snapshot.kind
    assert snapshot.percent is None
    assert (NOW, after(60), after(30)) == (
        snapshot.start_time,
        snapshot.end_time,
        snapshot.cancel_time,
    )


def test_nothing_but_the_name() -> None:
    """The creation of a database tells neither percentage nor times."""
    snapshot = decode_operation(operation(database_v1.CreateDatabaseMetadata(database="orders")))

    assert kinds.CREATE_DATABASE is snapshot.kind
    assert (None, None, None) == (snapshot.percent, snapshot.start_time, snapshot.end_time)


@pytest.mark.parametrize("done", [False, True], ids=["running", "done"])
def test_metadata_of_an_unknown_type_is_no_error(done: bool) -> None:
    """Such an operation has a name and a state, and nothing else."""
    message = operation(done=done)
    message.metadata.Pack(StringValue(value="compaction"))

    snapshot = decode_operation(message)

    assert (NAME, done) == (snapshot.name, snapshot.done)
    assert (None, None) == (snapshot.kind, snapshot.percent)


@pytest.mark.parametrize(
    ("fields", "state", "expected"),
    [
        pytest.param({}, OperationState.RUNNING, None, id="running"),
        pytest.param({"done": True}, OperationState.SUCCEEDED, None, id="done"),
        pytest.param(
            {"done": True, "error": error(8, "full")},
            OperationState.FAILED,
            OperationError(code=Code.RESOURCE_EXHAUSTED, message="full"),
            id="failed",
        ),
        pytest.param(
            {"done": True, "error": error(1, "stop")},
            OperationState.CANCELLED,
            OperationError(code=Code.CANCELLED, message="stop"),
            id="cancelled",
        ),
        pytest.param(
            {"done": True, "error": error(99, "new")},
            OperationState.FAILED,
            OperationError(code=Code.UNKNOWN, message="new"),
            id="a code of a later release",
        ),
        pytest.param({"error": error(8)}, OperationState.RUNNING, None, id="error but not done"),
    ],
)
def test_the_state_comes_from_done_and_error(
    fields: dict[str, Any], state: OperationState, expected: OperationError | None
) -> None:
    """Metadata that says 100 %, an end and a cancel changes nothing about the state."""
    metadata = database_v1.CreateBackupMetadata(
        progress={"progress_percent": 100, "end_time": NOW}, cancel_time=NOW
    )

    snapshot = decode_operation(operation(metadata, **fields))

    assert (state, expected) == (snapshot.state, snapshot.error)


def test_a_restore_tells_what_follows() -> None:
    """The name of the optimisation is in the metadata of the restore."""
    metadata = database_v1.RestoreDatabaseMetadata(optimize_database_operation_name=str(NAME))

    snapshot = decode_operation(operation(metadata))

    assert NAME == snapshot.follow_up
    assert decode_operation(operation(database_v1.RestoreDatabaseMetadata())).follow_up is None


def test_moments_are_plain_datetimes() -> None:
    """The library's subclass with nanoseconds stays behind; microseconds and zone do not."""
    told = NOW.replace(microsecond=123456)
    metadata = instance_v1.CreateInstanceMetadata(start_time=told)

    snapshot = decode_operation(operation(metadata))

    assert told == snapshot.start_time
    assert datetime is type(snapshot.start_time)


@given(moment=moments, nanos=st.integers(0, 999))
def test_a_moment_is_what_googles_library_makes_of_it(moment: datetime, nanos: int) -> None:
    """To the microsecond, before 1970 as well; what is less than that is cut off."""
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    timestamp.nanos += nanos
    message = operation()
    message.metadata.type_url = kinds.CREATE_INSTANCE.metadata_type_url
    metadata = type(instance_v1.CreateInstanceMetadata.pb(instance_v1.CreateInstanceMetadata()))
    message.metadata.value = metadata(start_time=timestamp).SerializeToString()

    start_time = decode_operation(message).start_time

    assert moment == start_time
    assert start_time is not None
    assert UTC is start_time.tzinfo


@pytest.mark.parametrize("kind", kinds.KINDS, ids=str)
def test_metadata_that_says_nothing_is_no_error(kind: OperationKind) -> None:
    """An operation that has just begun may be named, and no more."""
    message = operation()
    message.metadata.type_url = kind.metadata_type_url

    snapshot = decode_operation(message)

    assert (kind, False) == (snapshot.kind, snapshot.done)
    assert (None, None, None) == (snapshot.start_time, snapshot.end_time, snapshot.cancel_time)


def test_fields_of_a_later_release_are_passed_over() -> None:
    """What this release does not know says nothing about what it does."""
    message = operation(database_v1.CreateBackupMetadata(progress=TOLD))
    # field 4000, a varint
    message.metadata.value += b"\x80\xfa\x01\x07"

    assert 40 == decode_operation(message).percent


def test_an_operation_without_a_usable_name_is_an_error() -> None:
    """Nothing can be done with an operation that cannot be named."""
    with pytest.raises(InvalidNameError, match="operation name"):
        decode_operation(operation(name=""))


def test_one_progress_for_each_statement() -> None:
    """The lists of a schema change are lined up, and its percentage is their mean."""
    metadata = database_v1.UpdateDatabaseDdlMetadata(
        statements=["CREATE TABLE T (Id INT64) PRIMARY KEY (Id)", "CREATE INDEX I ON T(Id)"],
        commit_timestamps=[after(10)],
        progress=[
            {"progress_percent": 100, "start_time": NOW, "end_time": after(10)},
            {"progress_percent": 31, "start_time": after(10), "end_time": after(20)},
        ],
        actions=[
            {"action": "CREATE", "entity_type": "TABLE", "entity_names": ["T"]},
            {"action": "CREATE", "entity_type": "INDEX", "entity_names": ["I", "J"]},
        ],
        throttled=True,
    )

    snapshot = decode_operation(operation(metadata))

    assert (
        StatementProgress(label="CREATE TABLE T", percent=100, committed=after(10)),
        StatementProgress(label="CREATE INDEX I, J", percent=31),
    ) == snapshot.statements
    assert (65, NOW, after(20), True) == (
        snapshot.percent,
        snapshot.start_time,
        snapshot.end_time,
        snapshot.throttled,
    )


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        pytest.param({}, [("A", 0, None), ("B", 0, None)], id="nothing yet"),
        pytest.param(
            {"progress": [{"progress_percent": 50}]},
            [("A", 50, None), ("B", 0, None)],
            id="progress of the first only",
        ),
        pytest.param(
            {"commit_timestamps": [NOW]},
            [("A", 100, NOW), ("B", 0, None)],
            id="a commit without progress counts as 100 %",
        ),
        pytest.param(
            {"commit_timestamps": [NOW, after(1)], "progress": [{"progress_percent": 99}]},
            [("A", 100, NOW), ("B", 100, after(1))],
            id="more commits than progresses",
        ),
        pytest.param(
            {"actions": [{"action": "DROP", "entity_type": "TABLE", "entity_names": ["T"]}]},
            [("DROP TABLE T", 0, None), ("B", 0, None)],
            id="action of the first only",
        ),
        pytest.param(
            {"actions": [{}, {"action": "ANALYZE"}]},
            [("A", 0, None), ("ANALYZE", 0, None)],
            id="an empty action tells nothing",
        ),
        pytest.param(
            {"commit_timestamps": [NOW] * 3, "progress": [{}] * 3},
            [("A", 100, NOW), ("B", 100, NOW)],
            id="more commits than statements",
        ),
    ],
)
def test_lists_of_different_lengths(
    lists: dict[str, Any], expected: list[tuple[str, int, datetime | None]]
) -> None:
    """What a list of a schema change does not tell yet is taken as not begun."""
    metadata = database_v1.UpdateDatabaseDdlMetadata(statements=["A", "B"], **lists)

    snapshot = decode_operation(operation(metadata))

    assert expected == [(each.label, each.percent, each.committed) for each in snapshot.statements]
    assert sum(percent for _, percent, _ in expected) // 2 == snapshot.percent


def test_a_schema_change_without_statements() -> None:
    """No statements, no percentage."""
    snapshot = decode_operation(operation(database_v1.UpdateDatabaseDdlMetadata()))

    assert (None, ()) == (snapshot.percent, snapshot.statements)
    assert (None, None) == (snapshot.start_time, snapshot.end_time)


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        pytest.param("ALTER TABLE T\n  ADD COLUMN C", "ALTER TABLE T ADD COLUMN C", id="layout"),
        pytest.param("x" * 60, "x" * 60, id="just fits"),
        pytest.param("x" * 61, "x" * 59 + "…", id="too long"),
    ],
)
def test_a_statement_is_labelled_by_its_first_words(statement: str, label: str) -> None:
    """Where the service gives no action, a statement is one line of 60 characters at most."""
    metadata = database_v1.UpdateDatabaseDdlMetadata(statements=[statement])

    snapshot = decode_operation(operation(metadata))

    assert [label] == [each.label for each in snapshot.statements]
