# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Pass calls of ``google.spanner.v1.Spanner`` on to Google's emulator, as the bytes they are.

Metadata, deadlines, cancels and the details of errors go through in both directions. Faults happen
to data calls as to others, and the log of calls has them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import grpc
from google.longrunning import operations_pb2
from google.protobuf.message import DecodeError

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.data.plane import database_in
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.pipeline import Call

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

    from airflow_spanner_lro.emulator.clock import Clock
    from airflow_spanner_lro.emulator.data.plane import DataPlane
    from airflow_spanner_lro.emulator.faults import Faults
    from airflow_spanner_lro.emulator.pipeline import CallLog

Metadata = tuple[tuple[str, str | bytes], ...]

SERVICE = "google.spanner.v1.Spanner"
PREFIX = f"/{SERVICE}/"
STREAMING = frozenset({"ExecuteStreamingSql", "StreamingRead", "BatchWrite", "FetchCacheUpdate"})
"""The methods whose answers are several messages."""

_CHECK_EVERY = 0.1
_FOR_EVER = 10 * 365 * 86_400.0
# what each of two connections says for itself
_OF_CONNECTION = ("user-agent", "content-type", "te", ":", "grpc-")
_PASSED_ON = ("grpc-status-details-bin", "grpc-trace-bin", "grpc-tags-bin")


class Caller(Protocol):
    """Who makes a data call, such as a ``grpc.ServicerContext``."""

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]]:
        """Return the metadata of the call."""
        ...

    def time_remaining(self) -> float | None:
        """Return for how many seconds the caller still waits; None for any time."""
        ...

    def is_active(self) -> bool:
        """Tell whether the caller is still there."""
        ...

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Call this when the caller leaves; return False if it has left."""
        ...

    def send_initial_metadata(self, metadata: Metadata) -> None:
        """Send the metadata that come before the answer."""
        ...

    def set_trailing_metadata(self, metadata: Metadata) -> None:
        """Say which metadata come behind the answer."""
        ...


class DroppedCallError(Exception):
    """The connection breaks instead of an answer, because a fault says so.

    :param error: what clients make of it
    """

    def __init__(self, error: RpcError) -> None:
        super().__init__(error.message)
        self.error = error


class DataPassthrough:
    """Answers data calls with what Google's emulator answers.

    :param plane: which of them it may see, and when
    :param clock: the emulated time
    :param faults: what happens to calls on their way
    :param calls: where they are noted
    :param closing: is set when the emulator stops
    """

    def __init__(
        self,
        *,
        plane: DataPlane,
        clock: Clock,
        faults: Faults,
        calls: CallLog,
        closing: threading.Event,
    ) -> None:
        self._plane = plane
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self._closing = closing

    def messages(self, method: str, data: bytes, caller: Caller) -> Iterator[bytes]:
        """Make a call; yield the messages of its answer.

        :param method: the RPC's name, such as ``Commit``
        :param data: the request
        :raises RpcError: if it is refused here
        :raises grpc.RpcError: if it is refused there
        :raises DroppedCallError: if a fault drops it
        """
        at, real_time = self._clock.now(), time.time()
        resource = resource_of(data)
        code, text = Code.CANCELLED, "The client did not wait."
        try:
            yield from self._pass_on(method, data, resource, caller)
            code, text = Code.OK, ""
        except RpcError as exc:
            code, text = exc.code, exc.message
            raise
        except DroppedCallError as exc:
            code, text = exc.error.code, exc.error.message
            raise
        except grpc.RpcError as exc:
            code, text = Code[exc.code().name], exc.details() or ""
            raise
        finally:
            self._calls.add(
                Call(
                    method=method,
                    service=SERVICE,
                    resource=database_in(resource),
                    at=at,
                    real_time=real_time,
                    code=code,
                    message=text,
                )
            )

    def _pass_on(self, method: str, data: bytes, resource: str, caller: Caller) -> Iterator[bytes]:
        effect = self._faults.take(method=method, resource=database_in(resource))
        self._hold_back(effect.delay, caller)
        if effect.refuse is not None:
            raise DroppedCallError(effect.refuse) if effect.dropped else effect.refuse
        channel = self._plane.channel_for(resource, go_on=lambda: self._check(caller))
        remaining = caller.time_remaining()
        if remaining is not None and remaining <= 0:
            raise errors.deadline_passed()
        if remaining is not None and remaining > _FOR_EVER:
            # what gRPC says of a caller without a deadline is too much for gRPC
            remaining = None
        messages = self._upstream(channel, method, data, caller, timeout=remaining)
        if effect.lose is None and not effect.late:
            yield from messages
            return
        kept = list(messages)
        self._hold_back(effect.late, caller)
        if effect.lose is not None:
            raise DroppedCallError(effect.lose) if effect.dropped else effect.lose
        yield from kept

    def _upstream(
        self,
        channel: grpc.Channel,
        method: str,
        data: bytes,
        caller: Caller,
        *,
        timeout: float | None,
    ) -> Iterator[bytes]:
        # whatever it answers with, it is read as a stream, which one message is, too
        upstream: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
            PREFIX + method
        )
        call = upstream(data, timeout=timeout, metadata=_passed_on(caller.invocation_metadata()))

        def cancel() -> None:
            call.cancel()

        if not caller.add_callback(cancel):
            cancel()
        try:
            if initial := _passed_on(call.initial_metadata()):
                caller.send_initial_metadata(initial)
            yield from call
            caller.set_trailing_metadata(_passed_on(call.trailing_metadata()))
        except grpc.RpcError as exc:
            ended = self._plane.error_of(exc)
            if ended is not None:
                raise ended from exc
            raise
        finally:
            cancel()

    def _hold_back(self, seconds: float, caller: Caller) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._closing.wait(min(left, _CHECK_EVERY))
            self._check(caller)

    def _check(self, caller: Caller) -> None:
        """End a wait for which there is no reason any more."""
        if self._closing.is_set():
            raise errors.stopping()
        if not caller.is_active():
            raise errors.client_gone()


def details_of(exc: grpc.RpcError) -> Metadata:
    """Return what came with an error, such as ``google.rpc.Status`` with its details."""
    return _passed_on(exc.trailing_metadata())


def _passed_on(metadata: Iterable[Any] | None) -> Metadata:
    return tuple(
        (key, value)
        for key, value in metadata or ()
        if key in _PASSED_ON or not key.startswith(_OF_CONNECTION)
    )


def resource_of(data: bytes) -> str:
    """Return what a request is about: the database, or a session in it; empty if it says neither.

    All requests of the service have that in field number one, so none of them needs to be
    understood, and what this version does not know is passed on, too.
    """
    try:
        return str(operations_pb2.GetOperationRequest.FromString(data).name)
    except DecodeError:
        return ""
