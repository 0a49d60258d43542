# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One shared poller for each event loop and connection, however many triggers wait.

Reading a connection takes the triggerer's single main process tens of milliseconds, and its first
read takes seconds (Airflow 3.3.2); two thousand triggers that each made a client of their own
would stall it for minutes. So the first one builds, off the loop, and the others wait for it. Where
that fails, each waits it out, and still only one tries at a time.

A client is shared by the triggers that name the same connection, impersonation chain and endpoint,
and by no others: two connections of one account may have different rights. Their *budget* is shared
all the same, because Spanner counts the requests of an account, whichever connection they use.

Credentials change under the waits that go on with them. One task for each event loop reads every
connection that is in use twice a minute, and more often while Spanner refuses what it held. When it
holds something else, the client gets a new channel; the waits, their timers and their budget stay
as they are. What nobody has used for minutes is closed, and the task ends with the last of them, so
nothing is read where nothing waits.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_spanner_lro.core.errors import ConnectionUnreadableError, SpannerLroError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.polling.budget import Budget
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.status import classify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.connection import ConnectionSpec


_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What a connection led to.

    :param fingerprint: of what the connection held
    :param rate: requests per second that may be sent for one project
    """

    endpoint: Endpoint
    fingerprint: bytes
    rate: float


def connect(connection_spec: ConnectionSpec) -> Connected:
    """Load the client library, read the connection, its key and the budget: all of it blocks.

    :raises SettingsError: if the section ``[spanner_lro]`` of the configuration cannot be used
    :raises AccessError: if the connection does not exist
    """
    from airflow_spanner_lro import settings  # noqa: PLC0415
    from airflow_spanner_lro.admin import async_client  # noqa: F401, PLC0415
    from airflow_spanner_lro.admin.polling import poller  # noqa: F401, PLC0415
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    settings.check()
    # first: what changes in between is then noticed by the next check
    fingerprint = SpannerAdminHook.fingerprint(connection_spec)
    return Connected(
        endpoint=SpannerAdminHook.from_connection(connection_spec).connect(),
        fingerprint=fingerprint,
        rate=settings.max_admin_requests_per_second(),
    )


def fingerprint(connection_spec: ConnectionSpec) -> bytes:
    """Return the fingerprint of what the connection holds now; blocks."""
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    return SpannerAdminHook.fingerprint(connection_spec)


def may_pass(exc: BaseException) -> bool:
    """Tell whether a connection that could not be used may be usable later, as it is.

    ============================================= ==============================================
    may pass                                      stays until somebody acts
    ============================================= ==============================================
    Airflow cannot tell whether there is one      there is no such connection
    supervisor, api-server or network in trouble  a key that is no key, a file that is not there
    a token, or a secret, that is refused         no default credentials on this machine
    ============================================= ==============================================

    A refused key is in the left column because the operation was started with one that was not:
    it is being rotated.
    """
    from google.auth.exceptions import RefreshError  # noqa: PLC0415  # loaded by then

    if isinstance(exc, _FILES):
        return False
    passing = (ConnectionUnreadableError, AirflowRuntimeError, OSError, EOFError, RefreshError)
    return isinstance(exc, passing) or classify(exc).passes


CHECK_EVERY = 30.0
"""Seconds between two reads of a connection; each takes the triggerer's main process tens of
milliseconds, and a secrets backend a request."""
CHECK_REFUSED = 10.0
"""The same while its credentials are refused."""
REBUILD_REFUSED = 30.0
"""Seconds between two clients from a connection that has not changed, while it is refused: its key
may be kept elsewhere."""
UNUSED_AFTER = 300.0
"""Seconds without anybody who asks, after which a client is closed."""

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Link:
    """A client and its poller, for all triggers of one connection.

    Never for those of another connection: it may have other rights, though it has the same e-mail.

    :param fingerprint: of what the connection held when the client got its credentials
    :param built_at: when that was
    :param used_at: when a trigger last asked for it
    """

    connection_spec: ConnectionSpec
    client: AsyncSpannerAdminClient
    poller: OperationPoller
    fingerprint: bytes
    built_at: float
    used_at: float
    check_at: float = math.inf
    checked_at: float = -math.inf
    told_refused: bool = False
    told_unreadable: bool = False

    def unused(self, *, at: float) -> bool:
        """Tell whether nobody has asked for long, nor waits."""
        return self.poller.idle and at - self.used_at >= UNUSED_AFTER


class Keeper:
    """Keeps links up to date.

    :param links: those that are in use; it takes out what is not any more
    :param take: gives a link the credentials that were read
    """

    def __init__(
        self, links: dict[ConnectionSpec, Link], *, take: Callable[[Link, Connected], None]
    ) -> None:
        self._links = links
        self._take = take
        self._changed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def watch(self, link: Link) -> None:
        """Keep a link up to date from now on, for as long as it is among the links."""
        link.check_at = _now() + CHECK_EVERY
        link.client.channels.on_refused = lambda: self._hear_refusal(link)
        self._changed.set()
        if self._running is None:
            # not in the context of the one who came first: what it logs is nobody's own
            loop = asyncio.get_running_loop()
            self._running = loop.create_task(self._run(), context=Context())
            self._running.add_done_callback(self._ended)

    def _hear_refusal(self, link: Link) -> None:
        link.check_at = min(link.check_at, link.checked_at + CHECK_REFUSED)
        self._changed.set()

    async def _run(self) -> None:
        while self._links:
            due = min(link.check_at for link in self._links.values())
            try:
                async with asyncio.timeout(max(due - _now(), 0.0)):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            await self._go_round()

    async def _go_round(self) -> None:
        for link in tuple(self._links.values()):
            if _now() < link.check_at:
                continue
            if link.unused(at=_now()):
                await self._drop(link)
            else:
                await self._check(link)

    async def _drop(self, link: Link) -> None:
        # first: whoever comes meanwhile gets a link of his own
        if self._links.get(link.connection_spec) is link:
            del self._links[link.connection_spec]
        await link.client.close()

    async def _check(self, link: Link) -> None:
        """Read a connection, and give its client what it holds if that may be of use."""
        channels = link.client.channels
        self._tell_refusal(link)
        link.checked_at = _now()
        try:
            changed = await asyncio.to_thread(fingerprint, link.connection_spec) != link.fingerprint
            refused = bool(channels.refused) and _now() - link.built_at >= REBUILD_REFUSED
            if changed or refused:
                self._take(link, await asyncio.to_thread(connect, link.connection_spec))
                link.built_at = _now()
                log.log(
                    logging.INFO if changed else logging.DEBUG,
                    "Credentials renewed: connection %r has changed, and what waits goes on with "
                    "what it holds now.",
                    link.connection_spec.gcp_conn_id,
                )
            link.told_unreadable = False
        except Exception as exc:  # noqa: BLE001  # the client goes on with what it has
            if not link.told_unreadable:
                log.warning(
                    "Connection not checked: %r could not be read or used (%s: %s). What waits "
                    "goes on with the credentials it had; checked again every %g s.",
                    link.connection_spec.gcp_conn_id,
                    type(exc).__name__,
                    exc,
                    CHECK_EVERY,
                )
            link.told_unreadable = True
        finally:
            pause = CHECK_REFUSED if channels.refused or link.told_refused else CHECK_EVERY
            link.check_at = _now() + pause

    def _tell_refusal(self, link: Link) -> None:
        channels = link.client.channels
        if channels.taken:
            link.told_refused = False
        elif channels.refused and not link.told_refused:
            link.told_refused = True
            log.error(
                "Credentials refused: Spanner does not take those of connection %r (%s). Put a "
                "valid key into it, or give its account the access back; what waits goes on by "
                "itself within a minute then, and fails if it takes longer than an hour.",
                link.connection_spec.gcp_conn_id,
                channels.refused.rstrip("."),
            )

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._running = None
        if not running.cancelled() and (exc := running.exception()):
            # a bug, and no reason for what waits to fail
            log.error("Connections are not kept up to date any more: %r", exc)


def _now() -> float:
    return asyncio.get_running_loop().time()


FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds after which a connection that could not be used is tried again, by whoever comes."""


_SPREAD = 1.0

T = TypeVar("T")


class NotConnectedError(SpannerLroError):
    """There is no client so far, for a reason that may pass.

    :param again_in: seconds after which it is worth trying again
    """

    def __init__(
        self, connection_spec: ConnectionSpec, exc: BaseException, *, again_in: float
    ) -> None:
        super().__init__(
            f"Not connected: connection {connection_spec.gcp_conn_id!r} cannot be used just now "
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

    links: dict[ConnectionSpec, Link] = field(default_factory=dict)
    building: dict[ConnectionSpec, asyncio.Task[Link]] = field(default_factory=dict)
    failures: dict[ConnectionSpec, _Failure] = field(default_factory=dict)
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
            link.poller.use_budgets(self.budget_of(endpoint, rate=connected.rate))


_shared: dict[asyncio.AbstractEventLoop, _Shared] = {}


async def shared_poller(connection_spec: ConnectionSpec) -> OperationPoller:
    """Return the running loop's poller for this connection, building it if this is the first call.

    :raises NotConnectedError: if that failed for a reason that may pass
    :raises SettingsError: if the section ``[spanner_lro]`` of the configuration cannot be used
    :raises AccessError: if the connection does not exist
    """
    loop = asyncio.get_running_loop()
    for closed in [each for each in _shared if each.is_closed()]:
        del _shared[closed]
    shared = _shared.setdefault(loop, _Shared())
    link = shared.links.get(connection_spec)
    if link is None:
        link = await _built(shared, connection_spec)
    link.used_at = loop.time()
    return link.poller


async def await_poller(
    connection_spec: ConnectionSpec,
    *,
    deadline: datetime | None = None,
    tell: Callable[[str], None],
) -> OperationPoller:
    """Return the shared poller as soon as there is one: what may pass is waited out.

    :param deadline: when to give up, if that is sooner than after an hour
    :param tell: says once that it is waited for
    :raises DeadlinePassedError: if the deadline passes first
    """
    return await outwait(lambda: shared_poller(connection_spec), deadline=deadline, tell=tell)


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
            if time() - begun >= PollPolicy().transient_error_limit:
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


async def _built(shared: _Shared, connection_spec: ConnectionSpec) -> Link:
    failure = shared.failures.get(connection_spec)
    if failure and (left := failure.until - asyncio.get_running_loop().time()) > 0:
        raise NotConnectedError(connection_spec, failure.exc, again_in=left)
    building = shared.building.get(connection_spec)
    if building is None:
        building = asyncio.create_task(_build(shared, connection_spec))
        shared.building[connection_spec] = building

        def over(built: asyncio.Task[Link]) -> None:
            del shared.building[connection_spec]
            if not built.cancelled():
                # whoever wanted it may be gone; then nobody else takes note of an error
                built.exception()

        building.add_done_callback(over)
    # one caller that goes away must not take the poller from the others
    return await asyncio.shield(building)


async def _build(shared: _Shared, connection_spec: ConnectionSpec) -> Link:
    time = asyncio.get_running_loop().time
    try:
        connected = await asyncio.to_thread(connect, connection_spec)
    except Exception as exc:
        last = shared.failures.pop(connection_spec, None)
        if not may_pass(exc):
            raise
        pause = min(last.pause * 2, LONGEST_PAUSE) if last else FIRST_PAUSE
        shared.failures[connection_spec] = _Failure(exc=exc, until=time() + pause, pause=pause)
        raise NotConnectedError(connection_spec, exc, again_in=pause) from exc
    shared.failures.pop(connection_spec, None)
    # loaded off the loop
    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient  # noqa: PLC0415
    from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415
    from airflow_spanner_lro.admin.polling.poller import OperationPoller  # noqa: PLC0415

    endpoint = connected.endpoint
    # a worker has started the operation with them, or the sensor's Dag was written for them
    client = AsyncSpannerAdminClient(endpoint, proven=True)
    link = Link(
        connection_spec=connection_spec,
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
    shared.links[connection_spec] = link
    shared.keeper.watch(link)
    return link
