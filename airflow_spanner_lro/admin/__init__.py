# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Asking the Spanner admin API. No Airflow here: a script may use it."""
