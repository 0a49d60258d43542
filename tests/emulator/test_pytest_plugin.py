# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.slow
def test_the_plugin_gives_an_emulator(tmp_path: Path) -> None:
    """The fixtures work, set the variable for the test alone, and load nothing before."""
    (tmp_path / "test_it.py").write_text(
        """
import os, sys
import pytest

@pytest.fixture
def spanner_emulator_options():
    return {"rest_port": 0}

def test_nothing_heavy_is_loaded():
    assert "grpc" not in sys.modules
    assert "SPANNER_EMULATOR_HOST" not in os.environ

def test_the_emulator_runs(spanner_emulator, emulator_clock):
    assert spanner_emulator.running
    assert spanner_emulator.clock is emulator_clock
    assert os.environ["SPANNER_EMULATOR_HOST"] == spanner_emulator.endpoint
    assert spanner_emulator.rest_port

def test_there_are_faults(spanner_emulator, spanner_faults):
    assert spanner_faults is spanner_emulator.faults
"""
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-p",
            "airflow_spanner_lro.emulator.pytest_plugin",
            "test_it.py",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**ENVIRONMENT, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        timeout=60,
    )

    assert 0 == done.returncode, done.stdout
    assert "3 passed" in done.stdout
