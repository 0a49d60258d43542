# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""By which way a record may send us: the tables of the decision, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.kinds import (
    COPY_BACKUP,
    CREATE_BACKUP,
    KINDS,
    OPTIMIZE_RESTORED_DATABASE,
    UPDATE_DATABASE,
)
from airflow_spanner_lro.core.ledger.authority import (
    AuthoredTask,
    Grant,
    Reason,
    Refusal,
    authorise,
    authorise_given,
    authorise_published,
    check_kind,
    confirm,
)
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.names import BackupName, DatabaseName

MODULE = "airflow_spanner_lro.operators.backups"
WRITTEN: dict[str, Any] = {
    "project_id": "p",
    "gcp_conn_id": "mine",
    "impersonation_chain": None,
    "instance_id": "main",
    "database_id": "orders",
    "backup_id": "nightly",
}
WAY = ConnectionSpec(gcp_conn_id="mine", endpoint="spanner.example.com:443")
ENTRY = LedgerEntry(
    kind=CREATE_BACKUP,
    target=BackupName.parse("projects/p/instances/main/backups/nightly"),
    fingerprint="f",
    intended=datetime(2026, 1, 1, tzinfo=UTC),
    try_number=1,
    connection_spec=WAY,
)


def task(*, assumed: tuple[str, ...] = (), **written: Any) -> AuthoredTask:
    """Return the task of the entry, written a little otherwise."""
    return AuthoredTask(
        task_type="SpannerCreateBackupOperator",
        module=MODULE,
        written=WRITTEN | written,
        assumed=frozenset(assumed),
    )


def judged(
    author: AuthoredTask | None = None,
    entry: LedgerEntry = ENTRY,
    *,
    rendered: dict[str, object] | None = None,
    allowed: tuple[str, ...] = (),
) -> Grant | Reason:
    """Return the permit, or why there is none."""
    verdict = authorise(
        entry, task=author or task(), rendered=rendered, allowed=allowed, deployment=""
    )
    return verdict.reason if isinstance(verdict, Refusal) else verdict


PERMIT = Grant(connection_spec=replace(WAY, endpoint=None))
SECRET = ("admin@p.iam.gserviceaccount.com",)


@pytest.mark.parametrize(
    ("allowed", "chain", "verdict"),
    [
        ((), (), Reason.DAG_GONE),
        (("mine",), (), PERMIT),
        (("mine",), SECRET, Reason.DAG_GONE),
        (("other",), (), Reason.DAG_GONE),
    ],
)
def test_dag_that_is_gone(
    allowed: tuple[str, ...], chain: tuple[str, ...], verdict: Grant | Reason
) -> None:
    """Only the allow-list vouches for a connection then, and nothing for impersonation."""
    entry = replace(ENTRY, connection_spec=replace(WAY, impersonation_chain=chain))

    told = authorise(entry, task=None, rendered=None, allowed=allowed, deployment="")

    assert verdict == (told.reason if isinstance(told, Refusal) else told)


@pytest.mark.parametrize(
    ("author", "rendered", "allowed", "verdict"),
    [
        (task(), None, (), PERMIT),
        (task(gcp_conn_id="other"), None, (), Reason.WAY),
        (task(gcp_conn_id="other"), None, ("mine",), Reason.WAY),
        (task(assumed=("gcp_conn_id",)), {"gcp_conn_id": "mine"}, (), PERMIT),
        (task(assumed=("gcp_conn_id",)), {"gcp_conn_id": "other"}, (), Reason.TEMPLATE),
        (task(assumed=("gcp_conn_id",)), None, (), Reason.TEMPLATE),
        (task(gcp_conn_id="{{ params.c }}"), {"gcp_conn_id": "mine"}, (), Reason.TEMPLATE),
        (task(gcp_conn_id="{{ params.c }}"), {"gcp_conn_id": "mine"}, ("mine",), PERMIT),
        (task(gcp_conn_id="{{ params.c }}"), None, ("mine",), PERMIT),
        (task(gcp_conn_id="{{ params.c }}"), {"gcp_conn_id": "other"}, ("mine",), Reason.WAY),
        (task(gcp_conn_id="[[ params.c ]]"), None, (), Reason.TEMPLATE),
        (task(gcp_conn_id="<callable f>"), None, (), Reason.TEMPLATE),
    ],
)
def test_connection(
    author: AuthoredTask,
    rendered: dict[str, object] | None,
    allowed: tuple[str, ...],
    verdict: Grant | Reason,
) -> None:
    """The task's own connection, by each row of the table."""
    assert verdict == judged(author, rendered=rendered, allowed=allowed)


@pytest.mark.parametrize(
    ("written", "says", "rendered", "verdict"),
    [
        (None, (), None, True),
        ([], (), None, True),
        (SECRET[0], SECRET, None, True),
        (list(SECRET), SECRET, None, True),
        (None, SECRET, None, Reason.WAY),
        (["a@b", *SECRET], SECRET, None, Reason.WAY),
        (SECRET[0], (), None, Reason.WAY),
        ("{{ params.who }}", SECRET, {"impersonation_chain": SECRET[0]}, True),
        ("{{ params.who }}", SECRET, {"impersonation_chain": "other@b"}, Reason.WAY),
        ("{{ params.who }}", SECRET, None, Reason.TEMPLATE),
        (["{{ params.who }}"], (), None, True),
    ],
)
def test_impersonation(written: Any, says: tuple[str, ...], rendered: Any, verdict: Any) -> None:
    """Whom to act as is the task's own; an allow-list for its connection does not add to that."""
    entry = replace(ENTRY, connection_spec=replace(WAY, impersonation_chain=says))

    told = judged(task(impersonation_chain=written), entry, rendered=rendered, allowed=("mine",))

    assert verdict == (isinstance(told, Grant) or told)


@pytest.mark.parametrize(
    ("author", "rendered", "verdict"),
    [
        (task(backup_id="other"), None, Reason.TARGET),
        (task(instance_id="other"), None, Reason.TARGET),
        (task(project_id="other"), None, Reason.TARGET),
        (task(project_id="123"), None, PERMIT),
        (task(project_id=None), None, replace(PERMIT, own_project=True)),
        (task(backup_id="{{ ds }}"), {"backup_id": "nightly"}, PERMIT),
        (task(backup_id="{{ ds }}"), {"backup_id": "other"}, Reason.TARGET),
        (task(backup_id="{{ ds }}"), {"backup_id": None}, Reason.TARGET),
        (task(backup_id="{{ ds }}"), {}, Reason.NOT_RENDERED),
        (task(backup_id="{{ ds }}"), None, Reason.NOT_RENDERED),
        (
            task(project_id="{{ p }}"),
            {"project_id": None},
            replace(PERMIT, own_project=True),
        ),
        (task(database_id="{{ ds }}"), None, PERMIT),
    ],
)
def test_target(
    author: AuthoredTask, rendered: dict[str, object] | None, verdict: Grant | Reason
) -> None:
    """Each id of the target is that of the task, as it is written or was rendered."""
    assert verdict == judged(author, rendered=rendered)


def test_task_without_the_id() -> None:
    """A task that names no such thing has not made it."""
    written = {name: value for name, value in WRITTEN.items() if name != "backup_id"}
    author = replace(task(), written=written, task_type="OurOperator", module="ours")

    assert Reason.NOT_RENDERED == judged(author)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.rpc], ids=str)
def test_each_operator_starts_its_kind_and_no_other(kind: Any) -> None:
    """The name of a class of ours says which kind it starts."""
    author = replace(task(), task_type=f"Spanner{kind.method}Operator")

    assert [kind] == [each for each in KINDS if check_kind(each, task=author) is None]


@pytest.mark.parametrize(
    ("task_type", "module", "kind", "may"),
    [
        ("SpannerDeleteBackupOperator", MODULE, CREATE_BACKUP, False),
        ("OurBackup", "dags.ours", COPY_BACKUP, True),
        ("OurBackup", "dags.ours", OPTIMIZE_RESTORED_DATABASE, False),
    ],
)
def test_other_classes(task_type: str, module: str, kind: Any, may: bool) -> None:
    """One of ours that starts nothing starts nothing; of another class nobody knows."""
    author = replace(task(), task_type=task_type, module=module)

    assert may is (check_kind(kind, task=author) is None)


def test_another_deployment_comes_first() -> None:
    """What another deployment has written is not even compared."""
    told = authorise(
        replace(ENTRY, deployment="prod"), task=None, rendered=None, allowed=(), deployment="test"
    )

    assert isinstance(told, Refusal)
    assert Reason.DEPLOYMENT is told.reason


@pytest.mark.parametrize(
    ("endpoint", "project", "reason"),
    [
        ("spanner.example.com:443", None, None),
        ("", None, Reason.ENDPOINT),
        ("http://spanner.example.com:443", None, Reason.ENDPOINT),
        ("spanner.example.com:443", "p", None),
        ("spanner.example.com:443", "42", None),
        ("spanner.example.com:443", "q", Reason.TARGET),
    ],
)
def test_where_the_way_leads_to(endpoint: str, project: str | None, reason: Reason | None) -> None:
    """The endpoint, and the project where the task names none, are the connection's own."""
    told = confirm(ENTRY, connection_spec=replace(WAY, endpoint=endpoint), project=project)

    assert reason == (told.reason if told else None)


@pytest.mark.parametrize(
    ("author", "reason"),
    [
        (task(), None),
        (task(backup_id="{{ ds }}"), None),
        (task(backup_id="other"), Reason.TARGET),
        (task(gcp_conn_id="{{ params.c }}"), Reason.TEMPLATE),
        (replace(task(), task_type="SpannerCopyBackupOperator"), Reason.KIND),
    ],
)
def test_what_was_published(author: AuthoredTask, reason: Reason | None) -> None:
    """Where rendered values cannot be seen, what is literal is compared all the same."""
    told = authorise_published(ENTRY, task=author, allowed=(), deployment="")

    assert reason == (told.reason if isinstance(told, Refusal) else None)


@pytest.mark.parametrize(
    ("way", "may"),
    [
        (ConnectionSpec(gcp_conn_id="mine", endpoint=None), True),
        (ConnectionSpec(gcp_conn_id="other", endpoint=None), False),
        (ConnectionSpec(gcp_conn_id="mine", impersonation_chain=SECRET, endpoint=None), False),
    ],
)
def test_way_that_was_given(way: ConnectionSpec, may: bool) -> None:
    """Without a Dag only the way that was given is taken."""
    told = authorise_given(ENTRY, connection_spec=way, deployment="")

    assert may is isinstance(told, Grant)


def test_update_of_a_database_is_compared_by_its_ids() -> None:
    """The ids of the target's own type count, and no others."""
    author = AuthoredTask(
        task_type="SpannerUpdateDatabaseOperator",
        module="airflow_spanner_lro.operators.databases",
        written=WRITTEN | {"backup_id": "{{ whatever }}"},
    )
    target = DatabaseName.parse("projects/p/instances/main/databases/orders")

    assert PERMIT == judged(author, replace(ENTRY, kind=UPDATE_DATABASE, target=target))
