# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Statements of a schema that later statements, or a restore, leave in other words."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from airflow_spanner_lro.emulator.state.ddl.statements import TABLE

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator.state.ddl.statements import Statement

_BEFORE_TABLE = r"TABLE|ON|IN|PARENT|REFERENCES|FOR|FROM|JOIN|EXISTS"
_DATABASE_ID = re.compile(r"(\bDATABASE\s+)([`\"]?)[\w-]+\2", re.IGNORECASE)


def renamed(statement: Statement, old: str, new: str) -> Statement:
    """Return a statement after a table that it may speak of has got another name."""
    pattern = rf"\b({_BEFORE_TABLE})(\s+)([`\"]?){re.escape(old)}\3(?![\w.`\"])"
    is_table = statement.entity_type == TABLE
    return replace(
        statement,
        text=re.sub(pattern, rf"\1\2\g<3>{new}\3", statement.text, flags=re.IGNORECASE),
        names=tuple(_moved(name, old, new) if is_table else name for name in statement.names),
        on=_moved(statement.on, old, new),
        parent=_moved(statement.parent, old, new),
        refers=statement.refers.renamed(old, new),
    )


def about_database(statement: Statement, database_id: str) -> Statement:
    """Return an ALTER DATABASE for a database of another name."""
    # in PostgreSQL options have a namespace; quoted, as the new name may need that
    quote = '"' if "spanner." in statement.text.lower() else "`"
    text = _DATABASE_ID.sub(rf"\1{quote}{database_id}{quote}", statement.text, count=1)
    return replace(statement, text=text, names=(database_id,))


def revoked(grant: Statement, revoke: Statement) -> tuple[Statement, ...]:
    """Return what is left of a GRANT after a REVOKE; any other statement stays as it is."""
    if grant.action != "GRANT" or grant.entity_type != revoke.entity_type:
        return (grant,)
    given = list(product(grant.privileges or ("",), grant.names, grant.roles))
    taken = set(
        product(
            map(str.lower, revoke.privileges or ("",)),
            map(str.lower, revoke.names),
            map(str.lower, revoke.roles),
        )
    )
    left = [parts for parts in given if tuple(map(str.lower, parts)) not in taken]
    if len(left) == len(given):
        return (grant,)
    return tuple(_single(grant, *parts) for parts in left)


def _single(grant: Statement, privilege: str, name: str, role: str) -> Statement:
    what = f"{privilege} ON {grant.entity_type} {name}" if privilege else f"ROLE {name}"
    return replace(
        grant,
        text=f"GRANT {what} TO ROLE {role}",
        privileges=(privilege,) if privilege else (),
        names=(name,),
        roles=(role,),
    )


def _moved(name: str, old: str, new: str) -> str:
    return new if name.lower() == old.lower() else name
