# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that create, restore, update and drop databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import RESTORE_DATABASE
from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.operators.deletion import SpannerDeleteResourceOperator
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.snapshot import OperationSnapshot


class SpannerRestoreDatabaseOperator(SpannerOperationOperator):
    """Restore a backup into a new database.

    Returns the database as a dictionary. A restore that is cancelled, on kill or on timeout, leaves
    no database; one that was finished before the cancel took hold stays, unless ``clean_up=True``.
    After the restore Spanner optimises the database for hours, while it can be used already; that
    follow-up cannot be cancelled.

    :param instance_id: instance for the new database, of the same configuration as the backup's
    :param database_id: id of the new database
    :param source_backup: backup to restore: an id in the same instance, or a full name
    :param wait_for_optimize: also wait until the restored database is optimised and READY

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = RESTORE_DATABASE
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "source_backup",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        source_backup: str,
        wait_for_optimize: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.source_backup = source_backup
        self.wait_for_optimize = wait_for_optimize

    @property
    def target(self) -> DatabaseName:
        """The database to make."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )

    def build_request(self) -> Any:
        """Return the RestoreDatabaseRequest."""
        if "/" in str(self.source_backup):
            backup = BackupName.parse(self.source_backup)
        else:
            backup = BackupName(
                project=self.project, instance=self.instance_id, backup=self.source_backup
            )
        return self.kind.request_type()(
            parent=str(self.target.instance_name),
            database_id=self.target.database,
            backup=str(backup),
        )

    def follow_up(self, snapshot: OperationSnapshot) -> OperationName | None:
        """Return the operation that optimises the database, if it is to be waited for."""
        return snapshot.follow_up if self.wait_for_optimize else None


class SpannerDropDatabaseOperator(SpannerDeleteResourceOperator):
    """Drop a database. Succeeds if there is none, so it can be repeated and used as a teardown.

    Its backups stay. Spanner refuses to drop a database that is protected or being backed up.

    :param instance_id: instance that holds the database
    :param database_id: database to drop

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.deletion.SpannerDeleteResourceOperator`.
    """

    template_fields = (*SpannerDeleteResourceOperator.template_fields, "instance_id", "database_id")

    def __init__(self, *, instance_id: str, database_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id

    @property
    def target(self) -> DatabaseName:
        """The database to drop."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )
