# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A Spanner in virtual time, as large as needed, and who waits for its operations."""

from __future__ import annotations

import asyncio
import math
import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from google.api_core import exceptions
from google.longrunning.operations_pb2 import Operation
from google.rpc.status_pb2 import Status

from airflow_spanner_lro.admin.polling.poller import OperationPoller
from airflow_spanner_lro.admin.requests import Page
from airflow_spanner_lro.core.names import DatabaseName, OperationName
from airflow_spanner_lro.core.operations.snapshot import ResourceState, decode_operation
from airflow_spanner_lro.core.polling.families import Family, family_of
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.status import Code

from .scripted_client import NOW
from .virtual_time import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_spanner_lro.admin.telemetry import Telemetry
    from airflow_spanner_lro.core.lists.backups import BackupFacts, BackupQuery
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

    Trouble = Callable[["Request"], BaseException | None]

ROUND_TRIP = 0.02
NEVER = 10.0**9
SPAN = 100.0
DENIED = exceptions.PermissionDenied("spanner.databaseOperations.list is missing")
EXHAUSTED = exceptions.ResourceExhausted("quota exceeded")
UNAVAILABLE = exceptions.ServiceUnavailable("try later")
GONE = exceptions.NotFound("no such operation")
_NAME = re.compile(r'\(name="([^"]+)"\)')
_ENDED_SINCE = re.compile(r'end_time>"([^"]+)"')


def name_of(number: int, *, instance: int = 0, project: str = "test") -> OperationName:
    """Return the name of an operation: each is of a database of its own."""
    database = DatabaseName(project=project, instance=f"instance-{instance}", database=f"d{number}")
    return OperationName(resource=database, operation=f"op{number}")


class Request(NamedTuple):
    """One request, when it arrived, and how many were being answered then, this one included.

    ``names`` are those in the filter of a list.
    """

    method: str
    about: str
    at: float
    at_once: int
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class _Running:
    operation: Operation
    ends: float
    cancelled: bool = False


@dataclass
class CrowdedSpanner:
    """Answers what the poller asks, and notes it.

    :param page_size: of lists of operations
    :param shows_ended: the list of those that are pending shows those that have just ended as well,
        if it is asked to; else their metadata tell no end
    :param trouble: returns the error for a request, None to do what is asked
    :param hangs: a request that it is true for is never answered in time
    :param settles: seconds that a cancel takes to take hold
    """

    page_size: int = 1000
    shows_ended: bool = False
    trouble: Trouble = lambda _: None
    hangs: Callable[[Request], bool] = lambda _: False
    settles: float = 0.5
    requests: list[Request] = field(default_factory=list)
    _operations: dict[str, _Running] = field(default_factory=dict)
    _families: dict[Family, list[_Running]] = field(default_factory=lambda: defaultdict(list))
    _at_once: int = 0

    def begin(self, name: OperationName, *, ends: float = NEVER, **fields: Any) -> OperationName:
        """Let an operation run until some moment."""
        running = _Running(Operation(name=str(name), **fields), ends)
        self._operations[str(name)] = running
        self._families[family_of(name)].append(running)
        return name

    def begin_many(
        self, count: int, *, instances: int = 1, ends: Callable[[int], float] = lambda _: NEVER
    ) -> list[OperationName]:
        """Let operations run, spread over instances."""
        return [
            self.begin(name_of(number, instance=number % instances), ends=ends(number))
            for number in range(count)
        ]

    def end_now(self, name: OperationName) -> None:
        """Let an operation end."""
        self._operations[str(name)].ends = asyncio.get_running_loop().time()

    def of(self, method: str) -> list[Request]:
        """Return the requests of a method."""
        return [request for request in self.requests if request.method == method]

    def is_done(self, name: OperationName) -> bool:
        """Tell whether an operation has ended."""
        return bool(self._now(self._operations[str(name)]).done)

    def is_cancelled(self, name: OperationName) -> bool:
        """Tell whether a cancel was taken."""
        return self._operations[str(name)].cancelled

    @property
    def busiest(self) -> int:
        """The most requests that arrived in any hundred seconds."""
        times = [request.at for request in self.requests]
        return max(
            (last - bisect_right(times, at - SPAN) + 1 for last, at in enumerate(times)), default=0
        )

    async def get(self, *, name: OperationName, timeout: float) -> OperationSnapshot:
        """Answer."""
        await self._arrive("get", name, timeout)
        return decode_operation(self._now(self._find(name)))

    async def operations_page(
        self, *, query: OperationQuery, token: str = "", timeout: float
    ) -> Page[Operation]:
        """Answer."""
        names = tuple(_NAME.findall(query.filter_))
        await self._arrive("list", query.parent, timeout, names=names)
        time = asyncio.get_running_loop().time()
        found: Sequence[_Running]
        if not names:
            family = Family(parent=query.parent, call=query.call)
            since = min(time, self._ended_since(query)) if self.shows_ended else time
            found = [each for each in self._families[family] if each.ends > since]
        else:
            found = [self._operations[name] for name in names if name in self._operations]
        first = int(token or 0)
        after = first + self.page_size
        return Page(
            items=tuple(self._now(each) for each in found[first:after]),
            next_token=str(after) if after < len(found) else "",
        )

    async def cancel(self, *, name: OperationName, timeout: float) -> None:
        """Answer."""
        await self._arrive("cancel", name, timeout)
        running = self._find(name)
        ends = asyncio.get_running_loop().time() + self.settles
        if running.ends > ends:
            running.ends, running.cancelled = ends, True

    async def get_result(self, *, name: OperationName, timeout: float) -> ResourceState | None:
        """Answer."""
        await self._arrive("get_result", name, timeout)
        return ResourceState(name=str(name.resource), state="READY", create_time=NOW)

    async def get_resource_state(self, *, name: ResourceName, timeout: float) -> ResourceState:
        """Answer."""
        await self._arrive("get_resource", name, timeout)
        return ResourceState(name=str(name), state="READY", create_time=NOW)

    async def delete_resource(self, *, name: ResourceName, timeout: float) -> None:
        """Answer."""
        await self._arrive("delete", name, timeout)

    async def query_operations(
        self, *, query: OperationQuery, timeout: float
    ) -> tuple[OperationSnapshot, ...]:
        """Refuse: the poller lists page by page."""
        raise NotImplementedError

    async def query_backups(self, *, query: BackupQuery, timeout: float) -> tuple[BackupFacts, ...]:
        """Refuse: the poller lists page by page."""
        raise NotImplementedError

    async def backups_page(
        self, *, query: BackupQuery, token: str = "", timeout: float
    ) -> Page[BackupFacts]:
        """Answer that there are none, on two pages."""
        await self._arrive("list_backups", query.instance, timeout)
        return Page(items=(), next_token="" if token else "more")

    async def _arrive(
        self, method: str, about: object, timeout: float, *, names: tuple[str, ...] = ()
    ) -> None:
        self._at_once += 1
        time = asyncio.get_running_loop().time()
        request = Request(method, str(about), time, self._at_once, names)
        self.requests.append(request)
        try:
            if self.hangs(request):
                await asyncio.sleep(timeout)
                raise exceptions.DeadlineExceeded("no answer in time")
            await asyncio.sleep(ROUND_TRIP)
        finally:
            self._at_once -= 1
        if trouble := self.trouble(request):
            raise trouble

    @staticmethod
    def _ended_since(query: OperationQuery) -> float:
        asked = [datetime.fromisoformat(each) for each in _ENDED_SINCE.findall(query.filter_)]
        return min(((each - NOW).total_seconds() for each in asked), default=math.inf)

    def _find(self, name: OperationName) -> _Running:
        if str(name) not in self._operations:
            raise GONE
        return self._operations[str(name)]

    @staticmethod
    def _now(running: _Running) -> Operation:
        operation = running.operation
        if not operation.done and running.ends <= asyncio.get_running_loop().time():
            operation.done = True
            if running.cancelled:
                operation.error.CopyFrom(Status(code=Code.CANCELLED, message="cancelled"))
        return operation


def poller_of(spanner: CrowdedSpanner, *, rate: float = 1.0, **parameters: Any) -> OperationPoller:
    """Return a poller that asks it."""
    return OperationPoller(
        client=spanner, clock=VirtualClock(), max_requests_per_second=rate, **parameters
    )


def waiting(
    poller: OperationPoller, names: Sequence[OperationName], **parameters: Any
) -> list[asyncio.Task[OperationSnapshot]]:
    """Begin to wait for operations."""
    usual: dict[str, Any] = {"policy": PollPolicy()}
    return [asyncio.create_task(poller.wait(name=name, **usual | parameters)) for name in names]


@dataclass
class Noticing:
    """Telemetry that notes when ends were seen."""

    seen: dict[str, float] = field(default_factory=dict)
    waits: list[int] = field(default_factory=list)
    held_back_most: float = 0.0

    def requested(self, *, method: str, code: Code) -> None:
        """Do nothing."""

    def waiting(self, *, operations: int) -> None:
        """Note how many wait."""
        self.waits.append(operations)

    def detected(self, *, snapshot: OperationSnapshot, at: Any) -> None:
        """Note that an end was seen."""
        self.seen[str(snapshot.name)] = (at - NOW).total_seconds()

    def held_back(self, *, urgency: Any, seconds: float) -> None:  # noqa: ARG002
        """Note the longest."""
        self.held_back_most = max(self.held_back_most, seconds)


if TYPE_CHECKING:
    _: Telemetry = Noticing()


async def outcomes(
    tasks: Sequence[asyncio.Task[OperationSnapshot]],
) -> list[OperationSnapshot | BaseException]:
    """Return what became of waits, once all of them are over."""
    return list(await asyncio.gather(*tasks, return_exceptions=True))
