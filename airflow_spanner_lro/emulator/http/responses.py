# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Answers as JSON, as Google writes it: no defaults, 64-bit numbers as text, details with types.

Query parameters say how: ``alt``, ``prettyPrint``, and ``fields`` for partial responses, as in
``operations(name,done),nextPageToken``. Messages inside of ``Any`` are found in protobuf's default
pool, where the client library and the emulator put theirs.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.http.requests import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.errors import RpcError
    from airflow_spanner_lro.emulator.http.requests import Json


_IGNORED = {
    *("access_token", "bearer_token", "callback", "key", "oauth_token", "pp", "quotaUser"),
    *("quotaProject", "upload_protocol", "uploadType", "userIp", "userProject"),
    *(".xgafv", "ct", "unique"),
}
_ALT, _FIELDS, _PRETTY = "alt", "fields", "prettyPrint"
_JSON = "json"
_ENUM_ENCODINGS = {"enum-encoding=int": True, "enum-encoding=string": False}
_NO = ("false", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStyle:
    """How to write the answer.

    :param pretty: whether for people, in lines
    :param numbers: whether enums are numbers
    :param fields: the selection of fields, or empty for all of them
    :param problem: what is wrong with all this, for the answer to say so
    """

    pretty: bool = True
    numbers: bool = False
    fields: str = ""
    problem: RpcError | None = None

    @classmethod
    def split(cls, pairs: Iterable[tuple[str, str]]) -> tuple[ResponseStyle, list[tuple[str, str]]]:
        """Return the style, and the parameters that belong to the RPC."""
        pretty, numbers, fields = True, False, ""
        problem: RpcError | None = None
        others = []
        for name, value in pairs:
            match name.removeprefix("$"):
                case known if known in _IGNORED:
                    pass
                case known if known == _PRETTY:
                    pretty = value not in _NO
                case known if known == _FIELDS:
                    fields = value
                case known if known == _ALT:
                    format_, _, encoding = value.partition(";")
                    numbers = _ENUM_ENCODINGS.get(encoding, numbers)
                    if format_ != _JSON or (encoding and encoding not in _ENUM_ENCODINGS):
                        problem = errors.unsupported_alt(value)
                case _:
                    others.append((name, value))
        return cls(pretty=pretty, numbers=numbers, fields=fields, problem=problem), others


_PART = re.compile(r"[\w@*]+|[,/.()]")
_ALL = "*"
_WORD = "name"
_AFTER = {
    ",": (_WORD,),
    "/": (_WORD,),
    ".": (_WORD,),
    "(": (_WORD,),
    ")": (",", ")"),
    _WORD: (",", "/", ".", "(", ")"),
}
"""What may follow what."""
_ENDS = (_WORD, ")")

# what is in these is not known before it is there
_OPEN = {"google.protobuf.Any", "google.protobuf.Struct", "google.protobuf.Value"}


class FieldSelection(dict[str, "FieldSelection"]):
    """What to keep of an object: names, with what to keep of each."""


def parse_selection(text: str) -> FieldSelection:
    """Read a selection.

    :raises RpcError: if it is not one.
    """
    parts = _PART.findall(text)
    if "".join(parts) != text.replace(" ", ""):
        raise errors.bad_fields(fields=text, reason="it has a character that means nothing.")
    root = FieldSelection()
    # where the next name goes, where a path begins, and where it began outside of each bracket
    here, start = root, root
    outside: list[FieldSelection] = []
    last = ","
    for part in parts:
        kind = part if part in _AFTER else _WORD
        if kind not in _AFTER[last] or (kind == ")" and not outside):
            raise errors.bad_fields(fields=text, reason=f"{part} cannot be there.")
        last = kind
        match kind:
            case ",":
                here = start
            case "(":
                outside.append(start)
                start = here
            case ")":
                start = outside.pop()
            case _ if kind == _WORD:
                here = here.setdefault(part, FieldSelection())
    if outside or last not in _ENDS:
        raise errors.bad_fields(fields=text, reason="it is not complete.")
    return root


def check_selection(selection: FieldSelection, descriptor: Descriptor, *, text: str) -> None:
    """Refuse to select what is not in a message.

    :raises RpcError: if something is not.
    """
    if descriptor.full_name in _OPEN or descriptor.GetOptions().map_entry:
        return
    known = fields_of(descriptor)
    for name, inner in selection.items():
        if name == _ALL:
            continue
        field = known.get(name)
        if field is None:
            raise errors.bad_fields(fields=text, reason=f"there is no field {name}.")
        if field.message_type is not None:
            check_selection(inner, field.message_type, text=text)


def select(value: Json, selection: FieldSelection) -> Json:
    """Return what a selection keeps of a value."""
    if not selection:
        return value
    if isinstance(value, list):
        return [select(each, selection) for each in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Json] = {}
    for name, each in value.items():
        chosen = _chosen(selection, name)
        if chosen is not None:
            kept[name] = select(each, chosen)
    return kept


def _chosen(selection: FieldSelection, name: str) -> FieldSelection | None:
    if name in selection:
        return selection[name]
    snake = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)
    return selection.get(snake, selection.get(_ALL))


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


def check_style(style: ResponseStyle, message: type[Message]) -> None:
    """Refuse a style in which no answer of this type can be written.

    :raises RpcError: if it is one.
    """
    if style.problem is not None:
        raise style.problem
    if style.fields:
        selection = parse_selection(style.fields)
        # the stubs know two classes of descriptors, and the functions of protobuf one
        check_selection(selection, message.DESCRIPTOR, text=style.fields)  # type: ignore[arg-type]


def write_response(message: Message, style: ResponseStyle) -> bytes:
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
    details = [_detail(each) for each in error.to_status().details]
    if details:
        body["details"] = details
    return write_json({"error": body}, pretty=pretty)


def _detail(detail: Any) -> object:
    """Return a detail as JSON; one of a type that nobody here knows as its bytes."""
    try:
        return json_format.MessageToDict(detail)
    except (TypeError, DecodeError):
        value = base64.b64encode(detail.value).decode()
        return {"@type": detail.type_url, "value": value}


def write_json(value: object, *, pretty: bool = True) -> bytes:
    """Return JSON, for people or for machines."""
    text = (
        json.dumps(value, ensure_ascii=False, indent=2)
        if pretty
        else json.dumps(value, ensure_ascii=False, separators=_TIGHT)
    )
    # half a character of UTF-16 has no other form, and this one is JSON's own for it
    return f"{text}\n".encode("utf-8", "backslashreplace")
