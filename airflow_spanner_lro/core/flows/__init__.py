# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What to do, step by step, as generators that never call, sleep or read a clock."""
