# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Sensors: wait for operations, a backup, a state of a database, or until nothing is going on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.names import operation_name as name_of
from airflow_spanner_lro.links import SpannerOperationLink
from airflow_spanner_lro.sensors.base import SpannerInstanceSensor, SpannerSensor
from airflow_spanner_lro.triggers.conditions import (
    SpannerBackupTrigger,
    SpannerDatabaseTrigger,
    SpannerNoOperationInProgressTrigger,
    SpannerOperationsTrigger,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from airflow.sdk import Context


class SpannerBackupSensor(SpannerInstanceSensor):
    """Wait for a READY backup: one by its id, or the newest of a database.

    Also finds what Spanner's own backup schedules make, under names that nobody knows beforehand.
    A backup that is missing is waited for. Returns the facts of the backup: ``name``,
    ``database``, ``state``, ``create_time``, ``version_time``, ``expire_time``, ``size_bytes`` and
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

        From when the run was due, not from each poll: a backup that takes longer than the duration
        would never be READY and new enough.
        """
        run = context.get("dag_run")
        due = run.run_after.isoformat() if run else None
        return super().trigger_arguments(context) | {"counted_from": due}


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


class SpannerOperationSensor(SpannerSensor):
    """Wait until operations have succeeded. It never cancels: somebody else started them.

    Returns the name of the operation that succeeded; with several names and ``wait_for="all"`` the
    list of them. Fails without retrying when an operation failed or was cancelled (with
    ``wait_for="any"``: when all of them were), or is skipped then with ``soft_fail=True``. When
    Spanner cannot be asked for a while, it goes on waiting. A kill or a timeout ends the wait and
    leaves the operations alone.

    :param operation_name: full name of an operation, such as the output of an operator with
        ``wait_for_completion=False``; what a verb of the hook has returned; or several of these
    :param wait_for: ``all`` of them, or ``any``

    Also accepts the parameters of :class:`~airflow_spanner_lro.sensors.base.SpannerSensor`.
    """

    operator_extra_links = (SpannerOperationLink(),)
    template_fields: Sequence[str] = (*SpannerSensor.template_fields, "operation_name", "wait_for")
    trigger_type = SpannerOperationsTrigger

    def __init__(
        self, *, operation_name: str | Sequence[str], wait_for: str = "all", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.operation_name = operation_name
        self.wait_for = wait_for
        self._begin_in_triggerer()

    def trigger_arguments(self, context: Context) -> dict[str, Any]:
        """Return the trigger's parameters; an operation by its name, whatever an XCom has of it."""
        return super().trigger_arguments(context) | {"operation_name": _names(self.operation_name)}


def _names(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_names(each) for each in value]
    try:
        return str(name_of(value))
    except InvalidNameError:
        return value  # the trigger refuses it, and says why


class SpannerNoOperationInProgressSensor(SpannerInstanceSensor):
    """Wait until no operation is in progress on a database, a backup or a whole instance.

    On a database these are its own operations and the creation of backups of it; on a backup its
    own and restores from it into the same instance; on an instance its own and those of all
    databases, backups and partitions in it. How they end does not matter. Returns nothing. A kill
    or a timeout ends the wait and leaves the operations alone.

    :param database_id: the database; at most one of this and ``backup_id``
    :param backup_id: the backup
    :param operation_types: only these, by the name of the call that starts them, such as
        ``CreateBackup`` or ``update_database_ddl``, and ``OptimizeRestoredDatabase``; by default
        all

    Also accepts the parameters of :class:`~airflow_spanner_lro.sensors.base.SpannerInstanceSensor`.
    """

    template_fields: Sequence[str] = (
        *SpannerInstanceSensor.template_fields,
        "database_id",
        "backup_id",
        "operation_types",
    )
    trigger_type = SpannerNoOperationInProgressTrigger

    def __init__(
        self,
        *,
        database_id: str | None = None,
        backup_id: str | None = None,
        operation_types: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.database_id = database_id
        self.backup_id = backup_id
        self.operation_types = operation_types
        self._begin_in_triggerer()
