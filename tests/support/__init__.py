# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Helpers that several rooms of the tests share: a proxy that falls silent, a gateway with keys."""
