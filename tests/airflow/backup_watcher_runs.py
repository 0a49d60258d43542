# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup watchers to run, with what happens between their looks, and stores for what they note."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from airflow_spanner_lro.triggers.backup_watcher import SpannerBackupWatcherTrigger
from tests.airflow.fakes import DATABASE, INSTANCE, LATER, FakeTask
from tests.airflow.task_runner import backup, over_the_wire

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from airflow.triggers.base import TriggerEvent

    from tests.airflow.fakes import Stage

LIST = "ListBackups"
WHERE: dict[str, Any] = {"project_id": "test", "instance_id": "main", "database_id": "orders"}


class FakeAssetStore:
    """The state store of the one asset that is watched."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.refusals = 0

    async def aget(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        return json.loads(self.values[key]) if key in self.values else default

    async def aset(self, key: str, value: Any) -> None:
        """Keep a value, unless told to refuse."""
        if self.refusals:
            self.refusals -= 1
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.GENERIC_ERROR))
        self.values[key] = json.dumps(value)


class SharedAssetStore:
    """The state stores of several assets, of which none is named."""

    async def aget(self, key: str, default: Any = None) -> Any:
        """Refuse."""
        message = f"Task has 2 concrete inlets and outlets: {key}, {default}"
        raise ValueError(message)

    async def aset(self, key: str, value: Any) -> None:
        """Refuse."""
        await self.aget(key, value)


def watcher(store: Any = None, **parameters: Any) -> SpannerBackupWatcherTrigger:
    """Return a watcher as the triggerer gets it, which looks fifty times a second."""
    made = SpannerBackupWatcherTrigger(**WHERE | {"poll_interval": 0.02} | parameters)
    trigger = cast("SpannerBackupWatcherTrigger", over_the_wire(made))
    trigger.asset_state_store = store
    return trigger


async def first(trigger: SpannerBackupWatcherTrigger, count: int = 1) -> list[dict[str, Any]]:
    """Run a watcher until it has fired so often, and ends its look; return the payloads."""
    payloads = []
    events = cast("AsyncGenerator[TriggerEvent, None]", trigger.run())
    async with aclosing(events):
        async for event in events:
            payloads.append(event.payload)
            if len(payloads) == count:
                break
    return payloads


async def until_shutdown(
    trigger: SpannerBackupWatcherTrigger, stage: Stage, *, looks: int
) -> list[dict[str, Any]]:
    """Run a watcher until the triggerer is shut down, during a look; return the payloads."""
    payloads = []

    async def collect() -> None:
        events = cast("AsyncGenerator[TriggerEvent, None]", trigger.run())
        async with aclosing(events):
            async for event in events:
                payloads.append(event.payload)  # noqa: PERF401  # kept when the cancel comes

    loop, life = asyncio.get_running_loop(), asyncio.create_task(collect())
    upon_look(stage, looks, lambda: loop.call_soon_threadsafe(life.cancel))
    with pytest.raises(asyncio.CancelledError):
        await life
    return payloads


def begin(backup_id: str) -> Callable[[], object]:
    """Return an act that begins a backup of the database."""

    def act() -> None:
        task = FakeTask()
        backup(backup_id=backup_id, wait_for_completion=False).execute(task.context)

    return act


def upon_look(stage: Stage, number: int, act: Callable[[], object]) -> None:
    """Do something just before a look is answered; the first look is number 1."""

    def wait() -> None:
        upon_look(stage, number - 1, act)

    stage.script.upon(LIST, act if number == 1 else wait)


def made_before(stage: Stage, backup_id: str) -> None:
    """Let there be a complete backup, younger than any before."""
    stage.clock.advance(LATER)
    stage.emulator.create_backup(f"{INSTANCE}/backups/{backup_id}", DATABASE)
