# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One poller for all that wait in an event loop: they subscribe, and it asks for all of them.

There is one for each connection, with a budget for each project. Flows ask through a
client of it, whose every request waits for its permit within the budget.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from google.api_core.exceptions import DeadlineExceeded

from airflow_spanner_lro.admin.driver import arun
from airflow_spanner_lro.admin.polling.watcher import FirstAnswer, OperationWait, OperationWatcher
from airflow_spanner_lro.admin.requests import all_items
from airflow_spanner_lro.admin.telemetry import NO_TELEMETRY
from airflow_spanner_lro.core.names import same_project
from airflow_spanner_lro.core.operations.snapshot import decode_operation
from airflow_spanner_lro.core.polling.budget import Budget, Urgency

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from datetime import datetime

    from airflow_spanner_lro.admin.driver import AsyncClock, AsyncPagesClient, Observer
    from airflow_spanner_lro.admin.telemetry import Telemetry
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, ResourceState
    from airflow_spanner_lro.core.polling.policy import PollPolicy
    from airflow_spanner_lro.core.polling.wake_ups import WakeUp


T = TypeVar("T")

_SHORTEST = 1.0
"""Seconds that a call may wait even if the deadline has passed."""


class BudgetedClient:
    """Asks through a poller, on behalf of one flow.

    Timeouts are in seconds, without the wait for a permit.

    :param urgency: of its calls until it has cancelled something; what follows then is only to
        see what becomes of it. ``DECIDING`` while a cancel waits for them
    :param deadline: when a call that is not permitted by then is answered DEADLINE_EXCEEDED
    :param cancel_by: the same for cancels, which are then never sent; None to send them however
        late
    """

    def __init__(
        self,
        poller: OperationPoller,
        *,
        urgency: Urgency,
        clock: AsyncClock,
        deadline: datetime | None,
        cancel_by: datetime | None,
    ) -> None:
        self._clock = clock
        self._deadline = deadline
        self._cancel_by = cancel_by
        self._poller = poller
        self._spanner = poller.spanner
        self._urgency = urgency

    async def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:
        """Get an operation; several gets of several flows may be one request.

        :param timeout: where a cancel waits for the answer, with the wait for the permit
        """
        by = self._deadline
        if self._urgency is Urgency.DECIDING:
            soon = self._clock.now() + timedelta(seconds=timeout)
            by = soon if by is None else min(by, soon)
        return await self._by(by, self._poller.poll(name=name, urgency=self._urgency))

    async def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Ask for cancellation of an operation, before any other request is sent."""
        try:
            answer = self._poller.project(name.resource.project).dispatcher.request(
                lambda: self._spanner.cancel(name=name, timeout=timeout), urgency=Urgency.CANCEL
            )
            await self._by(self._cancel_by, answer)
        finally:
            self._urgency = max(self._urgency, Urgency.ENDING)

    async def get_result(self, *, name: OperationName, timeout: float) -> ResourceState | None:
        """Get the resource that a finished operation answered."""
        return await self._ask(
            name.resource, lambda: self._spanner.get_result(name=name, timeout=timeout)
        )

    async def get_resource_state(self, *, name: ResourceName, timeout: float) -> ResourceState:
        """Get a resource as it is now."""
        return await self._ask(
            name, lambda: self._spanner.get_resource_state(name=name, timeout=timeout)
        )

    async def delete_resource(self, *, name: ResourceName, timeout: float) -> None:
        """Delete a resource."""
        await self._ask(name, lambda: self._spanner.delete_resource(name=name, timeout=timeout))

    async def query_operations(
        self, *, query: OperationQuery, timeout: float
    ) -> tuple[OperationSnapshot, ...]:
        """List operations; each page waits for its permit."""
        found = await all_items(
            lambda token: self._ask(
                query.parent,
                lambda: self._spanner.operations_page(query=query, token=token, timeout=timeout),
            )
        )
        return tuple(filter(query.accepts, map(decode_operation, found)))

    async def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """List backups, the newest first; each page waits for its permit."""
        found = await all_items(
            lambda token: self._ask(
                query.instance,
                lambda: self._spanner.backups_page(query=query, token=token, timeout=timeout),
            )
        )
        return tuple(filter(query.accepts, found))

    async def _ask(self, about: ResourceName, call: Callable[[], Awaitable[T]]) -> T:
        dispatcher = self._poller.project(about.project).dispatcher
        return await self._by(self._deadline, dispatcher.request(call, urgency=self._urgency))

    async def _by(self, moment: datetime | None, answer: Awaitable[T]) -> T:
        left = None
        if moment is not None:
            left = max((moment - self._clock.now()).total_seconds(), _SHORTEST)
        try:
            async with asyncio.timeout(left):
                return await answer
        except TimeoutError as exc:
            message = "the budget did not allow this request in time"
            raise DeadlineExceeded(message) from exc


class OperationPoller:
    """Waits for operations, and makes every other call, within a budget. For one event loop.

    :param client: asks Spanner
    :param clock: the wall clock
    :param max_requests_per_second: the budget for each project, on average over a hundred seconds
    :param budget_of: returns the budget of a project instead, for pollers that share one
    :raises InvalidArgumentError: if the budget is no number above 0
    """

    def __init__(
        self,
        *,
        client: AsyncPagesClient,
        clock: AsyncClock,
        max_requests_per_second: float = 1.0,
        budget_of: Callable[[str], Budget] | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        # refused now, and not in the loop
        Budget(rate=max_requests_per_second)
        self._budget_of = budget_of or (lambda _: Budget(rate=max_requests_per_second))
        self._clock = clock
        self._telemetry = telemetry
        self._watchers: dict[str, OperationWatcher] = {}
        self._waits = 0
        self.spanner = client

    @property
    def idle(self) -> bool:
        """Whether nothing is waited for and no loop runs."""
        return all(each.dispatcher.idle for each in self._watchers.values())

    @property
    def waits(self) -> int:
        """How many wait for an operation to be done."""
        return self._waits

    def client(
        self,
        *,
        urgency: Urgency = Urgency.USUAL,
        deadline: datetime | None = None,
        cancel_by: datetime | None = None,
    ) -> BudgetedClient:
        """Return a client whose calls wait for their permits, for one flow.

        :param urgency: of its calls, save for cancels, which are always most urgent
        :param deadline: when a call that is not permitted by then is answered DEADLINE_EXCEEDED
        :param cancel_by: the same for cancels, which are then never sent
        """
        return BudgetedClient(
            self, urgency=urgency, clock=self._clock, deadline=deadline, cancel_by=cancel_by
        )

    def perform(
        self,
        flow: Flow[T],
        *,
        deadline: datetime | None = None,
        on_snapshot: Observer | None = None,
        urgency: Urgency = Urgency.USUAL,
        cancel_by: datetime | None = None,
    ) -> Coroutine[Any, Any, T]:
        """Perform a flow, whose calls wait for their permits.

        :param urgency: of what the flow asks until it cancels something
        :param cancel_by: when it is too late to cancel
        :raises DeadlinePassedError: if the flow lets it through
        """
        client = self.client(urgency=urgency, deadline=deadline, cancel_by=cancel_by)
        return arun(
            flow, client=client, clock=self._clock, deadline=deadline, on_snapshot=on_snapshot
        )

    def project(self, project: str) -> OperationWatcher:
        """Return the watcher of a project, which has a dispatcher and a budget of its own."""
        watcher = self._watchers.get(project)
        if watcher is None:
            watcher = self._watchers[project] = OperationWatcher(
                client=self.spanner,
                clock=self._clock,
                budget=self._budget_of(project),
                telemetry=self._telemetry,
            )
        return watcher

    def use_budgets(self, budget_of: Callable[[str], Budget]) -> None:
        """Count all requests by other budgets from now on: another endpoint is asked.

        :param budget_of: returns the budget of a project
        """
        self._budget_of = budget_of
        for project, watcher in self._watchers.items():
            watcher.dispatcher.budget = budget_of(project)

    async def wait(
        self,
        *,
        name: OperationName,
        policy: PollPolicy,
        deadline: datetime | None = None,
        on_snapshot: Observer | None = None,
    ) -> OperationSnapshot:
        """Wait until an operation is done, and return it however it ended.

        Transient errors are waited out, up to the policy's limit without a single answer; any other
        error propagates.

        :param deadline: when to give up, after a last poll
        :param on_snapshot: is given every snapshot, and every error, that was seen
        :raises DeadlinePassedError: if the deadline passes first
        """
        watcher = self.project(name.resource.project)
        waiting = OperationWait(name, watcher=watcher, on_snapshot=on_snapshot)
        watcher.subscribe(name, waiting, policy=policy, urgency=Urgency.USUAL)
        self._count(1)
        if deadline is not None:
            waiting.end_by(deadline)
        try:
            snapshot = await waiting.end
        finally:
            waiting.close()
            watcher.unsubscribe(name, waiting)
            self._count(-1)
        self._telemetry.detected(snapshot=snapshot, at=self._clock.now())
        return snapshot

    def seen_running(self, name: OperationName) -> bool:
        """Tell whether an operation was seen to run so recently that it counts as running."""
        return self.project(name.resource.project).seen_running(name)

    @property
    def watchers(self) -> tuple[OperationWatcher, ...]:
        """The watchers of all projects that were asked about."""
        return tuple(self._watchers.values())

    def wake_up(self, wake_up: WakeUp) -> int:
        """Have operations polled of which somebody says that they have ended.

        Returns how many are waited for that it can mean.
        """
        return sum(
            watcher.wake_up(wake_up)
            for project, watcher in self._watchers.items()
            if same_project(project, wake_up.project)
        )

    def wake_ups_lost(self) -> None:
        """Note that nobody can be heard who would say that something has ended."""
        for watcher in self._watchers.values():
            watcher.wake_ups_lost()

    async def poll(self, *, name: OperationName, urgency: Urgency) -> OperationSnapshot:
        """Poll an operation once; several polls may be one request."""
        watcher = self.project(name.resource.project)
        first = FirstAnswer()
        watcher.subscribe(name, first, policy=None, urgency=urgency)
        try:
            return await first.end
        finally:
            watcher.unsubscribe(name, first)

    def _count(self, change: int) -> None:
        self._waits += change
        self._telemetry.waiting(operations=self._waits)
