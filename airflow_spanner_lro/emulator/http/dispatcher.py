# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Who answers an HTTP request: an RPC, the control interface, or the emulator about itself.

It knows no HTTP server; every answer is JSON, mistakes included.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, unquote

from google.protobuf import empty_pb2

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.http.requests import read_request
from airflow_spanner_lro.emulator.http.responses import (
    HTTP_STATUS,
    ResponseStyle,
    check_style,
    write_error,
    write_json,
    write_response,
)
from airflow_spanner_lro.emulator.http.routes import HTTP_RULES, Router
from airflow_spanner_lro.emulator.rpc import plain_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_spanner_lro.emulator.errors import RpcError
    from airflow_spanner_lro.emulator.http.routes import RouteMatch
    from airflow_spanner_lro.emulator.pipeline import CallPipeline
    from airflow_spanner_lro.emulator.rpc import Method

log = logging.getLogger(__name__)

_OK = HTTP_STATUS[Code.OK]
_CONTROL = "/control"
_FORM = "application/x-www-form-urlencoded"
_READING = ("GET", "HEAD")


class ControlAnswer(Protocol):
    """What the control interface says."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def body(self) -> object:
        """What to write as JSON."""
        ...


class ControlHandler(Protocol):
    """Answers whatever is below ``/control``; called on threads, several at once."""

    def __call__(
        self, *, verb: str, path: str, query: Mapping[str, str], body: bytes
    ) -> ControlAnswer:
        """Answer one request; mistakes are answers too.

        :param verb: the HTTP verb
        :param path: decoded, beginning with ``/control``
        :param query: the parameters, of several of one name the last
        :param body: as it came
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What a client sends.

    :param target: path and query, percent-encoded
    :param content_type: of the body, without parameters
    """

    verb: str
    target: str
    content_type: str = ""
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target's path, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What is behind the path, percent-encoded."""
        return self.target.partition("?")[2]

    @property
    def is_control(self) -> bool:
        """Whether it is for the control interface."""
        return self.path == _CONTROL or self.path.startswith(f"{_CONTROL}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What a client gets.

    :param dropped: whether it gets nothing but the end of the connection
    """

    status: int
    body: bytes
    dropped: bool = False

    @classmethod
    def refusal(
        cls, error: RpcError, *, status: int | None = None, pretty: bool = True
    ) -> HttpAnswer:
        """Return an answer that is not OK; HTTP knows some that gRPC has no code for."""
        status = HTTP_STATUS[Code(error.code)] if status is None else status
        return cls(status=status, body=write_error(error, status=status, pretty=pretty))


class HttpDispatcher:
    """Answers HTTP requests.

    :param pipeline: who answers RPCs
    :param control: who answers what is below ``/control``
    """

    def __init__(self, *, pipeline: CallPipeline, control: ControlHandler | None = None) -> None:
        self._pipeline = pipeline
        self._control = control
        self._router = Router(HTTP_RULES)

    def answer(self, request: HttpRequest, *, waiting: Callable[[], bool]) -> HttpAnswer:
        """Answer a request, with JSON in any case.

        :param request: what the client sent
        :param waiting: tells whether the client is still there
        """
        try:
            return self._answer(request, waiting)
        except Exception as exc:
            # as in the call pipeline: a bug must not look like an outage
            log.exception("The emulator failed in %s %s", request.verb, request.target)
            return HttpAnswer.refusal(errors.internal(method=request.verb, reason=repr(exc)))

    def _answer(self, request: HttpRequest, waiting: Callable[[], bool]) -> HttpAnswer:
        path, pairs = request.path, _pairs(request.query)
        if path == "/" and request.verb in _READING:
            return HttpAnswer(status=_OK, body=write_json(_SELF))
        if self._control is not None and request.is_control:
            told = self._control(
                verb=request.verb, path=unquote(path), query=dict(pairs), body=request.body
            )
            return HttpAnswer(status=told.status, body=write_json(told.body))
        match = self._router.find(request.verb, path)
        if match is None:
            return HttpAnswer.refusal(errors.no_route(verb=request.verb, path=path))
        return self._call(match, request, pairs, waiting)

    def _call(
        self,
        match: RouteMatch,
        request: HttpRequest,
        pairs: list[tuple[str, str]],
        waiting: Callable[[], bool],
    ) -> HttpAnswer:
        body = request.body
        if request.content_type == _FORM:
            # what curl says of any body unless told otherwise: it is read as more parameters then
            pairs, body = pairs + _pairs(body.decode("utf-8", "replace")), b""
        style, query = ResponseStyle.split(pairs)

        def read(method: Method) -> object:
            check_style(style, plain_type(method.response))
            message = plain_type(method.request)()
            read_request(message, match=match, query=query, body=body)
            return method.wrap(message)

        answer = self._pipeline.answer(match.route.rpc, read, waiting=waiting)
        if answer.dropped:
            return HttpAnswer(status=_OK, body=b"", dropped=True)
        if answer.error is not None:
            return HttpAnswer.refusal(answer.error, pretty=style.pretty)
        message = empty_pb2.Empty() if answer.response is None else answer.response
        return HttpAnswer(status=_OK, body=write_response(message, style))


_SELF = {
    "name": "airflow-spanner-lro emulator",
    "description": "An emulator of Cloud Spanner's admin API: its RPCs as REST, below /v1/.",
}


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, errors="replace")
