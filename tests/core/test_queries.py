# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Queries as values: the filters they send, and what they accept of what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_spanner_lro.core.kinds import COPY_BACKUP, CREATE_BACKUP, Service
from airflow_spanner_lro.core.lists.backups import READY, BackupFacts, BackupQuery
from airflow_spanner_lro.core.lists.queries import ListCall, OperationQuery
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    ProjectName,
)

from .sample_values import NOW, cancelled, failed, running, succeeded

INSTANCE = InstanceName(project="test", instance="main")
DATABASE = DatabaseName(project="test", instance="main", database="orders")
CREATE, COPY = CREATE_BACKUP.metadata_type_url, COPY_BACKUP.metadata_type_url
TYPE, OTHER = f"(metadata.@type:{CREATE})", f"(metadata.@type:{COPY})"
NOT_DONE = "(NOT done:true)"


def query(**fields: Any) -> OperationQuery:
    """Return a query for operations of backups."""
    usual: dict[str, Any] = {"call": ListCall.OF_BACKUPS, "parent": INSTANCE}
    return OperationQuery(**usual | fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ""),
        ({"types": (CREATE,)}, TYPE),
        ({"types": (CREATE, COPY)}, f"({TYPE} OR {OTHER})"),
        ({"pending": True}, NOT_DONE),
        ({"filter_": "a:1 OR b:2"}, "a:1 OR b:2"),
        ({"filter_": "a:1 OR b:2", "pending": True}, f"(a:1 OR b:2) AND {NOT_DONE}"),
        ({"filter_": "a:1 OR b:2", "types": (CREATE,)}, f"{TYPE} AND (a:1 OR b:2)"),
        ({"types": (CREATE,), "pending": True}, f"{TYPE} AND {NOT_DONE}"),
        (
            {"types": (CREATE, COPY), "filter_": "a:1", "pending": True},
            f"({TYPE} OR {OTHER}) AND (a:1) AND {NOT_DONE}",
        ),
    ],
    ids=str,
)
def test_filter_to_send(fields: dict[str, Any], expected: str) -> None:
    """The type comes first, as the API wants it, and nothing binds other than it reads."""
    assert expected == query(**fields).server_filter


@pytest.mark.parametrize("ended", [succeeded(), failed(), cancelled()], ids=lambda s: s.state)
def test_pending_accepts_only_what_runs(ended: Any) -> None:
    """An operation that ended while the list was made is not pending."""
    pending = query(pending=True)

    assert pending.accepts(running())
    assert not pending.accepts(ended)
    assert query().accepts(ended)


def test_types_accept_only_their_own() -> None:
    """``:`` means contains, so what comes back is looked at again."""
    backups = query(types=(CREATE,))

    assert backups.accepts(running(kind=CREATE_BACKUP))
    assert not backups.accepts(running(kind=COPY_BACKUP))
    assert query().accepts(running(kind=COPY_BACKUP))


def test_an_unknown_kind_is_the_services_business() -> None:
    """Of a kind that this release does not know, only the service can tell the type."""
    assert query(types=(CREATE,)).accepts(running(kind=None))


@pytest.mark.parametrize("call", ListCall)
def test_calls_are_of_the_client_library(call: ListCall) -> None:
    """Each call is a method of its service's generated client."""
    module = {
        Service.DATABASE_ADMIN: "DatabaseAdminClient",
        Service.INSTANCE_ADMIN: "InstanceAdminClient",
    }
    package = __import__(call.service.python_package, fromlist=["*"])

    assert callable(getattr(getattr(package, module[call.service]), call.method))


@pytest.mark.parametrize(
    "original",
    [
        query(types=(CREATE, COPY), pending=True, filter_="done:true"),
        query(call=ListCall.OF_RESOURCE, parent=DATABASE),
        query(call=ListCall.OF_CONFIGS, parent=ProjectName(project="test")),
        query(
            call=ListCall.OF_RESOURCE, parent=InstanceConfigName(project="test", config="custom-a")
        ),
    ],
    ids=lambda q: str(q.parent),
)
def test_a_query_survives_its_record(original: OperationQuery) -> None:
    """A query can be stored as primitives."""
    assert original == OperationQuery.from_record(original.to_record())


FACTS = BackupFacts(
    name=BackupName(project="test", instance="main", backup="nightly"),
    database=DATABASE,
    state=READY,
    create_time=NOW,
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ""),
        ({"database": DATABASE}, f'database:"{DATABASE}"'),
        ({"filter_": "state:READY"}, "(state:READY)"),
        (
            {"database": DATABASE, "filter_": "a:1 OR b:2"},
            f'database:"{DATABASE}" AND (a:1 OR b:2)',
        ),
    ],
    ids=str,
)
def test_filter_for_backups(fields: dict[str, Any], expected: str) -> None:
    """Backups are filtered by the service as far as it can."""
    assert expected == BackupQuery(instance=INSTANCE, **fields).server_filter


def test_backups_of_a_namesake_are_not_accepted() -> None:
    """A database whose name only begins like the one asked for is another one."""
    wanted = BackupQuery(instance=INSTANCE, database=DATABASE)
    namesake = replace(DATABASE, database="orders-2")

    assert wanted.accepts(FACTS)
    assert not wanted.accepts(replace(FACTS, database=namesake))
    assert BackupQuery(instance=INSTANCE).accepts(replace(FACTS, database=namesake))


@pytest.mark.parametrize(("state", "ready"), [("READY", True), ("CREATING", False)])
def test_ready_backups(state: str, ready: bool) -> None:
    """Only a backup that is complete is ready."""
    assert ready is replace(FACTS, state=state).ready


def test_facts_as_primitives() -> None:
    """What is not known is None, and times are text."""
    assert replace(FACTS, size_bytes=7, schedules=("s",)).to_dict() == {
        "name": "projects/test/instances/main/backups/nightly",
        "database": str(DATABASE),
        "state": "READY",
        "create_time": "2026-11-21T12:00:00+00:00",
        "version_time": None,
        "expire_time": None,
        "size_bytes": 7,
        "schedules": ["s"],
    }
