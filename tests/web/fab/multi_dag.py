# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Asks an api-server with the FAB auth manager as users whose rights differ from Dag to Dag.

A process of its own: an auth manager, its tables and its Flask application are there once for each
process. Prints as JSON, by user, what is listed and how a cancel and a round of the reaper end.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

API = "/spanner-lro/api"
_RUNS = ("DAG Runs", "Task Instances")
ROLES = {
    "looks": [("read", "reds"), ("read", "blues")],
    "mixed": [("read", "reds"), ("read", "blues"), ("edit", "blues")],
    "blue": [("read", "blues"), ("edit", "blues")],
    "red": [("read", "reds"), ("edit", "reds")],
}
"""What users of our own roles may do to which Dag; what they may do to runs is the same."""
GIVEN = {"viewer": "Viewer", "user": "User"}
"""Users with roles that FAB brings along."""


def create_users() -> None:
    """Let there be the users."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import (  # noqa: PLC0415
        get_application_builder,
    )

    with get_application_builder() as builder:
        security: Any = builder.sm
        for name, dags in ROLES.items():
            verbs = ("read",) if name == "looks" else ("read", "edit", "delete")
            wanted = [(verb, resource) for verb in verbs for resource in _RUNS]
            wanted += [(verb, f"DAG:{dag_id}") for verb, dag_id in dags]
            role = security.add_role(name)
            for verb, resource in wanted:
                permission = security.create_permission(f"can_{verb}", resource)
                security.add_permission_to_role(role, permission)
        for name in (*ROLES, *GIVEN):
            role = security.find_role(GIVEN.get(name, name))
            security.add_user(name, name, name, f"{name}@x.example", role, password="secret")  # noqa: S106


def ask(client: TestClient, user: str, *, row: int) -> dict[str, Any]:
    """Ask for everything as a user."""
    token = client.post("/auth/token", json={"username": user, "password": "secret"}).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    listed = client.get(f"{API}/operations", headers=headers).json()["rows"]
    told = client.get(f"{API}/operations/{row}/cancel", headers=headers).json()
    body = {"confirm": told.get("confirm", "nightly"), "plan": told.get("plan", "")}
    cancel = client.post(f"{API}/operations/{row}/cancel", json=body, headers=headers)
    reap = client.post(f"{API}/reap", json={"dry_run": True}, headers=headers)
    return {
        "lists": sorted({each["dag_id"] for each in listed}),
        "cancel": cancel.status_code,
        "reap": reap.status_code,
    }


def main() -> None:
    """Start everything, ask, and print."""
    from airflow import settings  # noqa: PLC0415
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415
    from airflow.models.task_state_store import TaskStateStoreModel as Stored  # noqa: PLC0415
    from airflow.utils import db  # noqa: PLC0415
    from fastapi.testclient import TestClient  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415
    from sqlalchemy.orm import scoped_session, sessionmaker  # noqa: PLC0415

    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator  # noqa: PLC0415
    from tests.reaper.airflow_tables import AirflowTables  # noqa: PLC0415
    from tests.reaper.harness import DATABASE, ReaperHarness  # noqa: PLC0415

    db.initdb()
    app, clock = create_app(), ManualClock()
    maker = sessionmaker(bind=settings.engine, expire_on_commit=False)
    tables = AirflowTables(session=scoped_session(maker))
    with SpannerAdminEmulator(clock=clock) as emulator:
        emulator.create_database(DATABASE)
        os.environ["SPANNER_EMULATOR_HOST"] = emulator.endpoint
        with ReaperHarness.at_work(tables=tables, emulator=emulator, clock=clock) as harness:
            for dag_id, name in (("reds", harness.start_backup()), ("blues", None)):
                scope = tables.add_task(state="deferred", run_state="running", dag_id=dag_id)
                tables.write(scope, harness.entry(name))
            create_users()
            row = tables.execute(select(Stored.id).filter_by(dag_id="reds")).scalar_one()
            client = TestClient(app, base_url="http://airflow.example")
            found = {user: ask(client, user, row=row) for user in (*ROLES, *GIVEN)}
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
