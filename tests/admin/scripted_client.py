# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A client that answers from a script, and a clock that only sleeping moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.names import BackupName, DatabaseName, OperationName
from airflow_spanner_lro.core.operations.snapshot import (
    OperationSnapshot,
    OperationState,
    ResourceState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import ResourceName

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BACKUP = BackupName(project="test", instance="main", backup="nightly")
DATABASE = DatabaseName(project="test", instance="main", database="orders")
NAME = OperationName(resource=BACKUP, operation="_auto_op_1")
RUNNING = OperationSnapshot(name=NAME, state=OperationState.RUNNING, kind=CREATE_BACKUP)
SUCCEEDED = OperationSnapshot(name=NAME, state=OperationState.SUCCEEDED, kind=CREATE_BACKUP)

Scripted = OperationSnapshot | ResourceState | BaseException | None


def after(seconds: float) -> datetime:
    """Return a moment some seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


class Asked(NamedTuple):
    """One call: the method, what it was about, its timeout, and when it was made."""

    method: str
    about: str
    timeout: float
    at: float


class FakeClock:
    """Time that stands still but for sleeping, which it notes."""

    def __init__(self, *, on_sleep: Callable[[float], object] | None = None) -> None:
        self.slept: list[float] = []
        self._on_sleep = on_sleep

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return sum(self.slept)

    def now(self) -> datetime:
        """Return the time."""
        return after(self.seconds)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        if self._on_sleep:
            self._on_sleep(seconds)


class AsyncFakeClock(FakeClock):
    """The same for async code."""

    async def sleep(self, seconds: float) -> None:  # type: ignore[override]  # another port
        """Let time pass."""
        FakeClock.sleep(self, seconds)


class Script:
    """Answers in order, the same for both clients, and a note of what was asked."""

    def __init__(self, answers: Sequence[Scripted], clock: FakeClock) -> None:
        self.asked: list[Asked] = []
        self._answers = list(answers)
        self._clock = clock

    def answer(self, method: str, about: OperationName | ResourceName, timeout: float) -> Scripted:
        """Note a call and return, or raise, what comes next."""
        self.asked.append(Asked(method, str(about), timeout, self._clock.seconds))
        assert self._answers, f"{method} is not in the script"
        answer = self._answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def snapshot(self, name: OperationName, timeout: float) -> OperationSnapshot:
        """Return the next answer, which has to be a snapshot."""
        answer = self.answer("get", name, timeout)
        assert isinstance(answer, OperationSnapshot)
        return answer

    def resource(
        self, method: str, about: OperationName | ResourceName, timeout: float
    ) -> ResourceState:
        """Return the next answer, which has to be a resource."""
        answer = self.answer(method, about, timeout)
        assert isinstance(answer, ResourceState)
        return answer


class FakeClient:
    """The port of sync code."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:
        """Answer from the script."""
        return self._script.snapshot(name, timeout)

    def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Answer from the script."""
        self._script.answer("cancel", name, timeout)

    def get_result(self, *, name: OperationName, timeout: float) -> ResourceState | None:
        """Answer from the script."""
        return self._script.resource("get_result", name, timeout)

    def get_resource_state(self, *, name: ResourceName, timeout: float) -> ResourceState:
        """Answer from the script."""
        return self._script.resource("get_resource_state", name, timeout)

    def delete_resource(self, *, name: ResourceName, timeout: float) -> None:
        """Answer from the script."""
        self._script.answer("delete_resource", name, timeout)

    def query_operations(
        self, *, query: OperationQuery, timeout: float
    ) -> tuple[OperationSnapshot, ...]:
        """Answer from the script."""
        answer = self._script.answer("query_operations", query.parent, timeout)
        assert isinstance(answer, OperationSnapshot)
        return (answer,)

    def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """Answer from the script."""
        assert self._script.answer("query_backups", query.instance, timeout) is None
        return ()


class AsyncFakeClient:
    """The port of async code."""

    def __init__(self, script: Script) -> None:
        self._sync = FakeClient(script)

    async def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:
        """Answer from the script."""
        return self._sync.get(name=name, timeout=timeout)

    async def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Answer from the script."""
        self._sync.cancel(name=name, timeout=timeout)

    async def get_result(self, *, name: OperationName, timeout: float) -> ResourceState | None:
        """Answer from the script."""
        return self._sync.get_result(name=name, timeout=timeout)

    async def get_resource_state(self, *, name: ResourceName, timeout: float) -> ResourceState:
        """Answer from the script."""
        return self._sync.get_resource_state(name=name, timeout=timeout)

    async def delete_resource(self, *, name: ResourceName, timeout: float) -> None:
        """Answer from the script."""
        self._sync.delete_resource(name=name, timeout=timeout)

    async def query_operations(
        self, *, query: OperationQuery, timeout: float
    ) -> tuple[OperationSnapshot, ...]:
        """Answer from the script."""
        return self._sync.query_operations(query=query, timeout=timeout)

    async def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """Answer from the script."""
        return self._sync.query_backups(query=query, timeout=timeout)
