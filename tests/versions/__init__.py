# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Which Pythons, Airflows and packages this runs with, found by running: ``make versions``."""
