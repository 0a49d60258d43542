# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operator that changes a database's schema."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.kinds import UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.core.operations.errors import StatementsChangedError
from airflow_spanner_lro.core.operations.schema_change import (
    statement_records,
    statement_report,
    with_commits,
)
from airflow_spanner_lro.core.status import code_of
from airflow_spanner_lro.operators.ddl import TakesDdl
from airflow_spanner_lro.operators.descriptors import proto_descriptors
from airflow_spanner_lro.operators.operation import SpannerOperationOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spanner_lro.core.operations.schema_change import StatementRecord
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


class SpannerUpdateDatabaseDdlOperator(TakesDdl, SpannerOperationOperator):
    """Change the schema of a database.

    Returns the database's name and each statement with the time of its commit. A schema change
    that is cancelled, on kill or on timeout, keeps the statements that are committed already: they
    cannot be undone, and the error says how many there are.

    The operation's id is chosen here, so a start call that is repeated cannot run twice.

    A text may hold several statements with semicolons between them, and comments. One that ends
    with ``.sql`` is the name of a file with such text, which Airflow looks for in the folder of the
    Dag's file and in the Dag's ``template_searchpath``, and renders as a template. Any other item
    of a list is exactly one statement, and so is a text that another task returns. What a template
    puts in adds no statement and ends none.

    :param instance_id: instance that holds the database
    :param database_id: database to change
    :param ddl_statements: DDL statements or ``.sql`` files, one or several, run in this order
    :param proto_descriptors_file: file on the worker with the ``FileDescriptorSet`` for statements
        that create or alter a proto bundle; absolute, or as seen from the Dag's file

    Also accepts the parameters of
    :class:`~airflow_spanner_lro.operators.operation.SpannerOperationOperator`.
    """

    kind = UPDATE_DATABASE_DDL
    template_fields = (
        *SpannerOperationOperator.template_fields,
        "instance_id",
        "database_id",
        "ddl_statements",
        "proto_descriptors_file",
    )
    ddl_field = "ddl_statements"
    template_fields_renderers = {"ddl_statements": "sql"}  # noqa: RUF012  # as Airflow declares it

    def __init__(
        self,
        *,
        instance_id: str,
        database_id: str,
        ddl_statements: str | Sequence[str],
        proto_descriptors_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.instance_id = instance_id
        self.database_id = database_id
        self.ddl_statements = ddl_statements
        self._remember(ddl_statements)
        self.proto_descriptors_file = proto_descriptors_file

    @property
    def target(self) -> DatabaseName:
        """The database to change."""
        return DatabaseName(
            project=self.project, instance=self.instance_id, database=self.database_id
        )

    def build_request(self) -> Any:
        """Return the UpdateDatabaseDdlRequest."""
        return self.kind.request_type()(
            database=str(self.target),
            statements=self._statements(),
            proto_descriptors=proto_descriptors(self.proto_descriptors_file, operator=self),
        )

    def result(self, snapshot: OperationSnapshot | None) -> Any:
        """Return the database and its new statements, each with the time of its commit.

        :raises StatementsChangedError: if others were asked for when the operation was started
        """
        return {
            "database": str(self.target),
            "statements": [
                {
                    "statement": text,
                    "commit_time": statement.committed.isoformat() if statement.committed else None,
                }
                for text, statement in self._outcome(snapshot)
            ],
        }

    def report(self, snapshot: OperationSnapshot) -> str:
        """Return what became of each statement."""
        if snapshot.succeeded:
            return ""
        try:
            outcome = self._outcome(snapshot)
        except SpannerLroError:
            # what the Dag says by now must not hide why the change failed
            return ""
        except Exception as exc:
            # nor must a dialect that cannot be asked for just now
            if code_of(exc) is None:
                raise
            return ""
        return statement_report(outcome, snapshot=snapshot)

    def _outcome(self, snapshot: OperationSnapshot | None) -> list[tuple[str, StatementRecord]]:
        """Return each statement with what all tries so far have made of it."""
        texts = self._statements()
        wanted = statement_records(texts)
        known = self.statements(snapshot) or with_commits(wanted, snapshot)
        if [each.digest for each in known] != [each.digest for each in wanted]:
            # the Dag was changed while the task was deferred
            raise StatementsChangedError(self.target)
        return list(zip(texts, known, strict=True))

    def _statements(self) -> list[str]:
        return self._ddl(dialect=lambda: self._dialect)

    @cached_property
    def _dialect(self) -> Dialect:
        """The dialect of the database, which decides where its statements end."""
        database = self.hook.client.get_resource(name=self.target)
        if database.database_dialect.name == Dialect.POSTGRESQL:
            return Dialect.POSTGRESQL
        # also where none is told: it is the API's default
        return Dialect.GOOGLE_STANDARD_SQL
