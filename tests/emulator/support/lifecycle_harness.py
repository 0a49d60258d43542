# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One operation in a world without a server, as a client follows it to its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import ProgressShape, Service
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import ManualClock, Plan, RpcError
from airflow_spanner_lro.emulator.controller import Controller
from airflow_spanner_lro.emulator.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.kinds import OperationKind
    from tests.emulator.support.operation_starts import OperationStart

START = datetime(2026, 1, 1, tzinfo=UTC)
_GETTERS = {
    BackupName: (Service.DATABASE_ADMIN, "GetBackup"),
    DatabaseName: (Service.DATABASE_ADMIN, "GetDatabase"),
    InstanceConfigName: (Service.INSTANCE_ADMIN, "GetInstanceConfig"),
    InstanceName: (Service.INSTANCE_ADMIN, "GetInstance"),
    InstancePartitionName: (Service.INSTANCE_ADMIN, "GetInstancePartition"),
}
# what changes with the time, and with each change even if that is undone
_PASSING = ("earliest_version_time", "etag")


@dataclass(slots=True, kw_only=True)
class LifecycleHarness:
    """An operation that was started, and what its target was like before.

    :param before: the target, or None if there was none
    """

    engine: Engine
    start: OperationStart
    name: str
    started: datetime
    before: Any

    @classmethod
    def begin(cls, start: OperationStart, plan: Plan) -> LifecycleHarness:
        """Start an operation in a world of its own."""
        engine = Engine(clock=ManualClock(START))
        controller = Controller(engine=engine)

        def call(kind: OperationKind, request: Mapping[str, Any]) -> Any:
            return _call(engine, kind.service, kind.method, kind.request_type()(request))

        start.prepare(controller, call)
        before = _read(engine, start)
        controller.plan(plan)
        now = engine.clock.now()
        name = call(start.kind, start.request_at(now)).name
        return cls(engine=engine, start=start, name=name, started=now, before=before)

    # --- what happens ---

    def go(self, time: datetime) -> None:
        """Let it be that time."""
        self.engine.clock.advance(time - self.now)

    def cancel(self) -> None:
        """Ask to cancel the operation.

        :raises RpcError: if that is refused.
        """
        request = operations_pb2.CancelOperationRequest(name=self.name)
        answer = _call(self.engine, _OPERATIONS, "CancelOperation", request)
        assert answer == empty_pb2.Empty()

    # --- what can be seen ---

    @property
    def now(self) -> datetime:
        """The time."""
        return self.engine.clock.now()

    @property
    def operation(self) -> operations_pb2.Operation:
        """The operation as it is now."""
        request = operations_pb2.GetOperationRequest(name=self.name)
        operation: operations_pb2.Operation = _call(
            self.engine, _OPERATIONS, "GetOperation", request
        )
        return operation

    @property
    def metadata(self) -> Any:
        """What the operation tells about itself, as a plain message."""
        metadata = self.start.kind.metadata_type().pb()()
        assert self.operation.metadata.Unpack(metadata)
        return metadata

    @property
    def percents(self) -> list[int]:
        """How far each of its steps is; nothing where it does not tell."""
        return [each.progress_percent for each in self._progress]

    @property
    def tells_end(self) -> bool:
        """Whether it says that it has ended: all that began has an end."""
        match self.start.kind.progress:
            case ProgressShape.TIMES_ONLY:
                return bool(self.metadata.HasField("end_time"))
            case ProgressShape.PER_STATEMENT:
                return self.operation.done and all(
                    each.HasField("start_time") == each.HasField("end_time")
                    for each in self._progress
                )
            case _:
                return bool(self.metadata.progress.HasField("end_time"))

    @property
    def has_cancel_time(self) -> bool:
        """Whether its metadata has a place for the time of a cancel."""
        return "cancel_time" in self.metadata.DESCRIPTOR.fields_by_name

    @property
    def tells_cancel(self) -> bool:
        """Whether it says that it was cancelled."""
        return self.has_cancel_time and bool(self.metadata.HasField("cancel_time"))

    @property
    def cancel_time(self) -> datetime:
        """When it says that it was cancelled."""
        time: datetime = self.metadata.cancel_time.ToDatetime(tzinfo=UTC)
        return time

    @property
    def _progress(self) -> list[Any]:
        match self.start.kind.progress:
            case ProgressShape.SINGLE:
                return [self.metadata.progress]
            case ProgressShape.PER_STATEMENT:
                return list(self.metadata.progress)
            case _:
                return []

    # --- how it ended ---

    def check_finished(self) -> None:
        """Make sure that it has succeeded, with its response, and that its target is there."""
        operation = self.operation
        expected = self.start.kind.response

        assert operation.done
        assert not operation.HasField("error")
        if expected is None:
            assert operation.response.Is(empty_pb2.Empty.DESCRIPTOR)
        else:
            assert expected == operation.response.type_url.rpartition(".")[2]
        assert _read(self.engine, self.start) not in (None, self.before)

    def check_cancelled(self) -> None:
        """Make sure that it was cancelled, and left everything as it was before."""
        operation = self.operation

        assert operation.done
        assert int(Code.CANCELLED) == operation.error.code
        assert not operation.HasField("response")
        committed = self._committed
        if committed:
            # what a schema change has committed stays
            assert _read(self.engine, self.start) != self.before
        else:
            assert self.before == _read(self.engine, self.start)
        assert (self.before is None) == self.start.kind.creates

    @property
    def _committed(self) -> int:
        return len(getattr(self.metadata, "commit_timestamps", ()))


_OPERATIONS = "google.longrunning.Operations"


def _call(engine: Engine, service: str, method: str, request: Any) -> Any:
    return engine.call(engine.methods[f"/{service}/{method}"], request)


def _read(engine: Engine, start: OperationStart) -> tuple[bytes, ...] | None:
    """Return the target as it is now, schema included; None if it cannot be read."""
    service, getter = _GETTERS[start.kind.target]
    try:
        found = [_get(engine, service, getter, {"name": start.target})]
        if start.kind.target is DatabaseName:
            found.append(_get(engine, service, "GetDatabaseDdl", {"database": start.target}))
    except RpcError as exc:
        if exc.code is not Code.NOT_FOUND:
            raise
        return None
    return tuple(found)


def _get(engine: Engine, service: str, method: str, fields: Mapping[str, str]) -> bytes:
    found = engine.methods[f"/{service}/{method}"]
    message = engine.call(found, found.request(**fields))
    plain = type(message).pb(message)
    for field in _PASSING:
        if field in plain.DESCRIPTOR.fields_by_name:
            plain.ClearField(field)
    data: bytes = plain.SerializeToString(deterministic=True)
    return data
