# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""From an Airflow connection to a client: the one place that knows connections and credentials."""

from __future__ import annotations

from airflow_spanner_lro.compatibility import require_airflow

require_airflow()
