# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs about instance partitions: create, get, list, update, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_instance_v1 as instance_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import (
    CREATE_INSTANCE_PARTITION,
    UPDATE_INSTANCE_PARTITION,
    Service,
)
from airflow_spanner_lro.core.names import InstanceName, InstancePartitionName, ProjectName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.instances.capacity import AUTOSCALING, CAPACITY, set_capacity
from airflow_spanner_lro.emulator.operations.handler import Creation, Update
from airflow_spanner_lro.emulator.operations.registry import operation_message
from airflow_spanner_lro.emulator.pagination import page_for
from airflow_spanner_lro.emulator.partitions.model import (
    DEFAULT_PARTITION,
    InstancePartition,
    default_partition,
)
from airflow_spanner_lro.emulator.request_checks import (
    check_choice,
    check_display_name,
    check_name,
    checked_paths,
    copy_paths,
    time_in,
)
from airflow_spanner_lro.emulator.rpc import Servicer, rpc

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.core.names import InstanceConfigName
    from airflow_spanner_lro.emulator.instances.model import Instance

_UPDATABLE = frozenset({"display_name", AUTOSCALING, *CAPACITY})
_ALL_INSTANCES = "/instances/-"
_States = instance_v1.InstancePartition.State


class PartitionService(Servicer):
    """Create, get, list, update and delete instance partitions."""

    service: ClassVar[str] = Service.INSTANCE_ADMIN

    @rpc
    def CreateInstancePartition(
        self, request: instance_v1.CreateInstancePartitionRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Create a partition, which has no resources until the operation ends."""
        parent = InstanceName.parse(request.parent)
        name = InstancePartitionName(
            project=parent.project,
            instance=parent.instance,
            partition=request.instance_partition_id,
        )
        given, resources = request.instance_partition, self.world.resources
        check_name(given.name, field="instance_partition.name", expected=name)
        check_choice(given, "state", allowed=[_States.CREATING])
        config = self.world.resources.configs.usable(
            given.config, field="instance_partition.config", project=name.project
        )
        instance = resources.ready_instance(parent)
        self.world.operations.require_no_move(parent)
        message = self._checked(
            name, given, instance_v1.InstancePartition(), _UPDATABLE, config=config
        )
        if name.partition == DEFAULT_PARTITION:
            raise errors.already_exists(name)
        resources.partitions.require_new(name)
        self._check_config(instance, name, config=config)
        limit = self.world.limits.partitions
        if len(resources.partitions.of_instance(parent)) >= limit:
            raise errors.limit_reached(name, what="instance partitions", limit=limit, within=parent)
        partition = InstancePartition(
            name=name,
            serial=self.world.next_serial(),
            ready=False,
            create_time=now,
            config=config,
            message=message,
            update_time=now,
        )
        resources.partitions.put(name, partition)
        # with the resources that were asked for, which it has not got yet
        desired = resources.partitions.message_of(replace(partition, ready=True))
        desired.state = _States(_States.CREATING)
        operation = self.world.start(
            kind=CREATE_INSTANCE_PARTITION,
            target=name,
            details=Creation(desired=desired),
            now=now,
        )
        return operation_message(operation, now=now)

    @rpc
    def GetInstancePartition(
        self, request: instance_v1.GetInstancePartitionRequest, now: datetime
    ) -> instance_v1.InstancePartition:
        """Get a partition, ready or not."""
        del now
        name = InstancePartitionName.parse(request.name)
        resources = self.world.resources
        return resources.partitions.message_of(resources.partition(name))

    @rpc
    def ListInstancePartitions(
        self, request: instance_v1.ListInstancePartitionsRequest, now: datetime
    ) -> instance_v1.ListInstancePartitionsResponse:
        """List the partitions of an instance, or of all instances; none is ever unreachable."""
        del now
        resources = self.world.resources
        wanted = self._parent_of(request.parent)
        time_in(request, "instance_partition_deadline")
        by_default = map(default_partition, resources.instances)
        page, token = page_for(
            request,
            (row for row in (*by_default, *resources.partitions) if wanted(row)),
            key=lambda row: (row.name.instance, row.name.partition),
        )
        return instance_v1.ListInstancePartitionsResponse(
            instance_partitions=[resources.partitions.message_of(row) for row in page],
            next_page_token=token,
        )

    @rpc
    def UpdateInstancePartition(
        self, request: instance_v1.UpdateInstancePartitionRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start to update a partition; until the operation ends, it has its old values."""
        given, resources = request.instance_partition, self.world.resources
        name = InstancePartitionName.parse(given.name)
        paths = checked_paths(given, request.field_mask, field="field_mask", updatable=_UPDATABLE)
        check_choice(given, "state", allowed=[_States.READY])
        partition = resources.partition(name)
        if name.partition == DEFAULT_PARTITION:
            raise errors.default_partition_is_its_instance(name)
        message = self._checked(name, given, partition.message, paths, config=partition.config)
        if not partition.ready:
            raise errors.not_ready(name)
        self.world.operations.require_no_move(name.instance_name)
        self.world.operations.require_none_on(name)
        partition.require_etag(given.etag)
        changed = replace(
            partition, message=message, update_time=now, revision=partition.revision + 1
        )
        desired = resources.partitions.message_of(changed)
        operation = self.world.start(
            kind=UPDATE_INSTANCE_PARTITION,
            target=name,
            details=Update(message=message, desired=desired),
            now=now,
        )
        return operation_message(operation, now=now)

    @rpc
    def DeleteInstancePartition(
        self, request: instance_v1.DeleteInstancePartitionRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Delete a partition that nothing uses; one that is being created is cancelled."""
        name = InstancePartitionName.parse(request.name)
        resources = self.world.resources
        partition = resources.partition(name)
        if name.partition == DEFAULT_PARTITION:
            raise errors.default_partition_stays(name)
        self.world.operations.require_no_move(name.instance_name)
        if partition.ready:
            self.world.operations.require_none_on(name)
        partition.require_etag(request.etag)
        if users := resources.partitions.users_of(partition):
            raise errors.partition_is_used(name, user=users[0])
        self.world.abort_all(name, now=now)
        resources.partitions.remove(name)
        self.world.resources.configs.note_left(partition.config, at=now)
        return empty_pb2.Empty()

    def _check_config(
        self, instance: Instance, name: InstancePartitionName, *, config: InstanceConfigName
    ) -> None:
        """Refuse a configuration in which an instance already is, itself or with a partition."""
        configs = self.world.resources.configs
        # in several regions an instance has the edition that partitions need
        if configs.single_region(instance.config):
            raise errors.single_region(name)
        others = self.world.resources.partitions.of_instance(instance.name)
        taken = [instance.config, *(each.config for each in others)]
        if configs.base_name_of(config) in map(configs.base_name_of, taken):
            raise errors.shared_base_config(name)

    def _checked(
        self,
        name: InstancePartitionName,
        given: instance_v1.InstancePartition,
        current: instance_v1.InstancePartition,
        paths: frozenset[str],
        *,
        config: InstanceConfigName,
    ) -> instance_v1.InstancePartition:
        """Return all that the owner can set: as it is, and some of it as it is given."""
        message = instance_v1.InstancePartition(current)
        copy_paths(given, message, paths - CAPACITY)
        if "display_name" in paths:
            check_display_name(message.display_name)
        read_only = self.world.resources.configs.read_only_locations(config)
        set_capacity(message, given, name=name, paths=paths & CAPACITY, read_only=read_only)
        return message

    def _parent_of(self, parent: str) -> Callable[[InstancePartition], bool]:
        """Return a function that tells which partitions are meant."""
        if parent.endswith(_ALL_INSTANCES):
            project = ProjectName.parse(parent.removesuffix(_ALL_INSTANCES)).project
            return lambda row: row.name.project == project
        instance = InstanceName.parse(parent)
        self.world.resources.instances.get(instance)
        return lambda row: row.name.instance_name == instance
