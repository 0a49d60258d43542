# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""ChangeQuorum, which the reference and gcloud have, and the Python client has not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from airflow_spanner_lro.core.kinds import Service
from airflow_spanner_lro.core.names import DatabaseName

# read at run time, as annotations say what an RPC takes
from airflow_spanner_lro.emulator import (
    errors,
    protos as quorum_pb2,
)
from airflow_spanner_lro.emulator.configs import model
from airflow_spanner_lro.emulator.configs.base_configs import QuorumType
from airflow_spanner_lro.emulator.operations.messages import operation_message
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.state.behaviours.quorum import CHANGE_QUORUM, QuorumDetails
from airflow_spanner_lro.emulator.state.quorums import etag_of

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator.state.records.databases import Database

_USUAL = (timedelta(minutes=2),)


class Quorums(Servicer):
    """Change the quorum of databases."""

    service: ClassVar[str] = Service.DATABASE_ADMIN

    @rpc
    def ChangeQuorum(
        self, request: quorum_pb2.ChangeQuorumRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start to change the quorum of a database from two regions to one, or back."""
        name = DatabaseName.parse(request.name)
        if not request.quorum_type.WhichOneof("type"):
            raise errors.missing_field("quorum_type")
        database = self.world.resources.usable_database(name)
        location = self._location(request, database)
        if request.etag and request.etag != etag_of(database):
            raise errors.wrong_quorum_etag(name)
        if self.world.operations.pending(kind=CHANGE_QUORUM, target=name):
            raise errors.quorum_in_change(name)
        if location == database.quorum.serving_location:
            raise errors.same_quorum(name)
        operation = self.world.start(
            kind=CHANGE_QUORUM,
            target=name,
            details=QuorumDetails(request=request, serving_location=location),
            now=now,
            usual=_USUAL,
        )
        return operation_message(operation, now=now)

    def _location(self, request: quorum_pb2.ChangeQuorumRequest, database: Database) -> str:
        """Return the one region that is to decide; empty for both."""
        instance = self.world.resources.instances.get(database.name.instance_name)
        base = model.base_of(instance.config, resources=self.world.resources)
        if base is None or base.quorum is not QuorumType.DUAL_REGION:
            raise errors.not_dual_region(database.name)
        if request.quorum_type.WhichOneof("type") == "dual_region":
            return ""
        location = request.quorum_type.single_region.serving_location
        if location not in base.writers:
            raise errors.bad_serving_location(location)
        return location
