# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What an audit entry lets one look at sooner, and what anything else does: nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    KINDS,
    RESTORE_DATABASE,
    UPDATE_DATABASE_DDL,
)
from airflow_spanner_lro.core.names import (
    BackupName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    OperationName,
    ProjectName,
    ResourceName,
)
from airflow_spanner_lro.core.polling.wake_ups import (
    MOST_BYTES,
    Ignored,
    IgnoredBecause,
    WakeUp,
    parse_wake_up,
)

INSTANCE = InstanceName(project="test", instance="main")
BACKUP = BackupName(project="test", instance="main", backup="nightly")
DATABASE = DatabaseName(project="test", instance="main", database="orders")
OPERATION = OperationName(resource=BACKUP, operation="_auto_op_0123456789abcdef")
SCHEMA_CHANGE = OperationName(resource=DATABASE, operation="_auto_op_00ff")


def entry(*, id_: Any = str(OPERATION), method: str = "CreateBackup", **payload: Any) -> Any:
    """Return an entry at the end of an operation, as a sink delivers it."""
    return {
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "spanner.googleapis.com",
            "methodName": f"google.spanner.admin.database.v1.DatabaseAdmin.{method}",
            "resourceName": "projects/test/instances/main",
            **payload,
        },
        "insertId": "1a2b3c",
        "resource": {
            "type": "spanner_instance",
            "labels": {"project_id": "test", "instance_id": "main", "location": "global"},
        },
        "timestamp": "2026-11-28T14:40:54.123456789Z",
        "severity": "NOTICE",
        "logName": "projects/test/logs/cloudaudit.googleapis.com%2Factivity",
        "operation": {"id": id_, "producer": "spanner.googleapis.com", "last": True},
    }


def parse(content: Any) -> WakeUp | Ignored:
    """Read an entry from its JSON."""
    return parse_wake_up(json.dumps(content).encode())


def wake_up(content: Any) -> WakeUp:
    """Read an entry that is about an operation."""
    parsed = parse(content)
    assert isinstance(parsed, WakeUp)
    return parsed


def test_end_of_an_operation_that_is_named_in_full() -> None:
    """An entry tells which operation has ended, by which method, and when it was written."""
    expected = WakeUp(
        operation=OPERATION,
        resource=INSTANCE,
        method="CreateBackup",
        last=True,
        at=datetime(2026, 11, 28, 14, 40, 54, 123456, tzinfo=UTC),
    )

    parsed = wake_up(entry())

    assert expected == parsed
    assert CREATE_BACKUP is parsed.kind
    assert "test" == parsed.project


def test_start_of_an_operation() -> None:
    """An entry at the start is told from one at the end."""
    content = entry()
    content["operation"] = {"id": "op", "first": True}

    parsed = wake_up(content)

    assert parsed.first
    assert not parsed.last


@pytest.mark.parametrize("before", ["", "//spanner.googleapis.com/", "spanner.googleapis.com/v1/"])
def test_id_that_ends_in_a_full_name(before: str) -> None:
    """What stands before the full name of an operation does not matter."""
    assert OPERATION == wake_up(entry(id_=f"{before}{OPERATION}")).operation


@pytest.mark.parametrize(
    ("id_", "operation_id"),
    [
        ("_auto_op_0123456789abcdef", "_auto_op_0123456789abcdef"),
        ("operations/_auto_op_00ff", "_auto_op_00ff"),
        ("notprojects/test/operations/x1", "x1"),
        ("projects/test/nothing/operations/x1", "x1"),
        ("", ""),
        ("what is this?", ""),
        (17, ""),
        (None, ""),
        ({"id": "x"}, ""),
    ],
)
def test_id_of_another_form(id_: Any, operation_id: str) -> None:
    """An id that is no full name is kept if it may be one, and the resource tells the rest."""
    parsed = wake_up(entry(id_=id_))

    assert parsed.operation is None
    assert operation_id == parsed.operation_id
    assert INSTANCE == parsed.resource


@pytest.mark.parametrize(
    ("method", "payload", "resource"),
    [
        ("CreateBackup", {"response": {"name": str(BACKUP)}}, BACKUP),
        ("CreateBackup", {"request": {"parent": str(INSTANCE), "backupId": "nightly"}}, BACKUP),
        ("CreateBackup", {"resourceName": str(BACKUP)}, BACKUP),
        ("CreateBackup", {"resourceName": f"//spanner.googleapis.com/{BACKUP}"}, BACKUP),
        ("CreateBackup", {"resourceName": str(OPERATION)}, BACKUP),
        ("CreateBackup", {"request": {"database": str(DATABASE)}}, INSTANCE),
        ("CopyBackup", {"request": {"parent": str(INSTANCE), "backupId": "nightly"}}, BACKUP),
        ("CreateDatabase", {"response": {"name": str(DATABASE)}}, DATABASE),
        ("CreateDatabase", {"request": {"parent": str(INSTANCE)}}, INSTANCE),
        (
            "RestoreDatabase",
            {"request": {"parent": str(INSTANCE), "databaseId": "orders", "backup": str(BACKUP)}},
            DATABASE,
        ),
        ("UpdateDatabaseDdl", {"request": {"database": str(DATABASE)}}, DATABASE),
        ("UpdateDatabase", {"request": {"database": {"name": str(DATABASE)}}}, DATABASE),
        ("ChangeQuorum", {"request": {"name": str(DATABASE)}}, INSTANCE),
        ("CreateInstance", {"request": {"parent": "projects/test", "instanceId": "new"}}, "new"),
        ("UpdateInstance", {"request": {"instance": {"name": str(INSTANCE)}}}, INSTANCE),
        ("MoveInstance", {"request": {"name": str(INSTANCE)}}, INSTANCE),
    ],
)
def test_what_an_operation_works_on(
    method: str, payload: dict[str, Any], resource: ResourceName | str
) -> None:
    """It is found wherever the entry tells it; else there is the instance."""
    if isinstance(resource, str):
        resource = InstanceName(project="test", instance=resource)

    assert resource == wake_up(entry(method=method, **payload)).resource


def test_configuration_is_no_part_of_an_instance() -> None:
    """A custom configuration is told by its parent and its id."""
    content = entry(
        method="CreateInstanceConfig",
        request={"parent": "projects/test", "instanceConfigId": "custom-mine"},
        resourceName="projects/test",
    )
    content["resource"] = {"labels": {"project_id": "test"}}

    parsed = wake_up(content)

    assert InstanceConfigName(project="test", config="custom-mine") == parsed.resource


def test_project_alone() -> None:
    """An entry may tell no more than the project."""
    content = entry(id_="x", resourceName="projects/test", method="CreateInstanceConfig")
    content["resource"] = {"labels": {"project_id": "test"}}

    assert ProjectName(project="test") == wake_up(content).resource


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (b"", IgnoredBecause.NOT_JSON),
        (b"not json", IgnoredBecause.NOT_JSON),
        (b"\xff\xfe{}", IgnoredBecause.NOT_JSON),
        (b"[" * 100_000, IgnoredBecause.NOT_JSON),
        (b"9" * 5_000, IgnoredBecause.NOT_JSON),
        (b'"' + b"x" * MOST_BYTES + b'"', IgnoredBecause.TOO_LARGE),
        (b"null", IgnoredBecause.NOT_AUDIT),
        (b"[1]", IgnoredBecause.NOT_AUDIT),
        (b'{"protoPayload": "text"}', IgnoredBecause.NOT_AUDIT),
        (b'{"jsonPayload": {}, "operation": {"last": true}}', IgnoredBecause.NOT_AUDIT),
    ],
)
def test_what_is_no_entry(data: bytes, because: IgnoredBecause) -> None:
    """Anything may be published; what is no audit entry is about nothing."""
    assert Ignored(because) == parse_wake_up(data)


def test_entry_of_another_service() -> None:
    """Only Spanner's entries count, whatever they name."""
    foreign = entry(serviceName="compute.googleapis.com")

    assert Ignored(IgnoredBecause.NOT_SPANNER) == parse(foreign)


def test_entry_of_no_operation() -> None:
    """A change of a policy is an entry of Spanner, and of no operation."""
    content = entry(method="SetDatabaseIamPolicy")
    del content["operation"]

    assert Ignored(IgnoredBecause.NOT_OPERATION) == parse(content)


def test_entry_that_names_nothing() -> None:
    """Without an operation and a resource there is nothing to look at."""
    content = entry(id_="op", resourceName="projects/Not A Project")
    del content["resource"]

    assert Ignored(IgnoredBecause.NAMES_NOTHING) == parse(content)


@pytest.mark.parametrize(
    "moment", [None, 5, "yesterday", "2026-11-28T14:40:54", "0001-01-01T00:00:00+09:00"]
)
def test_moment_that_is_none(moment: Any) -> None:
    """An entry counts though it does not say when it was written."""
    content = entry()
    content["timestamp"] = moment

    assert wake_up(content).at is None


# whom an entry is about


def test_about_the_operation_of_that_name() -> None:
    """A full name is about that operation and no other, whatever its kind is taken for."""
    other = OperationName(resource=BACKUP, operation="_auto_op_other")
    parsed = wake_up(entry(method="SomethingElse"))

    assert parsed.is_about(OPERATION, CREATE_BACKUP)
    assert parsed.is_about(OPERATION, None)
    assert not parsed.is_about(other, CREATE_BACKUP)


@pytest.mark.parametrize("told", ["projects/4711/instances/main/backups/nightly", str(INSTANCE)])
def test_name_may_be_written_otherwise(told: str) -> None:
    """A project has a number as well, and an operation may be told to be its instance's."""
    parsed = wake_up(entry(id_=f"{told}/operations/{OPERATION.operation}"))

    assert parsed.is_about(OPERATION, CREATE_BACKUP)


@pytest.mark.parametrize(
    "told",
    [
        "projects/foreign/instances/main/backups/nightly",
        "projects/test/instances/other/backups/nightly",
        "projects/test/instances/main/backups/weekly",
        "projects/test/instanceConfigs/custom-main",
    ],
)
def test_same_id_elsewhere(told: str) -> None:
    """The id alone identifies nothing: another resource, another operation."""
    parsed = wake_up(entry(id_=f"{told}/operations/{OPERATION.operation}"))

    assert not parsed.is_about(OPERATION, CREATE_BACKUP)


def test_bare_id_on_its_instance() -> None:
    """An id of Spanner's is about the operation that has it, where the entry says it is."""
    parsed = wake_up(entry(id_=OPERATION.operation))
    foreign = OperationName(
        resource=BackupName(project="test", instance="other", backup="nightly"),
        operation=OPERATION.operation,
    )

    assert parsed.is_about(OPERATION, None)
    assert not parsed.is_about(SCHEMA_CHANGE, None)
    assert not parsed.is_about(foreign, CREATE_BACKUP)


def test_id_of_an_unknown_form_is_about_all_it_can_be_about() -> None:
    """By resource and method where the id tells nothing: those of that kind, or of none known."""
    parsed = wake_up(
        entry(id_="cafe-17", method="UpdateDatabaseDdl", request={"database": str(DATABASE)})
    )
    other = OperationName(
        resource=DatabaseName(project="test", instance="main", database="users"), operation="x"
    )

    assert parsed.is_about(SCHEMA_CHANGE, UPDATE_DATABASE_DDL)
    assert parsed.is_about(SCHEMA_CHANGE, None)
    assert not parsed.is_about(SCHEMA_CHANGE, RESTORE_DATABASE)
    assert not parsed.is_about(other, UPDATE_DATABASE_DDL)
    assert not parsed.is_about(OPERATION, UPDATE_DATABASE_DDL)


def test_unknown_id_on_the_instance_is_about_all_of_its_method_there() -> None:
    """An entry at the end of a backup may tell no more than the instance."""
    parsed = wake_up(entry(id_="cafe-17"))

    assert parsed.is_about(OPERATION, CREATE_BACKUP)
    assert not parsed.is_about(SCHEMA_CHANGE, UPDATE_DATABASE_DDL)


def test_without_id_and_method_it_is_about_nothing() -> None:
    """A resource alone is not enough: much happens to a database."""
    parsed = wake_up(entry(id_=None, methodName="%%%", resourceName=str(DATABASE)))

    assert "" == parsed.method
    assert not parsed.is_about(SCHEMA_CHANGE, None)


def test_entry_of_a_project() -> None:
    """What tells the project alone is about everything of its method there, and nowhere else."""
    parsed = wake_up(entry(id_=None))
    content = entry(id_=None, resourceName="projects/foreign")
    content["resource"] = {"labels": {"project_id": "foreign"}}

    assert parsed.is_about(OPERATION, CREATE_BACKUP)
    assert not wake_up(content).is_about(OPERATION, CREATE_BACKUP)


# anything at all

_TEXT = st.text(max_size=20) | st.sampled_from(
    [str(OPERATION), str(DATABASE), "projects/", "/operations/", "projects/test", "\ud800"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ("parent", "name", "database", "backup", "backupId", "databaseId", "instance", "id")
_OBJECT = st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=4) | _JSON


@given(st.binary(max_size=2_000))
def test_any_bytes(data: bytes) -> None:
    """Whatever is published, reading it raises nothing."""
    assert isinstance(parse_wake_up(data), WakeUp | Ignored)


@pytest.mark.slow
@given(
    id_=_JSON,
    method=st.sampled_from([kind.method for kind in KINDS]) | _TEXT,
    resource=_JSON,
    request=_OBJECT,
    response=_OBJECT,
    labels=_OBJECT,
    timestamp=_JSON,
)
def test_any_entry(
    *,
    id_: Any,
    method: str,
    resource: Any,
    request: Any,
    response: Any,
    labels: Any,
    timestamp: Any,
) -> None:
    """An entry may hold anything anywhere: it is read, and asked about any operation."""
    content = entry(id_=id_, method=method, resourceName=resource)
    content["protoPayload"] |= {"request": request, "response": response}
    content["resource"] = {"labels": labels}
    content["timestamp"] = timestamp

    parsed = parse(content)

    assert isinstance(parsed, WakeUp | Ignored)
    if isinstance(parsed, WakeUp):
        for name in (OPERATION, SCHEMA_CHANGE):
            assert parsed.is_about(name, None) in {True, False}
