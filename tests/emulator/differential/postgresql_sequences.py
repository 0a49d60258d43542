# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL statements one after another, by the code that the last of them gets.

A paragraph is a sequence; an indented line goes on with the statement before it. The statements
before the last are all accepted. ``t`` stands for the table that all of them know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

OK, BAD, REFUSED = Code.OK, Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION

POSTGRESQL_ALIKE: Mapping[Code, str] = {
    OK: """
CREATE SEQUENCE s BIT_REVERSED_POSITIVE NO MINVALUE NO CYCLE

CREATE SEQUENCE s BIT_REVERSED_POSITIVE SKIP RANGE 1 5 START COUNTER 7

t
CREATE CHANGE STREAM s FOR t WITH (retention_period='2d')
ALTER CHANGE STREAM s RESET (retention_period)

t
CREATE CHANGE STREAM s FOR t
ALTER CHANGE STREAM s SET (retention_period='2d')

t
CREATE CHANGE STREAM s FOR t
ALTER CHANGE STREAM s SET FOR ALL

t
CREATE CHANGE STREAM s FOR t
ALTER CHANGE STREAM s DROP FOR ALL
DROP TABLE t

t
CREATE INDEX i ON t (b NULLS FIRST)

t
CREATE INDEX i ON t (b DESC NULLS LAST)

CREATE TABLE t (id bigint PRIMARY KEY, ts timestamptz) TTL INTERVAL '3 days' ON ts

t
CREATE TABLE u (id bigint PRIMARY KEY REFERENCES t (id) ON DELETE CASCADE ON UPDATE NO ACTION)

t
CREATE TABLE u (id bigint PRIMARY KEY REFERENCES t (id) MATCH FULL)
""",
    REFUSED: """
CREATE TABLE t (id bigint, PRIMARY KEY (id), PRIMARY KEY (id))

CREATE TABLE t (id bigint, CONSTRAINT k PRIMARY KEY (id))

CREATE TABLE t (id bigint PRIMARY KEY, CONSTRAINT k UNIQUE (id))

CREATE TABLE t ()

CREATE TABLE t (id bigint PRIMARY KEY, b bigint CONSTRAINT k NOT NULL)

CREATE TABLE t (id bigint CONSTRAINT k PRIMARY KEY)

CREATE TABLE t (id bigint NULL PRIMARY KEY)

t
CREATE TABLE u (id bigint PRIMARY KEY REFERENCES t (id) ON DELETE RESTRICT)

CREATE TABLE t (id bigint PRIMARY KEY, b bigint GENERATED ALWAYS AS IDENTITY)

CREATE TABLE w (id bigint PRIMARY KEY, a jsonb)
CREATE INDEX i ON w (a)

CREATE TABLE w (id bigint PRIMARY KEY, a bigint[])
CREATE INDEX i ON w (a)
""",
    BAD: """
CREATE TABLE t (id bigint PRIMARY KEY,)

t
CREATE INDEX i ON t (b NULLS SECOND)

CREATE TABLE t (id bigint PRIMARY KEY, ts timestamptz) TTL INTERVAL '' ON ts

CREATE TABLE t (id bigint PRIMARY KEY, ts timestamptz) TTL INTERVAL 3 ON ts

t
CREATE TABLE u (id bigint PRIMARY KEY REFERENCES t (id) ON INSERT CASCADE)

t
CREATE TABLE u (id bigint PRIMARY KEY REFERENCES t (id) ON DELETE EXPLODE)

CREATE TABLE t (id bigint PRIMARY KEY, b bigint DEFAULT)

CREATE TABLE t (id bigint PRIMARY KEY, b bigint DEFAULT nextval(
""",
}

POSTGRESQL_OURS: Mapping[Code, str] = {
    OK: """
t
CREATE VIEW v SQL SECURITY INVOKER AS SELECT n FROM generate_series(1, 3) AS n

CREATE TABLE t (id bigint PRIMARY KEY) LOCALITY GROUP "default"

t
CREATE TABLE u (id bigint PRIMARY KEY REFERENCES t (id) NOT ENFORCED)

t
CREATE TABLE u (id bigint PRIMARY KEY REFERENCES t (id) ENFORCED)
""",
}
