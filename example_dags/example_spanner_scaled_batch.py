# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An instance that is large for a batch only.

Gives an instance more capacity, runs a batch, and takes the capacity back: also when the batch has
failed, and when nobody knows whether the first change took place.
A capacity that could not be taken back fails the run, as it costs money.
Nothing fails by itself: start the run with `{"fail": true}` to see it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from airflow_spanner_lro.operators.instances import SpannerUpdateInstanceOperator
from airflow_spanner_lro.sensors.sensors import SpannerNoOperationInProgressSensor

# [START recipe_scaled_batch]
PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")
USUAL_UNITS = int(os.environ.get("SPANNER_USUAL_UNITS", "1000"))
BATCH_UNITS = int(os.environ.get("SPANNER_BATCH_UNITS", "3000"))


@task
def batch(params: dict[str, Any] | None = None) -> None:
    """Do what takes the capacity."""
    if (params or {})["fail"]:
        message = "This run was started to see what happens when the batch fails."
        raise ValueError(message)


@task
def publish() -> None:
    """Do what takes the outcome of the batch."""


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # the end of one run would take the capacity from another
    max_active_runs=1,
    doc_md=__doc__,
    tags=["example", "spanner"],
    params={"fail": Param(default=False, type="boolean")},
    default_args={
        "project_id": PROJECT_ID,
        "instance_id": INSTANCE_ID,
        "deferrable": True,
        "execution_timeout": timedelta(hours=1),
    },
)
def example_spanner_scaled_batch() -> None:
    """Scale up, run the batch, scale down."""
    quiet = SpannerNoOperationInProgressSensor(
        task_id="wait_until_nobody_changes_it", operation_types=["UpdateInstance", "MoveInstance"]
    )
    scale_up = SpannerUpdateInstanceOperator(
        task_id="scale_up", processing_units=BATCH_UNITS, retries=2
    )
    scale_down = SpannerUpdateInstanceOperator(
        task_id="scale_down",
        processing_units=USUAL_UNITS,
        retries=5,
        retry_delay=timedelta(minutes=5),
    )
    # the last tasks decide about a run: without this one, scaling down would make it a success
    quiet >> scale_up >> batch() >> [scale_down, publish()]
    # a teardown runs if one of its setups has succeeded; with the sensor among them it also runs
    # when scaling up has failed or timed out, after which the instance may be large all the same
    scale_down.as_teardown(setups=[quiet, scale_up], on_failure_fail_dagrun=True)


example_spanner_scaled_batch()
# [END recipe_scaled_batch]
