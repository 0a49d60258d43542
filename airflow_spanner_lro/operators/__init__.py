# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a Dag author writes. Importing an operator loads neither gRPC nor the Spanner clients."""
