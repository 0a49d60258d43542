# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks as they were written: a serialised Dag and an operator say the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, TaskGroup, task as taskflow, task_group
from airflow.serialization.serialized_objects import DagSerialization

from airflow_spanner_lro.airflow_internals.dags import authored_task, authored_tasks
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.ledger.authority import AuthoredTask

WAY = ("gcp_conn_id", "impersonation_chain", "project_id")
IDS = ("instance_id", "database_id", "backup_id")


class OurBackup(SpannerCreateBackupOperator):
    """A class of the author's own."""


def mapped(class_: Any = SpannerCreateBackupOperator, **parameters: Any) -> Any:
    """Return what is mapped, of a task that backs the database up."""
    usual = {"task_id": "backup", "instance_id": "main", "expire_time": "P9D"}
    return class_.partial(**usual | parameters)


def forms(
    write: Callable[[], object], *, task_id: str = "backup", **arguments: Any
) -> tuple[AuthoredTask, AuthoredTask]:
    """Return a task as its serialised Dag says it, and as its operator does."""
    with DAG(
        "nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), **arguments
    ) as dag:
        write()
    stored = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    return authored_tasks(stored["dag"])[task_id], authored_task(dag.get_task(task_id))


def literals(task: AuthoredTask) -> dict[str, object]:
    """Return what is known for certain of a task's way and target."""
    return {name: task.written[name] for name in (*WAY, *IDS) if task.literal(name)}


@taskflow
def find() -> list[Any]:
    """Return something to expand over."""
    return []


def xcom() -> None:
    """Write a task whose id is another task's XCom."""
    first: Any = backup(task_id="first").output
    backup(backup_id=first["name"])


def in_mapped_group() -> None:
    """Write a task in a group that is mapped."""

    @task_group
    def group(database: str) -> None:
        backup(database_id=database)

    group.expand(database=["orders", "users"])


@pytest.mark.parametrize(
    ("write", "task_id", "unknown"),
    [
        (backup, "backup", ()),
        (lambda: backup(impersonation_chain=("a@b", "c@d")), "backup", ()),
        (lambda: backup(project_id=None), "backup", ()),
        (lambda: backup(backup_id="b-{{ ds_nodash }}"), "backup", ("backup_id",)),
        (lambda: backup(gcp_conn_id="{{ params.c }}"), "backup", ("gcp_conn_id",)),
        (lambda: backup(impersonation_chain=["{{ x }}"]), "backup", ("impersonation_chain",)),
        (lambda: backup(backup_id=lambda **_: "b"), "backup", ("backup_id",)),
        (xcom, "backup", ("backup_id",)),
        (in_mapped_group, "group.backup", ("database_id",)),
        (
            lambda: mapped(database_id="orders").expand(backup_id=["a1", "b2"]),
            "backup",
            ("backup_id",),
        ),
        (
            lambda: mapped(database_id="orders").expand(backup_id=find()),
            "backup",
            ("backup_id",),
        ),
        (
            lambda: mapped(database_id="orders").expand_kwargs(
                [{"backup_id": "a1", "gcp_conn_id": "other"}]
            ),
            "backup",
            ("backup_id", "gcp_conn_id"),
        ),
        (
            lambda: mapped().expand_kwargs(find()),
            "backup",
            (*WAY, "database_id", "backup_id"),
        ),
        (
            lambda: mapped(gcp_conn_id="mine").expand_kwargs(find(), strict=False),
            "backup",
            (*WAY, *IDS),
        ),
        (
            lambda: mapped(OurBackup, database_id="orders").expand(backup_id=["a1"]),
            "backup",
            (*WAY, "backup_id"),
        ),
    ],
    ids=[
        "plain",
        "chain",
        "no project",
        "template",
        "connection",
        "list of templates",
        "callable",
        "xcom",
        "mapped group",
        "mapped",
        "mapped over an xcom",
        "keyword arguments",
        "keyword arguments from an xcom",
        "which may be any",
        "subclass",
    ],
)
def test_both_forms_say_the_same(
    write: Callable[[], object], task_id: str, unknown: tuple[str, ...]
) -> None:
    """What is literal is known, and what a template, a map or another class says is not."""
    stored, live = forms(write, task_id=task_id)

    assert literals(stored) == literals(live)
    assert set(unknown) == {name for name in (*WAY, *IDS) if not stored.literal(name)}


@pytest.mark.parametrize("is_mapped", [False, True])
def test_default_arguments(is_mapped: bool) -> None:
    """A connection in the Dag's default arguments is the task's."""

    def write() -> None:
        if is_mapped:
            mapped(database_id="orders").expand(backup_id=["a1"])
        else:
            backup()

    stored, live = forms(write, default_args={"gcp_conn_id": "of_the_dag"})

    assert ["of_the_dag"] * 2 == [literals(each)["gcp_conn_id"] for each in (stored, live)]


@pytest.mark.parametrize("is_mapped", [False, True])
def test_default_arguments_of_a_group(is_mapped: bool) -> None:
    """Airflow stores those of a group for a task that is not mapped; else they stay unknown."""

    def write() -> None:
        arguments: Any = {"gcp_conn_id": "of_the_group"}
        with TaskGroup("group", default_args=arguments):
            if is_mapped:
                mapped(database_id="orders").expand(backup_id=["a1"])
            else:
                backup()

    stored, live = forms(write, task_id="group.backup")

    assert "of_the_group" == literals(live)["gcp_conn_id"]
    assert is_mapped is not stored.literal("gcp_conn_id")
    assert is_mapped or "of_the_group" == stored.written["gcp_conn_id"]


def test_subclass_is_told_as_what_it_is_made_from() -> None:
    """The operator knows its classes; the serialised Dag only a name, which is not ours."""
    stored, live = forms(
        lambda: OurBackup(
            task_id="backup",
            instance_id="main",
            database_id="orders",
            backup_id="b1",
            expire_time="P9D",
        )
    )

    assert ["OurBackup", "SpannerCreateBackupOperator"] == [stored.task_type, live.task_type]


def test_other_tasks_do_no_harm() -> None:
    """A Dag has tasks of all sorts, some without any of the parameters."""
    stored, live = forms(find, task_id="find")

    assert ({}, {}) == (literals(stored), literals(live))
