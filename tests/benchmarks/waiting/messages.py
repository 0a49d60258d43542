# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations as bytes, as each service would answer them. Built anew only when progress has moved.

A server that encoded each answer anew would be what is measured, and not its clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, timestamp_pb2

from tests.benchmarks.waiting.world import LOCATION, PROJECT, Family, Item, Service

if TYPE_CHECKING:
    from google.protobuf.message import Message

EXPECTED_DURATION = 5 * 3600.0
"""Of an operation that does not end while anybody looks."""


class Answer:
    """What is answered about one operation, as time goes on.

    :param begun: when the wait begins, as UNIX time
    """

    __slots__ = ("_begun", "_bytes", "_percent", "_service", "ends", "item")

    def __init__(self, item: Item, *, service: Service, begun: float) -> None:
        self.item = item
        self._begun = begun
        self.ends: float | None = None
        """When it ends; None if not while anybody looks."""
        self._service = service
        self._percent = -1
        self._bytes = b""

    def begin(self, at: float) -> None:
        """Have the item's age at a point in time."""
        self._begun = at
        self._percent = -1

    def done(self, at: float) -> bool:
        """Tell whether it has ended."""
        return self.ends is not None and at >= self.ends

    def at(self, at: float) -> bytes:
        """Return the operation as it is now."""
        percent = self._progress(at)
        if percent != self._percent:
            self._percent = percent
            self._bytes = self._build(percent).SerializeToString()
        return self._bytes

    @property
    def _start(self) -> float:
        return self._begun - self.item.age

    def _progress(self, at: float) -> int:
        if self.done(at):
            return 100
        start = self._start
        end = self.ends or start + EXPECTED_DURATION
        return min(int(100 * (at - start) / (end - start)), 99)

    def _build(self, percent: int) -> operations_pb2.Operation:
        operation = operations_pb2.Operation(name=self.item.name, done=percent == 100)
        if self._service is Service.SPANNER:
            metadata, response = _spanner(self.item, percent, self._start, self.ends)
        else:
            metadata, response = _others(self._service, self.item)
        operation.metadata.Pack(metadata)
        if operation.done:
            operation.response.Pack(response)
        return operation


def _spanner(item: Item, percent: int, begun: float, ends: float | None) -> tuple[Message, Message]:
    from google.cloud import spanner_admin_database_v1 as database_v1  # noqa: PLC0415  # heavy

    resource = item.name.rpartition("/operations/")[0]
    start = timestamp_pb2.Timestamp()
    start.FromMicroseconds(int(begun * 1e6))
    end = None
    if percent == 100 and ends is not None:
        end = timestamp_pb2.Timestamp()
        end.FromMicroseconds(int(ends * 1e6))
    if item.family is Family.BACKUPS:
        backup = database_v1.CreateBackupMetadata(
            name=resource,
            database=f"{item.parent}/databases/source",
            progress={"progress_percent": percent, "start_time": start, "end_time": end},
        )
        return _raw(backup), _raw(database_v1.Backup(name=resource))
    # a schema change tells when it started, and no more until it is done
    change = database_v1.UpdateDatabaseDdlMetadata(
        database=resource,
        statements=["CREATE INDEX SingersByName ON Singers(LastName, FirstName)"],
        progress=[
            {
                "progress_percent": percent if end else 0,
                "start_time": start,
                "end_time": end,
            }
        ],
    )
    return _raw(change), empty_pb2.Empty()


def _others(service: Service, item: Item) -> tuple[Message, Message]:
    where = f"projects/{PROJECT}/locations/{LOCATION}"
    number = item.name.rpartition("/")[2]
    if service is Service.CLOUD_RUN:
        from google.cloud import run_v2  # noqa: PLC0415

        name = f"{where}/jobs/job/executions/{number}"
        running = run_v2.Execution(name=name, job="job", task_count=1, running_count=1)
        return _raw(running), _raw(run_v2.Execution(name=name, task_count=1, succeeded_count=1))
    if service is Service.COMPOSER:
        from google.cloud.orchestration.airflow import service_v1  # noqa: PLC0415

        name = f"{where}/environments/environment"
        metadata = service_v1.OperationMetadata(resource=name, state="RUNNING")
        return _raw(metadata), _raw(service_v1.Environment(name=name))
    from google.cloud import dataproc_v1  # noqa: PLC0415

    cluster = dataproc_v1.ClusterOperationMetadata(cluster_name="cluster", operation_type="CREATE")
    return _raw(cluster), _raw(dataproc_v1.Cluster(cluster_name="cluster"))


def _raw(message: Any) -> Message:
    raw: Message = type(message).pb(message)
    return raw
