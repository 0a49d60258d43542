# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The audit log: what is written about an operation's start and end, and its way to Pub/Sub."""
