# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One of the two emulators as a script sees it, and its answers in a form that can be compared.

What differs by nature is left out: times, ids that a server makes up, the wording of errors. Both
sides are spoken to through Google's generated clients.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions
from google.api_core.operation import Operation
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)
from google.cloud.spanner_admin_instance_v1.services.instance_admin.transports import (
    InstanceAdminGrpcTransport,
)
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import grpc

SCHEMA = (
    "CREATE TABLE Orders (Id INT64, Note STRING(MAX)) PRIMARY KEY (Id)",
    "CREATE INDEX OrdersByNote ON Orders (Note)",
)
"""The schema of the database that is there when a script begins."""

_SERVER_MADE = re.compile(r"_auto\w*")
_AROUND_PUNCTUATION = re.compile(r"\s*([(),=])\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from a call.

    :param code: its status
    :param body: of the response, what both sides can have in common
    :param message: of an error
    :param about: type and name in the error's ``ResourceInfo``
    """

    code: Code
    body: object = None
    message: str = ""
    about: tuple[tuple[str, str], ...] = ()

    @property
    def items(self) -> list[str]:
        """The response's list; empty without one."""
        return self.body if isinstance(self.body, list) else []

    @property
    def comparable(self) -> tuple[Code, object]:
        """What must be the same on both sides."""
        return self.code, self.body


class Side:
    """One emulator, with a project of its own for each script.

    :param settle: drives all operations of the emulator to their end
    :param config: id of an instance configuration that it has
    """

    def __init__(
        self, *, channel: grpc.Channel, project: str, config: str, settle: Callable[[], object]
    ) -> None:
        self.project = f"projects/{project}"
        self.instance = f"{self.project}/instances/main"
        self.database = f"{self.instance}/databases/shop"
        self.config = f"{self.project}/instanceConfigs/{config}"
        self.settle = settle
        self.databases = database_v1.DatabaseAdminClient(
            transport=DatabaseAdminGrpcTransport(channel=channel)
        )
        self.instances = instance_v1.InstanceAdminClient(
            transport=InstanceAdminGrpcTransport(channel=channel)
        )

    def prepare(self) -> None:
        """Create an instance and a database."""
        for answer in (self.create_instance("main"), self.create_database("shop", *SCHEMA)):
            assert answer.code is Code.OK, answer

    # --- calls -----------------------------------------------------------------------------------

    def call(self, method: Callable[..., Any], *args: object, **fields: Any) -> Answer:
        """Make any call, and see the operation that it starts through."""
        try:
            response = method(*args, **fields)
            if isinstance(response, Operation):
                self.settle()
                response = self.databases.get_operation({"name": response.operation.name})
            return Answer(code=Code.OK, body=_body(response))
        except exceptions.GoogleAPICallError as exc:
            status = exc.grpc_status_code
            assert status is not None
            about = tuple(
                (each.resource_type, each.resource_name)
                for each in exc.details
                if hasattr(each, "resource_type")
            )
            return Answer(code=Code(status.value[0]), message=exc.message or "", about=about)

    def create_instance(
        self, instance_id: str, *, config: str | None = None, **fields: Any
    ) -> Answer:
        """Create an instance; of one node, and with a name to display, unless something is said."""
        capacity = {} if {"node_count", "processing_units"} & fields.keys() else {"node_count": 1}
        instance = {
            "config": self.config if config is None else config,
            "display_name": f"Instance {instance_id}"[:30],
            **capacity,
            **fields,
        }
        return self.call(
            self.instances.create_instance,
            parent=self.project,
            instance_id=instance_id,
            instance=instance,
        )

    def create_database(self, database_id: str, *extra: str, **fields: Any) -> Answer:
        """Create a database by its id."""
        return self.create_database_by(f"CREATE DATABASE `{database_id}`", *extra, **fields)

    def create_database_by(self, statement: str, *extra: str, **fields: Any) -> Answer:
        """Create a database by a statement."""
        request = {
            "parent": self.instance,
            "create_statement": statement,
            "extra_statements": extra,
            **fields,
        }
        return self.call(self.databases.create_database, request)

    def change(self, *statements: str, **fields: Any) -> Answer:
        """Change the schema of the database."""
        request = {"database": self.database, "statements": statements, **fields}
        return self.call(self.databases.update_database_ddl, request)

    def schema(self, database: str | None = None) -> Answer:
        """Get the schema of a database."""
        return self.call(self.databases.get_database_ddl, database=database or self.database)

    def get_operation(self, name: str) -> Answer:
        """Get an operation by its full name."""
        return self.call(self.databases.get_operation, {"name": name})

    def list_operations(self, name: str, **fields: Any) -> Answer:
        """List operations of a collection."""
        return self.call(self.databases.list_operations, {"name": name, **fields})


def _body(response: Any) -> object:
    """Return what can be compared of a response."""
    if response is None:
        return None
    if reader := _READERS.get(type(response)):
        return reader(response)
    # all pages, or one of them; what else there is comes from services that one side has not
    is_list = hasattr(response, "__iter__")
    return sorted(each.name for each in response) if is_list else type(response).__name__


def _operation(operation: operations_pb2.Operation) -> dict[str, object]:
    body: dict[str, object] = {
        "name": _anonymous(operation.name),
        "done": operation.done,
        "error": operation.error.code,
        "metadata": operation.metadata.type_url,
        "response": operation.response.type_url,
    }
    if operation.metadata.Is(database_v1.UpdateDatabaseDdlMetadata.pb().DESCRIPTOR):
        metadata = database_v1.UpdateDatabaseDdlMetadata.deserialize(operation.metadata.value)
        body["statements"] = list(metadata.statements)
        body["committed"] = len(metadata.commit_timestamps)
        body["database"] = metadata.database
    return body


def _anonymous(name: str) -> str:
    return _SERVER_MADE.sub("_auto", name)


def plain_statement(text: str) -> str:
    """Return a statement without what a printer is free to choose: quotes, spaces, last commas."""
    words = " ".join(text.replace("`", "").split())
    return _AROUND_PUNCTUATION.sub(r"\1", words).replace(",)", ")")


_READERS: dict[type, Callable[[Any], object]] = {
    operations_pb2.Operation: _operation,
    operations_pb2.ListOperationsResponse: lambda response: sorted(
        _anonymous(each.name) for each in response.operations
    ),
    database_v1.GetDatabaseDdlResponse: lambda response: sorted(
        plain_statement(text) for text in response.statements
    ),
    database_v1.Database: lambda database: (database.name, database.state),
    instance_v1.Instance: lambda instance: (
        instance.name,
        instance.display_name,
        (instance.node_count, instance.processing_units),
        dict(instance.labels),
    ),
    # whatever is there, each has some name to display
    instance_v1.InstanceConfig: lambda config: bool(config.display_name),
}


def codes(answers: Iterable[Answer]) -> list[Code]:
    """Return the status codes of answers."""
    return [answer.code for answer in answers]
