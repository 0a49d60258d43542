# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is true about Spanner's operations: no Airflow, no gRPC, no clock, no sleeping."""
