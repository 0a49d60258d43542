# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The sensor that waits until nothing is in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.sensors.base import SpannerInstanceSensor
from airflow_spanner_lro.triggers.conditions import SpannerNoOperationInProgressTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence


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
