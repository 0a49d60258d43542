# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Google's Spanner emulator for tests, by the code that runs it behind ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.data.process import GoogleEmulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALONE = (("grpc.use_local_subchannel_pool", 1),)
"""A channel that knows nothing of what another one met at this address before."""


@contextmanager
def running(binary: Path) -> Iterator[str]:
    """Run the emulator on a port that it picks itself; yield its address once it answers."""
    google = GoogleEmulator(binary)
    google.start(on_end=lambda: None)
    try:
        yield google.address
    finally:
        google.stop()
