# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Records that somebody else than a task has written: the notifier refuses them, and tells."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG

from airflow_spanner_lro.core.kinds import COPY_BACKUP
from airflow_spanner_lro.core.ledger.entry import RECORD_KEY
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from tests.airflow.fake_dag_run import RUN, FakeRun, notify
from tests.airflow.fakes import LONG
from tests.airflow.task_runner import backup, restore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.airflow.fakes import Stage

ALLOW = "AIRFLOW__SPANNER_LRO__REAPER_CONNECTIONS"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """Return a run without tasks."""
    return FakeRun.instead_of_airflow(monkeypatch)


@pytest.fixture(autouse=True)
def long_operations(stage: Stage) -> None:
    """Let all operations take long."""
    stage.emulator.plan(LONG)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a socket that listens, and must stay silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def context(**parameters: Any) -> dict[str, Any]:
    """Return the context of a Dag with the backup, written with these parameters."""
    usual: dict[str, Any] = {"task_id": "backup", "backup_id": "backup"}
    with DAG(RUN.dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        backup(**usual | parameters)
    return {"dag": dag, "dag_run": RUN}


def deadline() -> dict[str, Any]:
    """Return what a deadline alert is told."""
    return {"dag_run": {"dag_id": RUN.dag_id, "dag_run_id": RUN.run_id}}


def forge(run: FakeRun, **fields: Any) -> None:
    """Let somebody rewrite what the task has published."""
    run.xcoms["backup", -1][RECORD_KEY] |= fields


@pytest.mark.parametrize("where", ["Dag", "deadline"])
@pytest.mark.parametrize("conn_id", ["google_cloud_default", "mine"])
def test_no_request_goes_to_an_endpoint_of_the_records_own(
    *,
    stage: Stage,
    run: FakeRun,
    listener: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    where: str,
    conn_id: str,
) -> None:
    """Neither an endpoint in the record, nor that of a connection it names, is connected to."""
    run.started()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("AIRFLOW_CONN_MINE", f"google-cloud-platform://?spanner_endpoint={address}")
    forge(
        run,
        connection_spec={"gcp_conn_id": conn_id, "impersonation_chain": [], "endpoint": address},
    )

    notify(context() if where == "Dag" else deadline())

    with pytest.raises(BlockingIOError):
        listener.accept()
    assert "Refused: " in capsys.readouterr().out
    assert not stage.cancels


def test_deadline_alert_with_the_connection_of_its_own(
    stage: Stage, run: FakeRun, capsys: Capture
) -> None:
    """Where no Dag vouches for another connection, the notifier must be given it."""
    name = run.started(gcp_conn_id="other")

    notify(deadline())
    told = capsys.readouterr().out
    notify(deadline(), gcp_conn_id="other")

    assert "give the notifier gcp_conn_id='other'" in told
    assert [name] == [call.resource for call in stage.cancels]


@pytest.mark.parametrize("allowed", [True, False])
def test_templated_connection(
    stage: Stage, run: FakeRun, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    """A connection by a template is used only if it is in the allow-list."""
    run.started()
    if allowed:
        monkeypatch.setenv(ALLOW, "google_cloud_default")

    notify(context(gcp_conn_id="{{ params.connection }}"))

    assert allowed == bool(stage.cancels)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {
                "kind": COPY_BACKUP.metadata_type_url,
                "target": "projects/test/instances/main/backups/backup",
            },
            "does not start this: Copy backup",
        ),
        ({"deployment": "prod"}, "deployment prod wrote the entry"),
    ],
    ids=["kind", "deployment"],
)
def test_record_that_disagrees_with_its_task(
    stage: Stage, run: FakeRun, capsys: Capture, fields: dict[str, Any], told: str
) -> None:
    """What the record says and the task does not is told, and nothing is cancelled."""
    run.started()
    forge(run, **fields)

    notify(context())

    assert told in capsys.readouterr().out
    assert not stage.cancels


def test_operation_of_another_teams_target(stage: Stage, run: FakeRun, capsys: Capture) -> None:
    """A record that names another target than the Dag is refused."""
    run.started()

    notify(context(backup_id="ours"))

    assert "the backup is ours, written in its Dag" in capsys.readouterr().out
    assert not stage.cancels


def test_target_by_a_template(stage: Stage, run: FakeRun) -> None:
    """What a template came to nobody can see here; the rest is checked."""
    name = run.started()

    notify(context(backup_id="{{ ds_nodash }}"))

    assert [name] == [call.resource for call in stage.cancels]


def test_task_of_another_operator(stage: Stage, run: FakeRun) -> None:
    """The class of an operator says what it starts, also that of a subclass."""
    run.started("restore", backup_id="backup")
    with DAG(RUN.dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        restore()

    notify({"dag": dag, "dag_run": RUN})

    assert not stage.cancels


def test_subclass_of_an_operator(stage: Stage, run: FakeRun) -> None:
    """A class of the author's own starts what the one that it is made from does."""

    class OurBackup(SpannerCreateBackupOperator):
        """The author's own."""

    name = run.started()
    with DAG(RUN.dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        where = {"project_id": "test", "instance_id": "main", "database_id": "orders"}
        OurBackup(task_id="backup", backup_id="backup", expire_time="P9D", **where)

    notify({"dag": dag, "dag_run": RUN})

    assert [name] == [call.resource for call in stage.cancels]


def test_operation_that_began_before_the_run(stage: Stage, run: FakeRun, capsys: Capture) -> None:
    """What Spanner says was begun before the run is not the run's, whatever a record says."""
    run.started()
    after = stage.clock.now() + timedelta(minutes=10)
    late = SimpleNamespace(dag_id=RUN.dag_id, run_id=RUN.run_id, run_after=after)

    notify(context() | {"dag_run": late})

    assert "before the run of the task" in capsys.readouterr().out
    assert not stage.cancels


@pytest.mark.parametrize(("project", "cancelled"), [("test", True), ("another", False)])
def test_project_of_the_connection(
    stage: Stage,
    run: FakeRun,
    monkeypatch: pytest.MonkeyPatch,
    project: str,
    cancelled: bool,
) -> None:
    """A task that names no project works in that of its connection, and nowhere else."""
    run.started()
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)

    notify(context(project_id=None))

    assert cancelled == bool(stage.cancels)


def test_operation_that_is_only_presumed(stage: Stage, run: FakeRun, capsys: Capture) -> None:
    """What the run may have begun, or somebody else, is left running, with what ends it."""
    name = run.started()
    forge(run, evidence="presumed")

    notify(context())

    assert f"end it with `spanner-lro cancel`. {name}" in capsys.readouterr().out
    assert not stage.cancels


def test_damaged_record_moves_no_cursor(run: FakeRun, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be read is told with its control characters escaped."""
    run.started()
    forge(run, kind="\x1b[2J")

    notify(context())

    (line,) = [each for each in caplog.messages if "cannot be read" in each]
    assert line.isprintable()
