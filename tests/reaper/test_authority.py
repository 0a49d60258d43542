# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whose word counts: the Dag as it was written, what it rendered to, the allow-list, the home."""

from __future__ import annotations

import json
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.variable import Variable
from airflow.sdk import TaskGroup
from sqlalchemy import make_url, select, update

from airflow_spanner_lro.airflow_internals import metadata_database
from airflow_spanner_lro.airflow_internals.metadata_database import digest_of
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.reaper.report import list_ledger

from .reaping import BACKUP
from .rows import back_up

if TYPE_CHECKING:
    from airflow.state import TaskScope

    from .reaping import Reaping
    from .rows import Author

ALLOW = "AIRFLOW__SPANNER_LRO__REAPER_CONNECTIONS"
DEPLOYMENT = "AIRFLOW__SPANNER_LRO__DEPLOYMENT"
RENDERED: dict[str, Any] = {
    "project_id": "test",
    "gcp_conn_id": "google_cloud_default",
    "impersonation_chain": None,
    "instance_id": "main",
    "backup_id": "nightly",
}
TEMPLATED = partial(back_up, gcp_conn_id="{{ params.connection }}")


def orphan(reaping: Reaping, author: Author | None = back_up, **fields: Any) -> TaskScope:
    """Let a task leave a backup running."""
    scope = reaping.rows.add_task(author=author)
    reaping.rows.write(scope, reaping.entry(reaping.start_backup(), **fields))
    return scope


def mapped(task_id: str, **expanded: Any) -> None:
    """Write a mapped task that backs up one database under several ids."""
    SpannerCreateBackupOperator.partial(
        task_id=task_id,
        instance_id="main",
        database_id="orders",
        expire_time="P9D",
        **{"project_id": "test"} if "project_id" not in expanded else {},
    ).expand(**{"backup_id": ["nightly", "other"]} | expanded)


def test_templated_connection_is_refused(reaping: Reaping) -> None:
    """Whoever triggers a run could choose what it renders to; what to do is told."""
    scope = orphan(reaping, TEMPLATED)
    reaping.rows.render(scope, **RENDERED)

    summary = reaping.reap()

    assert 1 == summary.left
    assert "gcp_conn_id of its task is made by a template" in reaping.warned[0]
    assert "[spanner_lro] reaper_connections: google_cloud_default." in reaping.warned[0]
    assert not reaping.emulator.calls.of("GetOperation")


@pytest.mark.parametrize(("rendered", "left"), [("google_cloud_default", 0), ("other", 1)])
def test_templated_connection_that_is_allowed(
    reaping: Reaping, monkeypatch: pytest.MonkeyPatch, rendered: str, left: int
) -> None:
    """A connection in the allow-list is used, unless the task itself had another one."""
    monkeypatch.setenv(ALLOW, "google_cloud_default")
    scope = orphan(reaping, TEMPLATED)
    reaping.rows.render(scope, **RENDERED | {"gcp_conn_id": rendered})

    summary = reaping.reap()

    assert [1 - left, left] == [summary.reaped, summary.left]


@pytest.mark.parametrize("allowed", [True, False])
def test_deleted_dag(reaping: Reaping, monkeypatch: pytest.MonkeyPatch, allowed: bool) -> None:
    """Of a Dag that is gone only the allow-list vouches for the connection."""
    orphan(reaping)
    reaping.rows.delete_dag()
    if allowed:
        monkeypatch.setenv(ALLOW, "google_cloud_default")

    summary = reaping.reap()

    assert [allowed, not allowed] == [bool(summary.reaped), bool(summary.left)]
    assert allowed or "its task is not in Airflow's Dags any more" in reaping.warned[0]


def test_nobody_vouches_for_impersonation_without_a_dag(
    reaping: Reaping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The allow-list names connections, and not whom they may act as."""
    connection_spec = ConnectionSpec(
        gcp_conn_id="google_cloud_default",
        impersonation_chain=("admin@p.iam.gserviceaccount.com",),
        endpoint=f"http://{reaping.emulator.endpoint}",
    )
    monkeypatch.setenv(ALLOW, "google_cloud_default")
    orphan(reaping, connection_spec=connection_spec)
    reaping.rows.delete_dag()

    assert 1 == reaping.reap().left


def test_task_that_is_in_no_version_of_its_dag(reaping: Reaping) -> None:
    """A task instance whose task was never in the Dag is as one of a deleted Dag."""
    orphan(reaping, None)

    reaping.reap()

    assert "its task is not in Airflow's Dags any more" in reaping.warned[0]


@pytest.mark.parametrize(("rendered", "left"), [("nightly", 0), ("other", 1), (None, 1)])
def test_templated_target(reaping: Reaping, rendered: str | None, left: int) -> None:
    """A target by a template is what Airflow has rendered; where that is gone, it is told."""
    scope = orphan(reaping, partial(back_up, backup_id="{{ params.id }}"))
    if rendered:
        reaping.rows.render(scope, **RENDERED | {"backup_id": rendered})

    summary = reaping.reap()

    assert [1 - left, left] == [summary.reaped, summary.left]
    assert rendered or "does not have what it came to any more" in reaping.warned[0]
    assert rendered != "other" or f"for {BACKUP}, and the backup is other" in reaping.warned[0]


@pytest.mark.parametrize(("project", "left"), [("test", 0), ("another", 1)])
def test_project_of_the_connection(
    reaping: Reaping, monkeypatch: pytest.MonkeyPatch, project: str, left: int
) -> None:
    """A task that names no project works in that of its connection, and nowhere else."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)
    orphan(reaping, partial(back_up, project_id=None))

    summary = reaping.reap()

    assert [1 - left, left] == [summary.reaped, summary.left]
    assert not left or "the project is another, the project of its connection" in reaping.warned[0]


def test_number_of_a_project_is_no_difference(reaping: Reaping) -> None:
    """Spanner may tell a project by its number where the Dag has its id."""
    orphan(reaping, partial(back_up, project_id="123456789"))

    assert 1 == reaping.reap().reaped


def test_dag_that_was_changed_while_its_task_lived(reaping: Reaping) -> None:
    """Airflow moves a task to the newer version of its Dag; what it was started as counts too."""
    scope = orphan(reaping)
    reaping.rows.written["nightly"]["backup"] = partial(back_up, gcp_conn_id="new")
    version = reaping.rows.write_dag()
    reaping.rows.move_task(scope, version)

    assert 1 == reaping.reap().reaped


def test_version_from_before_the_run_does_not_count(reaping: Reaping) -> None:
    """What a Dag had named before the task began, it names no more."""
    reaping.rows.written["nightly"] = {"backup": back_up}
    reaping.rows.write_dag()
    elsewhere = partial(back_up, gcp_conn_id="elsewhere")
    scope = reaping.rows.add_task(author=elsewhere)
    reaping.rows.age_versions()
    reaping.rows.write(scope, reaping.entry(reaping.start_backup()))

    summary = reaping.reap()

    assert 1 == summary.left
    assert "its task has gcp_conn_id=elsewhere" in reaping.warned[0]


def test_compressed_dag(reaping: Reaping) -> None:
    """Airflow may keep serialised Dags compressed."""
    orphan(reaping)
    table = SerializedDagModel.__table__
    data = reaping.rows.execute(select(table.c.data)).scalar_one()
    compressed = zlib.compress(json.dumps(data).encode())
    reaping.rows.execute(update(table).values(data=None, data_compressed=compressed))

    assert 1 == reaping.reap().reaped


def test_mapped_task(reaping: Reaping) -> None:
    """What is mapped is known from what was rendered; what is not, from the Dag's arguments."""
    scope = reaping.rows.add_task(author=mapped, map_index=0)
    reaping.rows.write(scope, reaping.entry(reaping.start_backup()))
    reaping.rows.render(scope, **RENDERED)

    assert 1 == reaping.reap().reaped


def test_default_arguments_of_the_dag(reaping: Reaping) -> None:
    """A mapped task has the connection of the Dag's default arguments."""
    scope = reaping.rows.add_task(author=mapped, map_index=0)
    version = reaping.rows.write_dag(default_args={"gcp_conn_id": "other"})
    reaping.rows.move_task(scope, version)
    reaping.rows.age_versions()
    reaping.rows.write(scope, reaping.entry(reaping.start_backup()))
    reaping.rows.render(scope, **RENDERED)

    reaping.reap()

    assert "its task has gcp_conn_id=other" in reaping.warned[0]


@pytest.mark.parametrize("rendered", [True, False])
def test_default_arguments_of_a_task_group(reaping: Reaping, rendered: bool) -> None:
    """Airflow keeps none of these, so the task must have been rendered with the usual default."""

    def grouped(task_id: str) -> None:
        with TaskGroup("group"):
            mapped(task_id)

    reaping.rows.written["nightly"] = {"backup": grouped}
    scope = reaping.rows.add_task(task_id="group.backup", map_index=0, author=None)
    reaping.rows.move_task(scope, reaping.rows.write_dag())
    reaping.rows.write(scope, reaping.entry(reaping.start_backup()))
    if rendered:
        reaping.rows.render(scope, **RENDERED)

    summary = reaping.reap()

    assert [rendered, not rendered] == [bool(summary.reaped), bool(summary.left)]
    assert rendered or "gcp_conn_id of its task is not written" in reaping.warned[0]


def test_task_of_another_sort_vouches_for_nothing(reaping: Reaping) -> None:
    """A task that names no target, and no connection, has started nothing."""

    def other(task_id: str) -> None:
        from airflow.providers.standard.operators.bash import BashOperator  # noqa: PLC0415

        BashOperator(task_id=task_id, bash_command="true")

    orphan(reaping, other)

    summary = reaping.reap()

    assert 1 == summary.left
    assert not reaping.emulator.calls.of("GetOperation")


def test_subclass_of_an_operator(reaping: Reaping) -> None:
    """A class of the author's own cannot be checked for its kind; the rest is."""

    class OurBackup(SpannerCreateBackupOperator):
        """The author's own."""

    def author(task_id: str) -> None:
        where = {"project_id": "test", "instance_id": "main", "database_id": "orders"}
        OurBackup(task_id=task_id, backup_id="nightly", expire_time="P9D", **where)

    orphan(reaping, author)

    assert 1 == reaping.reap().reaped


def test_entries_of_another_deployment_are_one_line(
    reaping: Reaping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another deployment has written is left to it, and said once for all of it."""
    monkeypatch.setenv(DEPLOYMENT, "staging")
    orphan(reaping, deployment="prod")
    for number in range(2):
        scope = reaping.rows.add_task(task_id=f"task{number}")
        reaping.rows.write(scope, reaping.entry(None, deployment="prod"))

    summary = reaping.reap()

    (line,) = reaping.warned
    assert [0, 3] == [summary.reaped, summary.left]
    assert "3 entries are not ours; deployment prod wrote them, and this is staging" in line
    assert not reaping.cancels


def test_ledger_of_another_deployment(
    reaping: Reaping, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list shows such an entry, and asks nobody about it."""
    monkeypatch.setenv(DEPLOYMENT, "staging")
    orphan(reaping, deployment="prod")

    code = list_ledger(dag_ids=(), closed=False, offline=False)

    assert 1 == code
    assert "refused: another deployment" in capsys.readouterr().out
    assert not reaping.emulator.calls.of("GetOperation")


def test_copy_of_the_database_is_not_reaped(reaping: Reaping) -> None:
    """A database that was reaped elsewhere before may be a copy: nothing is touched."""
    orphan(reaping)
    metadata_database.mark_database("elsewhere", anew=False)

    summary = reaping.reap()

    (line,) = reaping.warned
    assert [True, 0, 1] == [summary.elsewhere, summary.reaped, summary.left]
    assert "airflow spanner-lro reap --claim-deployment" in line
    assert not reaping.cancels
    assert not reaping.emulator.calls.of("GetOperation")


def test_database_that_has_moved_is_claimed_once(reaping: Reaping) -> None:
    """After somebody has said that it has moved, its ledgers are reaped as before."""
    orphan(reaping)
    metadata_database.mark_database("elsewhere", anew=False)

    first = reaping.reap(claim=True)
    second = reaping.reap()

    assert [1, False] == [first.reaped, second.elsewhere]


def test_first_round_marks_the_database(reaping: Reaping) -> None:
    """What says where the database is is a Variable, which people can see and delete."""
    reaping.reap()

    assert ["spanner_lro_home"] == reaping.rows.execute(select(Variable.key)).scalars().all()
    assert metadata_database.database_digest() == metadata_database.database_mark()


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("postgresql+asyncpg://other:word@db.example.com:5432/airflow?sslmode=require", True),
        ("postgresql://db.example.com:5432/airflow", True),
        ("postgresql://user:secret@copy.example.com:5432/airflow", False),
        ("postgresql://user:secret@db.example.com:5433/airflow", False),
        ("postgresql://user:secret@db.example.com:5432/staging", False),
    ],
)
def test_what_makes_another_place(address: str, same: bool) -> None:
    """A rotated password or another driver is no move; another server or database is."""
    here = digest_of(make_url("postgresql+psycopg2://user:secret@DB.example.com:5432/airflow"))

    assert same is (here == digest_of(make_url(address)))


def test_dry_run_marks_nothing(reaping: Reaping) -> None:
    """A dry run leaves the database as it is."""
    reaping.reap(dry_run=True)

    assert metadata_database.database_mark() is None
