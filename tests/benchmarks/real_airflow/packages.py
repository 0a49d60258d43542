# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What only benchmarks need, in a folder of its own that only their processes see.

The Google provider's Spanner modules import only where the openlineage provider is installed, and
that one brings a plugin which every Airflow would load, the end-to-end tests' too.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parents[3] / ".bench" / "packages"
READY = FOLDER / ".ready"
"""Put there by ``make bench`` when everything is installed."""
MISSING = "The Google provider's side was left out: `make bench` installs the packages it needs."


def installed() -> bool:
    """Tell whether the packages are there."""
    return READY.exists()


def environment(*, path: str | None = None) -> dict[str, str]:
    """Return what a process needs to import them.

    :param path: its ``PYTHONPATH`` so far; by default ours
    """
    inherited = os.environ.get("PYTHONPATH", "") if path is None else path
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [inherited, str(FOLDER)])),
        # it is there to be imported, not to send anything
        "AIRFLOW__OPENLINEAGE__DISABLED": "True",
    }
