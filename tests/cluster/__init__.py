# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Start, watch, kill and stop a real Airflow on this machine, from a test or the demo.

Nothing here imports Airflow: it drives Airflow's processes and asks its REST API.
"""
