# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The Dags of the end-to-end tests of sensors: what waits in the triggerer from the beginning."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG, Param

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.sensors.sensors import (
    SpannerBackupSensor,
    SpannerDatabaseSensor,
    SpannerOperationSensor,
)

RUN = "{{ dag_run.run_after.strftime('%m%d-%H%M%S-%f') }}"
WHERE = {"project_id": "e2e", "instance_id": "main"}
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

with DAG(
    dag_id="e2e_sensor_templated",
    schedule=None,
    start_date=BEGIN,
    params={"instance": Param("main")},
):
    SpannerBackupSensor(
        task_id="wait",
        project_id="e2e",
        instance_id="{{ params.instance }}",
        backup_id=f"sensed-{RUN}",
        deferrable=True,
        poke_interval=2,
    )

with DAG(dag_id="e2e_sensor_xcom", schedule=None, start_date=BEGIN):
    start = SpannerCreateBackupOperator(
        task_id="start",
        database_id="sensed",
        backup_id=f"started-{RUN}",
        expire_time="P30D",
        wait_for_completion=False,
        **WHERE,
    )
    SpannerOperationSensor(
        task_id="wait",
        operation_name=[start.output],  # type: ignore[list-item]  # filled in at run time
        deferrable=True,
        poke_interval=2,
    )

with DAG(dag_id="e2e_sensor_on_worker", schedule=None, start_date=BEGIN):
    # what the triggerer could not render
    SpannerDatabaseSensor(
        task_id="wait",
        database_id="{{ ti.task_id }}-for-me",
        deferrable=True,
        poke_interval=2,
        **WHERE,
    )

ENDS = {
    "e2e_sensor_timeout": {"timeout": 4},
    "e2e_sensor_soft_timeout": {"timeout": 4, "soft_fail": True},
    "e2e_sensor_bad_state": {"state": "{{ run_id }}"},
    "e2e_sensor_bad_state_soft": {"state": "{{ run_id }}", "soft_fail": True},
}
for dag_id, arguments in ENDS.items():
    with DAG(dag_id=dag_id, schedule=None, start_date=BEGIN) as dag:
        SpannerDatabaseSensor(
            task_id="wait",
            database_id="never",
            deferrable=True,
            poke_interval=1,
            retries=2,
            **WHERE,
            **arguments,  # type: ignore[arg-type]  # one dictionary for arguments of all types
        )
    globals()[dag_id] = dag
