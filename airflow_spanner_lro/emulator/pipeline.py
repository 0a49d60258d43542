# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The one place through which every call goes, whatever it comes in by.

It reads the request, lets faults happen, counts against the quota, asks the engine, turns errors
into answers, and notes all of it. It knows nothing of gRPC and HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.calls import Call, resource_of
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.faults import Trouble
from airflow_spanner_lro.emulator.operations.handler import raw
from airflow_spanner_lro.emulator.quota import QuotaMeter
from airflow_spanner_lro.emulator.rpc import Method

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.calls import CallLog
    from airflow_spanner_lro.emulator.engine import Engine
    from airflow_spanner_lro.emulator.faults import Faults

log = logging.getLogger(__name__)

_LOOK = 0.1
"""How often, in real seconds, a call that is held back looks whether its client is there."""


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
        resource, response = "", None
        error: RpcError | None = None
        trouble = Trouble()
        try:
            request = self._read(method, read)
            resource = resource_of(request)
            trouble = self._faults.take(method=method.name, resource=resource)
            if trouble.delay:
                self._hold_back(trouble.delay, waiting)
            trouble.before_work()
            if method.path in self.methods:
                seconds = self._engine.clock.client_seconds()
                self._meter.take(resource=resource, seconds=seconds)
            response = raw(self._engine.call(method, request))
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
            # before an answer is held back: whoever reads the log sees that the work is done
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
        if trouble.late:
            try:
                self._hold_back(trouble.late, waiting)
            except RpcError as exc:
                return Answer(error=exc)
        if error is None:
            return Answer(response=response)
        return Answer(
            error=error, dropped=trouble.dropped and error in (trouble.refuse, trouble.lose)
        )

    def _hold_back(self, seconds: float, waiting: Callable[[], bool]) -> None:
        """Let a call or its answer wait, unless the emulator stops or the client leaves meanwhile.

        :raises RpcError: in these two cases.
        """
        until = time.monotonic() + seconds
        # looks around, as a client that has gone away must not keep a thread from the others
        while (left := until - time.monotonic()) > 0:
            if self.closing.wait(min(left, _LOOK)):
                raise errors.stopping()
            if not waiting():
                raise errors.client_gone()

    @staticmethod
    def _read(method: Method, read: Callable[[Method], Any]) -> Any:
        try:
            return read(method)
        except DecodeError as exc:
            raise errors.malformed_request(method=method.name, reason=str(exc)) from exc
