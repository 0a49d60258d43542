# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What an answer that is not OK consists of: code, text, and details, in one of three forms.

:func:`form_of` decides which, for all refusals. Details travel as ``google.rpc.Status``, the way
google-api-core reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

from google.protobuf import any_pb2
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
    from google.protobuf.descriptor import Descriptor
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
}
"""Words for people and types of what Spanner describes with a ``ResourceInfo``.

Nobody has seen one of an operation.
"""

_OPERATION = "Operation"


class Form(Enum):
    """How a refusal looks to a client.

    ============= ============================================ ==================================
    form          text                                         details
    ============= ============================================ ==================================
    ``REQUEST``   ``Invalid CreateInstance request.``          ``BadRequest``: a field, and what
                                                               is wrong with it
    ``RESOURCE``  ``Instance not found: projects/…``           ``ResourceInfo``: type, name, and
                                                               ``Instance does not exist.``
    ``TEXT``      whatever is to be said                       none
    ============= ============================================ ==================================

    ``QuotaFailure`` and ``PreconditionFailure`` are in no answer of Spanner's that anybody has
    published; requests beyond the quota carry an ``ErrorInfo``, which all of Google's services do.
    """

    REQUEST = "request"
    RESOURCE = "resource"
    TEXT = "text"


_ABOUT_EXISTENCE = {Code.NOT_FOUND: "does not exist.", Code.ALREADY_EXISTS: "already exists."}


def form_of(code: Code, *, field: str = "", name: object = None) -> Form:
    """Decide on the form of a refusal: the one place that does.

    :param code: its status code
    :param field: the field of the request that breaks a rule by itself, whatever there is
    :param name: the resource that it is about
    """
    if code is Code.INVALID_ARGUMENT and field:
        return Form.REQUEST
    if code in _ABOUT_EXISTENCE and type(name) in _TYPES:
        return Form.RESOURCE
    return Form.TEXT


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong, and where: a dotted path, empty for the whole request."""

    field: str
    description: str


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

    @property
    def explained(self) -> str:
        """The text, with what else the details say: for logs, and for people beside the wire."""
        return self.message

    def answering(self, method: str, request: Descriptor | None = None) -> RpcError:
        """Return it as the answer to a request.

        :param method: the RPC's name
        :param request: what its requests are, to name fields from the outside
        """
        del method, request
        return self

    def to_status(self) -> status_pb2.Status:
        """Return it in the form in which it travels."""
        status = status_pb2.Status(code=self.code, message=self.message)
        for detail in self.details:
            # what another server has said is packed already, and may be of any type
            if isinstance(detail, any_pb2.Any):
                status.details.add().CopyFrom(detail)
            else:
                status.details.add().Pack(detail)
        return status


class RequestError(RpcError):
    """A request breaks a rule by itself; as long as nobody asked, its text is what is wrong.

    :param violation: what breaks the rule, by the name that the field has in its own message
    :param headline: the text of the answer, with ``{method}``
    """

    def __init__(
        self, violation: Violation, *, headline: str = "Invalid {method} request."
    ) -> None:
        super().__init__(Code.INVALID_ARGUMENT, violation.description)
        self.violation = violation
        self.headline = headline

    def answering(self, method: str, request: Descriptor | None = None) -> RpcError:
        """Return the answer: whose request it is, and a ``BadRequest``."""
        field = self.violation.field
        if request is not None:
            field = from_outside(field, request)
        return _RefusedRequestError(
            self.headline.format(method=method), Violation(field, self.message)
        )


class _RefusedRequestError(RpcError):
    """A refused request as the client gets it."""

    def __init__(self, message: str, violation: Violation) -> None:
        super().__init__(Code.INVALID_ARGUMENT, message, bad_request(violation))
        self._violation = violation

    @property
    def explained(self) -> str:
        """The text, the field, and what is wrong with it."""
        return f"{self.message} {self._violation.field}: {self._violation.description}"


def bad_request(*violations: Violation) -> error_details_pb2.BadRequest:
    """Return the detail that names fields."""
    details = error_details_pb2.BadRequest()
    for each in violations:
        details.field_violations.add(
            field=shortened(each.field, _LONGEST_NAME), description=each.description
        )
    return details


def from_outside(field: str, request: Descriptor) -> str:
    """Return the path of a field as the request has it: ``display_name`` is in ``instance``.

    Whoever checks a message often does not know what it is a part of.
    """
    first = field.partition(".")[0].partition("[")[0]
    if first in request.fields_by_name:
        return field
    for each in request.fields:
        inner = each.message_type
        if inner is not None and not each.is_repeated and first in inner.fields_by_name:
            return f"{each.name}.{field}"
    return field


def about(code: Code, name: object, message: str) -> RpcError:
    """Make an error about a resource, which carries it where Spanner's do."""
    if form_of(code, name=name) is not Form.RESOURCE:
        return RpcError(code, message)
    info = error_details_pb2.ResourceInfo(
        resource_type=f"type.googleapis.com/{_TYPES[type(name)][1]}",
        resource_name=shortened(str(name), _LONGEST_NAME),
        description=f"{noun(name)} {_ABOUT_EXISTENCE[code]}",
    )
    return RpcError(code, message, info)


def noun(name: object) -> str:
    """Return what a name names, in words for people."""
    if isinstance(name, OperationName):
        return _OPERATION
    return _TYPES[type(name)][0] if type(name) in _TYPES else "Resource"


def shortened(text: str, longest: int) -> str:
    """Return a text of no more than about so many bytes: what it begins with, and how it ends."""
    data = text.encode("utf-8", "replace")
    if len(data) <= longest:
        return text
    begin, end = data[: longest * 2 // 3], data[-longest // 4 :]
    return f"{begin.decode(errors='ignore')} ... {end.decode(errors='ignore')}"


def invalid(message: str, *, field: str = "") -> RpcError:
    """Say what is wrong with an argument, in the words of whoever found it.

    :param field: the field of the request that is wrong by itself, if it is one
    """
    if form_of(Code.INVALID_ARGUMENT, field=field) is Form.REQUEST:
        return RequestError(Violation(field, message))
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
    :param field: the field that the value is in, with ``{0}`` if the value names it; empty where
        it is not the request that is wrong by itself
    """

    def __init__(self, template: str, *, field: str = "") -> None:
        self._template = template
        self._field = field

    def __call__(self, value: _Thing) -> RpcError:
        """Return the error about this value."""
        return invalid(self._template.format(value), field=self._field.format(value))


class Conflict(Invalid[str]):
    """An error about one thing in a schema, which as it is does not let something be done."""

    def __call__(self, value: str) -> RpcError:
        """Return the error about the thing of this name."""
        return conflict(self._template.format(value))
