# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The two loops that perform a flow, one in sync code and one in async, and what they need.

They own the deadline: the last sleep is cut short, and where a flow would sleep beyond it,
``DeadlinePassedError`` is thrown into the flow instead. What calls answer, errors of Google's
libraries included, goes back into the flow, which decides; anything else is a bug and propagates.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from airflow_spanner_lro.core.flows.commands import (
    Answer,
    AskAll,
    Cancel,
    Command,
    DeleteResource,
    Flow,
    Get,
    GetResource,
    GetResult,
    ListBackups,
    ListOperations,
    Replies,
    Reply,
    Sleep,
)
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
from airflow_spanner_lro.core.polling.policy import CancelPolicy, is_final
from airflow_spanner_lro.core.status import ErrorClass, classify, error_text, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from google.longrunning.operations_pb2 import Operation

    from airflow_spanner_lro.admin.requests import Page
    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import ResourceState

    Observer = Callable[[OperationSnapshot | Exception], None]
    from collections.abc import Callable


class OperationsClient(Protocol):
    """Asks about operations and their resources, one call at a time. Timeouts are in seconds."""

    def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:
        """Get an operation."""

    def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Ask for cancellation of an operation."""

    def get_result(self, *, name: OperationName, timeout: float) -> ResourceState | None:
        """Get the resource that a finished operation answered."""

    def get_resource_state(self, *, name: ResourceName, timeout: float) -> ResourceState:
        """Get a resource as it is now."""

    def delete_resource(self, *, name: ResourceName, timeout: float) -> None:
        """Delete a resource."""

    def query_operations(
        self, *, query: OperationQuery, timeout: float
    ) -> tuple[OperationSnapshot, ...]:
        """List operations."""

    def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """List backups, the newest first."""


class AsyncOperationsClient(Protocol):
    """The same in async code."""

    async def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:
        """Get an operation."""

    async def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Ask for cancellation of an operation."""

    async def get_result(self, *, name: OperationName, timeout: float) -> ResourceState | None:
        """Get the resource that a finished operation answered."""

    async def get_resource_state(self, *, name: ResourceName, timeout: float) -> ResourceState:
        """Get a resource as it is now."""

    async def delete_resource(self, *, name: ResourceName, timeout: float) -> None:
        """Delete a resource."""

    async def query_operations(
        self, *, query: OperationQuery, timeout: float
    ) -> tuple[OperationSnapshot, ...]:
        """List operations."""

    async def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """List backups, the newest first."""


class AsyncPagesClient(AsyncOperationsClient, Protocol):
    """One that lists page by page, each page being one request."""

    async def operations_page(
        self, *, query: OperationQuery, token: str = "", timeout: float
    ) -> Page[Operation]:
        """List one page of operations, as the API returns them."""

    async def backups_page(
        self, *, query: BackupQuery, token: str = "", timeout: float
    ) -> Page[BackupFacts]:
        """List one page of backups."""


class SyncClock(Protocol):
    """Tells the time, and lets it pass in sync code."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Return after this many seconds, or raise to end whatever is waiting."""


class AsyncClock(Protocol):
    """Tells the time, and lets it pass in async code."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return after this many seconds."""


T = TypeVar("T")

CALL_TIMEOUT = 10.0
"""Seconds one get or cancel may take; a call that hangs is transient trouble, not an answer."""
START_TIMEOUT = 60.0
"""Seconds a start call may take; Spanner answers in one or two."""
_SHORTEST_CALL = 1.0


def run(
    flow: Flow[T],
    *,
    client: OperationsClient,
    clock: SyncClock,
    deadline: datetime | None = None,
    on_snapshot: Observer | None = None,
) -> T:
    """Perform a flow in sync code.

    :param deadline: when to throw ``DeadlinePassedError`` into the flow
    :param on_snapshot: is given every snapshot, and every error, that a *get* answered
    """
    try:
        command = next(flow)
        while True:
            left = _left(deadline, clock.now())
            if not isinstance(command, Sleep):
                answer = _perform(command, client=client, timeout=_call_timeout(left))
                _notify(on_snapshot, command, answer)
                command = flow.send(answer)
            elif left is not None and left <= 0:
                command = flow.throw(DeadlinePassedError())
            else:
                clock.sleep(_cut(command.seconds, left))
                command = flow.send(clock.now())
    except StopIteration as end:
        result: T = end.value
        return result


async def arun(
    flow: Flow[T],
    *,
    client: AsyncOperationsClient,
    clock: AsyncClock,
    deadline: datetime | None = None,
    on_snapshot: Observer | None = None,
) -> T:
    """Perform a flow in async code; parameters as for ``run``."""
    try:
        command = next(flow)
        while True:
            left = _left(deadline, clock.now())
            if not isinstance(command, Sleep):
                answer = await _aperform(command, client=client, timeout=_call_timeout(left))
                _notify(on_snapshot, command, answer)
                command = flow.send(answer)
            elif left is not None and left <= 0:
                command = flow.throw(DeadlinePassedError())
            else:
                await clock.sleep(_cut(command.seconds, left))
                command = flow.send(clock.now())
    except StopIteration as end:
        result: T = end.value
        return result


def _perform(command: Command, *, client: OperationsClient, timeout: float) -> Answer:
    if isinstance(command, AskAll):
        return Replies(tuple(_in_turn(command, client=client, timeout=timeout)))
    try:
        answer: Answer = _call(command, client=client, timeout=timeout)
    except (GoogleAPIError, GoogleAuthError) as exc:
        return exc
    return answer


def _in_turn(command: AskAll, *, client: OperationsClient, timeout: float) -> Iterator[Reply]:
    trouble: Exception | None = None
    for question in command.questions:
        reply = trouble or cast("Reply", _perform(question, client=client, timeout=timeout))
        if isinstance(reply, Exception) and is_transient(reply):
            trouble = reply
        yield reply


async def _aperform(command: Command, *, client: AsyncOperationsClient, timeout: float) -> Answer:
    if isinstance(command, AskAll):
        asked = (_aperform(each, client=client, timeout=timeout) for each in command.questions)
        return Replies(tuple(cast("list[Reply]", await asyncio.gather(*asked))))
    try:
        answer: Answer = await _call(command, client=client, timeout=timeout)
    except (GoogleAPIError, GoogleAuthError) as exc:
        return exc
    return answer


def _call(  # noqa: PLR0911  # one for each command
    command: Command,
    *,
    client: OperationsClient | AsyncOperationsClient,
    timeout: float,
) -> Any:
    """Make the call a command stands for; what a sync client answers, an async one promises."""
    match command:
        case Get(name, within):
            return client.get(name=name, timeout=_cut(timeout, within))
        case Cancel(name):
            return client.cancel(name=name, timeout=timeout)
        case GetResult(name):
            return client.get_result(name=name, timeout=timeout)
        case GetResource(resource):
            return client.get_resource_state(name=resource, timeout=timeout)
        case DeleteResource(resource):
            return client.delete_resource(name=resource, timeout=timeout)
        case ListOperations(query):
            return client.query_operations(query=query, timeout=timeout)
        case ListBackups(query):
            return client.query_backups(query=query, timeout=timeout)
        case Sleep() | AskAll():
            message = "a driver does this itself"
            raise AssertionError(message)


def _left(deadline: datetime | None, now: datetime) -> float | None:
    return None if deadline is None else (deadline - now).total_seconds()


def _cut(seconds: float, left: float | None) -> float:
    return seconds if left is None else min(seconds, left)


def _call_timeout(left: float | None) -> float:
    return CALL_TIMEOUT if left is None else min(CALL_TIMEOUT, max(left, _SHORTEST_CALL))


def _notify(on_snapshot: Observer | None, command: Command, answer: Answer) -> None:
    if isinstance(command, AskAll) and isinstance(answer, Replies):
        for question, reply in zip(command.questions, answer.of_each, strict=True):
            _notify(on_snapshot, question, reply)
    if (
        on_snapshot
        and isinstance(command, Get)
        and isinstance(answer, OperationSnapshot | Exception)
    ):
        on_snapshot(answer)


def retry_transient(
    call: Callable[[], T],
    *,
    clock: SyncClock,
    limit: float,
    log: Callable[[str], None] | None = None,
    quota_counts: bool = False,
) -> T:
    """Make a call until it is answered, and return the answer; transient errors are waited out.

    Any other error propagates.

    :param limit: seconds after which a transient error counts all the same
    :param log: is given one line that the answer is being waited for
    :param quota_counts: that too many requests were made propagates, for who waits it out better
    :raises WaitStoppedError: if the clock is stopped meanwhile
    """
    waited = 0.0
    for delay in CancelPolicy().delays():
        try:
            return call()
        except Exception as exc:
            if is_final(exc, silence=waited, limit=limit):
                raise
            if quota_counts and classify(exc) is ErrorClass.QUOTA:
                raise
            if log and not waited:
                log(f"Spanner is not answering ({error_text(exc)}); asking again.")
        clock.sleep(delay)
        waited += delay
    message = "a policy's delays have no end"
    raise AssertionError(message)
