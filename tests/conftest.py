# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What holds for all tests: an Airflow of their own, and what keeps them quick.

Slow simulations are not measured, what is loaded once is gone through by the collector once, and
a core that waits with one test works on another.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

# before anything imports Airflow, which makes this folder; in the user's own there may be settings
os.environ.setdefault("AIRFLOW_HOME", str(Path(tempfile.gettempdir()) / "airflow-home-of-tests"))

# a shell that starts something in the background lets it ignore Ctrl-C, and so do all of its
# children, those among them that tests interrupt
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SIMULATIONS = (
    "test_crowd_of_triggers",
    "test_detection",
    "test_index",
    "test_kill_strokes",
    "test_many_waits",
    "test_poller_",
    "test_progress_publisher",
)
"""Modules in which thousands wait for hours, in a time that jumps, or are stored."""


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Let nobody measure a test that is not to be measured.

    In a process of xdist there are three that measure, one of whom pytest's plugin pauses; whoever
    began before goes on then.
    """
    coverage = sys.modules.get("coverage")
    paused: list[Any] = []
    if coverage and item.get_closest_marker("no_cover"):
        while other := coverage.Coverage.current():
            other.stop()
            paused.append(other)
    try:
        yield
    finally:
        for other in reversed(paused):
            other.start()


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
