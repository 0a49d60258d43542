# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An instance configuration of your own.

Takes a configuration of Google's and adds a read-only replica near those who read, labels it, and
deletes it: also when a step before failed.
The replicas of the base are read from Spanner, so only the one on top is named.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from airflow.sdk import dag

from airflow_spanner_lro.operators.configs import (
    SpannerCreateInstanceConfigOperator,
    SpannerDeleteInstanceConfigOperator,
    SpannerUpdateInstanceConfigOperator,
)

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
BASE_CONFIG_ID = os.environ.get("SPANNER_BASE_CONFIG_ID", "regional-europe-west1")
REPLICA_LOCATION = os.environ.get("SPANNER_REPLICA_LOCATION", "us-central1")
CONFIG_ID = "custom-near-{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "config_id": CONFIG_ID, "retries": 2},
)
def example_spanner_instance_config() -> None:
    """Create, label and delete one configuration."""
    # [START howto_operator_create_instance_config]
    create = SpannerCreateInstanceConfigOperator(
        task_id="create",
        base_config_id=BASE_CONFIG_ID,
        add_replicas=[REPLICA_LOCATION],
        deferrable=True,
    )
    # [END howto_operator_create_instance_config]
    # [START howto_operator_update_instance_config]
    label = SpannerUpdateInstanceConfigOperator(
        task_id="label",
        display_name="Europe, with readers in America",
        labels={"team": "reporting"},
        deferrable=True,
    )
    # [END howto_operator_update_instance_config]
    # [START howto_operator_delete_instance_config]
    delete = SpannerDeleteInstanceConfigOperator(task_id="delete")
    # [END howto_operator_delete_instance_config]
    create >> label >> delete.as_teardown(setups=create)


example_spanner_instance_config()
