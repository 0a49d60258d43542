# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Spanner's long-running operations as values and decisions: no Airflow, gRPC, clock or sleep."""
