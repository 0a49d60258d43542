# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The life of one try of a task, whoever asks: start or adopt, wait, settle, write down."""
