# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Configurations that something has just left: the service holds on to them for a while.

How long is not documented; clients have seen a deletion refused after the last instance was gone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.names import InstanceConfigName

LINGER = timedelta(minutes=5)
"""For how long a configuration counts as used after its last user is gone."""


class Leavings:
    """When each configuration was last left by an instance or a partition."""

    def __init__(self) -> None:
        self._left: dict[InstanceConfigName, datetime] = {}

    def note(self, config: InstanceConfigName, *, at: datetime) -> None:
        """Note that something in a configuration is gone."""
        self._left[config] = at

    def lingering(self, config: InstanceConfigName, *, now: datetime) -> bool:
        """Tell whether a configuration that nothing uses still counts as used."""
        left = self._left.get(config)
        return left is not None and now < left + LINGER
