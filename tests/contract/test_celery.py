# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A Celery worker never loads gRPC, however much of Airflow and of this package it loads.

It forks: its children, and they the processes of tasks. What gRPC does not survive is a fork.
That real workers keep to it as well is row C1 of the guarantees.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WORKER = """
import sys

from airflow import plugins_manager
from airflow.executors.base_executor import BaseExecutor
from airflow.providers.celery.cli import celery_command
from airflow.providers.celery.executors import celery_executor_utils
from airflow.sdk.execution_time import supervisor

# what Celery calls before it forks
celery_executor_utils.on_celery_import_modules()
# what the first task or its end may cause
plugins_manager.ensure_plugins_loaded()
plugins_manager.get_plugin_info()
ours = [name for name in sys.modules if name.startswith("airflow_spanner_lro.plugin")]
print(bool(ours), [name for name in sys.modules if name.split(".")[0] in ("grpc", "proto")])
"""
"""Loads whatever a worker can, with all plugins."""


@pytest.mark.slow
def test_a_celery_worker_does_not_load_grpc() -> None:
    """The worker's modules and all plugins, ours among them, leave gRPC to the tasks' processes."""
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", WORKER],
        env={**os.environ, "AIRFLOW__CELERY__BROKER_URL": "memory://"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "True []" == (done.stdout.splitlines() or [done.stderr])[-1]
