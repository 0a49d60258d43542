# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Errors as the page shows them: what is wrong, and what to do; never a stack trace.

Every error that leaves this server has this form, also those that Airflow or FastAPI raise.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as AnyHTTPError

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.errors import SettingsError
from airflow_spanner_lro.core.text import escape_unprintable, shorten

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from fastapi import FastAPI, Request
    from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)

_WHAT_TO_DO = {
    400: "Correct what was asked for.",
    401: "Log in to Airflow again.",
    403: "Ask whoever gives rights in Airflow for this one.",
    404: "Look whether it is still there; the list of operations may be newer than this view.",
    405: "Use the page itself; nothing was changed.",
    409: "Look again: it has changed since it was shown.",
    503: "Try again in a moment.",
}
_LONGEST = 500


class ProblemError(HTTPException):
    """An error that says what is wrong, and what to do.

    :param status: as HTTP has it
    :param title: what is wrong, as a sentence
    :param what_to_do: as a sentence; what is usual for the status if nothing is said
    """

    def __init__(self, status: int, title: str, *, what_to_do: str = "") -> None:
        super().__init__(
            status_code=status,
            detail={"title": title, "what_to_do": what_to_do or _WHAT_TO_DO.get(status, "")},
        )
        self.title = title


class LastResort:
    """Answers in the same form where the code has a mistake; the stack trace goes to the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        begun = False

        async def watch(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            mark = secrets.token_hex(4)
            log.exception("A request for the Operations page has failed, by a defect (%s).", mark)
            if begun:
                raise
            response = _response(
                500,
                f"This could not be answered, by a defect of ours ({mark}).",
                f"Look for {mark} in the log of the api-server, and report what stands there.",
            )
            await response(scope, receive, send)


def add_handlers(app: FastAPI) -> None:
    """Let all errors of an application have the form."""
    app.add_exception_handler(AnyHTTPError, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(AirflowDatabaseError, _unavailable)
    app.add_exception_handler(SettingsError, _misconfigured)


def _http(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, AnyHTTPError)  # noqa: S101  # that is what it is registered for
    detail: Any = exc.detail
    if isinstance(detail, dict) and "title" in detail:
        return JSONResponse({"detail": detail}, status_code=exc.status_code, headers=exc.headers)
    return _response(exc.status_code, f"{detail}.", headers=exc.headers)


def _invalid(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)  # noqa: S101  # the same
    first = exc.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return _response(400, shown(f"{place}: {first['msg']}."))


def _unavailable(_: Request, exc: Exception) -> JSONResponse:
    return _response(503, f"Airflow's database does not answer: {shown(str(exc))}")


def _misconfigured(_: Request, exc: Exception) -> JSONResponse:
    return _response(
        503, shown(str(exc)), "Correct [spanner_lro] in this api-server's configuration."
    )


def shown(text: str) -> str:
    """Return what somebody may have made up, fit for a sentence."""
    return shorten(escape_unprintable(text), length=_LONGEST)


def _response(
    status: int, title: str, what_to_do: str = "", *, headers: Any = None
) -> JSONResponse:
    what_to_do = what_to_do or _WHAT_TO_DO.get(status, "")
    detail = {"title": title, "what_to_do": what_to_do}
    return JSONResponse({"detail": detail}, status_code=status, headers=headers)
