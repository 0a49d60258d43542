# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""``google.longrunning.Operations``: any operation, whatever it works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    OperationName,
    ResourceName,
    parse_resource,
)
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.services.operation_lists import Listing
from airflow_spanner_lro.emulator.state.messages import configs
from airflow_spanner_lro.emulator.state.metadata import operation_message

if TYPE_CHECKING:
    from datetime import datetime

_SUFFIX = "/operations"


class Operations(Servicer):
    """Get, list, cancel and delete any operation."""

    service: ClassVar[str] = "google.longrunning.Operations"

    @rpc
    def GetOperation(
        self, request: operations_pb2.GetOperationRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Get an operation, also one whose target is gone."""
        operation = self.world.operations.get(OperationName.parse(request.name), now=now)
        return operation_message(operation, now=now)

    @rpc
    def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, now: datetime
    ) -> operations_pb2.ListOperationsResponse:
        """List the operations of one resource, the latest first."""
        # production wants the collection's name; its clients also send the parent's
        parent = parse_resource(request.name.removesuffix(_SUFFIX))
        # googleapis-common-protos 1.75.0, which Airflow's constraints hold, does not have the field
        if getattr(request, "return_partial_success", False):
            raise errors.no_partial_success()
        since = self._serial_of(parent)
        listing = Listing(
            method="ListOperations",
            parent=str(parent),
            filter_=request.filter,
            size=request.page_size,
            token=request.page_token,
        )
        operations = self.world.operations.of(parent, since=since, now=now, before=listing.before)
        page, token = listing.page(operations, now=now)
        return operations_pb2.ListOperationsResponse(operations=page, next_page_token=token)

    @rpc
    def CancelOperation(
        self, request: operations_pb2.CancelOperationRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Ask to cancel an operation; the answer says nothing about the outcome."""
        operation = self.world.operations.get(OperationName.parse(request.name), now=now)
        self.world.cancel(operation, now=now)
        return empty_pb2.Empty()

    @rpc
    def DeleteOperation(
        self, request: operations_pb2.DeleteOperationRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Forget an operation, unless it is one of a database or backup; it is not stopped."""
        name = OperationName.parse(request.name)
        operation = self.world.operations.get(name, now=now)
        if isinstance(name.resource, DatabaseName | BackupName):
            raise errors.cannot_delete_operation(name)
        self.world.operations.delete(operation)
        return empty_pb2.Empty()

    @rpc
    def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Refuse: the service does not offer it."""
        del request, now
        raise errors.not_offered(method="WaitOperation")

    def _serial_of(self, parent: ResourceName) -> int:
        """Return the serial number of a resource that exists."""
        resource = self.world.resources.find(parent)
        if resource is not None:
            return resource.serial
        if type(parent) is InstanceConfigName:
            configs.require_config(parent)
            return 0
        raise errors.not_found(parent)
