# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Schema migrations from a folder of files.

Runs the files of `sql/migrations` in the order of their numbers, one task for each, and remembers
with the database's asset which ones are applied: a run skips those.
A file that fails half-way is resumed: correct what it found, clear its task, and it goes on with
the first statement that was not committed.
What would not lead to the same schema everywhere is refused before anything is run: a file that was
changed, renamed or removed after it was applied, or a new one with a lower number.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_spanner_lro.assets import database_asset
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

# [START recipe_migrations]
PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
DATABASE_ID = os.environ.get("SPANNER_MIGRATED_DATABASE_ID", "orders")
FOLDER = Path(__file__).parent / "sql" / "migrations"
DATABASE = database_asset(project_id=PROJECT_ID, instance_id=INSTANCE_ID, database_id=DATABASE_ID)
NUMBERED = re.compile(r"\d{4}_\w+\.sql", re.ASCII)
KEY = "migrations"
"""Under which the asset remembers them: for each file its checksum, its run, and when it ended."""

Records = dict[str, dict[str, Any]]


def checksums() -> dict[str, str]:
    """Return the checksum of each file in the folder, in the order in which they run."""
    return {
        path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(FOLDER.glob("*.sql"))
    }


def faults(files: Mapping[str, str], records: Records, *, run_id: str) -> list[str]:
    """Return why the files must not be run; nothing if they may.

    :param files: their checksums
    :param records: what is remembered of them
    :param run_id: the run that asks
    """
    found = [
        f"{name} is not named like 0001_what.sql" for name in files if not NUMBERED.fullmatch(name)
    ]
    for number, same in groupby(files, key=lambda name: name[:4]):
        if len(names := list(same)) > 1:
            found.append(f"{' and '.join(names)} have the same number {number}")
    new = [name for name in files if name not in records]
    found += [
        f"{name} is new and comes before {max(records)}: give it a higher number"
        for name in new
        if name < max(records, default="")
    ]
    for name, record in records.items():
        renamed = [each for each in new if files[each] == record["checksum"]]
        if not record["applied"]:
            if record["run_id"] != run_id:
                found.append(
                    f"{name} was begun by run {record['run_id']} and is not finished: clear its "
                    "task there, or finish it by hand and name it in applied_by_hand"
                )
        elif name not in files:
            found.append(
                f"{name} is applied and is called {renamed[0]} now: give it its name back"
                if renamed
                else f"{name} is applied and is not in the folder any more: put it back"
            )
        elif files[name] != record["checksum"]:
            found.append(
                f"{name} was changed after it was applied: change it back, and write what is new "
                "into a file of its own"
            )
    return found


@task(inlets=[DATABASE])
def check(asset_state_store: Any = None, params: Any = None, dag_run: Any = None) -> None:
    """Refuse what would not lead to the same schema everywhere, before anything is run."""
    records: Records = asset_state_store.get(KEY, {})
    files = checksums()
    by_hand = [name for name in params["applied_by_hand"] if name in files]
    for name in by_hand:
        records[name] = record_of(name, run_id=dag_run.run_id, applied=True)
    found = faults(files, records, run_id=dag_run.run_id)
    found += [
        f"{name} is named in applied_by_hand and is not in the folder"
        for name in params["applied_by_hand"]
        if name not in files
    ]
    if found:
        message = f"Nothing was run: {'; '.join(found)}."
        raise AirflowFailException(message)
    if by_hand:
        asset_state_store.set(KEY, records)


def record_of(name: str, *, run_id: str, applied: bool) -> dict[str, Any]:
    """Return what is remembered of a file from now on."""
    ended = datetime.now(tz=UTC).isoformat() if applied else None
    return {"checksum": checksums()[name], "run_id": run_id, "applied": ended}


def begin(context: Context) -> None:
    """Note that a file is begun; skip it if it is applied. Airflow calls this before each try."""
    store: Any = context["asset_state_store"]
    name, run_id = f"{context['task'].task_id}.sql", context["dag_run"].run_id
    records: Records = store.get(KEY, {})
    if name in records and records[name]["applied"]:
        message = f"{name} is applied since {records[name]['applied']}."
        raise AirflowSkipException(message)
    store.set(KEY, records | {name: record_of(name, run_id=run_id, applied=False)})


def finish(context: Context, result: Any) -> None:  # noqa: ARG001  # Airflow's signature
    """Note that a file is applied. Airflow calls this when its task has succeeded."""
    store: Any = context["asset_state_store"]
    name, run_id = f"{context['task'].task_id}.sql", context["dag_run"].run_id
    store.set(KEY, store.get(KEY, {}) | {name: record_of(name, run_id=run_id, applied=True)})


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # one after the other: what is remembered is read, and written as a whole
    max_active_runs=1,
    doc_md=__doc__,
    tags=["example", "spanner"],
    params={"applied_by_hand": Param([], type="array", items={"type": "string"})},
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "retries": 2},
)
def example_spanner_migrations() -> None:
    """Run the files that are new."""
    before: Any = check()
    for path in filter(NUMBERED.fullmatch, checksums()):
        migration = SpannerUpdateDatabaseDdlOperator(
            task_id=path.removesuffix(".sql"),
            database_id=DATABASE_ID,
            ddl_statements=f"sql/migrations/{path}",
            inlets=[DATABASE],
            pre_execute=begin,
            post_execute=finish,
            # goes on behind files that were skipped
            trigger_rule="none_failed",
            deferrable=True,
            execution_timeout=timedelta(hours=12),
        )
        before = before >> migration


example_spanner_migrations()
# [END recipe_migrations]
