# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for Google's suites: tests find out late that there is an emulator.

They leave out what Google's emulator has not, by marks that look at ``SPANNER_EMULATOR_HOST`` while
tests are collected. With ``-p late_emulator`` that variable is set only after that, from
``LATE_EMULATOR_HOST``, so everything is run. Tests that Google skips as its project lacks keys are
run as well: ours takes any. How to use it is told in docs/reference/emulator-fidelity.md.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_HOST = "SPANNER_EMULATOR_HOST"


def pytest_configure() -> None:
    """Hide the emulator from what is imported."""
    os.environ.pop(_HOST, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take away the marks about keys."""
    for item in items:
        item.own_markers[:] = [
            mark
            for mark in item.own_markers
            if not (mark.name == "skip" and "KMS" in str(mark.kwargs.get("reason", "")))
        ]


def pytest_collection_finish() -> None:
    """Show the emulator to what is run."""
    os.environ[_HOST] = os.environ["LATE_EMULATOR_HOST"]
