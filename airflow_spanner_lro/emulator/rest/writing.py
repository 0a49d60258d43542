# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Answers as JSON, as Google writes it: no defaults, 64-bit numbers as text, details with types.

Messages inside of ``Any`` are found in protobuf's default pool, where the client library and the
emulator put theirs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from google.protobuf import json_format

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.rest.partial import check_selection, parse_selection, select

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.errors import RpcError
    from airflow_spanner_lro.emulator.rest.json_text import Json
    from airflow_spanner_lro.emulator.rest.system import Style

HTTP_STATUS = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}
"""As google/rpc/code.proto says."""

_TIGHT = (",", ":")


def check_style(style: Style, message: type[Message]) -> None:
    """Refuse a style in which no answer of this type can be written.

    :raises RpcError: if it is one.
    """
    if style.problem is not None:
        raise style.problem
    if style.fields:
        selection = parse_selection(style.fields)
        # the stubs know two classes of descriptors, and the functions of protobuf one
        check_selection(selection, message.DESCRIPTOR, text=style.fields)  # type: ignore[arg-type]


def write_response(message: Message, style: Style) -> bytes:
    """Return the body of an answer that is OK."""
    value: Json = json_format.MessageToDict(message, use_integers_for_enums=style.numbers)
    if style.fields:
        value = select(value, parse_selection(style.fields))
    return write_json(value, pretty=style.pretty)


def write_error(error: RpcError, *, status: int, pretty: bool = True) -> bytes:
    """Return the body of an answer that is not OK.

    :param error: what it says
    :param status: the HTTP status, which the body repeats
    :param pretty: whether for people, in lines
    """
    code = Code(error.code).name
    body: dict[str, object] = {"code": status, "message": error.message, "status": code}
    details = json_format.MessageToDict(error.to_status()).get("details")
    if details:
        body["details"] = details
    return write_json({"error": body}, pretty=pretty)


def write_json(value: object, *, pretty: bool = True) -> bytes:
    """Return JSON, for people or for machines."""
    text = (
        json.dumps(value, ensure_ascii=False, indent=2)
        if pretty
        else json.dumps(value, ensure_ascii=False, separators=_TIGHT)
    )
    # half a character of UTF-16 has no other form, and this one is JSON's own for it
    return f"{text}\n".encode("utf-8", "backslashreplace")
