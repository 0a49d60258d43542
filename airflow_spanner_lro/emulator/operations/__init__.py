# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations: record, table, what each kind does, and the RPCs that read and cancel them."""
