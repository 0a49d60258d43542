# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Partial responses: the ``fields`` parameter, as in ``operations(name,done),nextPageToken``.

A selection is a tree of names; a leaf stands for all that is below it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.rest.reading import fields_of

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from airflow_spanner_lro.emulator.rest.json_text import Json

_PART = re.compile(r"[\w@*]+|[,/.()]")
_ALL = "*"
_NAME = "name"
_AFTER = {
    ",": (_NAME,),
    "/": (_NAME,),
    ".": (_NAME,),
    "(": (_NAME,),
    ")": (",", ")"),
    _NAME: (",", "/", ".", "(", ")"),
}
"""What may follow what."""
_ENDS = (_NAME, ")")

# what is in these is not known before it is there
_OPEN = {"google.protobuf.Any", "google.protobuf.Struct", "google.protobuf.Value"}


class Selection(dict[str, "Selection"]):
    """What to keep of an object: names, with what to keep of each."""


def parse_selection(text: str) -> Selection:
    """Read a selection.

    :raises RpcError: if it is not one.
    """
    parts = _PART.findall(text)
    if "".join(parts) != text.replace(" ", ""):
        raise errors.bad_fields(fields=text, reason="it has a character that means nothing.")
    root = Selection()
    # where the next name goes, where a path begins, and where it began outside of each bracket
    here, start = root, root
    outside: list[Selection] = []
    last = ","
    for part in parts:
        kind = part if part in _AFTER else _NAME
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
            case _ if kind == _NAME:
                here = here.setdefault(part, Selection())
    if outside or last not in _ENDS:
        raise errors.bad_fields(fields=text, reason="it is not complete.")
    return root


def check_selection(selection: Selection, descriptor: Descriptor, *, text: str) -> None:
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


def select(value: Json, selection: Selection) -> Json:
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


def _chosen(selection: Selection, name: str) -> Selection | None:
    if name in selection:
        return selection[name]
    snake = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)
    return selection.get(snake, selection.get(_ALL))
