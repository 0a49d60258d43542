# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The one place through which every call goes, whatever it comes in by, and the log of calls.

It reads the request, lets faults happen, counts against the quota, asks the engine, turns errors
into answers, and logs what the client was told. It knows nothing of gRPC and HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.faults import FaultEffect
from airflow_spanner_lro.emulator.protos import plain_message, plain_type
from airflow_spanner_lro.emulator.quota import QuotaMeter
from airflow_spanner_lro.emulator.rpc import Method
from airflow_spanner_lro.emulator.schemas.statements import database_id_of
from airflow_spanner_lro.emulator.threads import held_back

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.engine import Engine
    from airflow_spanner_lro.emulator.faults import Faults


_call_log = logging.getLogger(f"{__name__}.calls")

_LIMIT = 100_000
_CHILD_IDS = (
    ("backup_id", "backups"),
    ("database_id", "databases"),
    ("instance_id", "instances"),
    ("instance_config_id", "instanceConfigs"),
    ("instance_partition_id", "instancePartitions"),
    ("backup_schedule_id", "backupSchedules"),
)
_NAME_FIELDS = ("name", "resource", "database", "parent")
_NESTED = (
    "backup",
    "database",
    "instance",
    "instance_config",
    "instance_partition",
    "backup_schedule",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    :param method: the RPC's name, such as ``GetOperation``
    :param service: the full name of its service
    :param resource: the resource it was about, as far as the request names one
    :param at: the emulated time at which it was received
    :param real_time: the real time at which it was received, as by ``time.time()``
    :param code: what the client was told, or will be when its answer is no longer held back
    :param message: the error's text, or empty
    """

    method: str
    service: str
    resource: str
    at: datetime
    real_time: float
    code: Code
    message: str = ""

    def __str__(self) -> str:
        told = f"{self.code.name}: {self.message}" if self.message else self.code.name
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.method} {self.resource} -> {told}"


class CallHistory(tuple[Call, ...]):
    """The calls so far, in the order in which they were done; it does not grow by itself."""

    __slots__ = ()

    def of(self, *methods: str) -> CallHistory:
        """Return the calls of these methods."""
        return CallHistory(call for call in self if call.method in methods)

    def on(self, resource: str) -> CallHistory:
        """Return the calls about one resource or operation, by its full name."""
        return CallHistory(call for call in self if call.resource == resource)

    def since(self, real_time: float) -> CallHistory:
        """Return the calls received at or after a real time, as by ``time.time()``."""
        return CallHistory(call for call in self if call.real_time >= real_time)


class CallLog:
    """Collects the calls; the oldest ones go when there are a hundred thousand."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_LIMIT)

    def add(self, call: Call) -> None:
        """Add a call."""
        self._calls.append(call)
        _call_log.debug("%s", call)

    def clear(self) -> None:
        """Forget the calls so far."""
        self._calls.clear()

    def snapshot(self) -> CallHistory:
        """Return the calls so far."""
        # deque.copy() holds the interpreter's lock throughout, so no other thread interferes
        return CallHistory(self._calls.copy())


def resource_of(request: Any) -> str:
    """Return the name of the resource that a request is about, or empty.

    For a request that makes something this is the new resource, not its parent.
    """
    request = plain_message(request)
    parent = getattr(request, "parent", "")
    for field, collection in _CHILD_IDS:
        if parent and (child := getattr(request, field, "")):
            return f"{parent}/{collection}/{child}"
    if statement := getattr(request, "create_statement", ""):
        with suppress(RpcError):
            return f"{parent}/databases/{database_id_of(statement)}"
    for field in _NAME_FIELDS:
        value = getattr(request, field, "")
        if value and isinstance(value, str):
            return value
    for field in _NESTED:
        name = getattr(getattr(request, field, None), "name", "")
        if name and isinstance(name, str):
            return name
    return ""


log = logging.getLogger(__name__)

_CHECK_EVERY = 0.2
"""How often, in real seconds, a call that is held back checks whether its client is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a client is told: a response, or an error.

    :param dropped: whether it is told nothing, as its connection breaks; there is an error then,
        the one that gRPC clients make of it
    """

    response: Message | None = None
    error: RpcError | None = None
    dropped: bool = False


class CallPipeline:
    """Answers calls until :attr:`closing` is set.

    :param engine: who does the work
    :param faults: what happens to calls on their way
    :param calls: where they are noted
    :param meter: counts them against the quota, if there is one
    """

    def __init__(
        self, *, engine: Engine, faults: Faults, calls: CallLog, meter: QuotaMeter | None = None
    ) -> None:
        self._engine = engine
        self._faults = faults
        self._calls = calls
        self._meter = meter or QuotaMeter()
        self.closing = threading.Event()

    @property
    def methods(self) -> Mapping[str, Method]:
        """The RPCs by their path on the wire."""
        return self._engine.methods

    @property
    def time_scale(self) -> float:
        """Emulated seconds for each real one; 0 if time stands still."""
        return self._engine.clock.anchor().scale

    def answer(
        self,
        path: str,
        read: Callable[[Method], Any],
        *,
        waiting: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """Answer a call.

        :param path: of the RPC on the wire; one that nobody knows is answered too
        :param read: returns the request; it may raise RpcError or DecodeError
        :param waiting: tells whether the client is still there
        """
        method = self.methods.get(path) or Method.missing(path)
        at, real_time = self._engine.clock.now(), time.time()
        resource, request, response = "", None, None
        error: RpcError | None = None
        effect = FaultEffect()
        try:
            request = self._read(method, read)
            resource = resource_of(request)
            effect = self._faults.take(
                method=method.name, resource=resource, filter_=getattr(request, "filter", "")
            )
            if effect.delay:
                self._hold_back(effect.delay, waiting)
            effect.before_work()
            if method.path in self.methods:
                seconds = self._engine.clock.client_seconds()
                self._meter.take(resource=resource, seconds=seconds)
            response = plain_message(self._engine.call(method, request))
            effect.after_work()
        except RpcError as exc:
            error = self._told(exc, method)
        except InvalidArgumentError as exc:
            found = errors.bad_name_in(plain_message(request), exc)
            error = self._told(found, method)
        except Exception as exc:
            # a bug here must not look like an outage: say so, and keep serving
            log.exception("The emulator failed in %s", method.name)
            error = errors.internal(method=method.name, reason=repr(exc))
        finally:
            # before an answer is held back: whoever reads the log sees that the work is done
            self._calls.add(
                Call(
                    method=method.name,
                    service=method.service,
                    resource=resource,
                    at=at,
                    real_time=real_time,
                    code=Code.OK if error is None else error.code,
                    message="" if error is None else error.explained,
                )
            )
        if effect.late:
            try:
                self._hold_back(effect.late, waiting)
            except RpcError as exc:
                return Answer(error=exc)
        if error is None:
            return Answer(response=response)
        return Answer(error=error, dropped=effect.dropped and error in (effect.refuse, effect.lose))

    def _hold_back(self, seconds: float, waiting: Callable[[], bool]) -> None:
        """Let a call or its answer wait, unless the emulator stops or the client leaves meanwhile.

        :raises RpcError: in these two cases.
        """
        until = time.monotonic() + seconds
        with held_back():
            # looks around, as a client that has gone away needs no thread
            while (left := until - time.monotonic()) > 0:
                if self.closing.wait(min(left, _CHECK_EVERY)):
                    raise errors.stopping()
                if not waiting():
                    raise errors.client_gone()

    @staticmethod
    def _told(error: RpcError, method: Method) -> RpcError:
        """Return an error as the answer to a request of this method."""
        # the stubs know two classes of descriptors
        request: Any = plain_type(method.request).DESCRIPTOR
        return error.answering(method.name, request)

    @staticmethod
    def _read(method: Method, read: Callable[[Method], Any]) -> Any:
        try:
            return read(method)
        except DecodeError as exc:
            raise errors.malformed_request(method=method.name, reason=str(exc)) from exc
