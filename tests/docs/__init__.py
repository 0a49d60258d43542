# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What readers see: pages that hold their code, snippets that run, links that lead somewhere."""
