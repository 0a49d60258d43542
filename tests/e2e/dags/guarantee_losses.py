# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the guarantee's rows in which a process or a call is lost: one a row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from guarantee_parts import (  # type: ignore[import-not-found]  # Airflow finds it in this folder
    ON_WORKER,
    backup,
    row_dag,
    single,
)

ONE_RETRY = {"retries": 1}

SINGLE: dict[str, dict[str, Any]] = {
    # long enough for the triggerer to be lost before it has passed
    "e4": {"operation_timeout": timedelta(seconds=45)},
    "e17a": {},
    "e17b": {},
    "e18": ON_WORKER,
    "e19": {},
    # somebody marks it before that has passed
    "e22": {"retries": 1, "retry_delay": timedelta(minutes=30), **ON_WORKER},
    "k1a": {},
    "k1b": {},
    "k2": {},
    "k4": {**ONE_RETRY, **ON_WORKER},
    "k5": ONE_RETRY,
    "k6": {},
    "k9a": {},
    "k9b": ON_WORKER,
}
for key, arguments in SINGLE.items():
    globals()[f"guarantee_{key}"] = single(key, **arguments)

with row_dag("e16"):
    # one of them takes the triggerer's last place
    backup("e16")
    backup("e16", task_id="sibling", database="e16-sibling")
