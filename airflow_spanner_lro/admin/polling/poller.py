# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One poller for all that wait in an event loop: they subscribe, and it asks for all of them.

There is one for each endpoint and identity, with a budget for each project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.polling.calls import RequestQueue
from airflow_spanner_lro.admin.polling.client import BudgetedClient
from airflow_spanner_lro.admin.polling.deadlines import Deadline
from airflow_spanner_lro.admin.polling.gate import Dispatcher
from airflow_spanner_lro.admin.polling.listeners import FirstAnswer, UntilDone
from airflow_spanner_lro.admin.polling.looks import OperationWatcher
from airflow_spanner_lro.admin.telemetry import NO_TELEMETRY
from airflow_spanner_lro.core.polling.budget import Budget
from airflow_spanner_lro.core.polling.urgency import Urgency

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.drive import Observer
    from airflow_spanner_lro.admin.ports import AsyncClock, AsyncPagesClient
    from airflow_spanner_lro.admin.telemetry import Telemetry
    from airflow_spanner_lro.core.flows.policy import PollPolicy
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


class ProjectQueue:
    """What is asked about one project: it has a budget of its own."""

    def __init__(
        self,
        *,
        client: AsyncPagesClient,
        clock: AsyncClock,
        budget: Budget,
        telemetry: Telemetry,
    ) -> None:
        self.gate = Dispatcher(budget=budget, telemetry=telemetry)
        self.calls = RequestQueue(self.gate)
        self.looks = OperationWatcher(client=client, clock=clock, gate=self.gate, calls=self.calls)
        self.gate.sources += [self.calls, self.looks]


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
        # told now, and not in the loop
        Budget(rate=max_requests_per_second)
        self._budget_of = budget_of or (lambda _: Budget(rate=max_requests_per_second))
        self._clock = clock
        self._telemetry = telemetry
        self._lanes: dict[str, ProjectQueue] = {}
        self._waits = 0
        self.spanner = client

    @property
    def idle(self) -> bool:
        """Whether nothing is waited for and no loop runs."""
        return all(lane.gate.idle for lane in self._lanes.values())

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
        """Return a client whose calls wait for their turn, for one flow.

        :param urgency: of its calls, save for cancels, which are always most urgent
        :param deadline: when a call whose turn has not come is answered DEADLINE_EXCEEDED
        :param cancel_by: the same for cancels, which are then never sent
        """
        return BudgetedClient(
            self, urgency=urgency, clock=self._clock, deadline=deadline, cancel_by=cancel_by
        )

    def lane(self, project: str) -> ProjectQueue:
        """Return what is asked about a project."""
        lane = self._lanes.get(project)
        if lane is None:
            lane = self._lanes[project] = ProjectQueue(
                client=self.spanner,
                clock=self._clock,
                budget=self._budget_of(project),
                telemetry=self._telemetry,
            )
        return lane

    def count_by(self, budget_of: Callable[[str], Budget]) -> None:
        """Count all requests by other budgets from now on: another identity asks.

        :param budget_of: returns the budget of a project
        """
        self._budget_of = budget_of
        for project, lane in self._lanes.items():
            lane.gate.budget = budget_of(project)

    async def wait(
        self,
        *,
        name: OperationName,
        policy: PollPolicy,
        deadline: datetime | None = None,
        observe: Observer | None = None,
    ) -> OperationSnapshot:
        """Wait until an operation is done, and return it however it ended.

        Errors that pass are waited out, up to the policy's patience without a single answer; any
        other error propagates.

        :param deadline: when to give up, after a last look
        :param observe: is told every snapshot, and every error, that was seen
        :raises DeadlinePassedError: if the deadline passes first
        """
        looks = self.lane(name.resource.project).looks
        listener = UntilDone(observe)
        looks.listen(name, listener, policy=policy, urgency=Urgency.USUAL)
        self._count(1)
        alarm = None
        if deadline is not None:
            alarm = Deadline(deadline, name=name, listener=listener, looks=looks, clock=self._clock)
        try:
            snapshot = await listener.end
        finally:
            if alarm:
                alarm.cancel()
            looks.leave(name, listener)
            self._count(-1)
        self._telemetry.detected(snapshot=snapshot, at=self._clock.now())
        return snapshot

    def seen_running(self, name: OperationName) -> bool:
        """Tell whether an operation was seen to run so recently that it counts as running."""
        return self.lane(name.resource.project).looks.seen_running(name)

    async def look(self, *, name: OperationName, urgency: Urgency) -> OperationSnapshot:
        """Look at an operation once; together with others that are looked at."""
        looks = self.lane(name.resource.project).looks
        listener = FirstAnswer()
        looks.listen(name, listener, policy=None, urgency=urgency)
        try:
            return await listener.end
        finally:
            looks.leave(name, listener)

    def _count(self, change: int) -> None:
        self._waits += change
        self._telemetry.waiting(operations=self._waits)
