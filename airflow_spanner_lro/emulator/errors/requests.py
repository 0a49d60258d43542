# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is refused whatever a call is about, and what is wrong with an HTTP request.

The sentences about JSON are those of Google's own transcoder, because people search the web for
them; each comes with a field violation that names the place.
"""

from __future__ import annotations

import json
from functools import partial

from google.rpc import error_details_pb2

from airflow_spanner_lro.core.names import (
    OperationName,
    ResourceName,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import (
    Invalid,
    RefusalTemplate,
    RequestError,
    RpcError,
    Violation,
    about,
    bad_request,
    invalid,
    noun,
    precondition,
)

_SERVICE = "spanner.googleapis.com"


def malformed_request(*, method: str, reason: str) -> RpcError:
    """Say that the bytes of a request are not the message they should be."""
    return RpcError(Code.INVALID_ARGUMENT, f"The {method} request cannot be parsed: {reason}")


def not_implemented(*, method: str) -> RpcError:
    """Say that the emulator has no such method."""
    return RpcError(
        Code.UNIMPLEMENTED, f"{method} is not implemented by the airflow-spanner-lro emulator."
    )


stopping = partial(RpcError, Code.UNAVAILABLE, "The emulator is stopping.")

client_gone = partial(RpcError, Code.CANCELLED, "The client did not wait.")


def internal(*, method: str, reason: str) -> RpcError:
    """Say that the emulator has a bug, and that its log has the traceback."""
    return RpcError(
        Code.INTERNAL, f"The emulator failed in {method}: {reason}. Its log has the traceback."
    )


missing_field = Invalid[str]("{0} is required.", field="{0}")

no_mask = Invalid[str]("Must specify a non-empty field mask.", field="{0}")


_HEADLINES = {"ListInstances": "Invalid filter in {method} request."}
"""Filters that Spanner refuses in words of their own."""


def bad_filter(*, method: str, text: str, reason: str) -> RpcError:
    """Say that a list filter is not understood, by the emulator or by production."""
    description = f"The filter {text!r} is not understood: {reason}"
    headline = _HEADLINES.get(method, "Invalid {method} request.")
    return RequestError(Violation("filter", description), headline=headline)


def bad_page_token() -> RpcError:
    """Say that a page token belongs to another request."""
    return invalid(
        "The page_token is not one that this call returned for the same parent and filter.",
        field="page_token",
    )


def cannot_record(*, path: str, reason: str) -> RpcError:
    """Say that a change could not be written down, so that it was not made."""
    return RpcError(
        Code.INTERNAL, f"The emulator cannot write to its state file {path}: {reason}. "
        "Nothing was changed."
    )  # fmt: skip


connection_broke = partial(RpcError, Code.UNAVAILABLE, "Socket closed")


def quota_exceeded(*, consumer: str) -> RpcError:
    """Say that a project has made too many requests, as production does."""
    info = error_details_pb2.ErrorInfo(
        reason="RATE_LIMIT_EXCEEDED",
        domain="googleapis.com",
        metadata={
            "service": _SERVICE,
            "consumer": f"projects/{consumer}",
            "quota_metric": f"{_SERVICE}/admin_method_quota",
            "quota_limit": "AdminMethodQuotaPerMinutePerProject",
        },
    )
    return RpcError(
        Code.RESOURCE_EXHAUSTED,
        "Quota exceeded for quota metric 'Administrative requests' and limit 'Administrative "
        f"requests per minute' of service '{_SERVICE}' for consumer 'project_number:{consumer}'.",
        info,
    )


has_ended = RefusalTemplate[OperationName](
    Code.FAILED_PRECONDITION, "Operation {0} has ended already."
)

is_being_undone = RefusalTemplate[OperationName](
    Code.FAILED_PRECONDITION, "Operation {0} was cancelled and is being undone; that cannot fail."
)


def oversized_request(*, method: str, size: int, limit: int) -> RpcError:
    """Say that a request is longer than administrative requests may be."""
    return invalid(
        f"The {method} request has {size} bytes, and administrative requests may have {limit}."
    )


def not_found(name: ResourceName | OperationName) -> RpcError:
    """Say that the resource or operation does not exist."""
    return about(Code.NOT_FOUND, name, f"{noun(name)} not found: {name}")


def already_exists(name: ResourceName | OperationName) -> RpcError:
    """Say that a resource or operation of this name exists."""
    return about(Code.ALREADY_EXISTS, name, f"{noun(name)} already exists: {name}")


def not_ready(name: ResourceName) -> RpcError:
    """Say that the resource is still being created."""
    return precondition(name, f"{noun(name)} {name} is still being created. Try later.")


cannot_delete_operation = RefusalTemplate[OperationName](
    Code.UNIMPLEMENTED, "Operations of this kind of resource cannot be deleted: {0}"
)

no_partial_success = partial(
    RpcError, Code.UNIMPLEMENTED, "return_partial_success is not supported."
)


def not_offered(*, method: str) -> RpcError:
    """Say that a method of the general interface is not part of this service."""
    return RpcError(Code.UNIMPLEMENTED, f"{method} is not offered by Cloud Spanner.")


_PAYLOAD = "Invalid JSON payload received."
_AROUND = 20  # characters on either side of a mistake in JSON
_LONGEST = 200  # characters of a bad value that are repeated


def bad_payload(*violations: Violation) -> RpcError:
    """Refuse a request for everything that is wrong with it, as the transcoder before Spanner."""
    # JSON can hold halves of characters, which protobuf cannot
    sound = [Violation(_sound(each.field), _sound(each.description)) for each in violations]
    lines = "\n".join(each.description for each in sound)
    return RpcError(Code.INVALID_ARGUMENT, lines, bad_request(*sound))


def unknown_name(name: str, *, at: str, reason: str = "Cannot find field.") -> Violation:
    """Say that a JSON object has a member that the message has not, or not in this shape."""
    place = f" at '{at}'" if at else ""
    return Violation(at, f'{_PAYLOAD} Unknown name "{name[:_LONGEST]}"{place}: {reason}')


def unknown_parameter(name: str) -> Violation:
    """Say that a query parameter is no field of the request."""
    name = name[:_LONGEST]
    reason = "Cannot bind query parameter."
    found = f"Field '{name}' could not be found in request message."
    return Violation("", f'{_PAYLOAD} Unknown name "{name}": {reason} {found}')


def invalid_value(value: object, *, at: str, type_: str, reason: str = "") -> Violation:
    """Say that a value is not of the type of its field."""
    # a list or an object could be of any depth, which json.dumps is not up to
    shown = "..." if isinstance(value, list | dict) else json.dumps(value)[:_LONGEST]
    shown = reason or shown
    return Violation(at, f"Invalid value at '{at}' ({type_}), {shown}")


def oneof_taken(name: str, *, at: str, taken: str) -> Violation:
    """Say that two fields are set that exclude each other."""
    description = f"oneof field '{taken}' is already set. Cannot set '{name}'"
    place = f" at '{at}'" if at else ""
    return Violation(at, f"Invalid value{place} (oneof), {description}")


def not_json(text: str, *, position: int) -> RpcError:
    """Say where a body stops to be JSON, with a pointer to the place."""
    reason = "Unexpected end of string." if position >= len(text) else "Unexpected token."
    begin = max(position - _AROUND, 0)
    shown = text[begin : position + _AROUND]
    pointer = " " * (position - begin) + "^"
    return invalid(_sound(f"{_PAYLOAD} {reason}\n{shown}\n{pointer}"))


def not_readable(*, reason: str) -> RpcError:
    """Say that a body cannot be JSON at all."""
    return invalid(f"{_PAYLOAD} {reason}")


def unsupported_alt(value: str) -> RpcError:
    """Say that there are no answers in this format."""
    return invalid(_sound(f"The emulator answers in JSON only, not with alt={value[:_LONGEST]}."))


def bad_fields(*, fields: str, reason: str) -> RpcError:
    """Say that a selection of fields for the answer is not understood."""
    return invalid(_sound(f"Invalid field selection {fields[:_LONGEST]}: {reason}"))


def no_route(*, verb: str, path: str) -> RpcError:
    """Say that no RPC of the admin API is there; also for a known path and another verb."""
    return RpcError(
        Code.NOT_FOUND,
        _sound(f"The requested URL was not found on this server: {verb} {path[:_LONGEST]}"),
    )


def one_host(*, count: int) -> RpcError:
    """Say that a request must tell which server it is for, once."""
    return invalid(f"A request has one Host header; this one has {count or 'none'}.")


_OF_THIS_MACHINE = (
    "only names and addresses of this machine are accepted, so that no web page reaches the "
    "emulator by way of a browser"
)


def foreign_host(authority: str) -> RpcError:
    """Say that a request is for a name that is not known to be ours."""
    return RpcError(Code.PERMISSION_DENIED, _sound(
        f"Host {authority[:_LONGEST]!r} is refused: {_OF_THIS_MACHINE}. If clients are to call it "
        "so, start it with --allow-host and that name, or with allow_hosts in Python."
    ))  # fmt: skip


def foreign_origin(origin: str) -> RpcError:
    """Say that a page of somebody else has sent a request."""
    return RpcError(Code.PERMISSION_DENIED, _sound(
        f"Origin {origin[:_LONGEST]!r} is refused: {_OF_THIS_MACHINE}. If the page is yours, start "
        "it with --allow-host and the name in its address, or with allow_hosts in Python."
    ))  # fmt: skip


def undeclared_body(verb: str, content_type: str) -> RpcError:
    """Say that a body must be declared as what it is."""
    given = f"the content type {content_type[:_LONGEST]!r}" if content_type else "no content type"
    return invalid(_sound(
        f"A {verb[:_LONGEST]} with {given} is refused: bodies are JSON, and must say so. Send the "
        "header Content-Type: application/json; for curl, -H 'Content-Type: application/json'."
    ))  # fmt: skip


def too_large(*, limit: int) -> RpcError:
    """Say that the body of a request is longer than any may be."""
    return invalid(f"Request payload size exceeds the limit: {limit} bytes.")


def cut_off() -> RpcError:
    """Say that the body of a request did not arrive as it was announced."""
    return invalid("The body of the request is not complete.")


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
