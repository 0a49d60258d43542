# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs about instances: create, get, list, update, move, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_instance_v1 as instance_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import (
    CREATE_INSTANCE,
    CREATE_INSTANCE_PARTITION,
    MOVE_INSTANCE,
    UPDATE_INSTANCE,
    Service,
)
from airflow_spanner_lro.core.names import InstanceName, InstancePartitionName, ProjectName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.databases.operations import drop_database
from airflow_spanner_lro.emulator.instances.capacity import UNITS_PER_NODE, units_of
from airflow_spanner_lro.emulator.instances.model import (
    CONFIG,
    FILTERABLE,
    UPDATABLE,
    Instance,
    changed_message,
    check_edition,
    instance_fields,
    instance_message,
    is_free,
    new_instance_message,
    require_same_config,
)
from airflow_spanner_lro.emulator.instances.operations import (
    InstanceUpdate,
    MoveDetails,
)
from airflow_spanner_lro.emulator.operations.handler import Creation
from airflow_spanner_lro.emulator.operations.registry import operation_message
from airflow_spanner_lro.emulator.pagination import page_for
from airflow_spanner_lro.emulator.request_checks import (
    check_name,
    checked_filter,
    checked_paths,
    masked,
    time_in,
)
from airflow_spanner_lro.emulator.rpc import Servicer, rpc

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.core.names import InstanceConfigName


class InstanceService(Servicer):
    """Create, get, list, update, move and delete instances."""

    service: ClassVar[str] = Service.INSTANCE_ADMIN

    @rpc
    def CreateInstance(
        self, request: instance_v1.CreateInstanceRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Create an instance, which is CREATING and has no resources until the operation ends."""
        project = ProjectName.parse(request.parent).project
        name = InstanceName(project=project, instance=request.instance_id)
        check_name(request.instance.name, field="instance.name", expected=name)
        config = self.world.resources.configs.usable(
            request.instance.config, field="instance.config", project=project
        )
        instance = Instance(
            name=name,
            serial=0,
            ready=False,
            create_time=now,
            config=config,
            update_time=now,
            message=new_instance_message(
                self.world.resources.configs, name, request.instance, config=config, now=now
            ),
        )
        self.world.resources.instances.require_new(name)
        if is_free(instance.message):
            self._require_free_one(name)
        instance = replace(instance, serial=self.world.next_serial())
        self.world.resources.instances.put(name, instance)
        # with the resources that were asked for, which it has not got yet
        desired = instance_message(replace(instance, ready=True))
        states = instance_v1.Instance.State
        desired.state = states(states.CREATING)
        operation = self.world.start(
            kind=CREATE_INSTANCE, target=name, details=Creation(desired=desired), now=now
        )
        return operation_message(operation, now=now)

    @rpc
    def GetInstance(
        self, request: instance_v1.GetInstanceRequest, now: datetime
    ) -> instance_v1.Instance:
        """Get an instance, ready or not; with a mask, only some of its fields."""
        del now
        name = InstanceName.parse(request.name)
        # a bad mask is refused whether or not there is such an instance
        masked(instance_v1.Instance(), request.field_mask, field="field_mask")
        instance = self.world.resources.instances.get(name)
        message: instance_v1.Instance = masked(
            instance_message(instance), request.field_mask, field="field_mask"
        )
        return message

    @rpc
    def ListInstances(
        self, request: instance_v1.ListInstancesRequest, now: datetime
    ) -> instance_v1.ListInstancesResponse:
        """List the instances of a project, by name; none is ever unreachable."""
        del now
        project = ProjectName.parse(request.parent).project
        time_in(request, "instance_deadline")
        wanted = checked_filter("ListInstances", request.filter, roots=FILTERABLE)
        page, token = page_for(
            request,
            (
                row
                for row in self.world.resources.instances
                if row.name.project == project and wanted.matches(instance_fields(row))
            ),
            key=lambda row: (row.name.instance,),
        )
        return instance_v1.ListInstancesResponse(
            instances=[instance_message(row) for row in page], next_page_token=token
        )

    @rpc
    def DeleteInstance(
        self, request: instance_v1.DeleteInstanceRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Delete an instance with its databases and partitions; one that holds backups stays."""
        name = InstanceName.parse(request.name)
        resources = self.world.resources
        instance = resources.instances.find(name)
        if instance is None:
            return empty_pb2.Empty()
        self.world.operations.require_no_move(name)
        if instance.ready:
            self.world.operations.require_none_on(name)
        databases = resources.databases.of_instance(name)
        for database in databases:
            if database.drop_protection:
                raise errors.drop_protected(database.name, deleting=name)
        if backups := resources.backups.of_instance(name):
            raise errors.instance_has_backups(name, backup=backups[0].name)
        for database in databases:
            drop_database(self.world, database.name, now=now)
        for partition in resources.partitions.of_instance(name):
            self.world.abort_all(partition.name, now=now)
            resources.partitions.remove(partition.name)
            self.world.resources.configs.note_left(partition.config, at=now)
        self._forget_partitions(name, now)
        self.world.abort_all(name, now=now)
        resources.instances.remove(name)
        self.world.resources.configs.note_left(instance.config, at=now)
        return empty_pb2.Empty()

    @rpc
    def UpdateInstance(
        self, request: instance_v1.UpdateInstanceRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start to update an instance; until the operation ends, it has its old values."""
        name = InstanceName.parse(request.instance.name)
        paths = checked_paths(
            request.instance,
            request.field_mask,
            field="field_mask",
            updatable=UPDATABLE | {CONFIG},
        )
        instance = self.world.resources.instances.get(name)
        require_same_config(instance, request.instance, paths=paths)
        paths -= {CONFIG}
        message = changed_message(
            self.world.resources.configs, instance, request.instance, paths=paths
        )
        self._require_changeable(name)
        changed = replace(instance, message=message, update_time=now)
        details = InstanceUpdate(
            message=message,
            desired=instance_message(changed),
            growth=units_of(message) - units_of(instance.message),
        )
        operation = self.world.start(kind=UPDATE_INSTANCE, target=name, details=details, now=now)
        return operation_message(operation, now=now)

    @rpc
    def MoveInstance(
        self, request: instance_v1.MoveInstanceRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start to move an instance, which stays where it is until the operation ends."""
        name = InstanceName.parse(request.name)
        instance = self.world.resources.instances.get(name)
        target = self.world.resources.configs.usable(
            request.target_config, field="target_config", project=name.project
        )
        if target == instance.config:
            rule = "the instance has this configuration already"
            raise errors.bad_value("target_config", value=str(target), rule=rule)
        self._require_changeable(name)
        self._require_movable(instance, target=target)
        check_edition(self.world.resources.configs, name, instance.message, config=target)
        operation = self.world.start(
            kind=MOVE_INSTANCE, target=name, details=MoveDetails(target=target), now=now
        )
        return operation_message(operation, now=now)

    def _require_free_one(self, name: InstanceName) -> None:
        """Make sure that a project may have one more free instance."""
        project, limit = ProjectName(project=name.project), self.world.limits.free_instances
        if len(self.world.resources.free_instances_of(project)) >= limit:
            what = "free instances"
            raise errors.limit_reached(name, what=what, limit=limit, within=project)

    def _forget_partitions(self, instance: InstanceName, now: datetime) -> None:
        """Remove partitions that nobody can see, as their creation was cancelled."""
        for operation in self.world.operations.pending(kind=CREATE_INSTANCE_PARTITION):
            target = operation.target
            if isinstance(target, InstancePartitionName) and target.instance_name == instance:
                self.world.abort_all(target, now=now)

    def _require_changeable(self, name: InstanceName) -> None:
        self.world.resources.ready_instance(name)
        self.world.operations.require_no_move(name)
        self.world.operations.require_none_on(name)

    def _require_movable(self, instance: Instance, *, target: InstanceConfigName) -> None:
        name, resources = instance.name, self.world.resources
        if is_free(instance.message):
            raise errors.cannot_move(name, reason="it is a free instance")
        if units_of(instance.message) < UNITS_PER_NODE:
            raise errors.cannot_move(name, reason="it has less than one node")
        if backups := resources.backups.of_instance(name):
            raise errors.cannot_move(name, reason=f"it has backups, such as {backups[0].name}")
        for database in resources.databases.of_instance(name):
            if database.encryption is not None:
                reason = f"database {database.name} is encrypted with keys of its owner"
                raise errors.cannot_move(name, reason=reason)
        for partition in resources.partitions.of_instance(name):
            # there is no way to have the two like that, so a move must not lead there
            base = resources.configs.base_name_of(target)
            if resources.configs.single_region(target):
                reason = f"{target} has a single region, and it has partition {partition.name}"
                raise errors.cannot_move(name, reason=reason)
            if resources.configs.base_name_of(partition.config) == base:
                reason = f"its partition {partition.name} shares the base config {base}"
                raise errors.cannot_move(name, reason=reason)
