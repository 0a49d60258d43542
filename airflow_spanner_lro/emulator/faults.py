# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: refused calls, lost or late answers, broken connections, an outage.

Faults sit between the wire and the handlers, so the emulated world never knows about them. Those of
audit-log entries sit on the entries' way to Pub/Sub.
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
    from collections.abc import Callable, Collection, Iterable, Iterator
    from contextlib import AbstractContextManager

    from airflow_spanner_lro.emulator.operations.model import OperationMoment

_OUTAGE = RpcError(Code.UNAVAILABLE, "The emulator plays an outage.")


class FaultKind(StrEnum):
    """What can happen to a call, or to an audit-log entry."""

    FAIL = "fail"
    LOSE_ANSWER = "lose_answer"
    DROP_CONNECTION = "drop_connection"
    DELAY = "delay"
    ANSWER_LATE = "answer_late"
    LOSE_ENTRY = "lose_entry"
    DOUBLE_ENTRY = "double_entry"
    DELAY_ENTRY = "delay_entry"


TIMED = frozenset({FaultKind.DELAY, FaultKind.ANSWER_LATE, FaultKind.DELAY_ENTRY})
"""Those that last some seconds, and that happen beside one of the others."""

OF_ENTRIES = frozenset({FaultKind.LOSE_ENTRY, FaultKind.DOUBLE_ENTRY, FaultKind.DELAY_ENTRY})
"""Those that happen to audit-log entries; the others happen to calls."""

UNLIMITED = frozenset({FaultKind.DELAY, FaultKind.DELAY_ENTRY})
"""Those that happen every time, unless somebody says how often."""

_TEXTS = {
    FaultKind.FAIL: "The emulator was told to refuse this call.",
    FaultKind.LOSE_ANSWER: "The emulator was told to lose this answer.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that happens to the next few calls, or entries, that fit.

    :param method: an RPC's name such as ``GetOperation``, or None for any; of an entry, the one
        that started the operation
    :param resource: the full name of a resource or operation, in which ``*`` and ``?`` match as in
        file names; None for any
    :param filter_: the text of a call's list filter, matched in the same way; None for any, and
        for none
    :param moment: of an entry: whether it tells of a start or an end; None for both
    :param times: to how many it happens, or None for all
    :param code: what a refused call or a lost answer says
    :param message: with which text; None for one of its own
    :param after_work: of a dropped connection: whether the work is done nevertheless
    :param seconds: of delays and a late answer: how long that takes, in real seconds
    :raises ValueError: if it could not happen.
    """

    kind: FaultKind
    method: str | None = None
    resource: str | None = None
    filter_: str | None = None
    moment: OperationMoment | None = None
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
        if self.filter_ is not None and self.of_entries:
            message = f"filter={self.filter_!r} is not usable: only calls have a filter"
            raise ValueError(message)
        if self.moment is not None and not self.of_entries:
            message = f"moment={self.moment.value!r} is not usable: only entries have a moment"
            raise ValueError(message)
        _check_seconds(self.seconds)

    @property
    def of_entries(self) -> bool:
        """Whether it happens to audit-log entries."""
        return self.kind in OF_ENTRIES

    def fits(self, method: str, resource: str, filter_: str = "") -> bool:
        """Tell whether it happens to a call."""
        return (
            not self.of_entries
            and self.method in (None, method)
            and (self.resource is None or fnmatchcase(resource, self.resource))
            and (self.filter_ is None or fnmatchcase(filter_, self.filter_))
        )

    def fits_entry(self, method: str, names: Iterable[str], moment: OperationMoment) -> bool:
        """Tell whether it happens to an entry.

        :param names: of the operation, and of what it works on
        """
        return (
            self.of_entries
            and self.method in (None, method)
            and self.moment in (None, moment)
            and (self.resource is None or any(fnmatchcase(name, self.resource) for name in names))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEffect:
    """What happens to one audit-log entry.

    :param copies: how often it is published; 0 if it is lost
    :param delay: real seconds before that
    """

    copies: int = 1
    delay: float = 0.0


_COPIES = {FaultKind.LOSE_ENTRY: 0, FaultKind.DOUBLE_ENTRY: 2}


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
        filter_: str | None = None,
        times: int | None = 1,
    ) -> None:
        """Refuse calls: the work is not done.

        :param filter_: only lists with a filter of this text, in which ``*`` and ``?`` match too
        """
        self.add(
            Fault(
                kind=FaultKind.FAIL,
                method=method,
                code=code,
                message=message,
                resource=resource,
                filter_=filter_,
                times=times,
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

    def lose_entry(
        self,
        *,
        method: str | None = None,
        resource: str | None = None,
        moment: OperationMoment | None = None,
        times: int | None = 1,
    ) -> None:
        """Publish no audit-log entry: it never arrives."""
        kind = FaultKind.LOSE_ENTRY
        self.add(Fault(kind=kind, method=method, resource=resource, moment=moment, times=times))

    def double_entry(
        self,
        *,
        method: str | None = None,
        resource: str | None = None,
        moment: OperationMoment | None = None,
        times: int | None = 1,
    ) -> None:
        """Publish an audit-log entry twice, with the same ``insertId``."""
        kind = FaultKind.DOUBLE_ENTRY
        self.add(Fault(kind=kind, method=method, resource=resource, moment=moment, times=times))

    def delay_entry(
        self,
        seconds: float,
        *,
        method: str | None = None,
        resource: str | None = None,
        moment: OperationMoment | None = None,
        times: int | None = None,
    ) -> None:
        """Publish audit-log entries some real seconds later; others may overtake them."""
        self.add(
            Fault(
                kind=FaultKind.DELAY_ENTRY,
                method=method,
                resource=resource,
                moment=moment,
                times=times,
                seconds=seconds,
            )
        )

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

    def take(self, *, method: str, resource: str, filter_: str = "") -> FaultEffect:
        """Return what happens to a call that has just arrived, and count it."""
        with self._lock:
            fitting = [fault for fault in self._faults if fault.fits(method, resource, filter_)]
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

    def take_entry(
        self, *, method: str, names: Collection[str], moment: OperationMoment
    ) -> EntryEffect:
        """Return what happens to an audit-log entry on its way to Pub/Sub, and count it."""
        with self._lock:
            fitting = [each for each in self._faults if each.fits_entry(method, names, moment)]
            first = next((each for each in fitting if each.kind in _COPIES), None)
            copies = 1 if first is None else _COPIES[self._take(first).kind]
            delays = [each for each in fitting if each.kind is FaultKind.DELAY_ENTRY]
            # what is lost has no way on which it could be late
            delays = delays if copies else []
            return EntryEffect(
                copies=copies, delay=sum(self._take(each).seconds for each in delays)
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
