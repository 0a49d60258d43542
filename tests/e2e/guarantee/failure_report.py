# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Report what happened in a row that fell short: tasks with their logs, calls with their times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.cluster.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.rest_api import DagRun
    from tests.e2e.conftest import World

_LINES = 40
"""The last lines of a log are enough."""


def failure_report(world: World, *, key: str, runs: list[DagRun]) -> str:
    """Return what is known about a row.

    :param key: the row's
    :param runs: of its Dag
    """
    return "\n".join([*_calls(world, key=key), *_tasks(world, runs=runs)])


def _calls(world: World, *, key: str) -> Iterator[str]:
    for call in world.emulator.calls:
        if f"/{key}-" in call.resource and call.method != "GetOperation":
            at = datetime.fromtimestamp(call.real_time, tz=UTC)
            yield f"{_time(at)} {call.method} {call.resource} {call.code.name} {call.message}"


def _tasks(world: World, *, runs: list[DagRun]) -> Iterator[str]:
    for run in runs:
        try:
            tasks = world.api.task_instances(run)
            yield f"run {run.run_id} of {run.dag_id} is {world.api.dag_run(run).state}"
        except ApiError as exc:
            # one whose Dag was deleted is gone
            yield f"run {run.run_id} of {run.dag_id}: {exc}"
            continue
        for task in tasks:
            for number in range(1, task.try_number + 1):
                yield f"--- {task.task_id}, try {number} of {task.try_number}, {task.state}:"
                try:
                    lines = world.api.log_lines(task, try_number=number)
                except ApiError as exc:
                    yield str(exc)
                    continue
                for line in lines[-_LINES:]:
                    yield f"{_time(line.at)} {line.text}"


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S.%f}" if at else " " * 15
