# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema statements, as far as an emulator of operations needs to understand them.

It reads verb, kind of thing and names, and keeps track of what exists. Columns, types and data are
not its business: the emulator of Google has a real parser.
"""

from __future__ import annotations

from airflow_spanner_lro.emulator.state.ddl.schema import SYSTEM_ROLES, Schema
from airflow_spanner_lro.emulator.state.ddl.statements import Statement, database_id_of

__all__ = ["SYSTEM_ROLES", "Schema", "Statement", "database_id_of"]
