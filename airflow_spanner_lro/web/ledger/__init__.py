# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ledger as the Operations page reads it: an index, filters, rows, details, a task's panel."""
