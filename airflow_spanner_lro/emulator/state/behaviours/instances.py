# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations on instances."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.emulator.state.behaviours.base import Behaviour, raw, show_times
from airflow_spanner_lro.emulator.state.messages import instances as messages

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.state.operations import Operation
    from airflow_spanner_lro.emulator.state.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDetails:
    """What CreateInstance remembers: the instance as it was asked for."""

    instance: instance_v1.Instance


class CreateInstance(Behaviour[InstanceName, InstanceDetails]):
    """The instance becomes ready, or goes away."""

    target_type: ClassVar = InstanceName
    details_type: ClassVar = InstanceDetails
    undo_guaranteed: ClassVar = True

    def describe(
        self, target: InstanceName, details: InstanceDetails
    ) -> instance_v1.CreateInstanceMetadata:
        """Return the instance as it was asked for."""
        del target
        return instance_v1.CreateInstanceMetadata(
            instance=details.instance,
            expected_fulfillment_period=instance_v1.FulfillmentPeriod.FULFILLMENT_PERIOD_NORMAL,
        )

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell the times; there is no percentage."""
        show_times(metadata, operation, now)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the instance ready."""
        del at
        name = self.target(operation)
        instance = replace(world.resources.instances.get(name), ready=True)
        world.resources.instances.put(name, instance)
        return raw(messages.instance_message(instance))

    def cancel_begins(self, world: World, operation: Operation, at: datetime) -> None:
        """Hide the instance: it cannot be read from now on."""
        del at
        name = self.target(operation)
        instance = world.resources.instances.get(name)
        world.resources.instances.put(name, replace(instance, hidden=True))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Remove the instance."""
        del at
        world.resources.instances.remove(self.target(operation))
