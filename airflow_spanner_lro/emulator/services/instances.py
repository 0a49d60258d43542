# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances and the configurations that Google manages: ``InstanceAdmin``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_instance_v1 as instance_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import CREATE_INSTANCE, Service
from airflow_spanner_lro.core.names import InstanceConfigName, InstanceName, ProjectName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.state.aging import drop_schedules_of
from airflow_spanner_lro.emulator.state.behaviours.instances import InstanceDetails
from airflow_spanner_lro.emulator.state.messages import configs, instances as messages
from airflow_spanner_lro.emulator.state.metadata import operation_message
from airflow_spanner_lro.emulator.state.pages import page_of
from airflow_spanner_lro.emulator.state.records.instances import Instance

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2


class Instances(Servicer):
    """Create, get, list and delete instances; get and list configurations."""

    service: ClassVar[str] = Service.INSTANCE_ADMIN

    @rpc
    def CreateInstance(
        self, request: instance_v1.CreateInstanceRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Create an instance, which is CREATING until the operation ends."""
        project = ProjectName.parse(request.parent)
        name = InstanceName(project=project.project, instance=request.instance_id)
        config = InstanceConfigName.parse(request.instance.config)
        configs.require_config(config)
        self.world.resources.instances.require_new(name)
        instance = Instance(
            name=name,
            serial=self.world.next_serial(),
            ready=False,
            create_time=now,
            config=config,
            update_time=now,
            message=request.instance,
        )
        self.world.resources.instances.put(name, instance)
        operation = self.world.start(
            kind=CREATE_INSTANCE,
            target=name,
            details=InstanceDetails(instance=messages.instance_message(instance)),
            now=now,
        )
        return operation_message(operation, now=now)

    @rpc
    def GetInstance(
        self, request: instance_v1.GetInstanceRequest, now: datetime
    ) -> instance_v1.Instance:
        """Get an instance, ready or not; ``field_mask`` is ignored."""
        del now
        name = InstanceName.parse(request.name)
        return messages.instance_message(self.world.resources.instances.get(name))

    @rpc
    def ListInstances(
        self, request: instance_v1.ListInstancesRequest, now: datetime
    ) -> instance_v1.ListInstancesResponse:
        """List the instances of a project, by name."""
        del now
        project = ProjectName.parse(request.parent)
        if request.filter:
            reason = "the emulator knows no filter on instances"
            raise errors.bad_filter(method="ListInstances", text=request.filter, reason=reason)
        page, token = page_of(
            (row for row in self.world.resources.instances if row.name.project == project.project),
            key=lambda row: (row.name.instance,),
            size=request.page_size,
            token=request.page_token,
            method="ListInstances",
            scope=(request.parent, request.filter),
        )
        return instance_v1.ListInstancesResponse(
            instances=[messages.instance_message(row) for row in page], next_page_token=token
        )

    @rpc
    def DeleteInstance(
        self, request: instance_v1.DeleteInstanceRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Delete an instance with its databases; one that holds backups stays."""
        name = InstanceName.parse(request.name)
        resources = self.world.resources
        resources.instances.get(name)
        databases = resources.databases_of(name)
        for database in databases:
            if database.drop_protection:
                raise errors.drop_protected(database.name, deleting=name)
        if backups := resources.backups_of(name):
            raise errors.instance_has_backups(name, backup=backups[0].name)
        for database in databases:
            self.world.abort_all(database.name, now=now)
            drop_schedules_of(self.world, database.name)
            resources.databases.remove(database.name)
        self.world.abort_all(name, now=now)
        resources.instances.remove(name)
        return empty_pb2.Empty()

    @rpc
    def GetInstanceConfig(
        self, request: instance_v1.GetInstanceConfigRequest, now: datetime
    ) -> instance_v1.InstanceConfig:
        """Get a configuration."""
        del now
        name = InstanceConfigName.parse(request.name)
        configs.require_config(name)
        return configs.config_message(name)

    @rpc
    def ListInstanceConfigs(
        self, request: instance_v1.ListInstanceConfigsRequest, now: datetime
    ) -> instance_v1.ListInstanceConfigsResponse:
        """List the configurations of a project, by name."""
        del now
        page, token = page_of(
            configs.base_configs(ProjectName.parse(request.parent).project),
            key=lambda name: (name.config,),
            size=request.page_size,
            token=request.page_token,
            method="ListInstanceConfigs",
            scope=(request.parent, ""),
        )
        return instance_v1.ListInstanceConfigsResponse(
            instance_configs=[configs.config_message(name) for name in page],
            next_page_token=token,
        )
