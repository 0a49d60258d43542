# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""RPCs about instance configurations: create, get, list, update, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_instance_v1 as instance_v1
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.kinds import (
    CREATE_INSTANCE_CONFIG,
    MOVE_INSTANCE,
    UPDATE_INSTANCE_CONFIG,
    Service,
)
from airflow_spanner_lro.core.names import InstanceConfigName, OperationName, ProjectName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.configs.model import (
    InstanceConfig,
    base_configs,
    config_message,
    is_base_config,
    new_config_message,
)
from airflow_spanner_lro.emulator.instances.operations import MoveDetails
from airflow_spanner_lro.emulator.operations.handler import Creation, Update
from airflow_spanner_lro.emulator.operations.registry import HANDLERS, operation_message
from airflow_spanner_lro.emulator.pagination import page_for
from airflow_spanner_lro.emulator.request_checks import (
    check_labels,
    check_name,
    checked_paths,
    copy_paths,
)
from airflow_spanner_lro.emulator.rpc import Servicer, rpc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName

_UPDATABLE = frozenset({"display_name", "labels"})
_OWN_PREFIX = "custom-"
_FREE = instance_v1.InstanceConfig.FreeInstanceAvailability


_VALIDATED = "0"
"""The id of operations that do not exist, because a call was to be validated only."""


class ConfigService(Servicer):
    """Create, get, list, update and delete instance configurations."""

    service: ClassVar[str] = Service.INSTANCE_ADMIN

    @rpc
    def CreateInstanceConfig(
        self, request: instance_v1.CreateInstanceConfigRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Create a configuration, which can be used once the operation has ended."""
        project = ProjectName.parse(request.parent)
        name = InstanceConfigName(project=project.project, config=request.instance_config_id)
        if not name.config.startswith(_OWN_PREFIX):
            raise errors.bad_value(
                "instance_config_id", value=name.config, rule="it must start with 'custom-'"
            )
        given = request.instance_config
        if not given.name:
            raise errors.missing_field("instance_config.name")
        check_name(given.name, field="instance_config.name", expected=name)
        message = new_config_message(given, project=project.project)
        configs = self.world.resources.configs
        configs.require_new(name)
        limit = self.world.limits.configs
        if sum(row.name.project == name.project for row in configs) >= limit:
            raise errors.limit_reached(
                name, what="custom instance configurations", limit=limit, within=project
            )
        config = InstanceConfig(
            name=name,
            serial=0,
            ready=False,
            create_time=now,
            message=message,
            reconciling=True,
        )
        details = Creation(desired=config_message(config))
        if request.validate_only:
            return _validated(CREATE_INSTANCE_CONFIG, name, details, now=now)
        config = replace(config, serial=self.world.next_serial())
        configs.put(name, config)
        operation = self.world.start(
            kind=CREATE_INSTANCE_CONFIG,
            target=name,
            details=Creation(desired=config_message(config)),
            now=now,
        )
        return operation_message(operation, now=now)

    @rpc
    def GetInstanceConfig(
        self, request: instance_v1.GetInstanceConfigRequest, now: datetime
    ) -> instance_v1.InstanceConfig:
        """Get a configuration."""
        del now
        name = InstanceConfigName.parse(request.name)
        (message,) = self._messages([name], project=ProjectName(project=name.project))
        return message

    @rpc
    def ListInstanceConfigs(
        self, request: instance_v1.ListInstanceConfigsRequest, now: datetime
    ) -> instance_v1.ListInstanceConfigsResponse:
        """List the configurations of a project, by name."""
        del now
        project = ProjectName.parse(request.parent).project
        own = [row.name for row in self.world.resources.configs if row.name.project == project]
        page, token = page_for(
            request,
            [*base_configs(project), *own],
            key=lambda name: (name.config,),
        )
        return instance_v1.ListInstanceConfigsResponse(
            instance_configs=self._messages(page, project=ProjectName(project=project)),
            next_page_token=token,
        )

    @rpc
    def UpdateInstanceConfig(
        self, request: instance_v1.UpdateInstanceConfigRequest, now: datetime
    ) -> operations_pb2.Operation:
        """Start to update a configuration; until the operation ends, it has its old values."""
        given = request.instance_config
        name = InstanceConfigName.parse(given.name)
        paths = checked_paths(given, request.update_mask, field="update_mask", updatable=_UPDATABLE)
        config = self._own(name)
        message = instance_v1.InstanceConfig(config.message)
        copy_paths(given, message, paths)
        if not message.display_name:
            raise errors.missing_field("instance_config.display_name")
        check_labels(message.labels)
        if not config.ready:
            raise errors.not_ready(config.name)
        self.world.operations.require_none_on(config.name)
        config.require_etag(given.etag)
        changing = replace(config, reconciling=True, revision=config.revision + 1)
        desired = config_message(replace(changing, message=message))
        details = Update(message=message, desired=desired)
        if request.validate_only:
            return _validated(UPDATE_INSTANCE_CONFIG, config.name, details, now=now)
        self.world.resources.configs.put(config.name, changing)
        operation = self.world.start(
            kind=UPDATE_INSTANCE_CONFIG, target=config.name, details=details, now=now
        )
        return operation_message(operation, now=now)

    @rpc
    def DeleteInstanceConfig(
        self, request: instance_v1.DeleteInstanceConfigRequest, now: datetime
    ) -> empty_pb2.Empty:
        """Delete a configuration that nothing uses; one that is being created is cancelled."""
        name = InstanceConfigName.parse(request.name)
        if not is_base_config(name) and self.world.resources.configs.find(name) is None:
            return empty_pb2.Empty()
        config = self._own(name)
        if config.ready:
            self.world.operations.require_none_on(config.name)
        config.require_etag(request.etag)
        user = self._user_of(config.name)
        if user is not None:
            raise errors.config_in_use(config.name, user=user)
        if self.world.resources.configs.recently_used(config.name, now=now):
            raise errors.config_just_left(config.name)
        if not request.validate_only:
            self.world.abort_all(config.name, now=now)
            self.world.resources.configs.remove(config.name)
        return empty_pb2.Empty()

    def _messages(
        self, names: Iterable[InstanceConfigName], *, project: ProjectName
    ) -> list[instance_v1.InstanceConfig]:
        """Return configurations as clients see them, in a project with free instances or none."""
        resources = self.world.resources
        messages = [resources.configs.message_of(name) for name in names]
        if len(resources.free_instances_of(project)) >= self.world.limits.free_instances:
            for message in messages:
                if message.free_instance_availability == _FREE.AVAILABLE:
                    message.free_instance_availability = _FREE(_FREE.QUOTA_EXCEEDED)
        return messages

    def _own(self, name: InstanceConfigName) -> InstanceConfig:
        """Return a configuration that a user made."""
        if is_base_config(name):
            raise errors.google_managed(name)
        return self.world.resources.configs.get(name)

    def _user_of(self, name: InstanceConfigName) -> ResourceName | None:
        """Return an instance or partition that is in a configuration, or on its way to it."""
        for instance in self.world.resources.instances:
            if instance.config == name:
                return instance.name
        for partition in self.world.resources.partitions:
            if partition.config == name:
                return partition.name
        for operation in self.world.operations.pending(kind=MOVE_INSTANCE):
            if operation.details == MoveDetails(target=name):
                return operation.target
        return None


def _validated(
    kind: OperationKind, name: InstanceConfigName, details: object, *, now: datetime
) -> operations_pb2.Operation:
    """Return the operation that there would be; nobody can get it."""
    metadata = HANDLERS[kind].described(name, details)
    metadata.progress.start_time.FromDatetime(now)  # type: ignore[attr-defined]
    operation = operations_pb2.Operation(
        name=str(OperationName(resource=name, operation=_VALIDATED))
    )
    operation.metadata.Pack(metadata, deterministic=True)
    return operation
