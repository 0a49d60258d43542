# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of tables, indexes, views and sequences, statement by statement.

What Google's emulator judges as well stands in a file of statements that is put to both; here is
also what only the documentation of Spanner tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_spanner_lro.core.ddl.lexer import Dialect
from airflow_spanner_lro.emulator import RpcError
from airflow_spanner_lro.emulator.schemas.model import Schema
from airflow_spanner_lro.emulator.schemas.statements import DdlStatement
from tests.emulator.differential.alteration_statements import (
    GOOGLE_SCRIPTS,
    POSTGRESQL_SCRIPTS,
    scripts,
)
from tests.emulator.differential.google_statements import GOOGLE_TABLE
from tests.emulator.differential.postgresql_statements import POSTGRESQL_TABLE
from tests.emulator.test_ddl_of_tables import received

if TYPE_CHECKING:
    from airflow_spanner_lro.core.status import Code

GOOGLE, POSTGRESQL = Dialect.GOOGLE_STANDARD_SQL, Dialect.POSTGRESQL

DOCUMENTED_FOR_GOOGLE = scripts("""
OK ALTER TABLE T ALTER COLUMN C SET ON UPDATE (1)
OK ALTER TABLE T ALTER COLUMN C DROP ON UPDATE
MISSING ALTER TABLE T ALTER COLUMN Nope DROP ON UPDATE

BAD ALTER TABLE T ALTER COLUMN C SET ON UPDATE 1
BAD ALTER TABLE T ALTER COLUMN C DROP ON
BAD ALTER TABLE T ALTER COLUMN B SET PLACEMENT KEY

OK CREATE SEQUENCE S OPTIONS (sequence_kind = 'bit_reversed_positive')
OK ALTER TABLE T ALTER COLUMN C SET DEFAULT (GET_NEXT_SEQUENCE_VALUE(SEQUENCE S))
OK ALTER TABLE T ALTER COLUMN C DROP ON UPDATE
REFUSED DROP SEQUENCE S

OK ALTER TABLE T SET OPTIONS (locality_group = 'default')

OK CREATE TABLE U (Id INT64, K INT64) PRIMARY KEY (Id, K), INTERLEAVE IN PARENT T
OK ALTER TABLE U SET INTERLEAVE IN T
OK ALTER TABLE U SET INTERLEAVE IN PARENT T ON DELETE CASCADE
MISSING ALTER TABLE U SET INTERLEAVE IN Nope
BAD ALTER TABLE U SET INTERLEAVE T

OK CREATE INDEX I ON T (B) STORING (C) OPTIONS (locality_group = 'default')
OK ALTER INDEX I ALTER STORED COLUMN C SET OPTIONS (locality_group = 'g')
OK ALTER INDEX I SET OPTIONS (locality_group = 'g')

OK ALTER TABLE T ADD COLUMN K TOKENLIST AS (TOKENIZE_FULLTEXT(B)) HIDDEN
OK CREATE SEARCH INDEX S ON T (K) STORING (C) PARTITION BY C, Id ORDER BY C ASC, INTERLEAVE IN T
OK ALTER SEARCH INDEX S ADD STORED COLUMN B
OK ALTER SEARCH INDEX S DROP STORED COLUMN B
OK ALTER SEARCH INDEX S ADD COLUMN K
BAD ALTER SEARCH INDEX S ADD FROB
BAD CREATE INDEX I ON T (B), FROB

OK CREATE VIEW V SQL SECURITY DEFINER AS SELECT T.Id FROM T
OK CREATE ROLE R

OK ALTER TABLE T ADD CHECK (C > 0)
MISSING ALTER TABLE T DROP CONSTRAINT FK_T_T_1
OK ALTER TABLE T DROP CONSTRAINT CK_T_1
""")

DOCUMENTED_FOR_POSTGRESQL = scripts("""
OK CREATE LOCALITY GROUP g
OK ALTER TABLE t SET LOCALITY GROUP g
OK CREATE INDEX i ON t (b) LOCALITY GROUP g
BAD ALTER TABLE t SET LOCALITY g

OK CREATE TABLE u (id bigint, k bigint, PRIMARY KEY (id, k)) INTERLEAVE IN PARENT t
OK ALTER TABLE u SET INTERLEAVE IN t
OK ALTER TABLE u SET INTERLEAVE IN PARENT t ON DELETE CASCADE

BAD ALTER TABLE t ALTER COLUMN b SET NOT NULL
BAD ALTER TABLE t ALTER COLUMN c DROP NOT NULL
""")


@pytest.mark.parametrize(
    ("dialect", "table", "script"),
    [
        *((GOOGLE, GOOGLE_TABLE, script) for script in (*GOOGLE_SCRIPTS, *DOCUMENTED_FOR_GOOGLE)),
        *(
            (POSTGRESQL, POSTGRESQL_TABLE, script)
            for script in (*POSTGRESQL_SCRIPTS, *DOCUMENTED_FOR_POSTGRESQL)
        ),
    ],
)
def test_changes_are_received_as_they_should_be(
    dialect: Dialect, table: str, script: list[tuple[Code, str]]
) -> None:
    """Each statement gets its code, and what is refused leaves nothing behind for the next."""
    found = received(dialect, table, *(statement for _, statement in script))

    assert script == [
        (code, statement) for code, (_, statement) in zip(found[1:], script, strict=True)
    ]


@pytest.mark.parametrize(
    ("dialect", "statements", "told"),
    [
        (
            POSTGRESQL,
            ["ALTER TABLE t ALTER COLUMN c RESTART COUNTER WITH 5"],
            "Column is not an identity column in table t: c",
        ),
        (
            GOOGLE,
            ["ALTER TABLE T ALTER COLUMN B SET NOT NULL"],
            "ALTER COLUMN NOT NULL is not supported without a column type",
        ),
        (
            POSTGRESQL,
            ["CREATE INDEX i ON t USING gin (b)"],
            "The access method <gin> of an index is not supported.",
        ),
        (
            POSTGRESQL,
            ["CREATE INDEX i ON t (b) WHERE (b IS NOT NULL"],
            "Expecting ')' but found 'EOF'.",
        ),
        (
            POSTGRESQL,
            [
                "CREATE INDEX i ON t (b)",
                "ALTER TABLE t ALTER b TYPE varchar(20), ALTER b SET NOT NULL",
            ],
            "index i",
        ),
        (
            GOOGLE,
            ["CREATE INDEX I ON T (C, B)", "ALTER TABLE T DROP COLUMN B"],
            "It is used by index `I`.",
        ),
        (
            GOOGLE,
            [
                "CREATE TABLE U (Id INT64, X INT64) PRIMARY KEY (Id)",
                "ALTER TABLE T ADD CONSTRAINT F FOREIGN KEY (C) REFERENCES U (X)",
                "ALTER TABLE U DROP COLUMN X",
            ],
            "It is used by foreign key `F`.",
        ),
        (
            GOOGLE,
            ["CREATE CHANGE STREAM S FOR T(B)", "ALTER TABLE T DROP COLUMN B"],
            "It is used by change stream `S`.",
        ),
    ],
)
def test_a_refusal_says_what_is_in_the_way(
    dialect: Dialect, statements: list[str], told: str
) -> None:
    """Whoever reads the error knows what to change: a name, or the word that is missing."""
    *before, last = statements
    schema = Schema()
    for text in (GOOGLE_TABLE if dialect is GOOGLE else POSTGRESQL_TABLE, *before):
        schema = schema.apply(DdlStatement.parse(text, dialect=dialect))

    with pytest.raises(RpcError) as refused:
        schema.apply(DdlStatement.parse(last, dialect=dialect))

    assert told in str(refused.value)
