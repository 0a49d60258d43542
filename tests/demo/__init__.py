# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""``make demo``: a real Airflow and the emulator, two Dags, and a verdict as the exit code."""
