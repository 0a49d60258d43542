# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The HTTP server of the emulator, on aiohttp.

It has an event loop, on a thread of its own, that does nothing but HTTP; requests are answered on a
pool of threads as in the gRPC server, because faults can hold them back.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.addresses import listen
from airflow_spanner_lro.emulator.http.dispatcher import HttpAnswer, HttpDispatcher, HttpRequest

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.http.dispatcher import ControlHandler
    from airflow_spanner_lro.emulator.pipeline import CallPipeline

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
_BEFORE_PATH = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class HttpServer:
    """An HTTP server in front of a call pipeline, listening from its construction on.

    :param pipeline: who answers RPCs
    :param control: who answers what is below ``/control``
    :param host: address to listen on
    :param port: port to listen on; 0 picks a free one
    :raises EmulatorStartError: if the address is taken.
    """

    def __init__(
        self, *, pipeline: CallPipeline, host: str, port: int, control: ControlHandler | None = None
    ) -> None:
        self._dispatcher = HttpDispatcher(pipeline=pipeline, control=control)
        self._sockets = listen(host=host, port=port, backlog=_BACKLOG)
        self.port: int = self._sockets[0].getsockname()[1]
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix=_NAME)
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
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            refusal = errors.too_large(limit=_LARGEST)
            return _respond(HttpAnswer.refusal(refusal, status=_TOO_LARGE))
        except _BAD_HTTP:
            return _respond(HttpAnswer.refusal(errors.cut_off()))
        asked = HttpRequest(
            verb=request.method,
            target=_sound(request.raw_path),
            content_type=request.content_type,
            body=body,
        )
        pool = self._control_pool if asked.is_control else self._pool
        answer = await self._loop.run_in_executor(pool, self._ask, request, asked)
        if answer.dropped and request.transport is not None:
            # writing to a closed connection ends the matter for aiohttp
            request.transport.abort()
        return _respond(answer)

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
