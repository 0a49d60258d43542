# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances, their partitions, and the configurations that users make."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.records.base import Record

if TYPE_CHECKING:
    from datetime import datetime

    from google.cloud import spanner_admin_instance_v1 as instance_v1

    from airflow_spanner_lro.core.names import (
        InstanceConfigName,
        InstanceName,
        InstancePartitionName,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance(Record):
    """An instance: what callers asked for, and whether it is ready.

    :param message: all that its owner can set, as it is in force
    :param update_time: when that last changed
    :param hidden: whether its creation was cancelled, so that it cannot be read any more
    """

    name: InstanceName
    ready: bool
    config: InstanceConfigName
    message: instance_v1.Instance
    update_time: datetime
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceConfig(Record):
    """A configuration that a user made.

    :param message: all that its owner can set, as it is in force
    :param reconciling: whether it is being created or updated
    :param revision: how often it has changed
    :param hidden: whether its creation was cancelled, so that it cannot be read any more
    """

    name: InstanceConfigName
    ready: bool
    message: instance_v1.InstanceConfig
    reconciling: bool = False
    revision: int = 0
    hidden: bool = False

    @property
    def etag(self) -> str:
        """Another text after each change."""
        return _etag(self.serial, self.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePartition(Record):
    """A partition of an instance.

    :param message: all that its owner can set, as it is in force
    :param update_time: when that last changed
    :param revision: how often it has changed
    :param hidden: whether its creation was cancelled, so that it cannot be read any more
    """

    name: InstancePartitionName
    ready: bool
    config: InstanceConfigName
    message: instance_v1.InstancePartition
    update_time: datetime
    revision: int = 0
    hidden: bool = False

    @property
    def etag(self) -> str:
        """Another text after each change."""
        return _etag(self.serial, self.revision)


def _etag(serial: int, revision: int) -> str:
    # not readable, so that nobody takes it for a number and counts on
    return hashlib.sha256(f"{serial}.{revision}".encode()).hexdigest()[:16]
