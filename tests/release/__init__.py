# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is released: wheel, source distribution and SBOM, made twice and compared, then checked."""
