# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a task asks of Airflow and of Spanner, and how soon one on a worker goes on."""
