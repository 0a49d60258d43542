# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The listener: what Airflow calls when one of its processes begins, and when one ends.

A triggerer or a scheduler begins, and may host the reaper. A task's process ends, whatever has
become of it, and may have left an operation running. All others pay nothing: what works is imported
when there is work.
"""

from __future__ import annotations

from airflow.listeners import hookimpl

from airflow_spanner_lro.execution import pending_deferral

_TASK_RUNNER = "TaskRunnerMarker"
"""The component by which Airflow 3.3.2 marks a task's process. By name: its module is one that
only such processes should load."""
_JOB = "Job"
"""The component that Airflow 3.3.2 names where a scheduler, a triggerer or a dag-processor begins
and ends."""


@hookimpl
def on_starting(component: object) -> None:
    """Start the reaper with this process, if it is to host it."""
    if type(component).__name__ != _JOB:
        return
    from airflow_spanner_lro.reaper import host  # noqa: PLC0415  # see above

    host.prepare(component)  # type: ignore[arg-type]  # by its name it is one


@hookimpl
def before_stopping(component: object) -> None:
    """End the reaper with its host; cancel what a task has left running, if it may not defer."""
    if type(component).__name__ == _JOB:
        from airflow_spanner_lro.reaper import host  # noqa: PLC0415

        host.stop()
    note = pending_deferral.take()
    if note is None or type(component).__name__ != _TASK_RUNNER:
        return
    from airflow_spanner_lro.plugin.rejected_deferral import (  # noqa: PLC0415  # see above
        cancel_if_rejected,
    )

    cancel_if_rejected(note)
