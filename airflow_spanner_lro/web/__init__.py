# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The server of the Operations page, and of the panel on a task, within Airflow's api-server."""
