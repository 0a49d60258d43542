# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Emulators whose clocks differ from ours, and the connections that lead tasks to them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator import SpannerAdminEmulator, SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

SKEW = timedelta(minutes=5)
AHEAD, BEHIND = "spanner_ahead", "spanner_behind"
"""The connections; the clocks there are ahead of ours and behind it, and go as fast."""


@contextmanager
def skewed(by: timedelta) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator whose clock differs from ours, and goes as fast."""
    clock = SystemClock()
    clock.restore(datetime.now(tz=UTC) + by)
    with SpannerAdminEmulator(clock=clock) as emulator:
        yield emulator


def connection_to(emulator: SpannerAdminEmulator) -> str:
    """Return an Airflow connection to an emulator, which no environment variable names."""
    extra = {"spanner_endpoint": f"http://{emulator.endpoint}"}
    return json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
