# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The body of a request as JSON: what it says, or where it stops to be JSON."""

from __future__ import annotations

import json
from typing import NoReturn, TypeAlias

from airflow_spanner_lro.emulator import errors

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def parse_json(body: bytes) -> Json:
    """Return what a body says.

    :raises RpcError: if it is not JSON.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise errors.not_readable(reason="It is not UTF-8.") from exc
    try:
        value: Json = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as exc:
        raise errors.not_json(text, position=exc.pos) from exc
    except RecursionError as exc:
        raise errors.not_readable(reason="Message too deep.") from exc
    except ValueError as exc:
        # Python reads no number of thousands of digits, and NaN is none of JSON's
        raise errors.not_readable(reason="A number in it is none.") from exc
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
