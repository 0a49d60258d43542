# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Changes of instances that take time: new values, and a new place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.kinds import MOVE_INSTANCE, UPDATE_INSTANCE, Service
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.configs.model import usable_config
from airflow_spanner_lro.emulator.operations.guards import require_not_moving, require_unchanging
from airflow_spanner_lro.emulator.operations.messages import operation_message
from airflow_spanner_lro.emulator.request_checks import checked_paths
from airflow_spanner_lro.emulator.rpc import Servicer, rpc
from airflow_spanner_lro.emulator.services.checks import instances as rules
from airflow_spanner_lro.emulator.state.behaviours.instances import InstanceUpdate, MoveDetails
from airflow_spanner_lro.emulator.state.capacities import UNITS_PER_NODE, units_of
from airflow_spanner_lro.emulator.state.messages import instances as messages

if TYPE_CHECKING:
    from datetime import datetime

    from google.longrunning import operations_pb2

    from airflow_spanner_lro.emulator.state.records.instances import Instance


class InstanceUpdates(Servicer):
    """Update and move instances."""

    service: ClassVar[str] = Service.INSTANCE_ADMIN

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
            updatable=rules.UPDATABLE | {rules.CONFIG},
        )
        instance = self.world.resources.instances.get(name)
        rules.require_same_config(instance, request.instance, paths=paths)
        paths -= {rules.CONFIG}
        message = rules.changed_message(self.world, instance, request.instance, paths=paths)
        self._require_changeable(name)
        changed = replace(instance, message=message, update_time=now)
        details = InstanceUpdate(
            message=message,
            instance=messages.instance_message(changed),
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
        target = usable_config(
            self.world, request.target_config, field="target_config", project=name.project
        )
        if target == instance.config:
            rule = "the instance has this configuration already"
            raise errors.bad_value("target_config", value=str(target), rule=rule)
        self._require_changeable(name)
        self._require_movable(instance)
        rules.check_edition(self.world, name, instance.message, config=target)
        operation = self.world.start(
            kind=MOVE_INSTANCE, target=name, details=MoveDetails(target=target), now=now
        )
        return operation_message(operation, now=now)

    def _require_changeable(self, name: InstanceName) -> None:
        self.world.resources.ready_instance(name)
        require_not_moving(self.world, name)
        require_unchanging(self.world, name)

    def _require_movable(self, instance: Instance) -> None:
        name, resources = instance.name, self.world.resources
        if instance.message.instance_type == instance_v1.Instance.InstanceType.FREE_INSTANCE:
            raise errors.cannot_move(name, reason="it is a free instance")
        if units_of(instance.message) < UNITS_PER_NODE:
            raise errors.cannot_move(name, reason="it has less than one node")
        if backups := resources.backups_of(name):
            raise errors.cannot_move(name, reason=f"it has backups, such as {backups[0].name}")
        for database in resources.databases_of(name):
            if database.encryption is not None:
                reason = f"database {database.name} is encrypted with keys of its owner"
                raise errors.cannot_move(name, reason=reason)
