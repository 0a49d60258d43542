# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sensor that waits for a backup, whoever makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.sensors.base import SpannerInstanceSensor
from airflow_spanner_lro.triggers.conditions import SpannerBackupTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import Context


class SpannerBackupSensor(SpannerInstanceSensor):
    """Wait for a READY backup: one by its id, or the newest of a database.

    Also finds what Spanner's own backup schedules make, under names that nobody knows beforehand.
    A backup that is missing is waited for. Returns the facts of the backup: ``name``,
    ``database``, ``state``, ``create_time``, ``version_time``, ``parse_expire_time``, ``size_bytes`` and
    ``schedules``. A kill or a timeout ends the wait and leaves the backup alone.

    :param backup_id: this backup; exactly one of this and ``database_id``
    :param database_id: the newest READY backup of this database
    :param schedule_id: only those that this schedule of the database made
    :param newer_than: only those created after this moment, or after the run was due less this
        duration; as ISO 8601 text too, such as ``PT12H``

    Also accepts the parameters of :class:`~airflow_spanner_lro.sensors.base.SpannerInstanceSensor`.
    """

    template_fields: Sequence[str] = (
        *SpannerInstanceSensor.template_fields,
        "backup_id",
        "database_id",
        "schedule_id",
        "newer_than",
    )
    trigger_type = SpannerBackupTrigger

    def __init__(
        self,
        *,
        backup_id: str | None = None,
        database_id: str | None = None,
        schedule_id: str | None = None,
        newer_than: datetime | timedelta | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backup_id = backup_id
        self.database_id = database_id
        self.schedule_id = schedule_id
        self.newer_than = newer_than
        self._begin_in_triggerer()

    def trigger_arguments(self, context: Context) -> dict[str, Any]:
        """Return the trigger's parameters, and from when durations are counted.

        From when the run was due, not from each look: a backup that takes longer than the duration
        would never be READY and new enough.
        """
        run = context.get("dag_run")
        due = run.run_after.isoformat() if run else None
        return super().trigger_arguments(context) | {"counted_from": due}
