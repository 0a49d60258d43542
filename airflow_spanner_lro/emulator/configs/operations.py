# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations on instance configurations do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceConfigName
from airflow_spanner_lro.emulator.configs import model as messages
from airflow_spanner_lro.emulator.operations.handler import HidesTargetOnCancel, ReportsProgress
from airflow_spanner_lro.emulator.protos import plain_message

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDetails:
    """What CreateInstanceConfig remembers: the configuration as it will be."""

    config: instance_v1.InstanceConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigUpdate:
    """What UpdateInstanceConfig remembers.

    :param message: all that the owner can set, as it will be
    :param config: the configuration as clients will see it
    """

    message: instance_v1.InstanceConfig
    config: instance_v1.InstanceConfig


_Details = TypeVar("_Details")


class _OnConfigs(ReportsProgress[InstanceConfigName, _Details], Generic[_Details]):
    """An operation whose cancel is sure to be undone."""

    target_type: ClassVar = InstanceConfigName
    undo_guaranteed: ClassVar = True


class CreateInstanceConfig(
    _OnConfigs[ConfigDetails], HidesTargetOnCancel[InstanceConfigName, ConfigDetails]
):
    """The configuration can be used, or goes away."""

    details_type: ClassVar = ConfigDetails

    def describe(
        self, target: InstanceConfigName, details: ConfigDetails
    ) -> instance_v1.CreateInstanceConfigMetadata:
        """Return the configuration as it will be."""
        del target
        return instance_v1.CreateInstanceConfigMetadata(instance_config=details.config)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Make the configuration ready."""
        del at
        config = world.resources.configs.get(self.target(operation))
        config = replace(config, ready=True, reconciling=False, revision=config.revision + 1)
        world.resources.configs.put(config.name, config)
        return plain_message(messages.config_message(config))


class UpdateInstanceConfig(_OnConfigs[ConfigUpdate]):
    """The configuration has its new values, or keeps the old ones."""

    details_type: ClassVar = ConfigUpdate

    def describe(
        self, target: InstanceConfigName, details: ConfigUpdate
    ) -> instance_v1.UpdateInstanceConfigMetadata:
        """Return the configuration as it will be."""
        del target
        return instance_v1.UpdateInstanceConfigMetadata(instance_config=details.config)

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Set the new values."""
        del at
        config = world.resources.configs.get(self.target(operation))
        config = replace(
            config,
            message=self.details(operation).message,
            reconciling=False,
            revision=config.revision + 1,
        )
        world.resources.configs.put(config.name, config)
        return plain_message(messages.config_message(config))

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Leave the old values; they were in force all the time."""
        del at
        config = world.resources.configs.get(self.target(operation))
        config = replace(config, reconciling=False, revision=config.revision + 1)
        world.resources.configs.put(config.name, config)
