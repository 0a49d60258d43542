# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operator that changes a database's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.core.snapshot import OperationSnapshot


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
