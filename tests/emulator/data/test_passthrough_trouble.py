# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Data calls whose answers are lost, late or dropped, and callers who have left before."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import ManualClock
from airflow_spanner_lro.emulator.data.passthrough import DataPassthrough, DroppedCallError
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.faults import Faults
from airflow_spanner_lro.emulator.pipeline import CallLog
from tests.emulator.data.test_passthrough import _REQUEST, Google, Plane
from tests.emulator.data.waiting import wait_until
from tests.emulator.support.channels import open_channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONG = 60.0


@dataclass(slots=True)
class Caller:
    """Somebody who makes a data call.

    :param remaining: for how many seconds it waits
    :param active: whether it is still there
    """

    remaining: float | None = _LONG
    active: bool = True
    sent: list[Any] = field(default_factory=list)

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """Return no metadata."""
        return ()

    def time_remaining(self) -> float | None:
        """Return for how many seconds it waits."""
        return self.remaining

    def is_active(self) -> bool:
        """Tell whether it is there."""
        return self.active

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Refuse the callback of somebody who has left."""
        del callback
        return self.active

    def send_initial_metadata(self, metadata: Any) -> None:
        """Take metadata."""
        self.sent.append(metadata)

    def set_trailing_metadata(self, metadata: Any) -> None:
        """Take metadata."""
        self.sent.append(metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What passes calls on, and all that it knows."""

    data: DataPassthrough
    google: Google
    faults: Faults
    calls: CallLog
    closing: threading.Event

    def commit(self, caller: Caller) -> list[bytes]:
        """Make a call."""
        return list(self.data.messages("Commit", _REQUEST, caller))

    def logged(self) -> list[tuple[Code, str]]:
        """Return how the calls ended, as the log of calls has it."""
        return [(each.code, each.message) for each in self.calls.snapshot().of("Commit")]


@pytest.fixture
def setting() -> Iterator[Setting]:
    """Run a server that stands where Google's would be."""
    google, faults, calls, closing = Google(), Faults(), CallLog(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        upstream = grpc.server(pool)
        upstream.add_generic_rpc_handlers((google,))
        port = upstream.add_insecure_port("127.0.0.1:0")
        upstream.start()
        with open_channel(f"127.0.0.1:{port}") as way:
            plane: Any = Plane(way)
            data = DataPassthrough(
                plane=plane, clock=ManualClock(), faults=faults, calls=calls, closing=closing
            )
            yield Setting(data=data, google=google, faults=faults, calls=calls, closing=closing)
        upstream.stop(None).wait()


def test_a_lost_answer_is_that_of_work_that_is_done(setting: Setting) -> None:
    """The rows are committed, and the client hears an error: the worst that a retry can meet."""
    setting.faults.lose_answer(method="Commit", code=Code.DEADLINE_EXCEEDED, message="Too late.")
    with pytest.raises(RpcError, match=r"Too late\."):
        setting.commit(Caller())

    assert [_REQUEST] == setting.google.requests
    assert [(Code.DEADLINE_EXCEEDED, "Too late.")] == setting.logged()


@pytest.mark.parametrize("after_work", [False, True])
def test_a_dropped_connection_is_no_answer(setting: Setting, *, after_work: bool) -> None:
    """It breaks before or after the work, and the log of calls has what clients make of it."""
    setting.faults.drop_connection(method="Commit", after_work=after_work)
    with pytest.raises(DroppedCallError) as dropped:
        setting.commit(Caller())

    assert int(after_work) == len(setting.google.requests)
    assert [(dropped.value.error.code, dropped.value.error.message)] == setting.logged()
    assert [b"first"] == setting.commit(Caller())


def test_a_late_answer_comes_whole(setting: Setting) -> None:
    """It is held back, and nothing of it is lost."""
    setting.faults.answer_late(method="Commit", seconds=0.2)

    assert [b"first"] == setting.commit(Caller())
    assert [(Code.OK, "")] == setting.logged()


def test_work_stays_done_when_the_client_leaves_before_a_late_answer(setting: Setting) -> None:
    """Nobody is left to answer to, so the wait ends, and the log says so."""
    setting.faults.answer_late(method="Commit", seconds=_LONG)
    with pytest.raises(RpcError) as refused:
        setting.commit(Caller(active=False))

    assert Code.CANCELLED is refused.value.code
    assert [(Code.CANCELLED, refused.value.message)] == setting.logged()


def test_stopping_waits_for_no_late_answer(setting: Setting) -> None:
    """Who waits for one while the emulator stops hears that nobody is there."""
    setting.faults.answer_late(method="Commit", seconds=_LONG)
    setting.closing.set()
    with pytest.raises(RpcError) as refused:
        setting.commit(Caller())

    assert Code.UNAVAILABLE is refused.value.code


@pytest.mark.parametrize("remaining", [0.0, -1.0])
def test_a_deadline_that_has_passed_is_not_passed_on(setting: Setting, remaining: float) -> None:
    """Nobody waits for the answer any more, so Google's emulator is not asked."""
    with pytest.raises(RpcError) as refused:
        setting.commit(Caller(remaining=remaining))

    assert Code.DEADLINE_EXCEEDED is refused.value.code
    assert [] == setting.google.requests


def test_who_has_left_already_leaves_nothing_behind(setting: Setting) -> None:
    """A client that leaves while its call is on its way is not called back: it is cancelled."""

    @dataclass(slots=True)
    class Leaving(Caller):
        """Leaves when the call goes out."""

        def add_callback(self, callback: Callable[[], None]) -> bool:
            """Refuse: it has left."""
            del callback
            return False

    with pytest.raises(grpc.RpcError) as refused:
        list(setting.data.messages("ExecuteStreamingSql", _REQUEST, Leaving()))

    assert grpc.StatusCode.CANCELLED is refused.value.code()
    (logged,) = setting.calls.snapshot().of("ExecuteStreamingSql")
    assert Code.CANCELLED is logged.code
    if setting.google.requests:
        wait_until(setting.google.left.is_set)
