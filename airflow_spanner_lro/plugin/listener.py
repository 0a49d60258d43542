# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The listener: what Airflow calls at the end of a task's process, whatever has become of it.

Airflow calls it in its other processes too, and in those of all other tasks. They have left no note
and pay nothing: what works is imported when there is work.
"""

from __future__ import annotations

from airflow.listeners import hookimpl

from airflow_spanner_lro.execution import pending_deferral

_TASK_RUNNER = "TaskRunnerMarker"
"""The component by which Airflow 3.3.2 marks a task's process. By name: its module is one that
only such processes should load."""


@hookimpl
def before_stopping(component: object) -> None:
    """Stop what the task has left running, if Airflow has rejected its deferral."""
    note = pending_deferral.take()
    if note is None or type(component).__name__ != _TASK_RUNNER:
        return
    from airflow_spanner_lro.plugin.rejected import stop_if_rejected  # noqa: PLC0415  # see above

    stop_if_rejected(note)
