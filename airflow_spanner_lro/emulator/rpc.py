# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A typed method becomes an RPC.

``@rpc`` marks a method of a :class:`Servicer` that has the RPC's name; its annotations say how to
read the request and to write the response, whether proto-plus or protobuf. :class:`Front` is the
one place through which every call goes: it parses, lets faults happen, holds the world still, and
turns errors into answers.

Handlers are plain functions of (request, now): nothing in them waits, because emulated time is the
clock's affair and slowness the faults'. So each call is one step of the world, whole or not at all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, get_type_hints

import grpc
import proto
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.protobuf.message import DecodeError

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.calls import Call, resource_of
from airflow_spanner_lro.emulator.errors import RpcError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_spanner_lro.emulator.calls import CallLog
    from airflow_spanner_lro.emulator.faults import Faults
    from airflow_spanner_lro.emulator.state.world import World

log = logging.getLogger(__name__)

# what annotations of RPCs may name, because modules that only annotate with it import it for
# type checkers alone
_VOCABULARY = {
    "database_v1": database_v1,
    "datetime": datetime,
    "empty_pb2": empty_pb2,
    "instance_v1": instance_v1,
    "operations_pb2": operations_pb2,
}

_Method = TypeVar("_Method", bound=Callable[..., Any])


def rpc(method: _Method) -> _Method:
    """Mark a method ``(self, request, now) -> response`` as the RPC of the same name."""
    method.__rpc__ = True  # type: ignore[attr-defined]
    return method


class Servicer:
    """A family of RPCs of one service, working on a world."""

    service: ClassVar[str]

    def __init__(self, world: World) -> None:
        self.world = world

    def methods(self) -> dict[str, Method]:
        """Return its RPCs by their path on the wire."""
        names = [name for name in dir(type(self)) if hasattr(getattr(type(self), name), "__rpc__")]
        return {
            f"/{self.service}/{name}": Method.of(str(self.service), getattr(self, name))
            for name in names
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One RPC: how to read its request, what to do, how to write its response."""

    service: str
    name: str
    handle: Callable[[Any, datetime], Any]
    parse: Callable[[bytes], Any]
    format: Callable[[Any], bytes]

    @classmethod
    def of(cls, service: str, bound: Callable[[Any, datetime], Any]) -> Method:
        """Read the annotations of a marked method."""
        hints = get_type_hints(bound, localns=_VOCABULARY)
        request, response = hints["request"], hints["return"]
        plus = issubclass(request, proto.Message)
        return cls(
            service=service,
            name=bound.__name__,
            handle=bound,
            parse=request.deserialize if plus else request.FromString,
            format=response.serialize if issubclass(response, proto.Message) else _serialize,
        )


def _serialize(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data


class Front(grpc.GenericRpcHandler):
    """Every call passes here, known or not, until :attr:`closing` is set.

    :param world: held still for each call
    :param servicers: who answers
    :param faults: what happens to calls on their way
    :param calls: where they are noted
    """

    def __init__(
        self, *, world: World, servicers: Iterable[Servicer], faults: Faults, calls: CallLog
    ) -> None:
        self._world = world
        self._faults = faults
        self._calls = calls
        self.closing = threading.Event()
        self._methods: dict[str, Method] = {}
        for servicer in servicers:
            self._methods.update(servicer.methods())

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Return the handler of a call; there is one for each method that anyone can name."""
        path = handler_call_details.method
        method = self._methods.get(path) or _missing(path)

        def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
            response, error = self._answer(method, data, context)
            if error is not None:
                # google-api-core finds the details under this key
                details = ("grpc-status-details-bin", error.to_status().SerializeToString())
                context.set_trailing_metadata((details,))
                context.abort(grpc.StatusCode[error.code.name], error.message)
            return response

        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(
        self, method: Method, data: bytes, context: grpc.ServicerContext
    ) -> tuple[bytes, RpcError | None]:
        """Do the work of a call, note it, and return its response or its error."""
        at, real_time = self._world.clock.now(), time.time()
        resource, response = "", b""
        error: RpcError | None = None
        try:
            request = self._parse(method, data)
            resource = resource_of(request)
            trouble = self._faults.take(method=method.name, resource=resource)
            if trouble.delay:
                self._hold_back(trouble.delay, context)
            trouble.before_work()
            response = self._handle(method, request)
            trouble.after_work()
        except RpcError as exc:
            error = exc
        except InvalidArgumentError as exc:
            error = errors.invalid(str(exc))
        except Exception as exc:
            # a bug here must not look like an outage: say so, and keep serving
            log.exception("The emulator failed in %s", method.name)
            error = errors.internal(method=method.name, reason=repr(exc))
        finally:
            self._calls.add(
                Call(
                    method=method.name,
                    service=method.service,
                    resource=resource,
                    at=at,
                    real_time=real_time,
                    code=Code.OK if error is None else error.code,
                    message="" if error is None else error.message,
                )
            )
        return response, error

    def _hold_back(self, seconds: float, context: grpc.ServicerContext) -> None:
        """Let a call wait, unless the emulator stops or the client goes away meanwhile."""
        if self.closing.wait(seconds):
            raise errors.stopping()
        if not context.is_active():
            raise errors.client_gone()

    @staticmethod
    def _parse(method: Method, data: bytes) -> Any:
        try:
            return method.parse(data)
        except DecodeError as exc:
            raise errors.malformed_request(method=method.name, reason=str(exc)) from exc

    def _handle(self, method: Method, request: Any) -> bytes:
        with self._world.lock:
            now = self._world.clock.now()
            self._world.catch_up(now)
            return method.format(method.handle(request, now))


def _missing(path: str) -> Method:
    """Return a method that answers UNIMPLEMENTED, for what the emulator does not know."""
    service, _, name = path.lstrip("/").rpartition("/")

    def refuse(request: object, now: datetime) -> NoReturn:
        del request, now
        raise errors.not_implemented(method=f"{service}.{name}")

    return Method(service=service, name=name, handle=refuse, parse=bytes, format=bytes)
