# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Show what this triggerer's pollers have seen, sparingly, to its main process.

A task of the triggers' event loop makes one record of everything, at most every twenty seconds, and
only if something is otherwise than in the last one; where there were only newer looks, every
minute. It does so in small pieces, between which the loop goes on. The main process writes the
record into Airflow's database (``progress_keeper.py``), where the Operations page reads it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextvars import Context
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from airflow_spanner_lro.core.polling.seen import SeenLine, SeenOperation, forecast
from airflow_spanner_lro.triggers.progress_page import inherited_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
    from airflow_spanner_lro.admin.polling.poller import OperationPoller
    from airflow_spanner_lro.core.connection import ConnectionSpec
    from airflow_spanner_lro.core.polling.budget import Budget
    from airflow_spanner_lro.core.polling.seen import Emulated, Sighting
    from airflow_spanner_lro.core.polling.seen_record import SeenWriter
    from airflow_spanner_lro.triggers.progress_page import ProgressPage

CHANGED_EVERY = 20.0
"""Seconds between two records if something has changed."""
SEEN_EVERY = 60.0
"""Seconds between two records if nothing has, save when it was seen."""
_LOOK_EVERY = 2.0
_AT_ONCE = 50
"""Operations that are written down before the event loop gets its turn: some two milliseconds."""

log = logging.getLogger(__name__)


class PolledConnection(Protocol):
    """A connection, its client and its poller."""

    connection_spec: ConnectionSpec
    client: AsyncSpannerAdminClient
    poller: OperationPoller


class ProgressPublisher:
    """Shows what the pollers of one event loop have seen, while there are any.

    :param pollers: returns those that there are at the moment
    :param page: where to show it; None for where the main process looks, if there is one
    """

    def __init__(
        self,
        pollers: Callable[[], Iterable[PolledConnection]],
        *,
        page: ProgressPage | None = None,
    ) -> None:
        self._pollers = pollers
        self._page = page or inherited_page()
        self._publishing: asyncio.Task[None] | None = None
        self._shown_at = -math.inf
        self._shown = 0

    def start(self) -> None:
        """Show from now on, if there is somebody to show it to."""
        if self._page is None or self._publishing is not None:
            return
        loop = asyncio.get_running_loop()
        # not in the context of the one who came first: it is nobody's own
        self._publishing = loop.create_task(self._run(self._page), context=Context())
        self._publishing.add_done_callback(self._ended)

    def stop(self) -> None:
        """Show that nothing is waited for, and no more until somebody starts it again."""
        if self._publishing is None:
            return
        self._publishing.cancel()
        self._publishing = None
        if self._page is not None and self._shown:
            from airflow_spanner_lro.core.polling.seen_record import SeenWriter  # noqa: PLC0415

            self._shown = 0
            self._put(self._page, SeenWriter(), at=asyncio.get_running_loop().time())

    async def _run(self, page: ProgressPage) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await self.look(page)

    async def look(self, page: ProgressPage) -> bool:
        """Show what was seen, if that is due; tell whether it was."""
        at = asyncio.get_running_loop().time()
        if at - self._shown_at < CHANGED_EVERY:
            return False
        number, since = self._sighted, self._shown_at
        if number == self._shown and at - since < (SEEN_EVERY if number else math.inf):
            changed = any(each.changed_at >= since for each, _ in self._sightings())
            if not changed:
                return False
        self._shown_at, self._shown = at, number
        await self._show(page)
        return True

    @property
    def _sighted(self) -> int:
        return sum(watcher.sighted for each in self._pollers() for watcher in each.poller.watchers)

    def _sightings(self) -> Iterator[tuple[Sighting, Emulated | None]]:
        for connection in tuple(self._pollers()):
            where = _emulated(connection)
            for watcher in connection.poller.watchers:
                for sighting in watcher.sightings():
                    yield sighting, where

    async def _show(self, page: ProgressPage) -> None:
        # no Dag file pays for it
        from airflow_spanner_lro.core.polling.seen_record import SeenWriter  # noqa: PLC0415

        time = asyncio.get_running_loop().time
        writer, names, rest = SeenWriter(), set(), self._sightings()
        while some := [*islice(rest, _AT_ONCE)]:
            at, now = time(), datetime.now(tz=UTC)
            seen = [_seen(each, emulated, at=at, now=now) for each, emulated in some]
            writer.add(seen)
            names |= {each.name for each in seen}
            await asyncio.sleep(0)
        _forget_lines(names)
        self._put(page, writer, at=time())

    def _put(self, page: ProgressPage, writer: SeenWriter, *, at: float) -> None:
        from airflow_spanner_lro.core.polling.seen_record import (  # noqa: PLC0415  # the same
            SeenHead,
            write_head,
        )

        connections = tuple(self._pollers())
        head = SeenHead(
            # the main process knows who that is
            holder="",
            host="",
            at=datetime.now(tz=UTC),
            requests_per_second=sum(each.sent_lately(at=at) for each in _budgets(connections)),
            emulated={
                each.connection_spec.gcp_conn_id: where
                for each in connections
                if (where := _emulated(each))
            },
            operations=writer.operations,
            left_out=writer.left_out,
        )
        page.show(write_head(head).encode() + b"\n" + writer.packed())

    def _ended(self, publishing: asyncio.Task[None]) -> None:
        if self._publishing is publishing:
            self._publishing = None
        if not publishing.cancelled() and (exc := publishing.exception()):
            # a bug, and no reason for what waits to fail
            log.error("The Operations page is not told what was seen here any more: %r", exc)


def _emulated(connection: PolledConnection) -> Emulated | None:
    from airflow_spanner_lro.admin.emulated import emulated  # noqa: PLC0415  # loaded by then

    return emulated(connection.client.channels.endpoint)


def _budgets(connections: Iterable[PolledConnection]) -> list[Budget]:
    """Return the budgets of some pollers, which may share them."""
    budgets = (
        watcher.dispatcher.budget
        for connection in connections
        for watcher in connection.poller.watchers
    )
    return [*{id(each): each for each in budgets}.values()]


def _seen(
    sighting: Sighting, emulated: Emulated | None, *, at: float, now: datetime
) -> SeenOperation:
    end = sighting.end
    return SeenOperation.of(
        sighting.name,
        sighting.facts,
        seen=now - timedelta(seconds=max(at - sighting.seen_at, 0.0)),
        forecast=forecast(end, at=at, now=now) if end else None,
        emulated=emulated,
        line=_lines.get(sighting.name),
    )


_lines: dict[str, SeenLine] = {}
"""The last line of each operation's log."""


def note_line(operation: str, text: str, *, at: datetime) -> None:
    """Remember the last line that a task's log says of an operation, if anybody is told of it."""
    if inherited_page() is not None:
        _lines[operation] = SeenLine(at=at, text=text)


def _forget_lines(but: set[str]) -> None:
    """Forget the lines of all operations that nobody waits for any more."""
    for name in _lines.keys() - but:
        del _lines[name]
