# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The listener: what Airflow calls when one of its processes begins, and when one ends.

A triggerer or a scheduler begins, and may host the reaper; a triggerer renews its shares of the
budgets. A task's process begins, and may read values of ours from XComs; it ends, whatever has
become of it, and may have left an operation running. All others pay nothing: what works is imported
when there is work.
"""

from __future__ import annotations

import logging

from airflow.listeners import hookimpl

from airflow_spanner_lro.compatibility import unmet_requirements
from airflow_spanner_lro.execution import pending_deferral

log = logging.getLogger(__name__)

_TASK_RUNNER = "TaskRunnerMarker"
"""The component by which Airflow 3.3.2 marks a task's process. By name: its module is one that
only such processes should load."""
_JOB = "Job"
"""The component that Airflow 3.3.2 names where a scheduler, a triggerer or a dag-processor begins
and ends."""


@hookimpl
def on_starting(component: object) -> None:
    """Start with this process what it is to host: the reaper, and what a triggerer shares.

    A task's process may read XComs, and those that hold values of the hook among them.
    """
    if type(component).__name__ == _TASK_RUNNER:
        on_task_instance_running()
    if type(component).__name__ != _JOB:
        return
    for problem in unmet_requirements():
        log.warning("Packages do not fit: %s", problem)
    from airflow_spanner_lro.reaper import host  # noqa: PLC0415  # see above
    from airflow_spanner_lro.triggers import lease_keeper, progress_keeper  # noqa: PLC0415

    host.prepare(component)  # type: ignore[arg-type]  # by its name it is one
    lease_keeper.hosted.prepare(component)  # type: ignore[arg-type]  # the same
    progress_keeper.hosted.prepare(component)  # type: ignore[arg-type]  # the same


@hookimpl
def on_task_instance_running() -> None:
    """Let the next task of this process read our values: in ``dags test`` no process begins."""
    from airflow_spanner_lro.airflow_internals.xcom_classes import (  # noqa: PLC0415  # see above
        allow_values,
    )

    allow_values()


@hookimpl
def before_stopping(component: object) -> None:
    """End what this process hosts; cancel what a task has left running, if it may not defer."""
    if type(component).__name__ == _JOB:
        from airflow_spanner_lro.reaper import host  # noqa: PLC0415
        from airflow_spanner_lro.triggers import lease_keeper, progress_keeper  # noqa: PLC0415

        lease_keeper.hosted.stop()
        progress_keeper.hosted.stop()
        host.stop()
    note = pending_deferral.take()
    if note is None or type(component).__name__ != _TASK_RUNNER:
        return
    from airflow_spanner_lro.plugin.rejected_deferral import (  # noqa: PLC0415  # see above
        cancel_if_rejected,
    )

    cancel_if_rejected(note)
