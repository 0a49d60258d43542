# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow tells those who ask about a task from outside, or that it tells nothing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.execution_time.xcom import XCom

from airflow_spanner_lro.core.ledger.entry import RECORD_KEY

if TYPE_CHECKING:
    import pytest

NO_ANSWER = AirflowRuntimeError(ErrorResponse(detail={"message": "the api-server is away"}))
DELETED = "deleted"
"""In place of a state: there is no such task instance."""


class FakeAirflow:
    """What Airflow knows of one task: its state, and what it has published.

    Either may be an exception, which is raised instead.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state: Any = "failed"
        self.record: Any = None
        self.asked = 0
        self.quiet = threading.Event()
        self.quiet.set()
        monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", self._get_task_states)
        monkeypatch.setattr(XCom, "get_one", self._get_one)

    def _get_task_states(self, **criteria: Any) -> dict[str, dict[str, Any]]:
        self.asked += 1
        self.quiet.wait()
        if isinstance(self.state, Exception):
            raise self.state
        if self.state == DELETED:
            return {}
        (run_id,), index = criteria["run_ids"], criteria["map_index"]
        keys = [each if index is None else f"{each}_{index}" for each in criteria["task_ids"]]
        return {run_id: dict.fromkeys(keys, self.state)}

    def _get_one(self, **criteria: Any) -> Any:
        self.asked += 1
        assert RECORD_KEY == criteria["key"]
        if isinstance(self.record, Exception):
            raise self.record
        return self.record
