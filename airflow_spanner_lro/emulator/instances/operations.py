# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations on instances do: create, update, and move to another configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceConfigName, InstanceName
from airflow_spanner_lro.emulator.instances.capacity import UNITS_PER_NODE
from airflow_spanner_lro.emulator.instances.model import (
    Instance,
    instance_message,
    is_free,
    timestamp_of,
)
from airflow_spanner_lro.emulator.operations.handler import (
    Creates,
    Creation,
    Reconciles,
    ReportsProgress,
    ReportsTimes,
    Update,
    Updates,
)
from airflow_spanner_lro.emulator.protos import plain_message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.world import World

_LARGE = 100 * UNITS_PER_NODE
"""So much more capacity at once takes longer than usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceUpdate(Update):
    """What UpdateInstance remembers.

    :param growth: how many processing units it gets on top
    """

    growth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDetails:
    """What MoveInstance remembers."""

    target: InstanceConfigName


_Details = TypeVar("_Details")


class _OnInstances(
    ReportsTimes[InstanceName, _Details], Reconciles[InstanceName, _Details], Generic[_Details]
):
    target_type: ClassVar = InstanceName

    def message_of(self, world: World, row: Instance) -> instance_v1.Instance:
        """Return the instance as clients see it."""
        del world
        return instance_message(row)

    def settled(self, at: datetime) -> Mapping[str, Any]:
        """Say when it changed."""
        return {"update_time": at}


class CreateInstance(_OnInstances[Creation], Creates[InstanceName]):
    """The instance becomes ready, or goes away."""

    def describe(
        self, target: InstanceName, details: Creation
    ) -> instance_v1.CreateInstanceMetadata:
        """Return the instance as it was asked for."""
        del target
        return instance_v1.CreateInstanceMetadata(
            instance=details.desired,
            expected_fulfillment_period=_period(details.desired.processing_units),
        )


class UpdateInstance(_OnInstances[Update], Updates[InstanceName]):
    """The instance has its new values, or keeps the old ones, which were in force all the time."""

    details_type: ClassVar = InstanceUpdate

    def describe(
        self, target: InstanceName, details: InstanceUpdate
    ) -> instance_v1.UpdateInstanceMetadata:
        """Return the instance as it will be."""
        del target
        return instance_v1.UpdateInstanceMetadata(
            instance=details.desired, expected_fulfillment_period=_period(details.growth)
        )

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Set the new values; a free instance that was upgraded keeps in mind when."""
        message = self.details(operation).message
        before = world.resources.instances.get(self.target(operation)).message
        if is_free(before) and not is_free(message):
            message = instance_v1.Instance(message)
            message.free_instance_metadata.upgrade_time = timestamp_of(at)
        return self.settle(world, operation, at, message=message)


class MoveInstance(ReportsProgress[InstanceName, MoveDetails]):
    """The instance is in the other configuration, or moves back to where it was."""

    target_type: ClassVar = InstanceName
    details_type: ClassVar = MoveDetails

    def describe(
        self, target: InstanceName, details: MoveDetails
    ) -> instance_v1.MoveInstanceMetadata:
        """Return where the instance goes."""
        del target
        return instance_v1.MoveInstanceMetadata(target_config=str(details.target))

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Put the instance into the other configuration."""
        instance = world.resources.instances.get(self.target(operation))
        world.resources.configs.note_left(instance.config, at=at)
        instance = replace(instance, config=self.details(operation).target, update_time=at)
        world.resources.instances.put(instance.name, instance)
        return plain_message(instance_v1.MoveInstanceResponse())


def _period(growth: int) -> instance_v1.FulfillmentPeriod:
    periods = instance_v1.FulfillmentPeriod
    if growth >= _LARGE:
        return periods(periods.FULFILLMENT_PERIOD_EXTENDED)
    return periods(periods.FULFILLMENT_PERIOD_NORMAL)
