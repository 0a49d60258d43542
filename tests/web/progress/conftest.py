# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Airflow databases, and a reaper's database with an emulator beside it."""

from __future__ import annotations

from tests.reaper.conftest import (
    emulator,
    environment,
    postgres,
    reaper,
    shared_tables,
    tables,
)

__all__ = [
    "emulator",
    "environment",
    "postgres",
    "reaper",
    "shared_tables",
    "tables",
]
