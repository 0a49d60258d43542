# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What it costs to wait for many operations: ours and other people's triggers, on one server."""
