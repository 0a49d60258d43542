# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Triggerers and tasks that publish what they see, and somebody who looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.state import get_state_backend

from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.operations.snapshot import OperationState
from airflow_spanner_lro.core.polling.seen import SeenOperation
from airflow_spanner_lro.core.polling.seen_record import SeenHead, SeenWriter, write_head
from airflow_spanner_lro.execution.store import SEEN_KEY
from airflow_spanner_lro.triggers.progress_keeper import ProgressKeeper
from airflow_spanner_lro.triggers.progress_page import ProgressPage
from airflow_spanner_lro.web.progress import PublishedProgress

if TYPE_CHECKING:
    from airflow.state import TaskScope

NAME = "projects/test/instances/main/backups/nightly/operations/_auto_op_1"


def operation(name: str = NAME, **changes: Any) -> SeenOperation:
    """Return a backup that is half done, as it was seen just now."""
    usual: dict[str, Any] = {
        "name": name,
        "state": OperationState.RUNNING,
        "kind": CREATE_BACKUP,
        "percent": 50,
        "seen": datetime.now(tz=UTC).replace(microsecond=0),
    }
    return SeenOperation(**usual | changes)


@dataclass
class Triggerer:
    """Both processes of a triggerer, in one."""

    holder: str = "a"
    host: str = "triggerer-a"
    now: datetime = field(default_factory=lambda: datetime.now(tz=UTC).replace(microsecond=0))
    page: ProgressPage = field(default_factory=ProgressPage)
    keeper: ProgressKeeper = field(init=False)

    def __post_init__(self) -> None:
        self.keeper = ProgressKeeper(
            page=self.page, host=self.host, holder=self.holder, now=lambda: self.now
        )

    def show(self, *operations: SeenOperation, **head: Any) -> None:
        """See operations, and publish them."""
        writer = SeenWriter()
        writer.add(operations)
        usual = {"operations": writer.operations, "at": self.now}
        whole = SeenHead(**{"holder": "", "host": "", **usual, **head})
        self.page.show(write_head(whole).encode() + b"\n" + writer.packed())
        self.keeper.look()


@dataclass
class Viewer:
    """Somebody who looks, a while after he looked last."""

    seconds: float = 0.0
    now: datetime = field(default_factory=lambda: datetime.now(tz=UTC))
    progress: PublishedProgress = field(init=False)

    def __post_init__(self) -> None:
        self.progress = PublishedProgress(seconds=lambda: self.seconds, now=lambda: self.now)

    def look(self, name: str = NAME, **given: Any) -> SeenOperation | None:
        """Look after ten seconds."""
        self.seconds += 10
        return self.progress.seen(name, **given)


def instance_of(scope: TaskScope) -> tuple[str, str, str, int]:
    """Return how a task instance is called."""
    return scope.dag_id, scope.run_id, scope.task_id, scope.map_index


def write_seen(scope: TaskScope, text: str) -> None:
    """Let a task publish something in its own store."""
    get_state_backend().set(scope, SEEN_KEY, text)
