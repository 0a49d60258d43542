# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The real thing: Airflow's own processes, beside an emulator in a process of its own."""
