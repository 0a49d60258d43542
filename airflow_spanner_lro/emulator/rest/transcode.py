# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A request message from the parts of an HTTP request: its path, its query and its body.

Where they disagree the path wins over the body, and the body over the query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rest.json_text import parse_json
from airflow_spanner_lro.emulator.rest.reading import Reader, fields_of
from airflow_spanner_lro.emulator.rest.routes import WHOLE_BODY
from airflow_spanner_lro.emulator.rest.scalars import is_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.rest.json_text import Json
    from airflow_spanner_lro.emulator.rest.templates import Match


def read_request(
    message: Message, *, match: Match, query: Iterable[tuple[str, str]], body: bytes
) -> None:
    """Fill in the request of an RPC.

    :param message: the request, empty
    :param match: its route, and what the path says
    :param query: the parameters that are not HTTP's own
    :param body: JSON, or nothing at all
    :raises RpcError: with everything that is wrong.
    """
    reader = Reader()
    _read_query(reader, message, query)
    _read_body(reader, message, field=match.route.body, body=body)
    reader.check()
    for path, value in match.variables.items():
        *parents, name = path.split(".")
        target = message
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, name, value)


def _read_body(reader: Reader, message: Message, *, field: str | None, body: bytes) -> None:
    if not body.strip():
        return
    value = parse_json(body)
    if field == WHOLE_BODY:
        reader.root(message, value)
    elif field is not None:
        reader.field(message, fields_of(message.DESCRIPTOR)[field], value, at="")
    elif isinstance(value, dict):
        # an RPC without a body has no field for whatever this is
        reader.violations.extend(errors.unknown_name(name, at="") for name in value)
    else:
        reader.root(message, value)


def _read_query(reader: Reader, message: Message, query: Iterable[tuple[str, str]]) -> None:
    values: dict[str, list[Json]] = {}
    for name, value in query:
        values.setdefault(name, []).append(value)
    for name, sent in values.items():
        found = _find(message, name)
        if found is None:
            reader.violations.append(errors.unknown_parameter(name))
            continue
        target, field, at = found
        # of several values for one field the last one counts, as everywhere on the web
        reader.field(target, field, sent if field.is_repeated else sent[-1], at=at)


def _find(message: Message, path: str) -> tuple[Message, FieldDescriptor, str] | None:
    """Return the field that a dotted path names, with the message that it is in, and where."""
    *parents, last = path.split(".")
    places = []
    for name in parents:
        field = fields_of(message.DESCRIPTOR).get(name)
        if field is None or field.is_repeated or field.message_type is None:
            return None
        places.append(field.name)
        message = getattr(message, field.name)
        message.SetInParent()
    field = fields_of(message.DESCRIPTOR).get(last)
    if field is None or not is_value(field):
        return None
    return message, field, ".".join(places)
