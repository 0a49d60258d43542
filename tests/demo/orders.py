# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Rows of the demo: orders that are written, lost while a backup is taken, and found in it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from google.auth.credentials import AnonymousCredentials
from google.cloud import spanner

from airflow_spanner_lro.core.kinds import CREATE_BACKUP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.spanner_v1.database import Database

    from tests.cluster.rest_api import AirflowApi, DagRun
    from tests.demo.scenario import RunningDemo

ORDERS = 2000
RESULT = "restore_drill.result"
"""The task that returns what the drill has found."""
_FOR_THE_DRILL = "/backups/drill-"


class Orders:
    """The table of orders, on the emulator of a demo."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.lost = False

    def write(self) -> None:
        """Write orders of today."""
        placed = datetime.now(tz=UTC)
        with self._database.batch() as batch:
            rows = [[f"order-{number:04}", placed] for number in range(ORDERS)]
            batch.insert("Orders", ["Id", "Placed"], rows)

    def lose_once_backed_up(self, demo: RunningDemo) -> bool:
        """Delete all of them as soon as the drill's backup runs; tell whether that was now."""
        started = any(
            each.kind is CREATE_BACKUP and _FOR_THE_DRILL in each.target
            for each in demo.emulator.operations()
        )
        if self.lost or not started:
            return False
        with self._database.batch() as batch:
            batch.delete("Orders", spanner.KeySet(all_=True))
        self.lost = True
        return True

    def count(self) -> int:
        """Return how many there are."""
        with self._database.snapshot() as snapshot:
            ((count,),) = snapshot.execute_sql("SELECT COUNT(*) FROM Orders")
        return int(count)


@contextmanager
def orders_of(demo: RunningDemo) -> Iterator[Orders | None]:
    """Return the orders, written; None where there are no rows."""
    if demo.without_rows:
        yield None
        return
    # the library speaks plain text only to what the environment names
    with patch.dict(os.environ, {"SPANNER_EMULATOR_HOST": demo.emulator.endpoint}):
        client = spanner.Client(project="demo-project", credentials=AnonymousCredentials())
        orders = Orders(client.instance("demo-instance").database("orders"))
        orders.write()
    yield orders


def drill_report(api: AirflowApi, run: DagRun) -> dict[str, Any]:
    """Return what the drill of a run has reported; nothing if it has not got that far."""
    report = api.xcom(api.task_instance(run, RESULT), "return_value")
    return report if isinstance(report, dict) else {}
