# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What processes do that race for one Variable; each has connections of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.airflow_internals.shared_variable import held_variable
from airflow_spanner_lro.core.polling.lease import parse_record, renew, write_record

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from queue import Queue

    from airflow_spanner_lro.airflow_internals.shared_variable import HeldVariable

KEY = "shares"
CAP, BASE = 3.0, 1.0
_SECONDS = 1.0
_AT_LEAST, _PATIENCE = 2, 30.0


def held() -> AbstractContextManager[HeldVariable]:
    """Hold the Variable."""
    return held_variable(KEY, description="of a test")


def use(url: str) -> None:
    """Let this process have its own connections to the database."""
    from airflow import settings  # noqa: PLC0415  # as Airflow sets it up

    engine = create_engine(url)
    settings.Session = scoped_session(sessionmaker(bind=engine, expire_on_commit=False))


def add(url: str, times: int) -> None:
    """Add one to what is there, some times; whoever is in the way is tried again."""
    use(url)
    done = 0
    while done < times:
        try:
            with held() as variable:
                variable.write(str(int(variable.text or 0) + 1))
        except AirflowDatabaseError:
            continue
        done += 1


def renew_often(url: str, holder: str, seen: Queue[tuple[str, float, int]]) -> None:
    """Renew a share again and again, twice at least; tell all shares together each time.

    SQLite lets whoever is quicker have its lock, again and again.
    """
    use(url)
    end, highest, times = time.monotonic() + _SECONDS, 0.0, 0
    while time.monotonic() < end or (times < _AT_LEAST and time.monotonic() < end + _PATIENCE):
        try:
            with held() as variable:
                record, _ = renew(
                    parse_record(variable.text, now=variable.now),
                    key="k",
                    holder=holder,
                    wanted=9.0,
                    now=variable.now,
                    cap=CAP,
                    base=BASE,
                )
                variable.write(write_record(record))
                highest = max(highest, sum(each.rate for each in record.of("k").values()))
                times += 1
        except AirflowDatabaseError:
            continue
    seen.put((holder, highest, times))
