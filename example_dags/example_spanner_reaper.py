# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The reaper as a maintenance Dag.

Every five minutes it cancels the operations whose tasks have ended without a word to anybody.
It needs Airflow's database, from which Airflow 3 keeps tasks away: it replaces the address in the
environment of each task.
So this works where workers can reach the database, as with the LocalExecutor, and where its address
comes from `airflow.cfg`, or from `AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD` or `…_SECRET`.
Elsewhere, run the reaper as a CronJob or beside the scheduler.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag


@dag(
    schedule="*/5 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["example", "spanner"],
)
def example_spanner_reaper() -> None:
    """Run the reaper once."""
    # [START howto_reaper]
    BashOperator(
        task_id="reap",
        bash_command=(
            "unset AIRFLOW__DATABASE__SQL_ALCHEMY_CONN AIRFLOW__CORE__SQL_ALCHEMY_CONN; "
            "airflow spanner-lro reap"
        ),
        execution_timeout=timedelta(minutes=30),
    )
    # [END howto_reaper]


example_spanner_reaper()
