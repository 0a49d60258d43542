# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sensor that waits for a state of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.sensors.base import SpannerInstanceSensor
from airflow_spanner_lro.triggers.conditions import SpannerDatabaseTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence


class SpannerDatabaseSensor(SpannerInstanceSensor):
    """Wait until a database is in one of some states.

    A database that is missing is waited for. Returns its ``name``, ``state`` and ``create_time``.
    A kill or a timeout ends the wait and leaves the database alone.

    :param database_id: the database
    :param state: ``READY``, ``READY_OPTIMIZING`` (restored, usable, not at full speed yet) or
        ``CREATING``, or several of them

    Also accepts the parameters of :class:`~airflow_spanner_lro.sensors.base.SpannerInstanceSensor`.
    """

    template_fields: Sequence[str] = (
        *SpannerInstanceSensor.template_fields,
        "database_id",
        "state",
    )
    trigger_type = SpannerDatabaseTrigger

    def __init__(
        self, *, database_id: str, state: str | Sequence[str] = "READY", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.database_id = database_id
        self.state = state
        self._begin_in_triggerer()
