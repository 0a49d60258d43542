# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An operation that Spanner forgets while a task waits for it: never success, never for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.operations.errors import OperationGoneError
from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from tests.airflow.fakes import FakeTask, Stage


def test_a_worker_says_that_the_operation_is_gone(stage: Stage, task: FakeTask) -> None:
    """A wait on a worker fails with what has happened, and owes nothing any more."""
    stage.emulator.plan(LONG)
    stage.script.fail(method="GetOperation", code=Code.NOT_FOUND)

    with pytest.raises(OperationGoneError, match="a retry starts anew"):
        backup().execute(task.context)

    assert task.entry["closed"]
