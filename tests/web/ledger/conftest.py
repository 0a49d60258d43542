# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An Airflow database with ledgers, and an index of them with a clock that is set by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reaper.conftest import environment, tables

if TYPE_CHECKING:
    from tests.reaper.airflow_tables import AirflowTables

    from .ledgers import Ledgers

__all__ = ["environment", "tables"]


@pytest.fixture
def ledgers(tables: AirflowTables) -> Ledgers:
    """Return what writes ledgers into the database, and reads them as the page does."""
    from .ledgers import Ledgers  # noqa: PLC0415  # after AIRFLOW_HOME

    return Ledgers(tables=tables)
