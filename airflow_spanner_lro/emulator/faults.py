# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: refused calls, lost or late answers, broken connections, an outage.

Faults sit between the wire and the handlers, so the emulated world never knows about them.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import errors
from airflow_spanner_lro.emulator.errors import RpcError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_OUTAGE = RpcError(Code.UNAVAILABLE, "The emulator plays an outage.")


class FaultKind(StrEnum):
    """What can happen to a call."""

    FAIL = "fail"
    LOSE_ANSWER = "lose_answer"
    DROP_CONNECTION = "drop_connection"
    DELAY = "delay"
    ANSWER_LATE = "answer_late"


TIMED = frozenset({FaultKind.DELAY, FaultKind.ANSWER_LATE})
"""Those that last some seconds, and that happen beside one of the others."""

_TEXTS = {
    FaultKind.FAIL: "The emulator was told to refuse this call.",
    FaultKind.LOSE_ANSWER: "The emulator was told to lose this answer.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that happens to the next few calls that fit.

    :param method: an RPC's name such as ``GetOperation``, or None for any
    :param resource: the full name of a resource or operation, in which ``*`` and ``?`` match as in
        file names; None for any
    :param times: to how many calls it happens, or None for all
    :param code: what a refused call or a lost answer says
    :param message: with which text; None for one of its own
    :param after_work: of a dropped connection: whether the work is done nevertheless
    :param seconds: of a delay and a late answer: how long that takes, in real seconds
    :raises ValueError: if it could not happen.
    """

    kind: FaultKind
    method: str | None = None
    resource: str | None = None
    times: int | None = 1
    code: Code = Code.UNAVAILABLE
    message: str | None = None
    after_work: bool = False
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            message = f"times={self.times!r} is not usable: give 1 or more, or None for all calls"
            raise ValueError(message)
        if self.code is Code.OK:
            message = f"code={self.code!r} is not usable: nothing fails with it"
            raise ValueError(message)
        _check_seconds(self.seconds)

    def fits(self, method: str, resource: str) -> bool:
        """Tell whether it happens to a call."""
        return self.method in (None, method) and (
            self.resource is None or fnmatchcase(resource, self.resource)
        )

    def taken(self) -> Fault | None:
        """Return what is left of it once it has happened to one call more, if anything is."""
        if self.times is None:
            return self
        return replace(self, times=self.times - 1) if self.times > 1 else None

    def effect(self) -> FaultEffect:
        """Return what it does to a call, unless it is one that only lasts."""
        dropped = self.kind is FaultKind.DROP_CONNECTION
        text = _TEXTS.get(self.kind, "") if self.message is None else self.message
        error = errors.connection_broke() if dropped else RpcError(self.code, text)
        if self.after_work or self.kind is FaultKind.LOSE_ANSWER:
            return FaultEffect(lose=error, dropped=dropped)
        return FaultEffect(refuse=error, dropped=dropped)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultEffect:
    """What happens to one call.

    :param delay: real seconds before anything else happens
    :param refuse: the error to answer with instead of doing the work
    :param lose: the error to answer with after the work has been done
    :param late: real seconds from the end of the work until the client gets the answer
    :param dropped: whether the client gets no answer at all instead of that error
    """

    delay: float = 0.0
    refuse: RpcError | None = None
    lose: RpcError | None = None
    late: float = 0.0
    dropped: bool = False

    def before_work(self) -> None:
        """Refuse the call, if that is what happens to it."""
        if self.refuse is not None:
            raise self.refuse

    def after_work(self) -> None:
        """Lose the answer, if that is what happens to the call."""
        if self.lose is not None:
            raise self.lose


class Faults:
    """The faults that are pending. Safe to use from any thread while the emulator runs.

    In all methods ``method`` is an RPC's name such as ``GetOperation``, or None for any;
    ``resource`` is the full name of a resource or operation, in which ``*`` and ``?`` match as in
    file names, or None for any; and ``times`` is to how many calls it happens, or None for all
    until :meth:`clear`.

    :param client_seconds: tells the time by which an outage ends
    """

    def __init__(self, *, client_seconds: Callable[[], float] = time.monotonic) -> None:
        self._client_seconds = client_seconds
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._outages = 0
        self._outage_until = float("-inf")

    def fail(
        self,
        *,
        method: str | None = None,
        code: Code = Code.UNAVAILABLE,
        message: str | None = None,
        resource: str | None = None,
        times: int | None = 1,
    ) -> None:
        """Refuse calls: the work is not done."""
        kind = FaultKind.FAIL
        self.add(
            Fault(
                kind=kind, method=method, code=code, message=message, resource=resource, times=times
            )
        )

    def lose_answer(
        self,
        *,
        method: str | None = None,
        code: Code = Code.UNAVAILABLE,
        message: str | None = None,
        resource: str | None = None,
        times: int | None = 1,
    ) -> None:
        """Do the work, then answer with an error, as if something on the way had failed."""
        kind = FaultKind.LOSE_ANSWER
        self.add(
            Fault(
                kind=kind, method=method, code=code, message=message, resource=resource, times=times
            )
        )

    def drop_connection(
        self,
        *,
        method: str | None = None,
        resource: str | None = None,
        times: int | None = 1,
        after_work: bool = False,
    ) -> None:
        """Give no answer: the client sees that its connection broke.

        :param after_work: whether the work is done nevertheless
        """
        kind = FaultKind.DROP_CONNECTION
        self.add(
            Fault(kind=kind, method=method, resource=resource, times=times, after_work=after_work)
        )

    def delay(
        self,
        seconds: float,
        *,
        method: str | None = None,
        resource: str | None = None,
        times: int | None = None,
    ) -> None:
        """Wait some real seconds before each call is looked at.

        A client that leaves meanwhile takes its call along: the work is not done.
        """
        kind = FaultKind.DELAY
        self.add(Fault(kind=kind, method=method, resource=resource, times=times, seconds=seconds))

    def answer_late(
        self,
        seconds: float,
        *,
        method: str | None = None,
        resource: str | None = None,
        times: int | None = 1,
    ) -> None:
        """Do the work at once, and hold the answer back for some real seconds.

        Everybody sees the work meanwhile, the log of calls included, and it stays done when the
        client leaves. A call that another fault refuses does no work, and does not count.
        """
        kind = FaultKind.ANSWER_LATE
        self.add(Fault(kind=kind, method=method, resource=resource, times=times, seconds=seconds))

    def add(self, fault: Fault) -> None:
        """Add a fault, behind those that are pending."""
        with self._lock:
            self._faults.append(fault)

    def outage(self, *, seconds: float | None = None) -> AbstractContextManager[None]:
        """Answer UNAVAILABLE to every call: while the context lasts, or for some time.

        :param seconds: how long, as clients feel it; it begins at once then, and ends by itself
        :raises ValueError: if that is negative, or for ever.
        """
        if seconds is None:
            return self._outage()
        _check_seconds(seconds)
        with self._lock:
            self._outage_until = max(self._outage_until, self._client_seconds() + seconds)
        return nullcontext()

    def clear(self) -> None:
        """Forget all pending faults, save for an outage whose context lasts."""
        with self._lock:
            self._faults.clear()
            self._outage_until = float("-inf")

    def pending(self) -> tuple[Fault, ...]:
        """Return the faults that are still to happen, in the order in which they count."""
        with self._lock:
            return tuple(self._faults)

    @property
    def outage_seconds(self) -> float | None:
        """For how long an outage goes on: 0 if there is none, None if nobody knows."""
        with self._lock:
            left = max(0.0, self._outage_until - self._client_seconds())
            return None if self._outages else left

    def take(self, *, method: str, resource: str) -> FaultEffect:
        """Return what happens to a call that has just arrived, and count it."""
        with self._lock:
            fitting = [fault for fault in self._faults if fault.fits(method, resource)]
            effect = FaultEffect()
            if self._outages or self._client_seconds() < self._outage_until:
                effect = FaultEffect(refuse=_OUTAGE)
            elif others := [fault for fault in fitting if fault.kind not in TIMED]:
                effect = self._take(others[0]).effect()
            delay, late = (
                [fault for fault in fitting if fault.kind is kind]
                for kind in (FaultKind.DELAY, FaultKind.ANSWER_LATE)
            )
            # what is refused has no work whose answer could come late
            late = late if effect.refuse is None else []
            return replace(
                effect,
                delay=sum(self._take(fault).seconds for fault in delay),
                late=sum(self._take(fault).seconds for fault in late),
            )

    def _take(self, fault: Fault) -> Fault:
        """Count that a fault has happened once more; one that is used up goes."""
        # faults are values, and two of the same may be pending: either will do
        index = self._faults.index(fault)
        left = fault.taken()
        self._faults[index : index + 1] = [] if left is None else [left]
        return fault

    @contextmanager
    def _outage(self) -> Iterator[None]:
        with self._lock:
            self._outages += 1
        try:
            yield
        finally:
            with self._lock:
                self._outages -= 1


def _check_seconds(seconds: float) -> None:
    if not 0 <= seconds < math.inf:
        message = f"seconds={seconds!r} is not usable: give a number from 0 on"
        raise ValueError(message)
