# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A way through the code is counted by the files it enters, and those it comes back to."""

from __future__ import annotations

import pytest

from tests.benchmarks.journeys import _Way


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param("", (0, 0, 0), id="nowhere"),
        pytest.param("a a a", (3, 1, 0), id="stays in one file"),
        pytest.param("a b c", (3, 3, 0), id="goes on"),
        pytest.param("a b a a b", (5, 2, 2), id="comes back twice"),
    ],
)
def test_returns_are_to_files_left_before(files: str, expected: tuple[int, int, int]) -> None:
    """To call within a file is no return, nor is the first visit of one."""
    way = _Way()
    for file in files.split():
        way.enter(file, "function")

    assert expected == way.counted(tests=True)


def test_the_tests_own_files_are_counted_only_if_asked_for() -> None:
    """Where the way leads through a test it goes on as if it had not."""
    way = _Way()
    for file in ("a", "tests/airflow/fakes.py", "a"):
        way.enter(file, "function")

    assert (2, 1, 0) == way.counted(tests=False)
    assert (3, 2, 1) == way.counted(tests=True)
