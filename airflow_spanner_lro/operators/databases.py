# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators that restore databases, change their schema, and drop them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import RESTORE_DATABASE, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.failing import failing_for_good
from airflow_spanner_lro.operators.base import SpannerAdminOperator
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

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


class SpannerUpdateDatabaseDdlOperator(SpannerOperationOperator):
    """Change the schema of a database.

    Returns the database's name and each statement with the time of its commit. A schema change
    that is cancelled, on kill or on timeout, keeps the statements that are committed already: they
    cannot be undone, and the error says how many there are.

    The operation's id is chosen here, so a start call that is repeated cannot run twice.

    :param instance_id: instance that holds the database
    :param database_id: database to change
    :param ddl_statements: DDL statements, run in this order

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = UPDATE_DATABASE_DDL
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "ddl_statements",
    )
    template_fields_renderers = {"ddl_statements": "sql"}  # noqa: RUF012  # as Airflow declares it

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        ddl_statements: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.ddl_statements = ddl_statements

    @property
    def target(self) -> DatabaseName:
        """The database to change."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )

    def build_request(self) -> Any:
        """Return the UpdateDatabaseDdlRequest."""
        return self.kind.request_type()(database=str(self.target), statements=self._statements())

    def result(self, snapshot: OperationSnapshot) -> Any:
        """Return the database and its new statements, each with the time of its commit."""
        return {
            "database": str(self.target),
            "statements": [
                {
                    "statement": text,
                    "commit_time": progress.committed.isoformat() if progress.committed else None,
                }
                for text, progress in zip(self._statements(), snapshot.statements, strict=True)
            ],
        }

    def _statements(self) -> list[str]:
        given = self.ddl_statements
        statements: list[Any] = [given] if isinstance(given, str) else list(given or ())
        if not statements or not all(isinstance(each, str) and each.strip() for each in statements):
            raise InvalidArgumentError(
                field="ddl_statements", value=given, rule="expected one or more DDL statements"
            )
        return statements


class SpannerDropDatabaseOperator(SpannerAdminOperator):
    """Drop a database. Succeeds if there is none, so it can be repeated and used as a teardown.

    Spanner answers at once; there is no operation to wait for. Its backups stay.

    :param instance_id: instance that holds the database
    :param database_id: database to drop

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.base.SpannerAdminOperator`.
    """

    template_fields = (*SpannerAdminOperator.template_fields, "instance_id", "database_id")

    def __init__(self, *, instance_id: str, database_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id

    def execute(self, context: Context) -> None:  # noqa: ARG002  # Airflow's signature
        """Drop the database."""
        with failing_for_good():
            name = DatabaseName(
                project=self.project, instance=self.instance_id, database=self.database_id
            )
            self.hook.client.delete_resource(name=name)
            self.log.info("%s is dropped", name)
