# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an HTTP request, before any RPC looks at it.

The sentences about JSON are those of Google's own transcoder, because people search the web for
them; each comes with a field violation that names the place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from google.rpc import error_details_pb2

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, invalid

_PAYLOAD = "Invalid JSON payload received."
_AROUND = 20  # characters on either side of a mistake in JSON
_LONGEST = 200  # characters of a bad value that are repeated


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong, and where: a dotted path, empty for the whole request."""

    field: str
    description: str


def bad_payload(*violations: Violation) -> RpcError:
    """Refuse a request for everything that is wrong with it."""
    details = error_details_pb2.BadRequest()
    for each in violations:
        # JSON can hold halves of characters, which protobuf cannot
        details.field_violations.add(field=_sound(each.field), description=_sound(each.description))
    lines = "\n".join(each.description for each in details.field_violations)
    return RpcError(Code.INVALID_ARGUMENT, lines, details)


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


def too_large(*, limit: int) -> RpcError:
    """Say that the body of a request is longer than any may be."""
    return invalid(f"Request payload size exceeds the limit: {limit} bytes.")


def cut_off() -> RpcError:
    """Say that the body of a request did not arrive as it was announced."""
    return invalid("The body of the request is not complete.")


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
