# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A client like any other for a flow, whose every request waits for its turn within the budget."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from google.api_core.exceptions import DeadlineExceeded

from airflow_spanner_lro.admin.results import all_items
from airflow_spanner_lro.core.operations.snapshot import decode_operation
from airflow_spanner_lro.core.polling.urgency import Urgency

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.admin.ports import AsyncClock
    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, ResourceState

T = TypeVar("T")

_SHORTEST = 1.0
"""Seconds that a call may wait even if the deadline has passed."""


class BudgetedClient:
    """Asks through a poller, on behalf of one flow. Timeouts are in seconds, without the turn's.

    :param urgency: of its calls until it has cancelled something; what follows then is only to
        see what becomes of it. ``DECIDING`` while a cancel waits for them
    :param deadline: when a call whose turn has not come is answered DEADLINE_EXCEEDED
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

        :param timeout: where a cancel waits for the answer, with the turn's
        """
        by = self._deadline
        if self._urgency is Urgency.DECIDING:
            soon = self._clock.now() + timedelta(seconds=timeout)
            by = soon if by is None else min(by, soon)
        return await self._by(by, self._poller.look(name=name, urgency=self._urgency))

    async def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Ask for cancellation of an operation, before any other request is sent."""
        try:
            asked = self._poller.lane(name.resource.project).calls.ask(
                lambda: self._spanner.cancel(name=name, timeout=timeout), urgency=Urgency.CANCEL
            )
            await self._by(self._cancel_by, asked)
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
        """List operations; each page waits for its turn."""
        found = await all_items(
            lambda token: self._ask(
                query.parent,
                lambda: self._spanner.operations_page(query=query, token=token, timeout=timeout),
            )
        )
        return tuple(filter(query.accepts, map(decode_operation, found)))

    async def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """List backups, the newest first; each page waits for its turn."""
        found = await all_items(
            lambda token: self._ask(
                query.instance,
                lambda: self._spanner.backups_page(query=query, token=token, timeout=timeout),
            )
        )
        return tuple(filter(query.accepts, found))

    async def _ask(self, about: ResourceName, call: Callable[[], Awaitable[T]]) -> T:
        calls = self._poller.lane(about.project).calls
        return await self._by(self._deadline, calls.ask(call, urgency=self._urgency))

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
