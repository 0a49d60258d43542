# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance partitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.records.base import Record, etag_of

if TYPE_CHECKING:
    from datetime import datetime

    from google.cloud import (
        spanner_admin_instance_v1 as instance_v1,
    )

    from airflow_spanner_lro.core.names import (
        InstanceConfigName,
        InstancePartitionName,
    )


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
        return etag_of(self.serial, self.revision)
