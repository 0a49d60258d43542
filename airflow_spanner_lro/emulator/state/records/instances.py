# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instances, their partitions, and the configurations that users make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.records.base import Record

if TYPE_CHECKING:
    from datetime import datetime

    from google.cloud import spanner_admin_instance_v1 as instance_v1

    from airflow_spanner_lro.core.names import (
        InstanceConfigName,
        InstanceName,
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
