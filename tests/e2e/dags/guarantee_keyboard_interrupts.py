# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the rows in which a person plays a Dag, or a task, at the keyboard: one a row."""

from __future__ import annotations

from guarantee_parts import (  # type: ignore[import-not-found]  # Airflow finds it in this folder
    ON_WORKER,
    single,
)

# a retry must not come between Ctrl-C and the end of the command
e24a = single("e24a", retries=1)
e24b = single("e24b", retries=1, **ON_WORKER)
e24c = single("e24c", retries=1)
e24d = single("e24d", retries=1, **ON_WORKER)
