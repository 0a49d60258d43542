# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups and their copies: their RPCs, what they are, what their operations do, when they expire."""
