# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that keep up with their connections, under the waits that go on with them.

One task for each event loop reads every connection that is in use twice a minute, and more often
while Spanner refuses what it held. When it holds something else, the client gets a new channel;
the waits, their timers and their budget stay as they are. What nobody has used for minutes is
closed, and the task ends with the last of them, so nothing is read where nothing waits.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_spanner_lro.triggers.connecting import connect, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.triggers.connecting import Connected

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
    """A client and its poller, for all triggers of one access.

    Never for those of another connection: it may have other rights, though it has the same e-mail.

    :param fingerprint: of what the connection held when the client got its credentials
    :param built_at: when that was
    :param used_at: when a trigger last asked for it
    """

    access: Access
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
        self, links: dict[Access, Link], *, take: Callable[[Link, Connected], None]
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
        if self._links.get(link.access) is link:
            del self._links[link.access]
        await link.client.close()

    async def _check(self, link: Link) -> None:
        """Read a connection, and give its client what it holds if that may be of use."""
        channels = link.client.channels
        self._tell_refusal(link)
        link.checked_at = _now()
        try:
            changed = await asyncio.to_thread(fingerprint, link.access) != link.fingerprint
            refused = bool(channels.refused) and _now() - link.built_at >= REBUILD_REFUSED
            if changed or refused:
                self._take(link, await asyncio.to_thread(connect, link.access))
                link.built_at = _now()
                log.log(
                    logging.INFO if changed else logging.DEBUG,
                    "Credentials renewed: connection %r has changed, and what waits goes on with "
                    "what it holds now.",
                    link.access.gcp_conn_id,
                )
            link.told_unreadable = False
        except Exception as exc:  # noqa: BLE001  # the client goes on with what it has
            if not link.told_unreadable:
                log.warning(
                    "Connection not checked: %r could not be read or used (%s: %s). What waits "
                    "goes on with the credentials it had; checked again every %g s.",
                    link.access.gcp_conn_id,
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
                link.access.gcp_conn_id,
                channels.refused.rstrip("."),
            )

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._running = None
        if not running.cancelled() and (exc := running.exception()):
            # a bug, and no reason for what waits to fail
            log.error("Connections are not kept up to date any more: %r", exc)


def _now() -> float:
    return asyncio.get_running_loop().time()
