# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A place where the suite's fake task is played: an emulator of its own, and no Airflow process.

Only rows that no process of Airflow can be brought into are played there, one after the other.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.polling import policy
from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.airflow.doubles import DATABASE, LATEST, FakeTask, FakeTaskInstance

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = DATABASE.replace("/orders", "/users")


@dataclass(frozen=True, slots=True, kw_only=True)
class Theatre:
    """The emulator, whose time stands still until somebody moves it, and two databases in it."""

    emulator: SpannerAdminEmulator
    clock: ManualClock

    @staticmethod
    def task(dag_id: str = "nightly") -> FakeTask:
        """Return a task instance in its first try."""
        return FakeTask(ti=FakeTaskInstance(dag_id=dag_id))


@contextmanager
def theatre() -> Iterator[Theatre]:
    """Let operators be executed in this process; nothing of it is left afterwards."""
    clock = ManualClock()
    with SpannerAdminEmulator(clock=clock) as emulator, pytest.MonkeyPatch.context() as patch:
        for database in (DATABASE, USERS):
            emulator.create_database(database)
        patch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        patch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "google-cloud-platform://")
        patch.setattr(policy, "MINIMUM_INTERVAL", 0.02)
        _let_airflow_answer(patch)
        yield Theatre(emulator=emulator, clock=clock)


def _let_airflow_answer(patch: pytest.MonkeyPatch) -> None:
    """Let what asks Airflow about a task be told of the fake one."""
    from airflow.sdk.bases.operator import ExecutorSafeguard  # noqa: PLC0415  # heavy
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # noqa: PLC0415
    from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415

    def states(*, dag_id: str, run_ids: list[str], **_: Any) -> dict[str, dict[str, str | None]]:
        found = {
            task_id: ti.state
            for (of, task_id, run_id, _), ti in LATEST.items()
            if of == dag_id and run_id in run_ids
        }
        return dict.fromkeys(run_ids, found)

    def xcom(*, key: str, dag_id: str, task_id: str, run_id: str, map_index: int) -> Any:
        ti = LATEST.get((dag_id, task_id, run_id, map_index))
        return ti.xcoms.get(key) if ti else None

    LATEST.clear()
    patch.setattr(ExecutorSafeguard, "test_mode", True)
    patch.setattr(RuntimeTaskInstance, "get_task_states", states)
    patch.setattr(XCom, "get_one", xcom)
