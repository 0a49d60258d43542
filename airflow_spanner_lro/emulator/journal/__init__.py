# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The journal: what is written down so that a world can be made again, and where it is kept."""
