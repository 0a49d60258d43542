# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The gRPC server of the emulator: bytes come in, the call pipeline answers, bytes go out.

The server answers on threads and has no event loop. All event loops of a process share one queue of
gRPC's, so an asynchronous server would choke on what a test's closed loop leaves there.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc

from airflow_spanner_lro.core.connection import TIME_SCALE_HEADER
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.addresses import EmulatorStartError, join_address
from airflow_spanner_lro.emulator.data.passthrough import (
    PREFIX as DATA_PREFIX,
    STREAMING,
    DroppedCallError,
    details_of,
)
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.threads import CallThreads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.emulator.data.passthrough import DataPassthrough
    from airflow_spanner_lro.emulator.pipeline import CallPipeline

_OPTIONS = (
    # two servers on one port would share its calls, and nobody would understand the answers
    ("grpc.so_reuseport", 0),
    # schema changes of several MB are usual; who asks has no limit either
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # by default gRPC answers CANCELLED, out of nowhere, when a thousand calls arrive at once
    ("grpc.server.max_pending_requests", 2**20),
    ("grpc.server.max_pending_requests_hard_limit", 2**20),
)
_GRACE = 0.2
_WORKERS = 64
_DATA_WORKERS = 1024
"""How many data calls can be under way at once; threads come when they are needed."""


class GrpcServer:
    """A gRPC server in front of a call pipeline, listening from its construction on.

    :param pipeline: who answers
    :param data: who answers data calls; None if there are no rows
    :param host: address to listen on
    :param port: port to listen on; 0 picks a free one
    :raises EmulatorStartError: if the address is taken.
    """

    def __init__(
        self,
        *,
        pipeline: CallPipeline,
        host: str,
        port: int,
        data: DataPassthrough | None = None,
    ) -> None:
        # streams that nobody reads must not hold up the admin plane
        self._data_pool = ThreadPoolExecutor(_DATA_WORKERS, thread_name_prefix="spanner-data")
        self._handlers: tuple[grpc.GenericRpcHandler, ...] = (_Handler(pipeline),)
        if data is not None:
            self._handlers = (_DataHandler(data, self._data_pool), *self._handlers)
        self._host = host
        # two of drop_connections and stop at once would fight for the port
        self._lock = threading.Lock()
        self._stopped = False
        # the world serves one at a time anyway; those that are held back do not count
        self._pool = CallThreads(_WORKERS, name="spanner-emulator")
        self._server, self.port = self._listen(port)

    def drop_connections(self) -> None:
        """Cut off all clients at once, and listen again on the same port.

        :raises EmulatorStartError: if somebody else was quicker to take it.
        """
        with self._lock:
            if self._stopped:
                return
            self._server.stop(grace=None).wait()
            self._server, _ = self._listen(self.port)

    def stop(self) -> None:
        """Stop to listen; clients that are idle get a friendly goodbye, others are cut off."""
        with self._lock:
            self._stopped = True
            self._server.stop(grace=_GRACE).wait()
        self._pool.shutdown()
        self._data_pool.shutdown()

    def _listen(self, port: int) -> tuple[grpc.Server, int]:
        server = grpc.server(self._pool, options=_OPTIONS)
        server.add_generic_rpc_handlers(self._handlers)
        try:
            port = server.add_insecure_port(join_address(self._host, port))
        except RuntimeError as exc:
            raise EmulatorStartError(host=self._host, port=port, reason=str(exc)) from exc
        server.start()
        return server, port


class _Handler(grpc.GenericRpcHandler):
    """Hands every call over, known or not."""

    def __init__(self, pipeline: CallPipeline) -> None:
        self._pipeline = pipeline

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Return the handler of a call; there is one for each method that anyone can name."""
        path = handler_call_details.method

        def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
            answer = self._pipeline.answer(
                path, lambda method: method.parse(data), waiting=context.is_active
            )
            if not answer.dropped:
                # nobody is to take emulated times for real ones
                context.send_initial_metadata(
                    ((TIME_SCALE_HEADER, f"{self._pipeline.time_scale:g}"),)
                )
            if answer.error is not None:
                _refuse(context, answer.error, bare=answer.dropped)
            return b"" if answer.response is None else answer.response.SerializeToString()

        return grpc.unary_unary_rpc_method_handler(answer)


class _DataHandler(grpc.GenericRpcHandler):
    """Hands data calls over, and no others."""

    def __init__(self, data: DataPassthrough, pool: ThreadPoolExecutor) -> None:
        self._data = data
        self._pool = pool

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Return the handler of a data call; None for other calls."""
        path = handler_call_details.method
        if not path.startswith(DATA_PREFIX):
            return None
        method = path.removeprefix(DATA_PREFIX)

        def stream(data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            try:
                yield from self._data.messages(method, data, context)
            except RpcError as exc:
                _refuse(context, exc, bare=False)
            except DroppedCallError as exc:
                _refuse(context, exc.error, bare=True)
            except grpc.RpcError as exc:
                context.set_trailing_metadata(details_of(exc))
                context.abort(exc.code(), exc.details() or "")

        def unary(data: bytes, context: grpc.ServicerContext) -> bytes:
            return b"".join(stream(data, context))

        # gRPC looks for this on the function
        stream.experimental_thread_pool = self._pool  # type: ignore[attr-defined]
        unary.experimental_thread_pool = self._pool  # type: ignore[attr-defined]
        if method in STREAMING:
            return grpc.unary_stream_rpc_method_handler(stream)
        return grpc.unary_unary_rpc_method_handler(unary)


def _refuse(context: grpc.ServicerContext, error: RpcError, *, bare: bool) -> None:
    """Answer with an error; a bare one says no more than a client could find out by itself."""
    if not bare:
        # google-api-core finds the details under the first key, Google's Java library each of
        # them under the key of its own type
        details = [("grpc-status-details-bin", error.to_status().SerializeToString())]
        details += [
            (f"{each.DESCRIPTOR.full_name.lower()}-bin", each.SerializeToString())
            for each in error.details
        ]
        context.set_trailing_metadata(tuple(details))
    context.abort(grpc.StatusCode[Code(error.code).name], error.message)
