# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Fakes of Airflow's supervisor and database, and a script of what makes the emulator act."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.emulator import Faults, Plan
from airflow_spanner_lro.execution.store import KEY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.emulator import (
        CallHistory,
        ManualClock,
        OperationView,
        SpannerAdminEmulator,
    )
    from airflow_spanner_lro.emulator.faults import FaultEffect

INSTANCE = "projects/test/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"
BACKUP = f"{INSTANCE}/backups/nightly"
RESTORED = f"{INSTANCE}/databases/restored"
SOURCE = f"{INSTANCE}/backups/source"
STATEMENTS = ["CREATE TABLE A (Id INT64) PRIMARY KEY (Id)", "CREATE INDEX B ON A (Id)"]

LONG_TIME = timedelta(hours=10)
LONG = Plan(duration=LONG_TIME)
LATER = timedelta(hours=11)
STARTS = tuple(kind.method for kind in KINDS if kind.rpc)


class Script(Faults):
    """Faults that can also do something at the moment when a call arrives."""

    def __init__(self) -> None:
        super().__init__()
        self._guard = threading.Lock()
        self._cues: list[tuple[str, Callable[[], object]]] = []

    def upon(self, method: str, act: Callable[[], object]) -> None:
        """Do something once, just before the next call of this method is looked at."""
        with self._guard:
            self._cues.append((method, act))

    def take(self, *, method: str, resource: str, filter_: str = "") -> FaultEffect:
        """Act if there is a cue for this call, and let the faults happen."""
        trouble = super().take(method=method, resource=resource, filter_=filter_)
        if trouble.refuse is None:
            for act in self._cues_for(method):
                act()
        return trouble

    def _cues_for(self, method: str) -> list[Callable[[], object]]:
        with self._guard:
            ready = [act for cue, act in self._cues if cue == method]
            self._cues = [(cue, act) for cue, act in self._cues if cue != method]
            return ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The emulated world and those who act in it.

    :param cancel: asks to cancel an operation, as somebody else
    """

    emulator: SpannerAdminEmulator
    clock: ManualClock
    script: Script
    cancel: Callable[[str], None]

    def finish_upon(self, method: str = "GetOperation") -> None:
        """Let all operations end just before the next call of a method is answered."""
        self.script.upon(method, lambda: self.clock.advance(LATER))

    def cancel_upon(self, method: str = "GetOperation") -> None:
        """Let somebody else cancel the operation just before a call is answered."""
        self.script.upon(method, lambda: self.cancel(self.operation.name))

    @property
    def operation(self) -> OperationView:
        """The latest operation."""
        return self.emulator.operations()[-1]

    @property
    def first(self) -> OperationView:
        """The first operation."""
        return self.emulator.operations()[0]

    @property
    def cancels(self) -> CallHistory:
        """The calls to cancel so far."""
        return self.emulator.calls.of("CancelOperation")

    @property
    def starts(self) -> CallHistory:
        """The calls that start an operation so far."""
        return self.emulator.calls.of(*STARTS)

    def has(self, name: str) -> bool:
        """Tell whether there is such a resource."""
        return any(resource.name == name for resource in self.emulator.resources())


LATEST: dict[tuple[str, str, str, int], FakeTaskInstance] = {}
"""The latest try of each task instance, for those who ask Airflow about it."""


@dataclass(slots=True, kw_only=True)
class FakeTaskInstance:
    """What operators and triggers use of a task instance."""

    dag_id: str = "nightly"
    task_id: str = "backup"
    run_id: str = "manual__1"
    map_index: int = -1
    try_number: int = 1
    start_date: datetime = field(default_factory=lambda: datetime.now(tz=UTC))
    xcoms: dict[str, Any] = field(default_factory=dict)
    state: str | None = "running"

    def __post_init__(self) -> None:
        LATEST[self.dag_id, self.task_id, self.run_id, self.map_index] = self

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a value, as JSON would."""
        self.xcoms[key] = json.loads(json.dumps(value))

    def get_first_reschedule_date(self, context: Any) -> None:
        """Return when a sensor first looked: this is its first look."""


class FakeStore:
    """A task state store: JSON values by key."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.retentions: dict[str, timedelta | None] = {}
        self.reads = 0

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        self.reads += 1
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        """Keep a value."""
        self.values[key] = json.dumps(value)
        self.retentions[key] = retention

    def delete(self, key: str) -> None:
        """Forget a value."""
        self.values.pop(key, None)


@dataclass(slots=True, kw_only=True)
class FakeTask:
    """A task instance over its tries."""

    ti: FakeTaskInstance = field(default_factory=FakeTaskInstance)
    store: FakeStore = field(default_factory=FakeStore)

    @property
    def context(self) -> Any:
        """The context of the try that runs now."""
        return {"ti": self.ti, "task_state_store": self.store}

    @property
    def entries(self) -> list[str]:
        """The keys of the ledger, the oldest first."""
        return sorted(key for key in self.store.values if key.startswith(KEY_PREFIX))

    @property
    def entry(self) -> dict[str, Any]:
        """The newest entry of the ledger."""
        entry: dict[str, Any] = self.store.get(self.entries[-1])
        return entry

    def began(self, *, ago: timedelta) -> None:
        """Let the try have begun some time ago."""
        self.ti.start_date = datetime.now(tz=UTC) - ago

    def adopted_before(self, duration: timedelta) -> None:
        """Let the newest entry have been adopted some time ago."""
        adopted = datetime.now(tz=UTC) - duration
        entry = self.entry | {"adopted": adopted.isoformat()}
        self.store.set(self.entries[-1], entry)

    def next_try(self) -> None:
        """Begin another try: XComs go, the store stays."""
        self.ti = FakeTaskInstance(try_number=self.ti.try_number + 1)


def of_another_task(task_id: str = "other") -> FakeTask:
    """Return another task instance."""
    task = FakeTask()
    task.ti.task_id = task_id
    return task


def eventually(condition: Callable[[], object]) -> bool:
    """Wait until something is so, for ten seconds at most."""
    until = time.monotonic() + 10
    while not condition():
        if time.monotonic() > until:
            return False
        threading.Event().wait(0.01)
    return True
