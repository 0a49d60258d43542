# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schemas of databases, as far as an emulator of operations needs to understand them.

It reads verb, kind of thing and names, and keeps track of what exists. Columns, types and data are
not its business: the emulator of Google has a real parser.
"""
