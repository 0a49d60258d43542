# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What goes through in both directions, seen by a server that stands where Google's would be."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.cloud.spanner_v1 import types as spanner_types

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import ManualClock
from airflow_spanner_lro.emulator.data.passthrough import DataPassthrough
from airflow_spanner_lro.emulator.engine import Engine
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.faults import Faults
from airflow_spanner_lro.emulator.grpc_server import GrpcServer
from airflow_spanner_lro.emulator.pipeline import CallLog, CallPipeline
from tests.emulator.data.waiting import wait_until
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SPANNER = "/google.spanner.v1.Spanner/"
_SESSION = "projects/p/instances/main/databases/orders/sessions/one"
_REQUEST = spanner_types.ExecuteSqlRequest.serialize(
    spanner_types.ExecuteSqlRequest(session=_SESSION, sql="SELECT 1")
)
_LONG = 60.0


@dataclass(slots=True)
class Google(grpc.GenericRpcHandler):
    """Stands where Google's emulator would be: remembers what it gets, and streams for ever.

    :param fails: whether it answers with an error instead
    """

    fails: bool = False
    methods: list[str] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    remaining: float | None = None
    left: threading.Event = field(default_factory=threading.Event)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Answer any method."""
        self.methods.append(handler_call_details.method)
        return grpc.unary_stream_rpc_method_handler(self._answer)

    def _answer(self, data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        self.requests.append(data)
        came: Any = context.invocation_metadata()
        self.metadata = dict(came)
        self.remaining = context.time_remaining()
        context.add_callback(self.left.set)
        context.send_initial_metadata((("from-google", "early"),))
        context.set_trailing_metadata((("from-google-bin", b"late\x00"),))
        if self.fails:
            context.abort(grpc.StatusCode.ABORTED, "Try again.")
        yield b"first"
        if "Commit" in self.methods[-1]:
            return
        yield b"second"
        self.left.wait(_LONG)


@dataclass(slots=True)
class Plane:
    """Stands where the data plane would be: everything is ready.

    :param end: what to say once Google's emulator has ended; None while it runs
    """

    channel: grpc.Channel
    end: RpcError | None = None

    def channel_for(self, resource: str, *, go_on: Callable[[], None]) -> grpc.Channel:
        """Return the way."""
        assert _SESSION == resource
        go_on()
        return self.channel

    def error_of(self, exc: grpc.RpcError) -> RpcError | None:
        """Return what to say instead of an error."""
        assert exc.code() is not None
        return self.end


@pytest.fixture
def plane() -> Plane:
    """Return what stands where the data plane would be; its way comes with the servers."""
    return Plane(grpc.insecure_channel("127.0.0.1:1"))


@pytest.fixture
def google() -> Google:
    """Return what stands where Google's emulator would be."""
    return Google()


@pytest.fixture
def channel(google: Google, plane: Plane) -> Iterator[grpc.Channel]:
    """Run both servers; return a channel to ours."""
    with ThreadPoolExecutor(4) as pool:
        upstream = grpc.server(pool)
        upstream.add_generic_rpc_handlers((google,))
        port = upstream.add_insecure_port("127.0.0.1:0")
        upstream.start()
        clock, faults, calls = ManualClock(), Faults(), CallLog()
        pipeline = CallPipeline(engine=Engine(clock=clock), faults=faults, calls=calls)
        with open_channel(f"127.0.0.1:{port}") as way:
            plane.channel = way
            stands_in: Any = plane
            data = DataPassthrough(
                plane=stands_in, clock=clock, faults=faults, calls=calls, closing=pipeline.closing
            )
            server = GrpcServer(pipeline=pipeline, host="127.0.0.1", port=0, data=data)
            with open_channel(f"127.0.0.1:{server.port}") as opened:
                yield opened
            server.stop()
        upstream.stop(None).wait()


def _stream(channel: grpc.Channel, method: str = "ExecuteStreamingSql", **options: Any) -> Any:
    """Open a stream."""
    call: Any = channel.unary_stream(f"{_SPANNER}{method}")
    return call(_REQUEST, **options)


def test_bytes_and_metadata_go_through(channel: grpc.Channel, google: Google) -> None:
    """The request arrives byte by byte, with its routing header, and the answer's come back."""
    header = ("x-goog-request-params", "session=one")
    call: Any = channel.unary_unary(f"{_SPANNER}Commit")
    response, done = call.with_call(_REQUEST, metadata=(header, ("extra-bin", b"\x00\xff")))

    assert b"first" == response
    assert ([f"{_SPANNER}Commit"], [_REQUEST]) == (google.methods, google.requests)
    assert header[1] == google.metadata[header[0]]
    assert b"\x00\xff" == google.metadata["extra-bin"]
    assert ("from-google", "early") in [tuple(each) for each in done.initial_metadata()]
    assert ("from-google-bin", b"late\x00") in [tuple(each) for each in done.trailing_metadata()]


def test_an_error_goes_through(channel: grpc.Channel, google: Google) -> None:
    """Code, text and metadata of an error come back."""
    google.fails = True
    with pytest.raises(grpc.RpcError) as refused:
        list(_stream(channel))

    assert grpc.StatusCode.ABORTED is refused.value.code()
    assert "Try again." == refused.value.details()
    came: Any = refused.value.trailing_metadata()
    assert ("from-google-bin", b"late\x00") in [tuple(each) for each in came]


def test_the_end_of_google_s_emulator_is_told(
    channel: grpc.Channel, google: Google, plane: Plane
) -> None:
    """When it ends in the middle of a call, the client is told so instead of what gRPC says."""
    google.fails = True
    plane.end = RpcError(Code.UNAVAILABLE, "It is gone.")
    with pytest.raises(grpc.RpcError) as refused:
        list(_stream(channel))

    assert (grpc.StatusCode.UNAVAILABLE, "It is gone.") == (
        refused.value.code(),
        refused.value.details(),
    )


def test_parts_come_as_they_are_sent(channel: grpc.Channel) -> None:
    """A part of a stream is there before the next one is."""
    stream = _stream(channel)

    assert [b"first", b"second"] == [next(stream), next(stream)]
    stream.cancel()


def test_a_deadline_goes_through(channel: grpc.Channel, google: Google) -> None:
    """Google's emulator is told how long the client waits, and no longer."""
    with pytest.raises(grpc.RpcError) as refused:
        list(_stream(channel, timeout=0.5))

    assert grpc.StatusCode.DEADLINE_EXCEEDED is refused.value.code()
    assert google.remaining is not None
    # gRPC rounds what is left up when it tells it
    assert 0 < google.remaining <= 0.6
    wait_until(google.left.is_set)


def test_no_deadline_is_none(channel: grpc.Channel, google: Google) -> None:
    """A client that waits for any time is waited for."""
    stream = _stream(channel)
    next(stream)

    assert google.remaining is not None
    assert google.remaining > _LONG
    stream.cancel()


def test_a_cancel_goes_through(channel: grpc.Channel, google: Google) -> None:
    """When the client leaves, Google's emulator is told so at once."""
    stream = _stream(channel)
    next(stream)
    began = time.monotonic()
    stream.cancel()

    wait_until(google.left.is_set)
    assert time.monotonic() - began < _LONG / 2


def test_a_method_of_later_is_passed_on(channel: grpc.Channel, google: Google) -> None:
    """A method that this version does not know is passed on, too."""
    call: Any = channel.unary_unary(f"{_SPANNER}CommitTwice")

    assert b"first" == call(_REQUEST, timeout=_LONG)
    assert [f"{_SPANNER}CommitTwice"] == google.methods
