# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A session at a terminal in which all times are emulated, so that it prints the same every day.

Sleeping is what lets the emulator's time go by; nothing is random.
"""

from __future__ import annotations

import io
import os
import shlex
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pyte
from rich.console import Console

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.clock import StoppableClock
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.cli import main, waiting
from airflow_spanner_lro.cli.bars import Bars
from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_spanner_lro.core.kinds import OperationKind

INSTANCE = "projects/p/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
COLUMNS, LINES = 80, 12


class Session:
    """Commands, one after the other, and what they print."""

    def __init__(self, emulator: SpannerAdminEmulator, clock: ManualClock) -> None:
        self._emulator = emulator
        self._clock = clock
        self._code = 0
        self.on_sleep: Callable[[], None] = lambda: None

    def prepare(self) -> None:
        """Let there be a backup of the morning, and three operations that have just begun."""
        self._emulator.create_database(
            DATABASE, ["CREATE TABLE Orders (Id INT64, Note STRING(MAX)) PRIMARY KEY (Id)"]
        )
        client = SpannerAdminClient(Endpoint(target=self._emulator.endpoint, plain_text=True))
        self._start(client, kinds.CREATE_BACKUP, **self._backup("morning"))
        self._clock.advance(timedelta(hours=4))
        self._start(client, kinds.CREATE_BACKUP, **self._backup("nightly"))
        statements = [
            "CREATE INDEX OrdersByNote ON Orders (Note)",
            "ALTER TABLE Orders ADD COLUMN Paid BOOL",
        ]
        self._start(client, kinds.UPDATE_DATABASE_DDL, database=DATABASE, statements=statements)
        create = "CREATE DATABASE reports"
        self._start(client, kinds.CREATE_DATABASE, parent=INSTANCE, create_statement=create)
        self._clock.advance(timedelta(seconds=8))
        client.close()

    def run(self, line: str) -> list[str]:
        """Run a line of a shell: one of our commands, ``export``, or ``echo $?``."""
        first, *words = shlex.split(os.path.expandvars(line) if "$?" not in line else line)
        if first == "export":
            name, _, value = words[0].partition("=")
            os.environ[name] = value
            return []
        if first == "echo":
            return [str(self._code)]
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            self._code = main(words)
        return out.getvalue().splitlines()

    def frames(self, line: str) -> list[str]:
        """Run a wait at a terminal; return what it shows, after each change."""
        screen = pyte.Screen(COLUMNS, LINES)
        shown: list[str] = []
        stream = _Screen(screen)
        console = Console(
            file=stream,
            force_terminal=True,
            width=COLUMNS,
            height=LINES,
            color_system=None,
            highlight=False,
            legacy_windows=False,
        )
        made: list[Bars] = []

        def display(names: Any, *, plain: bool) -> Bars:
            assert not plain
            made.append(Bars(names, console=console))
            return made[0]

        def look() -> None:
            made[0]._progress.refresh()
            shown.append("\n".join(line.rstrip() for line in screen.display).rstrip())

        self.on_sleep = look
        with patch.object(waiting, "display_for", display):
            self.run(line)
        self.on_sleep = lambda: None
        shown.append("\n".join(line.rstrip() for line in screen.display).rstrip())
        return shown

    def sleep(self, seconds: float) -> None:
        """Let emulated time go by."""
        self.on_sleep()
        self._clock.advance(timedelta(seconds=seconds))

    def now(self) -> datetime:
        """Return the emulated time."""
        return self._clock.now()

    def _backup(self, backup_id: str) -> dict[str, Any]:
        backup = {"database": DATABASE, "expire_time": self._clock.now() + timedelta(days=30)}
        return {"parent": INSTANCE, "backup_id": backup_id, "backup": backup}

    def _start(self, client: SpannerAdminClient, kind: OperationKind, **request: Any) -> None:
        client.start(kind=kind, request=kind.request_type()(request))


class _Screen(io.StringIO):
    """A file whose text is drawn on a screen."""

    encoding = "utf-8"  # what a terminal takes

    def __init__(self, screen: pyte.Screen) -> None:
        super().__init__()
        self._stream = pyte.Stream(screen)

    def write(self, text: str) -> int:
        # a terminal in its usual mode begins a new line at the left
        self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)


def session() -> Iterator[Session]:
    """Yield a session with an emulator of its own."""
    clock = ManualClock(NOON - timedelta(hours=4, seconds=8))
    with ExitStack() as stack:
        emulator = stack.enter_context(SpannerAdminEmulator(clock=clock))
        made = Session(emulator, clock)
        stack.enter_context(patch.dict(os.environ, {"SPANNER_EMULATOR_HOST": emulator.endpoint}))
        for name in ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"):
            os.environ.pop(name, None)
        stack.enter_context(patch.object(StoppableClock, "now", lambda _: made.now()))
        stack.enter_context(
            patch.object(StoppableClock, "sleep", lambda _, seconds: made.sleep(seconds))
        )
        stack.enter_context(patch.object(PollPolicy, "jittered", lambda _, interval: interval))
        made.prepare()
        yield made
