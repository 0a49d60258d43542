# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Lets ``python -m airflow_spanner_lro.emulator`` run the emulator."""

from __future__ import annotations

import sys

from airflow_spanner_lro.emulator.command import main

if __name__ == "__main__":
    sys.exit(main())
