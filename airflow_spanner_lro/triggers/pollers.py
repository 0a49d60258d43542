# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One shared poller for each event loop and connection, however many triggers wait.

Reading a connection takes the triggerer's single main process tens of milliseconds, and its first
read takes seconds (Airflow 3.3.2); two thousand triggers that each made a client of their own
would stall it for minutes. So the first one builds, off the loop, and the others wait for it. Where
that fails, each waits it out, and still only one tries at a time.

A client is shared by the triggers that name the same connection, impersonation chain and endpoint,
and by no others: two connections of one account may have different rights. The *budget* of a
project is shared all the same: Spanner counts the requests of an account in a project, and those of
all accounts too.

Credentials change under the waits that go on with them. One task for each event loop reads every
connection that is in use twice a minute, and more often while Spanner refuses what it held. When it
holds something else, the client gets a new channel; the waits, their timers and their budget stay
as they are. What nobody has used for minutes is closed, and the task ends with the last of them.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self, TypeVar
from weakref import WeakValueDictionary

from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_spanner_lro.core.errors import ConnectionUnreadableError, SpannerLroError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.polling.budget import Budget
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.status import classify
from airflow_spanner_lro.triggers.progress_publisher import ProgressPublisher
from airflow_spanner_lro.triggers.rate_lease import RateLease
from airflow_spanner_lro.triggers.wake_ups import WakeUps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.connect import Endpoint
    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.connection import ConnectionSpec

CHECK_EVERY, CHECK_REFUSED = 30.0, 10.0
"""Seconds between two reads of a connection, and while its credentials are refused: each takes the
main process tens of milliseconds, and a secrets backend a request."""
REBUILD_REFUSED = 30.0
"""Seconds between two clients from a connection that has not changed, while it is refused: its key
may be kept elsewhere."""
UNUSED_AFTER = 300.0
"""Seconds without anybody who asks, after which a client is closed."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds after which a connection that could not be used is tried again, by whoever comes."""
_SPREAD = 1.0
_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)

T = TypeVar("T")

log = logging.getLogger(__name__)


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


def is_temporary(exc: BaseException) -> bool:
    """Tell whether a connection that could not be used may be usable later, as it is.

    ============================================= ==============================================
    may pass                                      stays until somebody acts
    ============================================= ==============================================
    Airflow does not know if there is one         there is no such connection
    supervisor, api-server or network in trouble  a key that is no key, a file that is not there
    a token, or a secret, that is refused         no default credentials on this machine
    ============================================= ==============================================

    A refused key may pass because the operation was started with one that was not refused.
    """
    from google.auth.exceptions import RefreshError  # noqa: PLC0415  # loaded by then

    passing = (ConnectionUnreadableError, AirflowRuntimeError, OSError, EOFError, RefreshError)
    return not isinstance(exc, _FILES) and (isinstance(exc, passing) or classify(exc).retryable)


async def shared_poller(connection_spec: ConnectionSpec) -> OperationPoller:
    """Return the running loop's poller for this connection, building it if this is the first call.

    :raises NotConnectedError: if that failed for a reason that may pass
    :raises SettingsError: if the section ``[spanner_lro]`` of the configuration cannot be used
    :raises UnusableConnectionError: if the connection does not exist
    """
    loop = asyncio.get_running_loop()
    for closed in [each for each in _of_loops if each.is_closed()]:
        del _of_loops[closed]
    shared = await _of_loops.setdefault(loop, _LoopPollers()).get(connection_spec)
    shared.used_at = loop.time()
    return shared.poller


async def wait_for_poller(
    connection_spec: ConnectionSpec,
    *,
    deadline: datetime | None = None,
    log: Callable[[str], None],
) -> OperationPoller:
    """Return the shared poller as soon as there is one: what may pass is waited out.

    :param deadline: when to give up, if that is sooner than after an hour
    :param log: writes once that it is waited for
    :raises DeadlinePassedError: if the deadline passes first
    """
    return await retry_until_connected(
        lambda: shared_poller(connection_spec), deadline=deadline, log=log
    )


async def retry_until_connected(
    ask: Callable[[], Awaitable[T]],
    *,
    deadline: datetime | None = None,
    log: Callable[[str], None],
) -> T:
    """Ask for something that needs the connection until it can be had, for up to an hour.

    :param deadline: when to give up, if that is sooner
    :param log: writes once that it is waited for
    :raises DeadlinePassedError: if the deadline passes first
    """
    begun, logged = _now(), False
    while True:
        try:
            return await ask()
        except NotConnectedError as exc:
            if _now() - begun >= PollPolicy().transient_error_limit:
                raise
            if not logged:
                log(str(exc))
                logged = True
            # all that wait come back together, and the first of them tries for the others
            pause = exc.again_in + random.uniform(0.0, _SPREAD)  # noqa: S311
        left = None if deadline is None else (deadline - datetime.now(tz=UTC)).total_seconds()
        if left is not None and left <= pause:
            await asyncio.sleep(max(left, 0.0))
            raise DeadlinePassedError
        await asyncio.sleep(pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Connected:
    """What a connection led to.

    :param fingerprint: of what the connection held
    :param rate: requests per second that may be sent for one project
    :param busy: to how many all triggerers may rise together
    """

    endpoint: Endpoint
    fingerprint: bytes
    rate: float
    busy: float

    @classmethod
    def read(cls, connection_spec: ConnectionSpec) -> Self:
        """Load the client library, read the connection, its key and the budget: all of it blocks.

        :raises SettingsError: if the section ``[spanner_lro]`` of the configuration cannot be used
        :raises UnusableConnectionError: if the connection does not exist
        """
        from airflow_spanner_lro import settings  # noqa: PLC0415
        from airflow_spanner_lro.admin import async_client  # noqa: F401, PLC0415
        from airflow_spanner_lro.admin.polling import poller  # noqa: F401, PLC0415
        from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

        settings.check()
        # first: what changes in between is then noticed by the next check
        fingerprint = SpannerAdminHook.fingerprint(connection_spec)
        return cls(
            endpoint=SpannerAdminHook.from_connection(connection_spec).connect(),
            fingerprint=fingerprint,
            rate=settings.max_admin_requests_per_second(),
            busy=settings.max_admin_requests_per_second_busy(),
        )


def _fingerprint(connection_spec: ConnectionSpec) -> bytes:
    """Return the fingerprint of what the connection holds now; blocks."""
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook  # noqa: PLC0415

    return SpannerAdminHook.fingerprint(connection_spec)


@dataclass(slots=True, kw_only=True, eq=False)
class _SharedPoller:
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
    check_at: float
    checked_at: float = -math.inf
    logged_refused: bool = False
    logged_unreadable: bool = False

    def unused(self, *, at: float) -> bool:
        """Tell whether nobody has asked for long, nor waits."""
        return self.poller.idle and at - self.used_at >= UNUSED_AFTER


@dataclass(slots=True, kw_only=True)
class _Failure:
    """A connection that could not be used: nobody tries again before some moment."""

    exc: Exception
    until: float
    pause: float


class _LoopPollers:
    """The pollers of one event loop: built once, kept up to date, and closed when nobody asks."""

    def __init__(self) -> None:
        self.pollers: dict[ConnectionSpec, _SharedPoller] = {}
        self.budgets: WeakValueDictionary[tuple[str, str], Budget] = WeakValueDictionary()
        self._building: dict[ConnectionSpec, asyncio.Task[_SharedPoller]] = {}
        self._failures: dict[ConnectionSpec, _Failure] = {}
        self._check_sooner = asyncio.Event()
        self._checking: asyncio.Task[None] | None = None
        self._wake_ups = WakeUps(
            lambda: [each.poller for each in self.pollers.values() if not each.client.omni]
        )
        self._progress = ProgressPublisher(self.pollers.values)

    # building

    async def get(self, connection_spec: ConnectionSpec) -> _SharedPoller:
        """Return the poller of a connection; the first caller has it built for all."""
        if found := self.pollers.get(connection_spec):
            return found
        failure = self._failures.get(connection_spec)
        if failure and (left := failure.until - _now()) > 0:
            raise NotConnectedError(connection_spec, failure.exc, again_in=left)
        building = self._building.get(connection_spec)
        if building is None:
            building = asyncio.create_task(self._build(connection_spec))
            self._building[connection_spec] = building

            def over(built: asyncio.Task[_SharedPoller]) -> None:
                del self._building[connection_spec]
                if not built.cancelled():
                    # whoever wanted it may be gone; then nobody else takes note of an error
                    built.exception()

            building.add_done_callback(over)
        # one caller that goes away must not take the poller from the others
        return await asyncio.shield(building)

    async def _build(self, connection_spec: ConnectionSpec) -> _SharedPoller:
        try:
            connected = await asyncio.to_thread(_Connected.read, connection_spec)
        except Exception as exc:
            last = self._failures.pop(connection_spec, None)
            if not is_temporary(exc):
                raise
            pause = min(last.pause * 2, LONGEST_PAUSE) if last else FIRST_PAUSE
            self._failures[connection_spec] = _Failure(exc=exc, until=_now() + pause, pause=pause)
            raise NotConnectedError(connection_spec, exc, again_in=pause) from exc
        self._failures.pop(connection_spec, None)
        # loaded off the loop
        from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient  # noqa: PLC0415
        from airflow_spanner_lro.admin.clock import LoopClock  # noqa: PLC0415
        from airflow_spanner_lro.admin.polling.poller import OperationPoller  # noqa: PLC0415

        # a worker has started the operation with them, or the sensor's Dag was written for them
        client = AsyncSpannerAdminClient(connected.endpoint, proven=True)
        self.pollers[connection_spec] = built = _SharedPoller(
            connection_spec=connection_spec,
            client=client,
            poller=OperationPoller(
                client=client,
                clock=LoopClock(),
                max_requests_per_second=connected.rate,
                budget_of=self._budgets_for(connected),
                telemetry=connected.endpoint.telemetry,
            ),
            fingerprint=connected.fingerprint,
            built_at=_now(),
            used_at=_now(),
            check_at=_now() + CHECK_EVERY,
        )
        client.channels.on_refused = lambda: self._refused(built)
        if not client.omni:  # which writes no audit log
            self._wake_ups.start()
        self._progress.start()
        self._check_sooner.set()
        if self._checking is None:
            # not in the context of the one who came first: what it logs is nobody's own
            checking = self._keep_checking()
            self._checking = asyncio.get_running_loop().create_task(checking, context=Context())
            self._checking.add_done_callback(self._checks_ended)
        return built

    def _budgets_for(self, connected: _Connected) -> Callable[[str], Budget]:
        """Return what returns the budget of a project, which all connections to it share."""

        def budget_of(project: str) -> Budget:
            key = (connected.endpoint.target, project)
            budget = self.budgets.get(key)
            if budget is None:
                lease = RateLease.inherited(*key, base=connected.rate)
                # without one it does not rise: nobody knows who else does
                busy = connected.busy if lease else None
                budget = self.budgets[key] = Budget(rate=connected.rate, busy=busy, lease=lease)
            return budget

        return budget_of

    # keeping up to date

    def _refused(self, shared: _SharedPoller) -> None:
        shared.check_at = min(shared.check_at, shared.checked_at + CHECK_REFUSED)
        self._check_sooner.set()

    async def _keep_checking(self) -> None:
        while self.pollers:
            due = min(shared.check_at for shared in self.pollers.values())
            try:
                async with asyncio.timeout(max(due - _now(), 0.0)):
                    await self._check_sooner.wait()
            except TimeoutError:
                pass
            self._check_sooner.clear()
            # a method of its own: nothing here holds one that nobody uses any more
            await self._check_all()

    async def _check_all(self) -> None:
        for shared in tuple(self.pollers.values()):
            if _now() < shared.check_at:
                continue
            if not shared.unused(at=_now()):
                await self._check(shared)
                continue
            # first: whoever comes meanwhile gets one of his own
            if self.pollers.get(shared.connection_spec) is shared:
                del self.pollers[shared.connection_spec]
            await shared.client.close()

    async def _check(self, shared: _SharedPoller) -> None:
        """Read a connection, and give its client what it holds if that may be of use."""
        channels = shared.client.channels
        conn_id = shared.connection_spec.gcp_conn_id
        self._log_refusal(shared)
        shared.checked_at = _now()
        try:
            found = await asyncio.to_thread(_fingerprint, shared.connection_spec)
            changed = found != shared.fingerprint
            refused = bool(channels.refused) and _now() - shared.built_at >= REBUILD_REFUSED
            if changed or refused:
                connected = await asyncio.to_thread(_Connected.read, shared.connection_spec)
                self._use(shared, connected)
                log.log(
                    logging.INFO if changed else logging.DEBUG,
                    "Credentials renewed: connection %r has changed, and what waits goes on with "
                    "what it holds now.",
                    conn_id,
                )
            shared.logged_unreadable = False
        except Exception as exc:  # noqa: BLE001  # the client goes on with what it has
            if not shared.logged_unreadable:
                log.warning(
                    "Connection not checked: %r could not be read or used (%s: %s). What waits "
                    "goes on with the credentials it had; checked again every %g s.",
                    conn_id,
                    type(exc).__name__,
                    exc,
                    CHECK_EVERY,
                )
            shared.logged_unreadable = True
        finally:
            pause = CHECK_REFUSED if channels.refused or shared.logged_refused else CHECK_EVERY
            shared.check_at = _now() + pause

    def _use(self, shared: _SharedPoller, connected: _Connected) -> None:
        """Let a client ask with other credentials from now on."""
        endpoint = connected.endpoint
        other = endpoint.target != shared.client.channels.endpoint.target
        shared.client.channels.use(endpoint)
        shared.fingerprint = connected.fingerprint
        if other:
            shared.poller.use_budgets(self._budgets_for(connected))
        shared.built_at = _now()

    def _log_refusal(self, shared: _SharedPoller) -> None:
        channels = shared.client.channels
        if channels.taken:
            shared.logged_refused = False
        elif channels.refused and not shared.logged_refused:
            shared.logged_refused = True
            log.error(
                "Credentials refused: Spanner does not take those of connection %r (%s). Put a "
                "valid key into it, or give its account the access back; what waits goes on by "
                "itself within a minute then, and fails if it takes longer than an hour.",
                shared.connection_spec.gcp_conn_id,
                channels.refused.rstrip("."),
            )

    def _checks_ended(self, checking: asyncio.Task[None]) -> None:
        self._checking = None
        self._wake_ups.stop()
        self._progress.stop()
        if not checking.cancelled() and (exc := checking.exception()):
            # a bug, and no reason for what waits to fail
            log.error("Connections are not kept up to date any more: %r", exc)


_of_loops: dict[asyncio.AbstractEventLoop, _LoopPollers] = {}


def _now() -> float:
    return asyncio.get_running_loop().time()
