# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows: Google's Spanner emulator behind ours, and what a backup of its rows holds."""
