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

from .airflow_tables import back_up

if TYPE_CHECKING:
    from airflow.state import TaskScope

    from .airflow_tables import Author
    from .harness import ReaperHarness

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


def orphan(reaper: ReaperHarness, author: Author | None = back_up, **fields: Any) -> TaskScope:
    """Let a task leave a backup running."""
    scope = reaper.tables.add_task(author=author)
    reaper.tables.write(scope, reaper.entry(reaper.start_backup(), **fields))
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


def test_templated_connection_is_refused(reaper: ReaperHarness) -> None:
    """Whoever triggers a run could choose what it renders to; what to do is told."""
    scope = orphan(reaper, TEMPLATED)
    reaper.tables.render(scope, **RENDERED)

    summary = reaper.reap()

    assert 1 == summary.left
    assert "gcp_conn_id of its task is made by a template" in reaper.warned[0]
    assert "[spanner_lro] reaper_connections: google_cloud_default." in reaper.warned[0]
    assert not reaper.emulator.calls.of("GetOperation")


@pytest.mark.parametrize(("rendered", "left"), [("google_cloud_default", 0), ("other", 1)])
def test_templated_connection_that_is_allowed(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, rendered: str, left: int
) -> None:
    """A connection in the allow-list is used, unless the task itself had another one."""
    monkeypatch.setenv(ALLOW, "google_cloud_default")
    scope = orphan(reaper, TEMPLATED)
    reaper.tables.render(scope, **RENDERED | {"gcp_conn_id": rendered})

    summary = reaper.reap()

    assert [1 - left, left] == [summary.reaped, summary.left]


@pytest.mark.parametrize("allowed", [True, False])
def test_deleted_dag(reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, allowed: bool) -> None:
    """Of a Dag that is gone only the allow-list vouches for the connection."""
    orphan(reaper)
    reaper.tables.delete_dag()
    if allowed:
        monkeypatch.setenv(ALLOW, "google_cloud_default")

    summary = reaper.reap()

    assert [allowed, not allowed] == [bool(summary.reaped), bool(summary.left)]
    assert allowed or "its task is not in Airflow's Dags any more" in reaper.warned[0]


def test_nobody_vouches_for_impersonation_without_a_dag(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The allow-list names connections, and not whom they may act as."""
    connection_spec = ConnectionSpec(
        gcp_conn_id="google_cloud_default",
        impersonation_chain=("admin@p.iam.gserviceaccount.com",),
        endpoint=f"http://{reaper.emulator.endpoint}",
    )
    monkeypatch.setenv(ALLOW, "google_cloud_default")
    orphan(reaper, connection_spec=connection_spec)
    reaper.tables.delete_dag()

    assert 1 == reaper.reap().left


def test_task_that_is_in_no_version_of_its_dag(reaper: ReaperHarness) -> None:
    """A task instance whose task was never in the Dag is as one of a deleted Dag."""
    orphan(reaper, None)

    reaper.reap()

    assert "its task is not in Airflow's Dags any more" in reaper.warned[0]


@pytest.mark.parametrize(("rendered", "left"), [("nightly", 0), ("other", 1), (None, 1)])
def test_templated_target(reaper: ReaperHarness, rendered: str | None, left: int) -> None:
    """A target by a template is what Airflow has rendered; where that is gone, it is told."""
    scope = orphan(reaper, partial(back_up, backup_id="{{ params.id }}"))
    if rendered:
        reaper.tables.render(scope, **RENDERED | {"backup_id": rendered})

    summary = reaper.reap()

    assert [1 - left, left] == [summary.reaped, summary.left]
    assert rendered or "does not have what it came to any more" in reaper.warned[0]
    assert rendered != "other" or "Refused: the backup is other, what Airflow " in reaper.warned[0]


@pytest.mark.parametrize(("project", "left"), [("test", 0), ("another", 1)])
def test_project_of_the_connection(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, project: str, left: int
) -> None:
    """A task that names no project works in that of its connection, and nowhere else."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)
    orphan(reaper, partial(back_up, project_id=None))

    summary = reaper.reap()

    assert [1 - left, left] == [summary.reaped, summary.left]
    assert not left or "the project is another, the project of its connection" in reaper.warned[0]


def test_number_of_a_project_is_no_difference(reaper: ReaperHarness) -> None:
    """Spanner may tell a project by its number where the Dag has its id."""
    orphan(reaper, partial(back_up, project_id="123456789"))

    assert 1 == reaper.reap().reaped


def test_dag_that_was_changed_while_its_task_lived(reaper: ReaperHarness) -> None:
    """Airflow moves a task to the newer version of its Dag; what it was started as counts too."""
    scope = orphan(reaper)
    reaper.tables.written["nightly"]["backup"] = partial(back_up, gcp_conn_id="new")
    version = reaper.tables.write_dag()
    reaper.tables.move_task(scope, version)

    assert 1 == reaper.reap().reaped


def test_version_from_before_the_run_does_not_count(reaper: ReaperHarness) -> None:
    """What a Dag had named before the task began, it names no more."""
    reaper.tables.written["nightly"] = {"backup": back_up}
    reaper.tables.write_dag()
    elsewhere = partial(back_up, gcp_conn_id="elsewhere")
    scope = reaper.tables.add_task(author=elsewhere)
    reaper.tables.age_versions()
    reaper.tables.write(scope, reaper.entry(reaper.start_backup()))

    summary = reaper.reap()

    assert 1 == summary.left
    assert "its task has gcp_conn_id=elsewhere" in reaper.warned[0]


def test_compressed_dag(reaper: ReaperHarness) -> None:
    """Airflow may keep serialised Dags compressed."""
    orphan(reaper)
    table = SerializedDagModel.__table__
    data = reaper.tables.execute(select(table.c.data)).scalar_one()
    compressed = zlib.compress(json.dumps(data).encode())
    reaper.tables.execute(update(table).values(data=None, data_compressed=compressed))

    assert 1 == reaper.reap().reaped


def test_mapped_task(reaper: ReaperHarness) -> None:
    """What is mapped is known from what was rendered; what is not, from the Dag's arguments."""
    scope = reaper.tables.add_task(author=mapped, map_index=0)
    reaper.tables.write(scope, reaper.entry(reaper.start_backup()))
    reaper.tables.render(scope, **RENDERED)

    assert 1 == reaper.reap().reaped


def test_default_arguments_of_the_dag(reaper: ReaperHarness) -> None:
    """A mapped task has the connection of the Dag's default arguments."""
    scope = reaper.tables.add_task(author=mapped, map_index=0)
    version = reaper.tables.write_dag(default_args={"gcp_conn_id": "other"})
    reaper.tables.move_task(scope, version)
    reaper.tables.age_versions()
    reaper.tables.write(scope, reaper.entry(reaper.start_backup()))
    reaper.tables.render(scope, **RENDERED)

    reaper.reap()

    assert "its task has gcp_conn_id=other" in reaper.warned[0]


@pytest.mark.parametrize("rendered", [True, False])
def test_default_arguments_of_a_task_group(reaper: ReaperHarness, rendered: bool) -> None:
    """Airflow keeps none of these, so the task must have been rendered with the usual default."""

    def grouped(task_id: str) -> None:
        with TaskGroup("group"):
            mapped(task_id)

    reaper.tables.written["nightly"] = {"backup": grouped}
    scope = reaper.tables.add_task(task_id="group.backup", map_index=0, author=None)
    reaper.tables.move_task(scope, reaper.tables.write_dag())
    reaper.tables.write(scope, reaper.entry(reaper.start_backup()))
    if rendered:
        reaper.tables.render(scope, **RENDERED)

    summary = reaper.reap()

    assert [rendered, not rendered] == [bool(summary.reaped), bool(summary.left)]
    assert rendered or "gcp_conn_id of its task is not written" in reaper.warned[0]


def test_task_of_another_sort_vouches_for_nothing(reaper: ReaperHarness) -> None:
    """A task that names no target, and no connection, has started nothing."""

    def other(task_id: str) -> None:
        from airflow.providers.standard.operators.bash import BashOperator  # noqa: PLC0415

        BashOperator(task_id=task_id, bash_command="true")

    orphan(reaper, other)

    summary = reaper.reap()

    assert 1 == summary.left
    assert not reaper.emulator.calls.of("GetOperation")


def test_subclass_of_an_operator(reaper: ReaperHarness) -> None:
    """A class of the author's own cannot be checked for its kind; the rest is."""

    class OurBackup(SpannerCreateBackupOperator):
        """The author's own."""

    def author(task_id: str) -> None:
        where = {"project_id": "test", "instance_id": "main", "database_id": "orders"}
        OurBackup(task_id=task_id, backup_id="nightly", expire_time="P9D", **where)

    orphan(reaper, author)

    assert 1 == reaper.reap().reaped


def test_entries_of_another_deployment_are_one_line(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another deployment has written is left to it, and said once for all of it."""
    monkeypatch.setenv(DEPLOYMENT, "staging")
    orphan(reaper, deployment="prod")
    for number in range(2):
        scope = reaper.tables.add_task(task_id=f"task{number}")
        reaper.tables.write(scope, reaper.entry(None, deployment="prod"))

    summary = reaper.reap()

    (line,) = reaper.warned
    assert [0, 3] == [summary.reaped, summary.left]
    assert "3 entries are not ours; deployment prod wrote them, and this is staging" in line
    assert not reaper.cancels


def test_ledger_of_another_deployment(
    reaper: ReaperHarness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list shows such an entry, and asks nobody about it."""
    monkeypatch.setenv(DEPLOYMENT, "staging")
    orphan(reaper, deployment="prod")

    code = list_ledger(dag_ids=(), closed=False, offline=False)

    assert 1 == code
    assert "refused: another deployment" in capsys.readouterr().out
    assert not reaper.emulator.calls.of("GetOperation")


def test_copy_of_the_database_is_not_reaped(reaper: ReaperHarness) -> None:
    """A database that was reaped elsewhere before may be a copy: nothing is touched."""
    orphan(reaper)
    metadata_database.mark_database("elsewhere", anew=False)

    summary = reaper.reap()

    (line,) = reaper.warned
    assert [True, 0, 1] == [summary.elsewhere, summary.reaped, summary.left]
    assert "airflow spanner-lro reap --claim-deployment" in line
    assert not reaper.cancels
    assert not reaper.emulator.calls.of("GetOperation")


def test_database_that_has_moved_is_claimed_once(reaper: ReaperHarness) -> None:
    """After somebody has said that it has moved, its ledgers are reaped as before."""
    orphan(reaper)
    metadata_database.mark_database("elsewhere", anew=False)

    first = reaper.reap(claim=True)
    second = reaper.reap()

    assert [1, False] == [first.reaped, second.elsewhere]


def test_first_round_marks_the_database(reaper: ReaperHarness) -> None:
    """What says where the database is is a Variable, which people can see and delete."""
    reaper.reap()

    assert ["spanner_lro_home"] == reaper.tables.execute(select(Variable.key)).scalars().all()
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


def test_dry_run_marks_nothing(reaper: ReaperHarness) -> None:
    """A dry run leaves the database as it is."""
    reaper.reap(dry_run=True)

    assert metadata_database.database_mark() is None
