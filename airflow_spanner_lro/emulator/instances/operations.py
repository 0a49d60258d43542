# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations on instances do: create, update, and move to another configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceConfigName, InstanceName
from airflow_spanner_lro.emulator.instances import model as messages
from airflow_spanner_lro.emulator.instances.capacity import UNITS_PER_NODE
from airflow_spanner_lro.emulator.operations.handler import (
    HidesTargetOnCancel,
    ReportsProgress,
    ReportsTimes,
)
from airflow_spanner_lro.emulator.protos import plain_message

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.world import World

_LARGE = 100 * UNITS_PER_NODE
"""So much more capacity at once takes longer than usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDetails:
    """What CreateInstance remembers: the instance as it was asked for."""

    instance: instance_v1.Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceUpdate:
    """What UpdateInstance remembers.

    :param message: all that the owner can set, as it will be
    :param instance: the instance as clients will see it
    :param growth: how many processing units it gets on top
    """

    message: instance_v1.Instance
    instance: instance_v1.Instance
    growth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDetails:
    """What MoveInstance remembers."""

    target: InstanceConfigName


class CreateInstance(
    HidesTargetOnCancel[InstanceName, InstanceDetails], ReportsTimes[InstanceName, InstanceDetails]
):
    """The instance becomes ready, or goes away."""

    target_type: ClassVar = InstanceName
    details_type: ClassVar = InstanceDetails

    def describe(
        self, target: InstanceName, details: InstanceDetails
    ) -> instance_v1.CreateInstanceMetadata:
        """Return the instance as it was asked for."""
        del target
        return instance_v1.CreateInstanceMetadata(
            instance=details.instance,
            expected_fulfillment_period=_period(details.instance.processing_units),
        )

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the instance ready."""
        instance = world.resources.instances.get(self.target(operation))
        instance = replace(instance, ready=True, update_time=at)
        world.resources.instances.put(instance.name, instance)
        return plain_message(messages.instance_message(instance))


class UpdateInstance(ReportsTimes[InstanceName, InstanceUpdate]):
    """The instance has its new values, or keeps the old ones, which were in force all the time."""

    target_type: ClassVar = InstanceName
    details_type: ClassVar = InstanceUpdate
    undo_guaranteed: ClassVar = True

    def describe(
        self, target: InstanceName, details: InstanceUpdate
    ) -> instance_v1.UpdateInstanceMetadata:
        """Return the instance as it will be."""
        del target
        return instance_v1.UpdateInstanceMetadata(
            instance=details.instance, expected_fulfillment_period=_period(details.growth)
        )

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Set the new values."""
        instance = world.resources.instances.get(self.target(operation))
        message = self.details(operation).message
        instance = replace(instance, message=message, update_time=at)
        world.resources.instances.put(instance.name, instance)
        return plain_message(messages.instance_message(instance))


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
        world.leavings.note(instance.config, at=at)
        instance = replace(instance, config=self.details(operation).target, update_time=at)
        world.resources.instances.put(instance.name, instance)
        return plain_message(instance_v1.MoveInstanceResponse())


def _period(growth: int) -> instance_v1.FulfillmentPeriod:
    periods = instance_v1.FulfillmentPeriod
    if growth >= _LARGE:
        return periods(periods.FULFILLMENT_PERIOD_EXTENDED)
    return periods(periods.FULFILLMENT_PERIOD_NORMAL)
