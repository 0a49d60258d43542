# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases of Google's emulator, made and asked for rows by tests."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, cast

from google.cloud.spanner_admin_database_v1.services.database_admin import DatabaseAdminClient
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)
from google.cloud.spanner_admin_instance_v1.services.instance_admin import InstanceAdminClient
from google.cloud.spanner_admin_instance_v1.services.instance_admin.transports import (
    InstanceAdminGrpcTransport,
)
from google.cloud.spanner_v1 import types as spanner_types
from google.cloud.spanner_v1.services.spanner import SpannerClient
from google.cloud.spanner_v1.services.spanner.transports import SpannerGrpcTransport
from google.protobuf import json_format

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator.data.reading import read_rows
from airflow_spanner_lro.emulator.data.writing import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import grpc

    from airflow_spanner_lro.emulator.data.rows import DatabaseRows

_GOOGLE = Dialect.GOOGLE_STANDARD_SQL
_TIMEOUT = 60.0
_numbers = count(1)


class GoogleDatabases:
    """Makes databases in an instance of its own, and drops them at the end."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self._admin = DatabaseAdminClient(transport=DatabaseAdminGrpcTransport(channel=channel))
        self._spanner = SpannerClient(transport=SpannerGrpcTransport(channel=channel))
        self._made: list[str] = []
        instances = InstanceAdminClient(transport=InstanceAdminGrpcTransport(channel=channel))
        instance_id = f"rows-{next(_numbers)}"
        config = "projects/rows/instanceConfigs/emulator-config"
        request = {
            "parent": "projects/rows",
            "instance_id": instance_id,
            "instance": {"config": config, "display_name": instance_id, "node_count": 1},
        }
        creation = instances.create_instance(request)
        self.instance = creation.result(timeout=_TIMEOUT).name

    def create(
        self, *statements: str, dialect: Dialect = _GOOGLE, proto_descriptors: bytes = b""
    ) -> str:
        """Make a database with a schema; return its name."""
        database_id = f"db-{next(_numbers)}"
        request = {
            "parent": self.instance,
            "create_statement": f"CREATE DATABASE {dialect.quoted(database_id)}",
            "database_dialect": dialect.number,
        }
        name = str(self._admin.create_database(request).result(timeout=_TIMEOUT).name)
        self._made.append(name)
        self.change(name, *statements, proto_descriptors=proto_descriptors)
        return name

    def change(self, database: str, *statements: str, proto_descriptors: bytes = b"") -> None:
        """Change a schema."""
        if statements:
            request = {
                "database": database,
                "statements": statements,
                "proto_descriptors": proto_descriptors,
            }
            self._admin.update_database_ddl(request).result(timeout=_TIMEOUT)

    def ddl(self, database: str) -> list[str]:
        """Return the schema as Google's emulator shows it."""
        return list(self._admin.get_database_ddl(database=database).statements)

    def insert(
        self, database: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> datetime:
        """Insert rows, whose values are those of JSON; return when they were committed."""
        values = [list(row) for row in rows]
        write = spanner_types.Mutation.Write(table=table, columns=columns, values=values)
        request = {
            "session": self._session(database),
            "single_use_transaction": {"read_write": {}},
            "mutations": [spanner_types.Mutation(insert=write)],
        }
        committed = self._spanner.commit(request, timeout=_TIMEOUT)
        moment: Any = committed.commit_timestamp
        return cast("datetime", moment)

    def execute(self, database: str, *statements: str) -> None:
        """Execute statements of DML in one transaction."""
        session = self._session(database)
        options = spanner_types.TransactionOptions(read_write={})
        transaction = self._spanner.begin_transaction(session=session, options=options).id
        for number, sql in enumerate(statements, start=1):
            request = {
                "session": session,
                "sql": sql,
                "transaction": {"id": transaction},
                "seqno": number,
            }
            self._spanner.execute_sql(request, timeout=_TIMEOUT)
        self._spanner.commit(session=session, transaction_id=transaction)

    def query(self, database: str, sql: str) -> list[list[Any]]:
        """Return the rows of a query, with the values of JSON."""
        request = {"session": self._session(database), "sql": sql}
        result = spanner_types.ResultSet.pb(self._spanner.execute_sql(request, timeout=_TIMEOUT))
        return [json_format.MessageToDict(row) for row in result.rows]  # type: ignore[misc]

    def read(
        self,
        database: str,
        *,
        at: datetime | None = None,
        present: bool = False,
        statements: Sequence[str] | None = None,
        proto_descriptors: bytes = b"",
    ) -> DatabaseRows:
        """Read all rows."""
        return read_rows(
            channel=self.channel,
            database=database,
            at=at,
            present=present,
            statements=statements,
            proto_descriptors=proto_descriptors,
        )

    def restore(self, rows: DatabaseRows) -> str:
        """Write rows into a new database; return its name."""
        database = self.create(dialect=rows.dialect)
        write_rows(channel=self.channel, database=database, rows=rows)
        return database

    def drop_all(self) -> None:
        """Drop the databases that were made."""
        while self._made:
            self._admin.drop_database(database=self._made.pop())

    def _session(self, database: str) -> str:
        return str(self._spanner.create_session(database=database).name)
