# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Thousands of waits with few requests: what to ask next, and when one may ask. Decisions only."""
