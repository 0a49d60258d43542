# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A typed method becomes an RPC.

``@rpc`` marks a method of a :class:`Servicer` that has the RPC's name; its annotations say how to
read the request and to write the response, whether proto-plus or protobuf.

Handlers are plain functions of (request, now): nothing in them waits, because emulated time is the
clock's affair and slowness the faults'. So each call is one step of the world, whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, get_type_hints

import proto
from google.cloud import (
    spanner_admin_database_v1 as database_v1,
    spanner_admin_instance_v1 as instance_v1,
)
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from airflow_spanner_lro.emulator import errors

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.world import World

# what annotations of RPCs may name, because modules that only annotate with it import it for
# type checkers alone
_VOCABULARY = {
    "database_v1": database_v1,
    "datetime": datetime,
    "empty_pb2": empty_pb2,
    "iam_policy_pb2": iam_policy_pb2,
    "instance_v1": instance_v1,
    "operations_pb2": operations_pb2,
    "policy_pb2": policy_pb2,
}

_DATA = "google.spanner.v1.Spanner"
_READING = ("Get", "List", "Test", "Wait")

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
        servicer: Any = type(self)
        names = _rpcs_of(servicer)
        methods = (Method.of(str(self.service), getattr(self, name)) for name in names)
        return {method.path: method for method in methods}


@cache
def _rpcs_of(servicer: type[Servicer]) -> tuple[str, ...]:
    return tuple(name for name in dir(servicer) if hasattr(getattr(servicer, name), "__rpc__"))


# an emulator is started for each test of many, and annotations take a third of its start to read
@cache
def _messages_of(method: Callable[..., Any]) -> tuple[type[Any], type[Any]]:
    hints = get_type_hints(method, localns=_VOCABULARY)
    return hints["request"], hints["return"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One RPC: the types of its messages, and what to do.

    :param request: a proto-plus or protobuf class
    :param response: a proto-plus or protobuf class
    """

    service: str
    name: str
    handle: Callable[[Any, datetime], Any]
    request: type[Any]
    response: type[Any]

    @classmethod
    def of(cls, service: str, bound: Callable[[Any, datetime], Any]) -> Method:
        """Read the annotations of a marked method."""
        request, response = _messages_of(getattr(bound, "__func__", bound))
        return cls(
            service=service,
            name=bound.__name__,
            handle=bound,
            request=request,
            response=response,
        )

    @classmethod
    def missing(cls, path: str) -> Method:
        """Return a method that answers UNIMPLEMENTED, for what the emulator does not know."""
        service, _, name = path.lstrip("/").rpartition("/")

        def refuse(request: object, now: datetime) -> NoReturn:
            del request, now
            if service == _DATA:
                raise errors.no_data_calls(method=name)
            raise errors.not_implemented(method=f"{service}.{name}")

        return cls(
            service=service,
            name=name,
            handle=refuse,
            request=empty_pb2.Empty,
            response=empty_pb2.Empty,
        )

    @property
    def path(self) -> str:
        """Its path on the wire: ``/<service>/<name>``."""
        return f"/{self.service}/{self.name}"

    @property
    def reads_only(self) -> bool:
        """Whether it leaves the world as it is."""
        return self.name.startswith(_READING)

    def parse(self, data: bytes) -> Any:
        """Return the request in these bytes.

        :raises DecodeError: if they are not one.
        """
        if issubclass(self.request, proto.Message):
            return self.request.deserialize(data)
        return self.request.FromString(data)

    def wrap(self, message: Message) -> Any:
        """Return a plain protobuf request in the type that the handler expects."""
        return self.request.wrap(message) if issubclass(self.request, proto.Message) else message
