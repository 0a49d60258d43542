# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that make and delete backups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.core.times import aware, expire_time
from airflow_spanner_lro.operators.deletion import SpannerDeleteResourceOperator
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from airflow_spanner_lro.core.times import Moment


class SpannerCreateBackupOperator(SpannerOperationOperator):
    """Create a backup of a database.

    Returns the backup as a dictionary. A backup that is cancelled, on kill or on timeout, is
    removed by Spanner; one that was finished before the cancel took hold is deleted, unless
    ``clean_up=False``.

    :param instance_id: instance that holds the database and will hold the backup
    :param database_id: database to back up
    :param backup_id: id of the new backup
    :param expire_time: when Spanner deletes it: a moment, a time from the start of each try, or
        ISO 8601 text; 6 hours to 366 days ahead
    :param version_time: back up the database as it was then; by default as it is now

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = CREATE_BACKUP
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "backup_id",
        "expire_time",
        "version_time",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        backup_id: str,
        expire_time: Moment,
        version_time: datetime | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.backup_id = backup_id
        self.expire_time = expire_time
        self.version_time = version_time

    @property
    def target(self) -> BackupName:
        """The backup to make."""
        return BackupName(project=self.project, instance=self.instance_id, backup=self.backup_id)

    def build_request(self) -> Any:
        """Return the CreateBackupRequest."""
        database = DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )
        backup: dict[str, Any] = {
            "database": str(database),
            "expire_time": expire_time(self.expire_time, now=datetime.now(tz=UTC)),
        }
        if self.version_time:
            backup["version_time"] = aware(self.version_time, field="version_time")
        return self.kind.request_type()(
            parent=str(database.instance_name), backup_id=self.target.backup, backup=backup
        )


class SpannerDeleteBackupOperator(SpannerDeleteResourceOperator):
    """Delete a backup. Succeeds if there is none, so it can be repeated and used as a teardown.

    Deleting a backup that is still being created also cancels its operation.

    :param instance_id: instance that holds the backup
    :param backup_id: backup to delete

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.deletion.SpannerDeleteResourceOperator`.
    """

    template_fields = (*SpannerDeleteResourceOperator.template_fields, "instance_id", "backup_id")

    def __init__(self, *, instance_id: str, backup_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.backup_id = backup_id

    @property
    def target(self) -> BackupName:
        """The backup to delete."""
        return BackupName(project=self.project, instance=self.instance_id, backup=self.backup_id)
