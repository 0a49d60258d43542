# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Calls on their way, whatever they come in by: the front, the call log, faults and the quota."""
