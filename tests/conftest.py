# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What holds for all tests: an Airflow of their own, and what keeps them quick.

Slow simulations are not measured, what is loaded once is gone through by the collector once, and
a core that waits with one test works on another.
"""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

# before anything imports Airflow, which makes this folder; in the user's own there may be settings
os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / "airflow-home-of-tests"))


SIMULATIONS = (
    "test_crowd_of_triggers",
    "test_detection",
    "test_kill_strokes",
    "test_many_waits",
    "test_poller_budget",
    "test_poller_busy",
    "test_poller_kills",
    "test_poller_polls",
    "test_poller_wake_ups",
)
"""Modules in which thousands wait for hours, in a time that jumps."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many tests ``-n auto`` runs at a time: two for each core, or one if it measures.

    Many wait for servers, threads and other processes: with one for each core half of two was idle.
    What is measured has enough to do, and waits then in vain for what others keep from it.
    """
    cores = os.cpu_count() or 1
    return cores if config.getoption("cov_source", default=None) else 2 * cores


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Let slow simulations run at full speed: measuring takes thrice the time.

    Their few lines run a million times each, and others' tests run them as well.
    """
    for item in items:
        if item.get_closest_marker("slow") and item.path.name.startswith(SIMULATIONS):
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Put away what the modules of all tests have brought: a fifth of the time went into it.

    A full pass over Airflow and thirteen thousand tests takes 0.2 seconds, and one comes each
    second.
    """
    gc.collect()
    gc.freeze()
