# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a Dag author writes. Importing an operator loads neither gRPC nor the Spanner clients."""

from __future__ import annotations

from airflow_spanner_lro.compatibility import require_airflow

require_airflow()
