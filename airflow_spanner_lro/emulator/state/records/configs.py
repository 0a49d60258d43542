# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations that users make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.records.base import Record, etag_of

if TYPE_CHECKING:
    from google.cloud import (
        spanner_admin_instance_v1 as instance_v1,
    )

    from airflow_spanner_lro.core.names import (
        InstanceConfigName,
    )


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
        return etag_of(self.serial, self.revision)
