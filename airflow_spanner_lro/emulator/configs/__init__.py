# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Instance configurations: those of Google can be read, those of users can also be changed."""
