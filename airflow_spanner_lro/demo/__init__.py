# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A real Airflow on this machine, started, watched, hurt and stopped as an object.

Nothing here imports Airflow: it only drives its processes and asks its REST API.
"""
