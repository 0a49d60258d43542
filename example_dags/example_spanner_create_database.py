# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Databases that come and go.

Makes a GoogleSQL database with its schema in one step, protected from being dropped, and a
PostgreSQL one, whose schema has to follow.
In the end the protection is taken off and both are dropped: also when a step before failed.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from airflow.sdk import dag

from airflow_spanner_lro.operators.databases import (
    SpannerCreateDatabaseOperator,
    SpannerDropDatabaseOperator,
    SpannerUpdateDatabaseOperator,
)
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator

PROJECT_ID = os.environ.get("SPANNER_PROJECT_ID", "demo-project")
INSTANCE_ID = os.environ.get("SPANNER_INSTANCE_ID", "demo-instance")

_RUN = "{{ dag_run.run_after.strftime('%m%d-%H%M%S') }}"
GOOGLE_ID = f"shop-{_RUN}"
POSTGRES_ID = f"shop-pg-{_RUN}"


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    doc_md=__doc__,
    tags=["example", "spanner"],
    default_args={"project_id": PROJECT_ID, "instance_id": INSTANCE_ID, "retries": 2},
)
def example_spanner_create_database() -> None:
    """Create a database in each dialect, and leave nothing behind."""
    # [START howto_operator_create_database]
    create = SpannerCreateDatabaseOperator(
        task_id="create",
        database_id=GOOGLE_ID,
        extra_statements=[
            "CREATE TABLE Shops (Id STRING(36) NOT NULL, Name STRING(64)) PRIMARY KEY (Id)",
            "CREATE INDEX ShopsByName ON Shops(Name)",
        ],
        enable_drop_protection=True,
        deferrable=True,
    )
    # [END howto_operator_create_database]
    # [START howto_operator_create_database_postgresql]
    create_postgresql = SpannerCreateDatabaseOperator(
        task_id="create_postgresql",
        database_id=POSTGRES_ID,
        dialect="POSTGRESQL",
        deferrable=True,
    )
    schema_postgresql = SpannerUpdateDatabaseDdlOperator(
        task_id="schema_postgresql",
        database_id=POSTGRES_ID,
        ddl_statements="""
            CREATE TABLE shops (id varchar(36) PRIMARY KEY, name varchar(64));
            CREATE INDEX shops_by_name ON shops (name);
        """,
        deferrable=True,
    )
    # [END howto_operator_create_database_postgresql]
    # [START howto_operator_update_database]
    unprotect = SpannerUpdateDatabaseOperator(
        task_id="unprotect",
        database_id=GOOGLE_ID,
        enable_drop_protection=False,
        deferrable=True,
    )
    # [END howto_operator_update_database]
    # [START howto_operator_drop_database]
    drop = SpannerDropDatabaseOperator(task_id="drop", database_id=GOOGLE_ID)
    # [END howto_operator_drop_database]
    drop_postgresql = SpannerDropDatabaseOperator(
        task_id="drop_postgresql", database_id=POSTGRES_ID
    )
    create >> unprotect.as_teardown(setups=create)
    unprotect >> drop.as_teardown(setups=create)
    create_postgresql >> schema_postgresql
    schema_postgresql >> drop_postgresql.as_teardown(setups=create_postgresql)


example_spanner_create_database()
