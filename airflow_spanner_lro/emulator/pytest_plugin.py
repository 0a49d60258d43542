# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures for whoever tests code that talks to the admin API: an emulator, its clock, its faults.

Pytest loads this module in every run of every user who has the package, so it imports nothing heavy
until a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.emulator.clock import ManualClock
    from airflow_spanner_lro.emulator.faults import Faults
    from airflow_spanner_lro.emulator.server import SpannerAdminEmulator


@pytest.fixture
def emulator_clock() -> ManualClock:
    """Return the clock of ``spanner_emulator``: it starts at the real time, and stands still."""
    from airflow_spanner_lro.emulator.clock import ManualClock  # noqa: PLC0415

    return ManualClock()


@pytest.fixture
def spanner_emulator_options() -> dict[str, Any]:
    """Return what ``spanner_emulator`` is made with beside its clock; meant to be overridden."""
    return {}


@pytest.fixture
def spanner_emulator(
    emulator_clock: ManualClock,
    spanner_emulator_options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[SpannerAdminEmulator]:
    """Run an empty emulator for one test, with ``SPANNER_EMULATOR_HOST`` pointing to it."""
    from airflow_spanner_lro.emulator.server import SpannerAdminEmulator  # noqa: PLC0415

    with SpannerAdminEmulator(clock=emulator_clock, **spanner_emulator_options) as emulator:
        monkeypatch.setenv("SPANNER_EMULATOR_HOST", emulator.endpoint)
        yield emulator


@pytest.fixture
def spanner_faults(spanner_emulator: SpannerAdminEmulator) -> Iterator[Faults]:
    """Return the faults of ``spanner_emulator``; what is pending is forgotten after the test."""
    yield spanner_emulator.faults
    spanner_emulator.faults.clear()
