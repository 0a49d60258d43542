# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A mapping in the shape of an API message becomes that message, or an error that says where not.

What a Dag author copies from the API's reference, from ``gcloud … --format=json`` or from the XCom
of another task is accepted as it is: fields in snake_case or camelCase, numbers as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_spanner_lro.core.errors import InvalidArgumentError


def shaped(given: object, *, field: str, type_: type[Any]) -> Any:
    """Return the message that a mapping describes.

    :param given: the fields by name; nested messages are mappings in turn
    :param field: the argument, for the error
    :param type_: the message type of the client library
    :raises InvalidArgumentError: if it is no mapping, says nothing, or has a field or value that
        the message cannot have
    """
    from google.protobuf import json_format  # noqa: PLC0415  # loads protobuf

    if not isinstance(given, Mapping) or not given:
        raise InvalidArgumentError(
            field=field, value=given, rule=f"expected a mapping in the shape of {type_.__name__}"
        )
    message = type_()
    try:
        json_format.ParseDict(dict(given), type_.pb(message))
    except json_format.ParseError as exc:
        told = " ".join(str(exc).split())
        raise InvalidArgumentError(
            field=field, value=given, rule=f"it has not the shape of {type_.__name__}: {told}"
        ) from exc
    if message == type_():
        # likely templates that rendered to nothing
        raise InvalidArgumentError(
            field=field, value=given, rule=f"nothing in it says anything of a {type_.__name__}"
        )
    return message
