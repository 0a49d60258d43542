# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What an answer that is not OK consists of: code, text, and details.

Details travel as ``google.rpc.Status``, the way google-api-core reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from google.rpc import error_details_pb2, status_pb2

from airflow_spanner_lro.core.names import (
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
)
from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from google.protobuf.message import Message


# gRPC's clients drop what has more than eight kilobytes of metadata, and an error's text may take
# seven times its length of that: its bytes are escaped, and it is in each of the details again
_LONGEST_TEXT = 900
_LONGEST_NAME = 400

_TYPES: dict[type[object], tuple[str, str]] = {
    InstanceName: ("Instance", "google.spanner.admin.instance.v1.Instance"),
    InstanceConfigName: ("Instance config", "google.spanner.admin.instance.v1.InstanceConfig"),
    DatabaseName: ("Database", "google.spanner.admin.database.v1.Database"),
    BackupName: ("Backup", "google.spanner.admin.database.v1.Backup"),
    InstancePartitionName: (
        "Instance partition",
        "google.spanner.admin.instance.v1.InstancePartition",
    ),
    BackupScheduleName: ("Backup schedule", "google.spanner.admin.database.v1.BackupSchedule"),
    OperationName: ("Operation", "google.longrunning.Operation"),
}


class RpcError(Exception):
    """An RPC's answer that is not OK.

    :param code: the status code
    :param message: the text for people; the middle of a very long one is left out
    :param details: messages with more, such as ``google.rpc.ResourceInfo``
    """

    def __init__(self, code: Code, message: str, *details: Message) -> None:
        message = shortened(message, _LONGEST_TEXT)
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def to_status(self) -> status_pb2.Status:
        """Return it in the form in which it travels."""
        status = status_pb2.Status(code=self.code, message=self.message)
        for detail in self.details:
            status.details.add().Pack(detail)
        return status


def about(code: Code, name: object, message: str) -> RpcError:
    """Make an error that carries the resource it is about."""
    _, type_ = _TYPES.get(type(name), ("", ""))
    info = error_details_pb2.ResourceInfo(
        resource_type=f"type.googleapis.com/{type_}" if type_ else "",
        resource_name=shortened(str(name), _LONGEST_NAME),
        description=shortened(message, _LONGEST_TEXT),
    )
    return RpcError(code, message, info)


def noun(name: object) -> str:
    """Return what a name names, in words for people."""
    return _TYPES[type(name)][0] if type(name) in _TYPES else "Resource"


def shortened(text: str, longest: int) -> str:
    """Return a text of no more than about so many bytes: what it begins with, and how it ends."""
    data = text.encode("utf-8", "replace")
    if len(data) <= longest:
        return text
    begin, end = data[: longest * 2 // 3], data[-longest // 4 :]
    return f"{begin.decode(errors='ignore')} ... {end.decode(errors='ignore')}"


def invalid(message: str) -> RpcError:
    """Say what is wrong with an argument, in the words of whoever found it."""
    return RpcError(Code.INVALID_ARGUMENT, message)


def precondition(name: object, message: str) -> RpcError:
    """Say why something cannot be done with a resource as things are."""
    return about(Code.FAILED_PRECONDITION, name, message)


def conflict(message: str) -> RpcError:
    """Say why a schema as it is does not let something be done."""
    return RpcError(Code.FAILED_PRECONDITION, message)


_Thing = TypeVar("_Thing")


class RefusalTemplate(Generic[_Thing]):
    """An error about one resource, made by calling this with its name.

    :param code: the status code
    :param template: the text, with ``{0}`` where the name stands
    """

    def __init__(self, code: Code, template: str) -> None:
        self._code = code
        self._template = template

    def __call__(self, name: _Thing) -> RpcError:
        """Return the error about the resource of this name."""
        return about(self._code, name, self._template.format(name))


class Invalid(Generic[_Thing]):
    """An error about one value in a request, made by calling this with it.

    :param template: the text, with ``{0}`` where the value stands
    """

    def __init__(self, template: str) -> None:
        self._template = template

    def __call__(self, value: _Thing) -> RpcError:
        """Return the error about this value."""
        return invalid(self._template.format(value))


class Conflict(Invalid[str]):
    """An error about one thing in a schema, which as it is does not let something be done."""

    def __call__(self, value: str) -> RpcError:
        """Return the error about the thing of this name."""
        return conflict(self._template.format(value))
