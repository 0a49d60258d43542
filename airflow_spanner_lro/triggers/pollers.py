# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One poller for each event loop and way to Spanner, however many triggers wait.

Reading a connection takes the triggerer's single main process tens of milliseconds, and its first
read takes seconds (Airflow 3.3.2); two thousand triggers that each made a client of their own
would stall it for minutes. So the first one builds, off the loop, and the others wait for it. Where
that fails, each waits it out, and still only one tries at a time.

A client is shared by the triggers that name the same connection, impersonation chain and endpoint,
and by no others: two connections of one account may have different rights. Their *budget* is shared
all the same, because Spanner counts the requests of an account, whichever connection they use.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from airflow_spanner_lro.core.errors import SpannerLroError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.flows.policy import PollPolicy
from airflow_spanner_lro.core.polling.budget import Budget
from airflow_spanner_lro.triggers.connecting import connect, may_pass
from airflow_spanner_lro.triggers.renewal import Keeper, Link

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.triggers.connecting import Connected

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds after which a connection that could not be used is tried again, by whoever comes."""


_SPREAD = 1.0

T = TypeVar("T")


class NotConnectedError(SpannerLroError):
    """There is no client so far, for a reason that may pass.

    :param again_in: seconds after which it is worth trying again
    """

    def __init__(self, access: Access, exc: BaseException, *, again_in: float) -> None:
        super().__init__(
            f"Not connected: connection {access.gcp_conn_id!r} cannot be used just now "
            f"({type(exc).__name__}: {str(exc).rstrip('.')}). It is tried again until it can be."
        )
        self.again_in = again_in


@dataclass(slots=True, kw_only=True)
class _Failure:
    """A connection that could not be used: nobody tries again before some moment."""

    exc: Exception
    until: float
    pause: float


@dataclass(slots=True)
class _Shared:
    """What the triggers of one event loop share."""

    links: dict[Access, Link] = field(default_factory=dict)
    building: dict[Access, asyncio.Task[Link]] = field(default_factory=dict)
    failures: dict[Access, _Failure] = field(default_factory=dict)
    budgets: WeakValueDictionary[tuple[str, str, str], Budget] = field(
        default_factory=WeakValueDictionary
    )
    keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        self.keeper = Keeper(self.links, take=self.take)

    def budget_of(self, endpoint: Endpoint, *, rate: float) -> Callable[[str], Budget]:
        """Return what returns the budget of a project, which all of one identity share."""

        def of(project: str) -> Budget:
            key = (endpoint.target, endpoint.identity, project)
            budget = self.budgets.get(key)
            if budget is None:
                budget = self.budgets[key] = Budget(rate=rate)
            return budget

        return of

    def take(self, link: Link, connected: Connected) -> None:
        """Let a link ask with other credentials from now on."""
        endpoint = connected.endpoint
        other = endpoint.identity != link.client.channels.endpoint.identity
        link.client.channels.use(endpoint)
        link.fingerprint = connected.fingerprint
        if other:
            link.poller.count_by(self.budget_of(endpoint, rate=connected.rate))


_shared: dict[asyncio.AbstractEventLoop, _Shared] = {}


async def shared_poller(access: Access) -> OperationPoller:
    """Return the running loop's poller for this access, building it if this is the first call.

    :raises NotConnectedError: if that failed for a reason that may pass
    :raises SettingsError: if the section ``[spanner_lro]`` of the configuration cannot be used
    :raises AccessError: if the connection does not exist
    """
    loop = asyncio.get_running_loop()
    for closed in [each for each in _shared if each.is_closed()]:
        del _shared[closed]
    shared = _shared.setdefault(loop, _Shared())
    link = shared.links.get(access)
    if link is None:
        link = await _built(shared, access)
    link.used_at = loop.time()
    return link.poller


async def await_poller(
    access: Access, *, deadline: datetime | None = None, tell: Callable[[str], None]
) -> OperationPoller:
    """Return the shared poller as soon as there is one: what may pass is waited out.

    :param deadline: when to give up, if that is sooner than after an hour
    :param tell: says once that it is waited for
    :raises DeadlinePassedError: if the deadline passes first
    """
    return await outwait(lambda: shared_poller(access), deadline=deadline, tell=tell)


async def outwait(
    ask: Callable[[], Awaitable[T]],
    *,
    deadline: datetime | None = None,
    tell: Callable[[str], None],
) -> T:
    """Ask for something that needs the connection until it can be had, for up to an hour.

    :param deadline: when to give up, if that is sooner
    :param tell: says once that it is waited for
    :raises DeadlinePassedError: if the deadline passes first
    """
    time = asyncio.get_running_loop().time
    begun, told = time(), False
    while True:
        try:
            return await ask()
        except NotConnectedError as exc:
            if time() - begun >= PollPolicy().patience:
                raise
            if not told:
                tell(str(exc))
                told = True
            # all that wait come back together, and the first of them tries for the others
            pause = exc.again_in + random.uniform(0.0, _SPREAD)  # noqa: S311
        left = None if deadline is None else (deadline - datetime.now(tz=UTC)).total_seconds()
        if left is not None and left <= pause:
            await asyncio.sleep(max(left, 0.0))
            raise DeadlinePassedError
        await asyncio.sleep(pause)


async def _built(shared: _Shared, access: Access) -> Link:
    failure = shared.failures.get(access)
    if failure and (left := failure.until - asyncio.get_running_loop().time()) > 0:
        raise NotConnectedError(access, failure.exc, again_in=left)
    building = shared.building.get(access)
    if building is None:
        building = asyncio.create_task(_build(shared, access))
        shared.building[access] = building

        def over(built: asyncio.Task[Link]) -> None:
            del shared.building[access]
            if not built.cancelled():
                # whoever wanted it may be gone; then nobody else takes note of an error
                built.exception()

        building.add_done_callback(over)
    # one caller that goes away must not take the poller from the others
    return await asyncio.shield(building)


async def _build(shared: _Shared, access: Access) -> Link:
    time = asyncio.get_running_loop().time
    try:
        connected = await asyncio.to_thread(connect, access)
    except Exception as exc:
        last = shared.failures.pop(access, None)
        if not may_pass(exc):
            raise
        pause = min(last.pause * 2, LONGEST_PAUSE) if last else FIRST_PAUSE
        shared.failures[access] = _Failure(exc=exc, until=time() + pause, pause=pause)
        raise NotConnectedError(access, exc, again_in=pause) from exc
    shared.failures.pop(access, None)
    # loaded off the loop
    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient  # noqa: PLC0415
    from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415
    from airflow_spanner_lro.admin.polling.poller import OperationPoller  # noqa: PLC0415

    endpoint = connected.endpoint
    # a worker has started the operation with them, or the sensor's Dag was written for them
    client = AsyncSpannerAdminClient(endpoint, proven=True)
    link = Link(
        access=access,
        client=client,
        poller=OperationPoller(
            client=client,
            clock=LoopClock(),
            max_requests_per_second=connected.rate,
            budget_of=shared.budget_of(endpoint, rate=connected.rate),
            telemetry=endpoint.telemetry,
        ),
        fingerprint=connected.fingerprint,
        built_at=time(),
        used_at=time(),
    )
    shared.links[access] = link
    shared.keeper.watch(link)
    return link
