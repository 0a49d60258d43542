# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operations that are waited for: how old they are, when they end, and how they are answered.

Made anew from a seed wherever they are needed, so that the server and whoever judges its clients
agree on every end without telling each other. Times are in seconds. As bytes, as each service would
answer them, they are built anew only when progress has moved: a server that encoded each answer
anew would be what is measured, and not its clients.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, timestamp_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message


PROJECT = "bench"
LOCATION = "us-central1"
YOUNG = 0.02
"""The part of the operations that were started in the last minutes."""
YOUNG_AGE = (0.0, 300.0)
OLD_AGE = (600.0, 4 * 3600.0)
TYPICAL_DURATION = 3600.0
FEWEST_ENDINGS = 5


class Service(StrEnum):
    """Whose operations they are; that decides what their names and messages look like."""

    SPANNER = "spanner"
    CLOUD_RUN = "cloud run"
    COMPOSER = "composer"
    DATAPROC = "dataproc"


class Family(StrEnum):
    """Which list of an instance shows an operation."""

    DATABASES = "databases"
    BACKUPS = "backups"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One operation.

    :param parent: the instance, where there is one
    :param age: how old it is when the wait begins
    :param ends_after: how long after the opening it ends; None if not while anybody looks
    """

    name: str
    parent: str
    family: Family
    age: float
    ends_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a world is made of.

    :param endings_within: the first endings come right after the opening, the last so much later
    :param duration: of so many operations as this has seconds, one ends each second
    """

    service: Service
    operations: int
    instances: int
    seed: int
    endings_within: float
    duration: float = TYPICAL_DURATION

    def items(self) -> tuple[Item, ...]:
        """Return all operations."""
        rng = random.Random(self.seed)  # noqa: S311 - nothing here is a secret
        ends = self._ends(rng)
        return tuple(self._item(number, rng, ends.get(number)) for number in range(self.operations))

    def warm(self) -> Item:
        """Return one more operation, which has ended long ago: to load everything with."""
        rng = random.Random(self.seed)  # noqa: S311
        return self._item(self.operations, rng, -1.0)

    def _ends(self, rng: random.Random) -> dict[int, float]:
        fewest = min(FEWEST_ENDINGS, self.operations // 5)
        count = max(fewest, round(self.operations / self.duration * self.endings_within))
        chosen = rng.sample(range(self.operations), count)
        part = self.endings_within / count if count else 0.0
        return {number: (place + rng.random()) * part for place, number in enumerate(chosen)}

    def _item(self, number: int, rng: random.Random, ends_after: float | None) -> Item:
        age = rng.uniform(*(YOUNG_AGE if rng.random() < YOUNG else OLD_AGE))
        name, parent, family = self._name(number)
        return Item(
            name=name,
            parent=parent,
            family=family,
            age=age,
            ends_after=ends_after,
        )

    def _name(self, number: int) -> tuple[str, str, Family]:
        if self.service is Service.DATAPROC:
            return (
                f"projects/{PROJECT}/regions/{LOCATION}/operations/{number:036x}",
                "",
                Family.NONE,
            )
        if self.service is not Service.SPANNER:
            name = f"projects/{PROJECT}/locations/{LOCATION}/operations/{number:036x}"
            return name, "", Family.NONE
        parent = f"projects/{PROJECT}/instances/instance-{number % self.instances}"
        # neighbours on one instance alternate between its two families
        family = (Family.DATABASES, Family.BACKUPS)[number // self.instances % 2]
        resource = f"{parent}/{family}/{family.removesuffix('s')}-{number}"
        return f"{resource}/operations/_auto_op_{number:016x}", parent, family


EXPECTED_DURATION = 5 * 3600.0
"""Of an operation that does not end while anybody looks."""


class OperationBytes:
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
