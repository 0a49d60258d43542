# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the guarantee's rows about Celery workers: one a row, with a queue of its own."""

from __future__ import annotations

from typing import Any

from guarantee_parts import (  # type: ignore[import-not-found]  # Airflow finds it in this folder
    ON_WORKER,
    single,
)

SINGLE: dict[str, dict[str, Any]] = {
    "c1": {},
    "c2": {},
    "c3": {"retries": 1},
    "c4": {"retries": 1},
}
for key, arguments in SINGLE.items():
    globals()[f"guarantee_{key}"] = single(key, queue=key, **ON_WORKER, **arguments)
