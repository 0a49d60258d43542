# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The name by which Airflow's ``[core] hostname_callable`` knows a component of a local Airflow.

Several triggerers on one machine would share its name, and nobody could tell whose a trigger is.
Separate, and without imports, because each Airflow process loads it.
"""

from __future__ import annotations

import os

VARIABLE = "SPANNER_LRO_HOSTNAME"
"""Where each component finds its name: an address of the loopback network."""


def hostname() -> str:
    """Return this component's name."""
    return os.environ.get(VARIABLE, "127.0.0.1")
