# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Entries that somebody else than the task has written do not let a person act on anything."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import COPY_BACKUP
from airflow_spanner_lro.emulator import Plan
from tests.reaper.airflow_tables import back_up
from tests.reaper.test_forged_entries import listening

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.ledger.entry import LedgerEntry

    from .api_server import ApiServer


def forge(server: ApiServer, **fields: Any) -> int:
    """Let somebody rewrite the entry of a task that waits; return the number of its row."""
    row = server.running()
    server.tables.write(server.scope(row), replace(server.entry(row), **fields))
    return row


@pytest.mark.parametrize("by", ["entry", "connection"])
def test_nobody_is_asked_at_an_endpoint_of_the_entrys_own(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Credentials of this server never go where an entry says, or a connection that it names."""
    with listening() as (address, visited):
        extra = {"spanner_endpoint": f"http://{address}"}
        connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
        monkeypatch.setenv("AIRFLOW_CONN_MINE", connection)
        conn_id = "mine" if by == "connection" else "google_cloud_default"
        spec = ConnectionSpec(gcp_conn_id=conn_id, endpoint=f"http://{address}")
        row = forge(server, connection_spec=spec)

        answer = server.act("cancel", row)
        came = visited()

    assert 409 == answer.status_code
    assert answer.json()["detail"]["title"].startswith("Refused: ")
    assert not came
    assert not server.cancels


def other_account(entry: LedgerEntry) -> dict[str, Any]:
    """Name another account to act as."""
    chain = ("admin@p.iam.gserviceaccount.com",)
    return {"connection_spec": replace(entry.connection_spec, impersonation_chain=chain)}


FORGERIES: dict[str, Callable[[LedgerEntry], dict[str, Any]]] = {
    "another account": other_account,
    "another deployment": lambda _: {"deployment": "prod"},
    "another kind": lambda _: {"kind": COPY_BACKUP},
}


@pytest.mark.parametrize("forgery", sorted(FORGERIES))
def test_what_the_dag_does_not_vouch_for_is_refused(server: ApiServer, forgery: str) -> None:
    """No request goes out for an entry that says something else than its task."""
    row = server.running()
    entry = server.entry(row)
    server.tables.write(server.scope(row), replace(entry, **FORGERIES[forgery](entry)))
    before = len(server.emulator.calls.of("GetOperation"))

    answer = server.act("cancel", row)

    assert 409 == answer.status_code
    assert before == len(server.emulator.calls.of("GetOperation"))
    assert not server.cancels


def test_an_operation_on_something_else_is_refused(server: ApiServer) -> None:
    """A task that backs up as ``nightly`` does not let anybody cancel ``weekly``."""
    other = server.reaper.start_backup(server.reaper.request("weekly"))
    scope = server.tables.add_task(state="deferred", run_state="running")
    row = server.own(scope, server.reaper.entry(other, target=other.resource))

    answer = server.act("cancel", row, confirm="weekly")

    assert 409 == answer.status_code
    assert not server.cancels


def test_an_operation_of_another_task_is_refused(server: ApiServer) -> None:
    """Two entries that name one operation: nothing tells whose it is."""
    first = server.running()
    scope = server.tables.add_task(state="deferred", run_state="running", task_id="mine")
    server.tables.write(scope, server.entry(first))

    answer = server.act("cancel", server.row(scope))

    assert 409 == answer.status_code
    assert "another task's entry names it as well" in answer.json()["detail"]["title"]
    assert not server.cancels


def test_an_operation_from_before_the_run_is_refused(server: ApiServer) -> None:
    """What began before the run of the task cannot be the task's."""
    server.emulator.plan(Plan(duration=timedelta(days=9)))
    name = server.reaper.start_backup()
    scope = server.tables.add_task(state="deferred", run_state="running", ago=timedelta(0))
    moment = datetime.now(tz=UTC) + timedelta(hours=3)
    for table in ("task_instance", "dag_run"):
        server.postpone(table, moment)
    row = server.own(scope, server.reaper.entry(name))

    answer = server.act("cancel", row)

    assert 409 == answer.status_code
    assert "before the run of the task" in answer.json()["detail"]["title"]
    assert not server.cancels


def test_a_deleted_dag_vouches_for_nothing(server: ApiServer) -> None:
    """Where the author's word is gone nobody acts on the entry's."""
    row = server.running(state="failed", run_state="failed")
    server.tables.delete_dag()

    answer = server.act("cancel", row)

    assert 409 == answer.status_code
    assert not server.cancels


def test_a_connection_made_by_a_template_needs_the_allow_list(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for the reaper: who can trigger a run could have rendered anything."""
    author = partial(back_up, gcp_conn_id="{{ params.conn }}")
    row = server.running(author=author)

    refused = server.act("cancel", row)
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__REAPER_CONNECTIONS", "google_cloud_default")
    allowed = server.act("cancel", row)

    assert (409, 200) == (refused.status_code, allowed.status_code)
    assert 1 == len(server.cancels)


def test_a_copy_of_the_database_acts_on_nothing(server: ApiServer) -> None:
    """The operations in a copied database are the original's."""
    row = server.running()
    server.mark_as_copy()

    answer = server.act("cancel", row)

    assert 409 == answer.status_code
    assert "A copy of it" in answer.json()["detail"]["title"]
    assert not server.cancels
