# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of tables, indexes, views and sequences: both emulators take or refuse it alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect
from tests.emulator.differential.alteration_statements import GOOGLE_SCRIPTS, POSTGRESQL_SCRIPTS
from tests.emulator.differential.google_statements import GOOGLE_TABLE
from tests.emulator.differential.postgresql_statements import POSTGRESQL_TABLE
from tests.emulator.differential.sides import codes
from tests.emulator.differential.test_same_tables import apply

if TYPE_CHECKING:
    from airflow_spanner_lro.core.status import Code
    from tests.emulator.differential.conftest import RunBoth


@pytest.mark.parametrize(
    ("dialect", "table", "script"),
    [
        *((Dialect.GOOGLE_STANDARD_SQL, GOOGLE_TABLE, script) for script in GOOGLE_SCRIPTS),
        *((Dialect.POSTGRESQL, POSTGRESQL_TABLE, script) for script in POSTGRESQL_SCRIPTS),
    ],
)
def test_changes_are_received_alike(
    run_both: RunBoth, dialect: Dialect, table: str, script: list[tuple[Code, str]]
) -> None:
    """Each statement of a script gets the same code from both, whatever came of those before it."""
    google, ours = run_both(
        lambda side: apply(side, dialect, table, *(statement for _, statement in script))
    )

    expected = [code for code, _ in script]
    assert expected == codes(google)[1:]
    assert expected == codes(ours)[1:]
