# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin is found by Airflow, and costs its processes next to nothing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from airflow.sdk._shared.plugins_manager import is_valid_plugin

from airflow_spanner_lro.plugin import SpannerLroPlugin

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
LOADED = """
import sys
import airflow.sdk.execution_time.task_runner
before = set(sys.modules)
import airflow_spanner_lro.plugin
print(*sorted(set(sys.modules) - before))
"""
OURS = {
    "airflow_spanner_lro",
    "airflow_spanner_lro.compatibility",
    "airflow_spanner_lro.execution",
    "airflow_spanner_lro.execution.pending_deferral",
    "airflow_spanner_lro.plugin",
    "airflow_spanner_lro.plugin.definition",
    "airflow_spanner_lro.plugin.listener",
    "airflow_spanner_lro.plugin.page",
    "airflow_spanner_lro.plugin.task_links",
}


def test_airflow_finds_it() -> None:
    """The entry point of the distribution leads to a plugin that Airflow accepts."""
    group = "airflow.plugins"
    ((name, value),) = tomllib.loads(PYPROJECT.read_text())["project"]["entry-points"][
        group
    ].items()

    plugin = EntryPoint(name=name, value=value, group=group).load()

    assert SpannerLroPlugin is plugin
    assert is_valid_plugin(plugin)


@pytest.mark.slow
def test_nothing_heavy_is_loaded() -> None:
    """Every process of Airflow loads the plugin: a handful of small modules, and no client."""
    run = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", LOADED], check=True, capture_output=True, text=True
    )

    loaded = set(run.stdout.split("\n")[-2].split())

    assert {"airflow._shared.listeners", "airflow.listeners"} >= loaded - OURS
