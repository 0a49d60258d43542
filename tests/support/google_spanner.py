# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of rows need that no package registry has: Google's Spanner emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.emulator.data.binary import HOW_TO_GET_IT, find_binary

if TYPE_CHECKING:
    from pathlib import Path


def require_google_emulator() -> Path:
    """Return where it is; without it, skip what asks: nothing else holds rows, or judges ours.

    What the emulator does without it, or with one that fails, is tried by tests that do not ask.
    """
    binary = find_binary()
    if binary is None:
        pytest.skip(f"This needs Google's Spanner emulator: {HOW_TO_GET_IT}")
    return binary
