# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The two drivers behind one face, so that each test runs on both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_spanner_lro.admin.driver import arun, run

from .scripted_client import AsyncFakeClient, AsyncFakeClock, FakeClient, FakeClock, Script

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_spanner_lro.admin.driver import Observer
    from airflow_spanner_lro.core.flows.commands import Flow

    from .scripted_client import Scripted

T = TypeVar("T")


class Driver(Protocol):
    """Performs a flow on a script of answers."""

    clock: FakeClock
    script: Script

    async def __call__(
        self,
        flow: Flow[T],
        answers: Sequence[Scripted],
        *,
        deadline: datetime | None = None,
        on_snapshot: Observer | None = None,
    ) -> T:
        """Perform it."""
        ...


class SyncDriver:
    """Performs flows with run."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.script = Script([], self.clock)

    async def __call__(
        self,
        flow: Flow[T],
        answers: Sequence[Scripted],
        *,
        deadline: datetime | None = None,
        on_snapshot: Observer | None = None,
    ) -> T:
        """Perform it."""
        self.script = Script(answers, self.clock)
        return run(
            flow,
            client=FakeClient(self.script),
            clock=self.clock,
            deadline=deadline,
            on_snapshot=on_snapshot,
        )


class AsyncDriver:
    """Performs flows with arun."""

    def __init__(self) -> None:
        self._clock = AsyncFakeClock()
        self.clock: FakeClock = self._clock
        self.script = Script([], self.clock)

    async def __call__(
        self,
        flow: Flow[T],
        answers: Sequence[Scripted],
        *,
        deadline: datetime | None = None,
        on_snapshot: Observer | None = None,
    ) -> T:
        """Perform it."""
        self.script = Script(answers, self.clock)
        return await arun(
            flow,
            client=AsyncFakeClient(self.script),
            clock=self._clock,
            deadline=deadline,
            on_snapshot=on_snapshot,
        )
