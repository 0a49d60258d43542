# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What holds for all tests: an Airflow of their own, and what keeps them quick.

Slow tests are not measured, and what is loaded once is gone through by the collector once.
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


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Let slow tests, and those of a hundred examples, run at full speed: measuring takes thrice.

    What runs so often is covered by others, and processes that they start are measured all the
    same.
    """
    for item in items:
        drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if drawn or item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Put away what the modules of all tests have brought: a fifth of the time went into it.

    A full pass over Airflow and thirteen thousand tests takes 0.2 seconds, and one comes each
    second.
    """
    gc.collect()
    gc.freeze()
