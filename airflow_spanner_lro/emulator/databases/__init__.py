# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases: their RPCs, what they are, and what their operations do; schemas aside."""
