# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Trouble on demand: refused calls, lost answers, slowness, an outage.

Faults sit between the wire and the handlers, so the emulated world never knows about them.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors import RpcError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUTAGE = RpcError(Code.UNAVAILABLE, "The emulator plays an outage.")


@dataclass(slots=True, kw_only=True)
class _Fault:
    """Something that happens to the next few calls that fit."""

    method: str | None
    resource: str | None
    times: int | None

    def take(self, method: str, resource: str) -> bool:
        """Tell whether it happens to this call, and count it."""
        fits = self.method in (None, method) and self.resource in (None, resource)
        if not fits or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True, kw_only=True)
class _Failure(_Fault):
    error: RpcError
    after_work: bool


@dataclass(slots=True, kw_only=True)
class _Delay(_Fault):
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens to one call.

    :param delay: real seconds before anything else happens
    :param refuse: the error to answer with instead of doing the work
    :param lose: the error to answer with after the work has been done
    """

    delay: float = 0.0
    refuse: RpcError | None = None
    lose: RpcError | None = None

    def before_work(self) -> None:
        """Refuse the call, if that is what happens to it."""
        if self.refuse is not None:
            raise self.refuse

    def after_work(self) -> None:
        """Lose the answer, if that is what happens to the call."""
        if self.lose is not None:
            raise self.lose


class Faults:
    """The trouble that is in store. Safe to use from any thread while the emulator runs.

    In all methods ``method`` is an RPC's name such as ``GetOperation``, or None for any;
    ``resource`` is the full name of a resource or operation, or None for any; and ``times`` is to
    how many calls it happens, or None for all until :meth:`clear`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: list[_Failure] = []
        self._delays: list[_Delay] = []
        self._outages = 0

    def fail(
        self,
        *,
        method: str | None = None,
        code: Code = Code.UNAVAILABLE,
        message: str = "The emulator was told to refuse this call.",
        resource: str | None = None,
        times: int | None = 1,
    ) -> None:
        """Refuse calls: the work is not done."""
        self._add_failure(method, RpcError(code, message), resource, times, after_work=False)

    def lose_answer(
        self,
        *,
        method: str | None = None,
        code: Code = Code.UNAVAILABLE,
        message: str = "The emulator was told to lose this answer.",
        resource: str | None = None,
        times: int | None = 1,
    ) -> None:
        """Do the work, then answer with an error, as if the connection had broken."""
        self._add_failure(method, RpcError(code, message), resource, times, after_work=True)

    def delay(
        self,
        seconds: float,
        *,
        method: str | None = None,
        resource: str | None = None,
        times: int | None = None,
    ) -> None:
        """Wait some real seconds before each call is looked at."""
        fault = _Delay(method=method, resource=resource, times=times, seconds=seconds)
        with self._lock:
            self._delays.append(fault)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Answer UNAVAILABLE to every call while the context lasts."""
        with self._lock:
            self._outages += 1
        try:
            yield
        finally:
            with self._lock:
                self._outages -= 1

    def clear(self) -> None:
        """Forget all trouble in store, save for an outage that is on."""
        with self._lock:
            self._failures.clear()
            self._delays.clear()

    def take(self, *, method: str, resource: str) -> Trouble:
        """Return what happens to a call that has just arrived, and count it."""
        with self._lock:
            delay = sum(fault.seconds for fault in self._delays if fault.take(method, resource))
            if self._outages:
                return Trouble(delay=delay, refuse=_OUTAGE)
            for fault in self._failures:
                if fault.take(method, resource):
                    if fault.after_work:
                        return Trouble(delay=delay, lose=fault.error)
                    return Trouble(delay=delay, refuse=fault.error)
            return Trouble(delay=delay)

    def _add_failure(
        self,
        method: str | None,
        error: RpcError,
        resource: str | None,
        times: int | None,
        *,
        after_work: bool,
    ) -> None:
        fault = _Failure(
            method=method, resource=resource, times=times, error=error, after_work=after_work
        )
        with self._lock:
            self._failures.append(fault)
