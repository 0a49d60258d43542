# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The base of all triggers: how they reach Spanner, are stored, and perform a flow.

Arguments lie unencrypted in Airflow's database: names and ids only, and primitives only. They carry
a version, and a triggerer passes over what it does not know: workers may have a newer release.

Airflow 3.3.2 tells a user's action from a shutdown by the message of the ``CancelledError``, and
re-sends that cancel every second while ``on_kill`` runs. Two primitives deal with that: no cancel
loses its message, and none ends a kill.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Self, TypeVar, dataclass_transform

from airflow.triggers.base import BaseTrigger

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.polling.policy import DEFAULT_INTERVAL
from airflow_spanner_lro.triggers.heap import FREEZER
from airflow_spanner_lro.triggers.pollers import wait_for_poller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from datetime import datetime

    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.flows.commands import Flow
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


T = TypeVar("T")
TriggerT = TypeVar("TriggerT")

WORKER_LEAVES = 10.0
"""Seconds for which a trigger that was deferred by a worker keeps an end to itself.

Meanwhile the executor reports that the worker has ended. Airflow 3.3.2 fails a task, without a line
in its log, if that comes when the task is queued for the second time (``process_executor_events``
in ``jobs/scheduler_job_runner.py``).
"""
VERSION = 2
"""Of the arguments; version 1 had none."""

log = logging.getLogger(__name__)


@dataclass_transform(kw_only_default=True)
def trigger(cls: type[TriggerT]) -> type[TriggerT]:
    """Make a class a trigger: a dataclass whose constructor takes more than it knows."""
    made: Any = dataclass(kw_only=True, eq=False, repr=False)(cls)
    known = {each.name for each in fields(made)}
    construct = made.__init__

    @wraps(construct)
    def tolerant(self: Any, *, version: int = 1, **arguments: Any) -> None:
        if unknown := sorted(arguments.keys() - known):
            log.info(
                "Ignored: trigger arguments of another release (version %s): %s",
                version,
                ", ".join(unknown),
            )
        construct(self, **{name: arguments[name] for name in arguments if name in known})

    made.__init__ = tolerant
    found: type[TriggerT] = made
    return found


@trigger
class SpannerTrigger(BaseTrigger):
    """Ask Spanner for something until it is so.

    :param gcp_conn_id: connection to ask through
    :param impersonation_chain: service accounts, the last of which is impersonated
    :param endpoint: as in :class:`~airflow_spanner_lro.core.connection.ConnectionSpec`
    :param poll_interval: the longest time between two polls, in seconds
    """

    gcp_conn_id: str = "google_cloud_default"
    impersonation_chain: str | list[str] | None = field(default_factory=list)
    endpoint: str | None = ""
    poll_interval: float = DEFAULT_INTERVAL

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def log(self) -> Any:
        """Return the logger of the class: Airflow would make one for each of thousands."""
        return type(self).logger()

    @classmethod
    def from_connection(cls, connection_spec: ConnectionSpec, **arguments: Any) -> Self:
        """Return the trigger that asks by the same way as a worker did."""
        return cls(
            gcp_conn_id=connection_spec.gcp_conn_id,
            impersonation_chain=list(connection_spec.impersonation_chain),
            endpoint=connection_spec.endpoint,
            **arguments,
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and this trigger's own fields."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        return path, {"version": VERSION, **own}

    @property
    def _connection_spec(self) -> ConnectionSpec:
        chain = self.impersonation_chain or ()
        return ConnectionSpec(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
            endpoint=self.endpoint,
        )

    async def _poller(self, *, deadline: datetime | None = None) -> OperationPoller:
        """Return the poller of all triggers of this connection; wait out what keeps it from us.

        :raises DeadlinePassedError: if the deadline passes first
        """
        if self.trigger_id is not None:
            # in a triggerer, and not where a task plays its trigger itself; before the client
            # library is loaded, since that makes the collector go through everything
            from airflow_spanner_lro import settings  # noqa: PLC0415  # not where Dags are parsed

            FREEZER.start_once(settings.gc_freeze)
        return await wait_for_poller(
            self._connection_spec, deadline=deadline, log=self._log_waiting
        )

    def _log_waiting(self, line: str) -> None:
        self.log.warning(line)

    async def _after_worker(self, wait: Awaitable[T]) -> T:
        """Wait, and tell the end no sooner than Airflow knows that the worker before has ended.

        A cancel is told at once.
        """
        begun = asyncio.get_running_loop().time()
        try:
            ended = await wait
        except Exception:
            await self._until_worker_has_left(begun)
            raise
        await self._until_worker_has_left(begun)
        return ended

    async def _until_worker_has_left(self, begun: float) -> None:
        # ``dag.test()`` plays a trigger itself; and where a sensor began without a worker, none
        # has said where to ask
        if self.task_instance is not None and self.endpoint is not None:
            await asyncio.sleep(begun + WORKER_LEAVES - asyncio.get_running_loop().time())

    async def _perform(
        self,
        flow: Flow[T],
        *,
        deadline: datetime | None = None,
        on_snapshot: Callable[[OperationSnapshot | Exception], None] | None = None,
    ) -> T:
        """Perform a flow, within the budget that all triggers of this connection share.

        :raises DeadlinePassedError: if the flow lets it through
        """
        poller = await self._poller(deadline=deadline)
        return await poller.perform(flow, deadline=deadline, on_snapshot=on_snapshot)


_unfinished: set[asyncio.Future[Any]] = set()


async def await_keeping_cancel_message(work: Coroutine[Any, Any, T]) -> T:
    """Await work so that a cancel reaches the caller with its message.

    A cancel that lands while gRPC or asgiref is being awaited directly arrives without it, and
    Airflow then takes the user's kill for a shutdown and never calls ``on_kill``.
    """
    inner = asyncio.create_task(work)
    try:
        await asyncio.wait({inner})
    finally:
        inner.cancel()
    return inner.result()


async def finish_despite_cancels(work: Awaitable[T], *, timeout: float) -> T | None:
    """Run work to its end in a task of its own, however often the caller is cancelled meanwhile.

    :param work: a coroutine, or a task that runs already
    :param timeout: seconds after which the caller stops waiting; the work then goes on alone
    :returns: what the work returned, or None if it was not done in time
    """
    loop = asyncio.get_running_loop()
    inner = asyncio.ensure_future(work)
    # the event loop holds tasks weakly, and the caller may be gone before the work is done
    _unfinished.add(inner)
    inner.add_done_callback(_unfinished.discard)
    end = loop.time() + timeout
    while not inner.done() and (left := end - loop.time()) > 0:
        try:
            await asyncio.wait({inner}, timeout=left)
        except asyncio.CancelledError:
            continue
    return inner.result() if inner.done() else None
