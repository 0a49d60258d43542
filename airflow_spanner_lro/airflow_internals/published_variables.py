# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Variables of Airflow's database in which processes publish, each in its own.

Relies on the table ``variable`` of Airflow 3.3.2, by its columns: an object of ``Variable`` would
have each value that is read go through the masking of secrets. They are written as they are, not
encrypted, so that processes with other Fernet keys read them as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals.metadata_database import database_session

if TYPE_CHECKING:
    from collections.abc import Collection


def publish(key: str, text: str, *, description: str) -> None:
    """Write a Variable that nobody else writes, in one transaction.

    :raises AirflowDatabaseError: if the database cannot be used
    """
    from sqlalchemy import insert, update  # noqa: PLC0415

    table = _table()
    values = {"val": text, "is_encrypted": False}
    with database_session() as session:
        done = session.execute(update(table).where(table.c.key == key).values(values))
        if not getattr(done, "rowcount", 0):
            named = {"key": key, "description": description, **values}
            session.execute(insert(table).values(named))


def published_heads(key_prefix: str, *, characters: int) -> dict[str, str]:
    """Return the beginnings of all Variables with such keys.

    :raises AirflowDatabaseError: if the database cannot be used
    """
    from sqlalchemy import func, select  # noqa: PLC0415

    table = _table()
    query = select(table.c.key, func.substr(table.c.val, 1, characters)).where(
        table.c.key.startswith(key_prefix, autoescape=True)
    )
    with database_session() as session:
        return {key: str(text or "") for key, text in session.execute(query)}


def published(keys: Collection[str]) -> dict[str, str]:
    """Return some Variables; those that are not there any more are missing.

    :raises AirflowDatabaseError: if the database cannot be used
    """
    from sqlalchemy import select  # noqa: PLC0415

    table = _table()
    query = select(table.c.key, table.c.val).where(table.c.key.in_(keys))
    with database_session() as session:
        return {key: str(text or "") for key, text in session.execute(query)}


def withdraw(keys: Collection[str]) -> None:
    """Delete some Variables.

    :raises AirflowDatabaseError: if the database cannot be used
    """
    from sqlalchemy import delete  # noqa: PLC0415

    table = _table()
    with database_session() as session:
        session.execute(delete(table).where(table.c.key.in_(keys)))


def _table() -> Any:
    from airflow.models.variable import Variable  # noqa: PLC0415

    return Variable.__table__
