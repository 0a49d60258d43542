# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How an address below ``/control/`` becomes a call of a function."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import TypeAdapter

    from airflow_spanner_lro.emulator.server import SpannerAdminEmulator

PREFIX = "/control"

OK = 200
BAD_REQUEST = 400
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
CONFLICT = 409
INTERNAL = 500

STATUS_OF: Mapping[Code, int] = {
    Code.INVALID_ARGUMENT: BAD_REQUEST,
    Code.FAILED_PRECONDITION: BAD_REQUEST,
    Code.NOT_FOUND: NOT_FOUND,
    Code.ALREADY_EXISTS: CONFLICT,
}
"""The HTTP status for each code that an action can be refused with; INTERNAL for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to answer.

    :param status: the HTTP status
    :param body: what ``json`` can write
    """

    status: int = OK
    body: object = field(default_factory=dict)

    @classmethod
    def refusal(cls, code: Code, message: str, *, status: int | None = None) -> Reply:
        """Return an error in the form that Google's APIs give to theirs."""
        status = STATUS_OF.get(code, INTERNAL) if status is None else status
        return cls(
            status=status,
            body={"error": {"code": status, "message": message, "status": code.name}},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked.

    :param query: the parameters
    :param body: as it came
    """

    emulator: SpannerAdminEmulator
    query: Mapping[str, str]
    body: bytes

    def read(self, adapter: TypeAdapter[Any]) -> Any:
        """Return the body as what an adapter makes of it.

        :raises ValueError: saying what is wrong.
        """
        from airflow_spanner_lro.emulator.journal.forms import read  # noqa: PLC0415 - it loads pydantic

        return read(adapter, self.json())

    def json(self) -> object:
        """Return the body as JSON; an empty one is an empty object.

        :raises ValueError: if it is none.
        """
        try:
            found: object = json.loads(self.body or b"{}")
        except ValueError as exc:
            message = f"the body is no JSON: {exc}"
            raise ValueError(message) from exc
        except RecursionError as exc:
            message = "the body is nested too deeply"
            raise ValueError(message) from exc
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Something that can be asked.

    :param path: without the prefix
    :param about: one line for ``GET /control/``
    :param parameters: of the query, those that it knows
    """

    verb: str
    path: str
    about: str
    answer: Callable[[Request], object]
    parameters: tuple[str, ...] = ()

    def check(self, query: Mapping[str, str]) -> None:
        """Make sure that parameters are known.

        :raises ValueError: if one is not.
        """
        unknown = sorted(set(query) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters) or "none"
            message = f"unknown parameters: {', '.join(unknown)}; known: {known}"
            raise ValueError(message)
