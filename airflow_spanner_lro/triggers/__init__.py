# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Triggers: what waits in the triggerer while no worker is held."""

from __future__ import annotations

from airflow_spanner_lro.compatibility import require_airflow

require_airflow()
