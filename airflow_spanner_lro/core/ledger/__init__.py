# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ledger: what the tries of a task record of the operations they start, and decide from it."""
