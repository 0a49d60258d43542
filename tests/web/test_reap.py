# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A person lets the reaper make a round: first for show, then for what was shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.ledger.entry import Stage

if TYPE_CHECKING:
    from .api_server import ApiServer


def orphan(server: ApiServer, dag_id: str = "nightly") -> int:
    """Let a task have left an operation running."""
    return server.running(state="failed", run_state="failed", dag_id=dag_id)


def test_a_dry_run_does_nothing(server: ApiServer) -> None:
    """It says what would be done, and gives a plan."""
    row = orphan(server)

    answer = server.post("/reap", {"dry_run": True}).json()

    (line,) = answer["lines"]
    assert "nightly would be cancelled" in line
    assert "1 open entry: 0 kept (task active), 1 would be cancelled or closed" in answer["summary"]
    assert answer["plan"]
    assert not server.cancels
    assert Stage.RUNNING is server.entry(row).stage


def test_what_was_shown_is_done(server: ApiServer) -> None:
    """With the plan of the dry run the operation is cancelled, and the audit log has it."""
    row = orphan(server)
    plan = server.post("/reap", {"dry_run": True}).json()["plan"]

    answer = server.post("/reap", {"dry_run": False, "plan": plan})

    assert 200 == answer.status_code
    assert 1 == len(server.cancels)
    assert Stage.CLOSED is server.entry(row).stage
    assert [("spanner_lro_reap", "user"), ("spanner_lro_reap_outcome", "user")] == [
        line[:2] for line in server.audit
    ]


def test_nothing_is_done_that_was_not_shown(server: ApiServer) -> None:
    """One more orphan than in the dry run: it has to be looked at first."""
    orphan(server)
    plan = server.post("/reap", {"dry_run": True}).json()["plan"]
    scope = server.tables.add_task(task_id="later")
    server.tables.write(scope, server.reaper.entry(None))

    answer = server.post("/reap", {"dry_run": False, "plan": plan})

    assert 409 == answer.status_code
    assert not server.cancels
    assert "refused" == json.loads(server.audit[-1][3])["outcome"]


def test_there_is_no_real_one_without_a_plan(server: ApiServer) -> None:
    """A dry run comes first."""
    orphan(server)

    answer = server.post("/reap", {"dry_run": False})

    assert 400 == answer.status_code
    assert not server.cancels


def test_a_task_that_waits_keeps_its_operation(server: ApiServer) -> None:
    """What somebody waits for is no matter of the reaper's."""
    server.running()

    answer = server.post("/reap", {"dry_run": True}).json()

    assert [] == answer["lines"]


def test_another_teams_operations_are_left_out(server: ApiServer) -> None:
    """A person reaps in the Dags whose task instances they may change, and sees no others."""
    orphan(server, dag_id="reds")
    server.give("reds", "red")

    seen = server.post("/reap", {"dry_run": True}, user="red").json()
    refused = server.post("/reap", {"dry_run": True}, user="blue")

    assert 1 == len(seen["lines"])
    assert 403 == refused.status_code
    assert not server.cancels


def test_who_may_change_no_dag_is_refused(server: ApiServer) -> None:
    """A viewer does not even make a dry run, which asks Spanner; the audit log has that."""
    orphan(server)
    before = len(server.emulator.calls.of("GetOperation"))

    answer = server.post("/reap", {"dry_run": True}, user="viewer")

    assert 403 == answer.status_code
    assert before == len(server.emulator.calls.of("GetOperation"))
    assert [("spanner_lro_reap", "viewer")] == [line[:2] for line in server.audit]
