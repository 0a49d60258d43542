# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Changes of the quorum of databases in dual-region configurations.

The Python client knows nothing of them, so their kind is told here and not in the table of kinds
that clients and operators share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import OperationKind, ProgressShape, Service
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator import protos as quorum_pb2
from airflow_spanner_lro.emulator.operations.handler import OperationHandler
from airflow_spanner_lro.emulator.state.records.databases import Quorum

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.state.world import World

CHANGE_QUORUM = OperationKind(
    rpc="change_quorum",
    service=Service.DATABASE_ADMIN,
    request="ChangeQuorumRequest",
    metadata="ChangeQuorumMetadata",
    response=None,
    target=DatabaseName,
    title="Change quorum",
    progress=ProgressShape.TIMES_ONLY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumDetails:
    """What ChangeQuorum remembers.

    :param serving_location: the one region of a single-region quorum; empty for both regions
    """

    request: quorum_pb2.ChangeQuorumRequest
    serving_location: str


class ChangeQuorum(OperationHandler[DatabaseName, QuorumDetails]):
    """The database gets the quorum, or keeps the one it has."""

    target_type: ClassVar = DatabaseName
    details_type: ClassVar = QuorumDetails
    changing: ClassVar = frozenset({"end_time"})

    def describe(self, target: DatabaseName, details: QuorumDetails) -> Message:
        """Return the request."""
        del target
        return quorum_pb2.ChangeQuorumMetadata(request=details.request)

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell the times; there is no percentage, and no cancel_time either."""
        metadata.start_time.FromDatetime(operation.started)
        if (ended := operation.lifecycle.ended(now)) is not None:
            metadata.end_time.FromDatetime(ended.at)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Change the quorum. The reference does not state a response: there is nothing in it."""
        del at
        database = world.resources.databases.get(self.target(operation))
        quorum = Quorum(
            serving_location=self.details(operation).serving_location,
            start_time=operation.started,
        )
        world.resources.databases.put(database.name, replace(database, quorum=quorum))
        return empty_pb2.Empty()
