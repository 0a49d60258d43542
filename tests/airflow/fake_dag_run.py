# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A Dag run as callbacks see it: states and XComs of its tasks, which have started operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.execution_time.xcom import XCom

from airflow_spanner_lro.notifications.cancel import SpannerCancelOperationNotifier
from tests.airflow.fakes import FakeTask
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    import pytest

RUN = SimpleNamespace(dag_id="nightly", run_id="manual__1")


@dataclass(slots=True, kw_only=True)
class FakeRun:
    """What Airflow knows about the task instances of a run, and who has asked for which.

    :param broken: the task whose XComs cannot be read
    """

    states: dict[str, str | None] = field(default_factory=dict)
    xcoms: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    broken: str | None = None

    @classmethod
    def instead_of_airflow(cls, monkeypatch: pytest.MonkeyPatch) -> FakeRun:
        """Return a run without tasks, which answers what Airflow is asked."""
        made = cls()
        monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", made.get_task_states)
        monkeypatch.setattr(XCom, "get_one", made.get_one)
        return made

    def get_task_states(
        self, *, dag_id: str, task_ids: list[str] | None, run_ids: list[str], map_index: None
    ) -> dict[str, Any]:
        """Return the states of the tasks by key, as Airflow does."""
        assert map_index is None
        assert (RUN.dag_id, [RUN.run_id]) == (dag_id, run_ids)
        states = {
            key: state
            for key, state in self.states.items()
            if task_ids is None or key.rstrip("_0123456789") in task_ids or key in task_ids
        }
        return {RUN.run_id: states}

    def get_one(self, *, key: str, dag_id: str, task_id: str, run_id: str, map_index: int) -> Any:
        """Return an XCom."""
        assert (RUN.dag_id, RUN.run_id) == (dag_id, run_id)
        if task_id == self.broken:
            message = "the backend of XComs does not answer"
            raise ConnectionError(message)
        self.asked.append((task_id, map_index))
        return self.xcoms.get((task_id, map_index), {}).get(key)

    def started(
        self,
        task_id: str = "backup",
        map_index: int = -1,
        *,
        state: str = "deferred",
        **parameters: Any,
    ) -> str:
        """Let a task of the run have started a backup; return the operation's name."""
        task = FakeTask()
        usual = {"wait_for_completion": False, "backup_id": task_id.replace("_", "-")}
        name: str = backup(**usual | parameters).execute(task.context)
        key = task_id if map_index < 0 else f"{task_id}_{map_index}"
        self.states[key] = state
        self.xcoms[task_id, map_index] = task.ti.xcoms
        return name


def notify(context: Any = None, **parameters: Any) -> None:
    """Let Airflow call the notifier."""
    SpannerCancelOperationNotifier(**{"settle_timeout": 5.0} | parameters)(
        {"dag_run": RUN} if context is None else context
    )
