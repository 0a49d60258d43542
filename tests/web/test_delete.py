# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A person deletes the record of a finished operation of an instance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.spanner_admin_instance_v1 import UpdateInstanceRequest

from airflow_spanner_lro.core.kinds import UPDATE_INSTANCE
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.operators.instances import SpannerUpdateInstanceOperator
from tests.reaper.harness import INSTANCE

if TYPE_CHECKING:
    from .api_server import ApiServer


def resize(task_id: str) -> SpannerUpdateInstanceOperator:
    """Write a task that gives the instance more nodes."""
    return SpannerUpdateInstanceOperator(
        task_id=task_id, project_id="test", instance_id="main", node_count=3
    )


def resized(server: ApiServer, *, done: bool = True, **fields: Any) -> int:
    """Let a task have resized the instance; return the number of its entry's row."""
    scope = server.tables.add_task(state="success", run_state="success", author=resize)
    request = UpdateInstanceRequest(
        instance={"name": INSTANCE, "node_count": 3}, field_mask={"paths": ["node_count"]}
    )
    name = server.reaper.client.start(kind=UPDATE_INSTANCE, request=request).name
    if done:
        server.pass_time(24 * 3600)
    usual = {"kind": UPDATE_INSTANCE, "target": InstanceName.parse(INSTANCE), "closed": True}
    return server.own(scope, server.reaper.entry(name, **usual | fields))


def names(server: ApiServer) -> list[str]:
    """Return the operations that Spanner knows."""
    return [str(each.name) for each in server.emulator.operations()]


def test_a_finished_one_is_deleted(server: ApiServer) -> None:
    """Its record goes, and the audit log has who did it."""
    row = resized(server)

    answer = server.act("delete", row)

    assert (200, "deleted") == (answer.status_code, answer.json()["outcome"])
    assert not names(server)
    assert [("spanner_lro_delete", "user")] == [line[:2] for line in server.audit]


def test_a_second_submit_finds_it_gone(server: ApiServer) -> None:
    """The same form sent again is told that nothing is left."""
    row = resized(server)
    server.act("delete", row)

    assert "gone" == server.act("delete", row).json()["outcome"]


def test_one_that_runs_is_not_deleted(server: ApiServer) -> None:
    """Without its record nobody could see or cancel it."""
    answer = server.act("delete", resized(server, done=False))

    assert 409 == answer.status_code
    assert "still running" in answer.json()["detail"]["title"]
    assert 1 == len(names(server))


def test_one_that_its_task_still_reads_is_not_deleted(server: ApiServer) -> None:
    """As long as something is owed, the record is what tells the outcome."""
    row = resized(server, closed=False)

    told = server.get(f"/operations/{row}/delete").json()

    assert not told["allowed"]
    assert 409 == server.act("delete", row).status_code
    assert 1 == len(names(server))


def test_one_of_a_backup_is_not_deleted(server: ApiServer) -> None:
    """Spanner keeps those by itself, and the page says so."""
    row = server.running(state="success", run_state="success")

    told = server.get(f"/operations/{row}/delete").json()

    assert "forgets those of databases and backups" in told["why_not"]
    assert 409 == server.act("delete", row).status_code


def test_one_without_a_name_is_not_deleted(server: ApiServer) -> None:
    """An intent that came to nothing has no record."""
    scope = server.tables.add_task(state="failed", run_state="failed")
    row = server.own(scope, server.reaper.entry(None, closed=True))

    assert "known by name" in server.get(f"/operations/{row}/delete").json()["why_not"]


def test_who_may_not_is_told_and_written_down(server: ApiServer) -> None:
    """A viewer sees why not, and an attempt is in the audit log."""
    row = resized(server)

    told = server.get(f"/operations/{row}/delete", user="viewer").json()
    answer = server.act("delete", row, user="viewer")

    assert not told["allowed"]
    assert 403 == answer.status_code
    assert [("viewer", "refused")] == [
        (line[1], json.loads(line[3])["outcome"]) for line in server.audit
    ]


@pytest.mark.parametrize(("code", "status"), [(Code.PERMISSION_DENIED, 503), (Code.NOT_FOUND, 200)])
def test_what_spanner_answers_is_told(server: ApiServer, code: Code, status: int) -> None:
    """A missing permission is said with what to do; gone meanwhile is as good as deleted."""
    row = resized(server)
    server.emulator.faults.fail(method="DeleteOperation", code=code)

    assert status == server.act("delete", row).status_code
