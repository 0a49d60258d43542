# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Class paths of 0.1.0: deferrals that lie in Airflow's database name their triggers so.

What waits for a slot is in ``triggers/slot.py``, and nothing new is stored under these names.
"""

from __future__ import annotations

from airflow_spanner_lro.triggers.slot import (
    SpannerPauseTrigger,
    SpannerSlotTrigger as SpannerTurnTrigger,
)

__all__ = ["SpannerPauseTrigger", "SpannerTurnTrigger"]
