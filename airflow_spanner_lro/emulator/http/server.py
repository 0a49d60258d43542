# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The HTTP server of the emulator, on aiohttp, and who answers its requests.

The path says who: an RPC, the control interface, or the emulator about itself. Every answer is
JSON, mistakes included. The server has an event loop, on a thread of its own, that does nothing but
HTTP; requests are answered on a pool of threads as in the gRPC server, because faults can hold them
back.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, unquote

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.addresses import listen
from airflow_spanner_lro.emulator.data.passthrough import DroppedCallError
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.http.data_calls import RestDataCalls
from airflow_spanner_lro.emulator.http.gate import Approach
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
from airflow_spanner_lro.emulator.protos import plain_type
from airflow_spanner_lro.emulator.threads import CallThreads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_spanner_lro.emulator.data.passthrough import DataPassthrough
    from airflow_spanner_lro.emulator.http.gate import Gate, Turned
    from airflow_spanner_lro.emulator.http.routes import RouteMatch
    from airflow_spanner_lro.emulator.pipeline import CallPipeline
    from airflow_spanner_lro.emulator.rpc import Method


log = logging.getLogger(__name__)

_OK = HTTP_STATUS[Code.OK]
_CONTROL = "/control"
_IN_SESSION = "/sessions"
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


def _is_control(path: str) -> bool:
    return path == _CONTROL or path.startswith(f"{_CONTROL}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What a client sends.

    :param target: path and query, percent-encoded
    """

    verb: str
    target: str
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target's path, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What is behind the path, percent-encoded."""
        return self.target.partition("?")[2]

    def as_reading(self) -> HttpRequest:
        """Return a request whose parameters are in its body as one that has them in its target."""
        parameters = self.body.decode("utf-8", "replace").strip()
        both = "&".join(filter(None, (self.query, parameters)))
        return HttpRequest(verb="GET", target=f"{self.path}?{both}")

    @property
    def is_control(self) -> bool:
        """Whether it is for the control interface."""
        return _is_control(self.path)


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
    :param data: who answers data calls; None if there are no rows
    """

    def __init__(
        self,
        *,
        pipeline: CallPipeline,
        control: ControlHandler | None = None,
        data: DataPassthrough | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._data = RestDataCalls(data)
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
            if (match := self._data.find(request.verb, path)) is not None:
                return self._call_data(match, request, pairs, waiting)
            return HttpAnswer.refusal(errors.no_route(verb=request.verb, path=path))
        return self._call(match, request, pairs, waiting)

    def _call(
        self,
        match: RouteMatch,
        request: HttpRequest,
        pairs: list[tuple[str, str]],
        waiting: Callable[[], bool],
    ) -> HttpAnswer:
        style, query = ResponseStyle.split(pairs)

        def read(method: Method) -> object:
            check_style(style, plain_type(method.response))
            message = plain_type(method.request)()
            read_request(message, match=match, query=query, body=request.body)
            return method.wrap(message)

        answer = self._pipeline.answer(match.route.rpc, read, waiting=waiting)
        if answer.dropped:
            return HttpAnswer(status=_OK, body=b"", dropped=True)
        if answer.error is not None:
            return HttpAnswer.refusal(answer.error, pretty=style.pretty)
        message = empty_pb2.Empty() if answer.response is None else answer.response
        return HttpAnswer(status=_OK, body=write_response(message, style))

    def _call_data(
        self,
        match: RouteMatch,
        request: HttpRequest,
        pairs: list[tuple[str, str]],
        waiting: Callable[[], bool],
    ) -> HttpAnswer:
        style, query = ResponseStyle.split(pairs)
        try:
            body = self._data.answer(
                match, style=style, query=query, body=request.body, waiting=waiting
            )
        except RpcError as exc:
            return HttpAnswer.refusal(exc, pretty=style.pretty)
        except DroppedCallError:
            return HttpAnswer(status=_OK, body=b"", dropped=True)
        return HttpAnswer(status=_OK, body=body)


_SELF = {
    "name": "airflow-spanner-lro emulator",
    "description": "An emulator of Cloud Spanner's admin API: its RPCs as REST, below /v1/.",
}


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, errors="replace")


_NAME = "spanner-emulator-rest"
_WORKERS = 64
_CONTROL_WORKERS = 4
_BACKLOG = 1024
_EVERYTHING = r"/{path:[\s\S]*}"
"""Every path, line breaks in it included."""
_GRACE = 0.2
_LARGEST = 64 * 2**20
_TOO_LARGE = 413
_BAD_HTTP = (HttpProcessingError, web.RequestPayloadError, ConnectionResetError)
_BEFORE_PATH = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_BY_BROWSERS = ("origin", "sec-fetch-")
_MOST_REPORTS = 20
_HEADERS = {
    # an answer is what it says that it is, and no page of others may show or embed it
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class HttpServer:
    """An HTTP server in front of a call pipeline, listening from its construction on.

    :param pipeline: who answers RPCs
    :param control: who answers what is below ``/control``
    :param gate: who is answered
    :param host: address to listen on
    :param port: port to listen on; 0 picks a free one
    :param data: who answers data calls; None if there are no rows
    :raises EmulatorStartError: if the address is taken.
    """

    def __init__(
        self,
        *,
        pipeline: CallPipeline,
        gate: Gate,
        host: str,
        port: int,
        control: ControlHandler | None = None,
        data: DataPassthrough | None = None,
    ) -> None:
        self._gate = gate
        self._reported: set[str] = set()
        self._dispatcher = HttpDispatcher(pipeline=pipeline, control=control, data=data)
        self._sockets = listen(host=host, port=port, backlog=_BACKLOG)
        self.port: int = self._sockets[0].getsockname()[1]
        self._pool = CallThreads(_WORKERS, name=_NAME)
        # a query may take long, and holds up no admin call
        self._data_pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix=_NAME)
        # however many calls are held back, whoever holds them back must get through
        self._control_pool = ThreadPoolExecutor(_CONTROL_WORKERS, thread_name_prefix=_NAME)
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._serve(started),), name=_NAME, daemon=True
        )
        self._thread.start()
        started.result()

    def stop(self) -> None:
        """Stop to listen, and cut clients off; what is under way ends by itself."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._pool.shutdown()
        self._control_pool.shutdown()
        self._data_pool.shutdown()

    async def _serve(self, started: Future[None]) -> None:
        """Serve until told to stop."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        application = web.Application(client_max_size=_LARGEST)
        application.router.add_route("*", _EVERYTHING, self._handle)
        runner = web.AppRunner(
            application,
            access_log=None,
            handle_signals=False,
            logger=_http_log(),
            shutdown_timeout=_GRACE,
        )
        await runner.setup()
        for each in self._sockets:
            await web.SockSite(runner, each, backlog=_BACKLOG).start()
        started.set_result(None)
        await self._stopping.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        turned = self._gate.check(_approach(request))
        if turned is not None:
            self._report(turned)
            return _respond(HttpAnswer.refusal(turned.error, status=turned.status))
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            refusal = errors.too_large(limit=_LARGEST)
            return _respond(HttpAnswer.refusal(refusal, status=_TOO_LARGE))
        except _BAD_HTTP:
            return _respond(HttpAnswer.refusal(errors.cut_off()))
        asked = HttpRequest(verb=request.method, target=_sound(request.raw_path), body=body)
        if _reads_by_post(request):
            asked = asked.as_reading()
        pool = self._control_pool if asked.is_control else self._pool
        if _IN_SESSION in asked.path:
            pool = self._data_pool
        answer = await self._loop.run_in_executor(pool, self._ask, request, asked)
        if answer.dropped and request.transport is not None:
            # writing to a closed connection ends the matter for aiohttp
            request.transport.abort()
        return _respond(answer)

    def _report(self, turned: Turned) -> None:
        """Tell whoever runs the emulator that a page may have tried to use it, each once."""
        message = turned.error.message
        # whoever tries thousands of names fills neither the log nor the memory
        if not turned.suspicious or len(self._reported) == _MOST_REPORTS:
            return
        if message not in self._reported:
            self._reported.add(message)
            log.warning("A request was refused. %s", message)

    def _ask(self, request: web.Request, asked: HttpRequest) -> HttpAnswer:
        def waiting() -> bool:
            transport = request.transport
            return transport is not None and not transport.is_closing()

        return self._dispatcher.answer(asked, waiting=waiting)


def _respond(answer: HttpAnswer) -> web.Response:
    return web.Response(
        status=answer.status,
        body=answer.body,
        content_type="application/json",
        charset="UTF-8",
        headers=_HEADERS,
    )


def _reads_by_post(request: web.Request) -> bool:
    """Tell whether a POST is a GET whose parameters were too long for a target, as gcloud has them.

    No other verb can be asked for in this way, so that nothing that reads becomes a change.
    """
    wanted = request.headers.getall("X-HTTP-Method-Override", [])
    return request.method == "POST" and [each.upper() for each in wanted] == ["GET"]


def _approach(request: web.Request) -> Approach:
    """Return what a request says of itself."""
    headers = request.headers
    before = _BEFORE_PATH.match(request.raw_path)
    here = None if request.transport is None else request.transport.get_extra_info("sockname")
    return Approach(
        verb="GET" if _reads_by_post(request) else request.method,
        hosts=headers.getall("Host", []),
        authority="" if before is None else before[1] or "-",
        origins=headers.getall("Origin", []),
        content_types=headers.getall("Content-Type", []),
        has_body=request.body_exists,
        by_browser=any(name.lower().startswith(_BY_BROWSERS) for name in headers),
        control=_is_control(request.path),
        here=str(here[0]) if isinstance(here, tuple) else "",
    )


def _sound(target: str) -> str:
    """Return a target without bytes that are no characters, which aiohttp lets through.

    Nor with a host, which clients send that take the emulator for a proxy.
    """
    if before := _BEFORE_PATH.match(target):
        target = target[before.end() :] or "/"
    return target.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _http_log() -> logging.Logger:
    """Return aiohttp's log without the tracebacks of what clients do wrong."""
    log = logging.getLogger(f"{__name__}.http")
    log.addFilter(_says_more_than_bad_http)
    return log


def _says_more_than_bad_http(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, _BAD_HTTP)
