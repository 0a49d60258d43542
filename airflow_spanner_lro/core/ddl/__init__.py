# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Read DDL by the lexical rules of Spanner's two dialects, for authors' texts and the emulator."""
