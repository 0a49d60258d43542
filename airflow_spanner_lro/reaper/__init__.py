# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What Airflow never tells us: operations whose tasks have ended without a word to anybody."""
