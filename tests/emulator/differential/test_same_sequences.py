# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema statements that count on those before them: both emulators judge them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.core.status import Code
from tests.emulator.differential.google_sequences import (
    GOOGLE_ALIKE,
    GOOGLE_OURS,
)
from tests.emulator.differential.postgresql_sequences import POSTGRESQL_ALIKE, POSTGRESQL_OURS
from tests.emulator.differential.sequences import sequences
from tests.emulator.differential.sides import codes
from tests.emulator.differential.test_same_tables import apply

if TYPE_CHECKING:
    from tests.emulator.differential.conftest import RunBoth

GOOGLE, POSTGRESQL = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL


@pytest.mark.parametrize(
    ("dialect", "code", "statements"),
    [
        *((GOOGLE, *each) for each in sequences(GOOGLE_ALIKE)),
        *((POSTGRESQL, *each) for each in sequences(POSTGRESQL_ALIKE)),
    ],
)
def test_the_last_of_several_statements(
    run_both: RunBoth, dialect: Dialect, code: Code, statements: tuple[str, ...]
) -> None:
    """What was made, changed and dropped before decides about the last statement."""
    google, ours = run_both(lambda side: apply(side, dialect, *statements))

    expected = [Code.OK] * (len(statements) - 1) + [code]
    assert expected == codes(google)
    assert expected == codes(ours)


@pytest.mark.parametrize(
    ("dialect", "code", "statements"),
    [
        *((GOOGLE, *each) for each in sequences(GOOGLE_OURS)),
        *((POSTGRESQL, *each) for each in sequences(POSTGRESQL_OURS)),
    ],
)
def test_there_the_last_is_judged_otherwise(
    run_both: RunBoth, dialect: Dialect, code: Code, statements: tuple[str, ...]
) -> None:
    """What the documentation has and that emulator has not yet; and a column by two spellings."""
    google, ours = run_both(lambda side: apply(side, dialect, *statements))

    assert code is ours[-1].code
    assert code is not google[-1].code
