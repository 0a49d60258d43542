# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is remembered of each thing that exists: frozen values, one module for each family.

A change replaces the record. Each record carries the serial number of its creation, so that the
operations of an earlier resource of the same name are not taken for its own.
"""
