# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What stands in the reaper's way keeps nothing else from being done, and is said once."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from google.auth.exceptions import RefreshError

from airflow_spanner_lro.airflow_internals import AirflowDatabaseError
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.ledger.entry import Stage
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.status import Code

from .airflow_tables import back_up
from .harness import BACKUP

if TYPE_CHECKING:
    from .harness import ReaperHarness

ELSEWHERE = ConnectionSpec(gcp_conn_id="deleted", endpoint="")


@pytest.fixture
def no_emulator_variable(reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the default connection lead to the emulator."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    extra = {"spanner_endpoint": f"http://{reaper.emulator.endpoint}"}
    connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", connection)


def orphan_elsewhere(reaper: ReaperHarness, task_id: str) -> None:
    """Let a task have started something through a connection that was deleted since."""
    scope = reaper.tables.add_task(
        task_id=task_id, author=partial(back_up, gcp_conn_id=ELSEWHERE.gcp_conn_id)
    )
    name = OperationName.parse(f"{BACKUP}/operations/{task_id}")
    reaper.tables.write(scope, reaper.entry(name, connection_spec=ELSEWHERE))


@pytest.mark.usefixtures("no_emulator_variable")
def test_missing_connection_is_told_once(reaper: ReaperHarness) -> None:
    """A connection that was deleted is said once, with all that is left because of it."""
    orphan_elsewhere(reaper, "one")
    orphan_elsewhere(reaper, "two")

    summary = reaper.reap()

    (line,) = reaper.warned
    assert 2 == summary.left
    assert line.startswith("Connection deleted: gcp_conn_id='deleted': there is no such connection")
    assert "/operations/one" in line
    assert "/operations/two" in line


@pytest.mark.usefixtures("no_emulator_variable")
def test_missing_connection_keeps_no_other_waiting(reaper: ReaperHarness) -> None:
    """Operations of other connections are reaped all the same."""
    orphan_elsewhere(reaper, "one")
    scope = reaper.orphan()

    reaper.reap()

    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_endpoint_that_does_not_answer_is_asked_no_more(reaper: ReaperHarness) -> None:
    """After some tries a connection whose endpoint is away is left until the next round."""
    for number in range(3):
        scope = reaper.tables.add_task(task_id=f"task{number}")
        reaper.tables.write(scope, reaper.entry(OperationName.parse(f"{BACKUP}/operations/x")))
    reaper.emulator.faults.fail(method="GetOperation", code=Code.UNAVAILABLE, times=99)

    summary = reaper.reap()

    assert 3 == summary.left
    # the first entry's tries within two seconds, and not one for the others
    assert 5 == len(reaper.emulator.calls.of("GetOperation"))
    assert 1 == len(reaper.warned)


def test_credentials_that_do_not_work_are_told_once(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials are only tried by a call; they concern all of the connection as well."""
    reaper.orphan()

    def fail(*args: object, **kwargs: object) -> None:
        del args, kwargs
        message = "invalid_grant"
        raise RefreshError(message)

    monkeypatch.setattr("airflow_spanner_lro.admin.client.SpannerAdminClient.get", fail)

    summary = reaper.reap()

    assert 1 == summary.left
    assert reaper.warned[0].startswith("Connection google_cloud_default at ")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"version": 99}, "a later release of airflow-spanner-lro wrote this"),
        ("nonsense", "this is no ledger entry: 'nonsense'"),
        ({"__airflow_state_ref__": "s3://bucket/1"}, "it is kept in a custom state backend"),
    ],
    ids=["later release", "no entry", "custom backend"],
)
def test_unreadable_entry_is_told_and_left_alone(
    reaper: ReaperHarness, value: Any, told: str
) -> None:
    """What cannot be read is said with what to do about it, and the others go on."""
    broken = reaper.tables.add_task(task_id="broken")
    reaper.tables.write_value(broken, value)
    scope = reaper.orphan()

    summary = reaper.reap()

    assert [1, 1] == [summary.left, summary.reaped]
    assert "cannot be read and is left alone" in reaper.warned[0]
    assert told in reaper.warned[0]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_unreadable_entry_of_a_task_that_waits_is_no_trouble(reaper: ReaperHarness) -> None:
    """Whoever wrote it is still there to see to it."""
    scope = reaper.tables.add_task(state="deferred")
    reaper.tables.write_value(scope, {"version": 99})

    summary = reaper.reap()

    assert [1, 0] == [summary.kept, summary.left]


def test_defect_is_told_and_keeps_no_other_waiting(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody has thought of leaves one entry, and is said."""
    broken = reaper.tables.add_task(task_id="broken")
    reaper.tables.write(broken, reaper.entry(OperationName.parse(f"{BACKUP}/operations/bad")))
    scope = reaper.orphan()
    look = "airflow_spanner_lro.execution.lookup.Lookup.operation"

    def stumble(lookup: Any, name: OperationName) -> Any:
        if name.operation == "bad":
            message = "nobody has thought of this"
            raise RuntimeError(message)
        return lookup.client.get(name=name)

    monkeypatch.setattr(look, stumble)

    summary = reaper.reap()

    assert [1, 1] == [summary.left, summary.reaped]
    assert "nobody has thought of this" in reaper.warned[0]
    assert Stage.CLOSED is reaper.tables.read(scope).stage


def test_database_that_is_away_ends_the_round(reaper: ReaperHarness) -> None:
    """Without Airflow's database nothing can be judged."""
    reaper.orphan()
    engine = reaper.tables.session.get_bind()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE task_state_store RENAME TO gone")

    with pytest.raises(AirflowDatabaseError, match=r"no such table: task_state_store"):
        reaper.reap()

    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO task_state_store")


def test_ledger_outside_of_airflows_database_is_told(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another state store on the server there is nothing to read, and that is said."""
    monkeypatch.setattr("airflow.state._backend_instance", object())

    with pytest.raises(AirflowDatabaseError, match=r"\[state_store\] backend is not Airflow's own"):
        reaper.reap()
