# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup schedules: their RPCs, what they are, and the backups that they make."""
