# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Watch an instance: what runs in it, looked at again and again, and how each ended.

Only what is not done is listed, however long an instance's history is. What is missing from a list
is got once, to see its end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.admin.emulated import emulated
from airflow_spanner_lro.cli.exit_codes import ExitCode
from airflow_spanner_lro.cli.names import list_all, queries_within
from airflow_spanner_lro.cli.output import (
    is_terminal,
    moment,
    operations_table,
    tidy_on_sigterm,
)
from airflow_spanner_lro.cli.waiting import Lines
from airflow_spanner_lro.core.arguments.times import require_seconds
from airflow_spanner_lro.core.errors import InvalidArgumentError
from airflow_spanner_lro.core.lists.queries import pending_queries
from airflow_spanner_lro.core.names import BackupName, DatabaseName, InstanceName
from airflow_spanner_lro.core.status import Code, code_of, error_text, is_transient
from airflow_spanner_lro.core.text import escape_unprintable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.lists.queries import OperationQuery
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot

_SHORTEST = 2.0
"""Seconds between two looks at least: each is up to four lists."""
_MOST_ENDED = 20
"""How many of those that have ended are still shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How to watch.

    :param interval: seconds between two looks
    :param timeout: end after so many seconds; None never
    :param plain: lines instead of a table, also at a terminal
    """

    interval: float
    timeout: float | None
    plain: bool
    program: str

    def __post_init__(self) -> None:
        require_seconds(self.interval, field="--interval")
        if self.interval < _SHORTEST:
            rule = f"it is at least {_SHORTEST:g} s, for the sake of the others' quota"
            raise InvalidArgumentError(field="--interval", value=self.interval, rule=rule)
        if self.timeout is not None:
            require_seconds(self.timeout, field="--timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is known of a resource at one moment.

    :param seen: when Spanner answered; None if it never did
    :param trouble: why it does not just now
    :param emulator: what to say of the emulator that answers; empty if there is none
    """

    resource: ResourceName
    operations: tuple[OperationSnapshot, ...] = ()
    seen: datetime | None = None
    trouble: str = ""
    emulator: str = ""

    @property
    def running(self) -> list[OperationSnapshot]:
        """Those that are not done."""
        return [each for each in self.operations if not each.done]

    def headline(self, *, now: datetime, interval: float) -> str:
        """Return what stands above the table."""
        seen = f"seen {moment(self.seen, now=now)}" if self.seen else "not seen yet"
        number = len(self.running)
        text = f"{number or 'no'} operation{'' if number == 1 else 's'} running"
        line = f"{self.resource.label}: {text}, {seen}, every {interval:g} s; Ctrl-C ends"
        return "\n".join(filter(None, (self.emulator, line, self.trouble)))


class _Display(Protocol):
    def show(self, view: View, *, now: datetime) -> None: ...


def watch(client: SpannerAdminClient, *, resource: ResourceName, options: WatchOptions) -> ExitCode:
    """Look at a resource again and again; return when time is up.

    :raises Exception: what Spanner answered, if that does not pass by itself
    """
    clock = StoppableClock()
    seconds = options.timeout
    deadline = None if seconds is None else clock.now() + timedelta(seconds=seconds)
    view = View(resource=resource)
    with tidy_on_sigterm(), _display(options) as display:
        while True:
            view = look(client, view, now=clock.now())
            display.show(view, now=clock.now())
            pause = options.interval
            if deadline is not None:
                pause = min(pause, (deadline - clock.now()).total_seconds())
            if pause <= 0:
                return ExitCode.DONE
            clock.sleep(pause)


def look(client: SpannerAdminClient, view: View, *, now: datetime) -> View:
    """Return what is known after one more look."""
    try:
        running = list_all(client, _queries(view.resource))
        names = {each.name for each in running}
        ended = [
            snapshot
            for each in view.running
            if each.name not in names and (snapshot := _get_if_known(client, each.name))
        ]
    except Exception as exc:
        if not is_transient(exc):
            raise
        trouble = f"Spanner is not answering ({escape_unprintable(error_text(exc))}); asking again."
        return replace(view, trouble=trouble)
    before = [each for each in view.operations if each.done]
    shown = (*running, *(ended + before)[:_MOST_ENDED])
    emulator = emulated(client.channels.endpoint)
    return View(
        resource=view.resource,
        operations=shown,
        seen=now,
        emulator=emulator.text if emulator else "",
    )


def _queries(resource: ResourceName) -> tuple[OperationQuery, ...]:
    """Return the queries for what works on a resource: a backup works on its database, too."""
    if type(resource) in {InstanceName, DatabaseName, BackupName}:
        return pending_queries(resource, field="resource")
    return queries_within(resource, pending=True)


def _get_if_known(client: SpannerAdminClient, name: OperationName) -> OperationSnapshot | None:
    try:
        return client.get(name=name)
    except Exception as exc:
        if code_of(exc) is Code.NOT_FOUND:
            return None
        raise


def _display(options: WatchOptions) -> AbstractContextManager[_Display]:
    if options.plain or not is_terminal():
        return _LinesOfAll()
    return _LiveTable(interval=options.interval)


class _LinesOfAll:
    """A line for whatever changes."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._ended: set[OperationName] = set()
        self._trouble = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: what is printed stays."""

    def show(self, view: View, *, now: datetime) -> None:
        """Print what is new."""
        if view.trouble != self._trouble:
            self._trouble = view.trouble
            self._lines.say(view.trouble or "Spanner answers again.")
        for each in view.operations:
            if each.name not in self._ended:
                self._lines.show(each.name, each, now=now)
            if each.done:
                self._ended.add(each.name)


class _LiveTable:
    """A table that is drawn anew in its place."""

    def __init__(self, *, interval: float) -> None:
        self._interval = interval
        self._live = Live(console=Console(highlight=False), auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, view: View, *, now: datetime) -> None:
        """Draw it."""
        headline = Text(view.headline(now=now, interval=self._interval))
        table = operations_table(view.operations, now=now)
        shown = Group(headline, table) if view.operations else headline
        self._live.update(shown, refresh=True)
