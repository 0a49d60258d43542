# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A Variable of Airflow's database that several processes change, one at a time.

Relies on the table ``variable`` of Airflow 3.3.2, by its columns: an object of ``Variable`` would
have each value that is read go through the masking of secrets. It is written as it is, not
encrypted, so that processes with other Fernet keys read it as well.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.airflow_internals.metadata_database import (
    MYSQL,
    POSTGRESQL,
    SQLITE,
    first_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

_NOW = {
    # the time of the statement: a transaction may have waited for its lock
    POSTGRESQL: "SELECT extract(epoch FROM clock_timestamp())",
    MYSQL: "SELECT timestampdiff(MICROSECOND, '1970-01-01', utc_timestamp(6)) / 1e6",
    SQLITE: "SELECT (julianday('now') - 2440587.5) * 86400.0",
}
"""What gives the database's time, in seconds since 1970."""
_ENCRYPTED = "(edited, and encrypted by Airflow)"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVariable:
    """A Variable that nobody else can change until the transaction ends.

    :param text: its value; empty if it was not there
    :param now: the database's time
    """

    text: str
    now: float
    _session: Session
    _key: str

    def write(self, text: str) -> None:
        """Write another value; it counts when the transaction has ended."""
        from airflow.models.variable import Variable  # noqa: PLC0415
        from sqlalchemy import update  # noqa: PLC0415

        table: Any = Variable.__table__
        self._session.execute(
            update(table).where(table.c.key == self._key).values(val=text, is_encrypted=False)
        )


@contextmanager
def held_variable(key: str, *, description: str) -> Iterator[HeldVariable]:
    """Hold a Variable for as long as a transaction lasts; it is made if it is not there.

    Nobody is waited for, save in SQLite: if somebody else holds it, that is an error.

    :raises AirflowDatabaseError: if it is held already, or the database cannot be used or is of a
        kind whose locks are not known here
    """
    from airflow.models.variable import Variable  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415
    from sqlalchemy import insert, select, text  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    table: Any = Variable.__table__
    row = select(table.c.val, table.c.is_encrypted).where(table.c.key == key)
    try:
        with create_session() as session:
            kind = session.get_bind().dialect.name
            if kind not in _NOW:
                message = f"Airflow's database has no lock that is known here: {kind}"
                raise AirflowDatabaseError(message)
            if session.execute(row).first() is None:
                # if another process is faster, its insert is the one that counts
                values = {"key": key, "val": "", "description": description, "is_encrypted": False}
                session.execute(insert(table).values(values))
            session.commit()
            if kind == SQLITE:
                # it locks no rows; this way nobody else writes anything meanwhile
                session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            found = session.execute(row.with_for_update(nowait=True)).first()
            if found is None:
                message = f"The Variable {key} was deleted just now"
                raise AirflowDatabaseError(message)
            now = float(session.scalar(text(_NOW[kind])))
            yield HeldVariable(
                text=_ENCRYPTED if found.is_encrypted else str(found.val or ""),
                now=now,
                _session=session,
                _key=key,
            )
    except SQLAlchemyError as exc:
        message = f"Airflow's database could not be used: {first_line(exc)}"
        raise AirflowDatabaseError(message) from exc
