# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations on instance configurations do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from google.cloud import spanner_admin_instance_v1 as instance_v1

from airflow_spanner_lro.core.names import InstanceConfigName
from airflow_spanner_lro.emulator.configs.model import InstanceConfig, config_message
from airflow_spanner_lro.emulator.operations.handler import (
    Creates,
    Creation,
    Reconciles,
    ReportsProgress,
    Update,
    Updates,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.world import World

_Details = TypeVar("_Details")


class _OnConfigs(
    ReportsProgress[InstanceConfigName, _Details],
    Reconciles[InstanceConfigName, _Details],
    Generic[_Details],
):
    target_type: ClassVar = InstanceConfigName

    def message_of(self, world: World, row: InstanceConfig) -> instance_v1.InstanceConfig:
        """Return the configuration as clients see it."""
        del world
        return config_message(row)

    def settled(self, at: datetime) -> Mapping[str, Any]:
        """Say that nothing is at work on it any more."""
        del at
        return {"reconciling": False}


class CreateInstanceConfig(_OnConfigs[Creation], Creates[InstanceConfigName]):
    """The configuration can be used, or goes away."""

    def describe(
        self, target: InstanceConfigName, details: Creation
    ) -> instance_v1.CreateInstanceConfigMetadata:
        """Return the configuration as it will be."""
        del target
        return instance_v1.CreateInstanceConfigMetadata(instance_config=details.desired)


class UpdateInstanceConfig(_OnConfigs[Update], Updates[InstanceConfigName]):
    """The configuration has its new values, or keeps the old ones."""

    def describe(
        self, target: InstanceConfigName, details: Update
    ) -> instance_v1.UpdateInstanceConfigMetadata:
        """Return the configuration as it will be."""
        del target
        return instance_v1.UpdateInstanceConfigMetadata(instance_config=details.desired)

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Leave the old values; they were in force all the time."""
        self.settle(world, operation, at)
