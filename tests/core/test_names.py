# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Names: what parses formats back, also what people and XComs abbreviate; others are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError
from airflow_spanner_lro.core.names import (
    OPERATION_PARENTS,
    BackupName,
    BackupScheduleName,
    DatabaseName,
    InstanceConfigName,
    InstanceName,
    InstancePartitionName,
    OperationName,
    ProjectName,
    SsdCacheName,
    parse_operation_names,
    parse_resource,
    resolve_name,
)

from . import strategies
from .sample_values import BACKUP, NAME, OTHER

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import ResourceName


INSTANCE = "projects/p/instances/main"
CONFIG = "projects/p/instanceConfigs/custom-mine"
EXAMPLES: dict[type[ResourceName], str] = {
    ProjectName: "projects/p",
    InstanceName: INSTANCE,
    DatabaseName: f"{INSTANCE}/databases/orders",
    BackupName: f"{INSTANCE}/backups/nightly",
    BackupScheduleName: f"{INSTANCE}/databases/orders/backupSchedules/daily",
    InstancePartitionName: f"{INSTANCE}/instancePartitions/europe",
    InstanceConfigName: CONFIG,
    SsdCacheName: f"{CONFIG}/ssdCaches/hot",
}
BAD_IDS: dict[str, tuple[type[ResourceName], dict[str, str], list[object]]] = {
    "project": (ProjectName, {}, ["", "-p", "My-Project", "a b", "p/q", "p\n", "é", None, 7]),
    "instance": (
        InstanceName,
        {"project": "p"},
        ["", "a", "1a", "a-", "A1", "a_b", "a" * 65, "ab\n", None, 7, b"ab"],
    ),
    "database": (
        DatabaseName,
        {"project": "p", "instance": "main"},
        ["", "a", "1a", "a-", "a_", "Ab", "a.b", "a" * 31, "ab\n", None],
    ),
    "backup": (
        BackupName,
        {"project": "p", "instance": "main"},
        ["", "a", "_a", "a-", "a_", "Ab", "a.b", "a" * 61, "ab\n", None],
    ),
    "schedule": (
        BackupScheduleName,
        {"project": "p", "instance": "main", "database": "orders"},
        ["", "a", "_a", "a-", "a_", "Ab", "a.b", "a" * 61, "ab\n", None],
    ),
    "partition": (
        InstancePartitionName,
        {"project": "p", "instance": "main"},
        ["", "a", "a_b", "a-", "a" * 65, None],
    ),
    "config": (InstanceConfigName, {"project": "p"}, ["", "a", "a_b", "a-", "a" * 65, None]),
    "ssd_cache": (
        SsdCacheName,
        {"project": "p", "config": "custom-mine"},
        ["", "-a", "A", "a/b", None],
    ),
}


@given(name=strategies.resource_names)
def test_a_resource_name_survives_its_text(name: ResourceName) -> None:
    """What is formatted parses back to an equal name of the same type."""
    assert name == type(name).parse(str(name))


@given(name=strategies.operation_parents)
def test_any_parent_is_recognised_by_its_text(name: ResourceName) -> None:
    """The type of a resource need not be known to parse its name."""
    parsed = parse_resource(str(name))

    assert (type(name), name) == (type(parsed), parsed)


@given(name=strategies.operation_names)
def test_an_operation_name_survives_its_text(name: OperationName) -> None:
    """What is formatted parses back to an equal name on the same resource."""
    assert name == OperationName.parse(str(name))


@pytest.mark.parametrize(
    ("type_", "text"), EXAMPLES.items(), ids=[type_.__name__ for type_ in EXAMPLES]
)
def test_a_name_reads_as_in_the_api(type_: type[ResourceName], text: str) -> None:
    """The collections are spelled as Spanner spells them, and the last id can be asked for."""
    name = type_.parse(text)

    assert text == str(name)
    assert text.rpartition("/")[2] == name.resource_id


def test_operations_have_six_kinds_of_parent() -> None:
    """Every resource has operations, but a project and a backup schedule."""
    assert set(EXAMPLES) - {ProjectName, BackupScheduleName} == set(OPERATION_PARENTS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param(field, value, id=f"{field}-{value!r}"[:30])
        for field, (_, _, values) in BAD_IDS.items()
        for value in values
    ],
)
def test_a_bad_id_is_refused(field: str, value: object) -> None:
    """The error names the field, the value as given, and the rule in words."""
    type_, rest, _ = BAD_IDS[field]
    ids: dict[str, Any] = {**rest, field: value}

    with pytest.raises(InvalidNameError) as caught:
        type_(**ids)

    error = caught.value
    assert (f"{field} id", value) == (error.field, error.value)
    assert "id has" in error.rule
    assert f"{field} id={value!r} is not usable: {error.rule}" == str(error)


@pytest.mark.parametrize(
    ("type_", "id_"),
    [
        pytest.param("instance", "a" * 64, id="instance"),
        pytest.param("database", "a" * 30, id="database"),
        pytest.param("backup", "a" * 60, id="backup"),
        pytest.param("partition", "a" * 64, id="partition"),
        pytest.param("config", "a" * 64, id="config"),
        pytest.param("project", "example.com:my-project", id="domain-scoped project"),
        pytest.param("project", "123456789012", id="project number"),
    ],
)
def test_the_longest_and_oddest_ids_are_accepted(type_: str, id_: str) -> None:
    """Limits are inclusive, and a project may be a number or belong to a domain."""
    cls, rest, _ = BAD_IDS[type_]
    ids: dict[str, Any] = {**rest, type_: id_}

    assert id_ == cls(**ids).resource_id


@pytest.mark.parametrize("type_", EXAMPLES, ids=lambda type_: type_.__name__)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="None"),
        pytest.param(7, id="number"),
        pytest.param(b"projects/p", id="bytes"),
        pytest.param("", id="empty"),
        pytest.param("orders", id="only an id"),
        pytest.param("projects", id="no id"),
        pytest.param("/projects/p", id="leading slash"),
        pytest.param("projects/p/", id="trailing slash"),
        pytest.param("projects/p/instances/main/tables/t", id="another collection"),
    ],
)
def test_a_text_of_another_form_is_refused(type_: type[ResourceName], text: object) -> None:
    """The error tells what was expected, also for what is no text at all."""
    with pytest.raises(InvalidNameError) as caught:
        type_.parse(text)

    error = caught.value
    assert (f"{type_.noun} name", text) == (error.field, error.value)
    assert f"expected {type_.template()}" == error.rule


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="None"),
        pytest.param("", id="empty"),
        pytest.param("projects/p", id="project"),
        pytest.param("projects/p/instances/main/tables/t", id="another collection"),
    ],
)
def test_a_resource_of_no_known_type_is_refused(text: object) -> None:
    """The error lists the names that would do."""
    with pytest.raises(InvalidNameError, match="expected one of") as caught:
        parse_resource(text)

    assert all(type_.template() in caught.value.rule for type_ in OPERATION_PARENTS)
    assert ("resource name", text) == (caught.value.field, caught.value.value)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        pytest.param(None, "operation name", id="None"),
        pytest.param(7, "operation name", id="number"),
        pytest.param("_auto_op_1", "operation name", id="only an id"),
        pytest.param(f"{INSTANCE}/operations", "operation name", id="no id"),
        pytest.param(f"{INSTANCE}/operations/", "operation id", id="empty id"),
        pytest.param(f"{INSTANCE}/operations/a b", "operation id", id="bad id"),
        pytest.param(f"{INSTANCE}/operations/a/b", "operation id", id="two ids"),
        pytest.param("projects/p/operations/a", "resource name", id="no such parent"),
        pytest.param("/operations/a", "resource name", id="no parent"),
        pytest.param("projects/p/instances/X/operations/a", "instance id", id="bad instance"),
    ],
)
def test_a_bad_operation_name_is_refused(text: object, field: str) -> None:
    """The error names the part that is wrong."""
    with pytest.raises(InvalidNameError) as caught:
        OperationName.parse(text)

    assert field == caught.value.field


def test_an_invalid_name_is_an_invalid_argument() -> None:
    """Who catches ValueError, or the package's own error for arguments, catches it."""
    assert issubclass(InvalidNameError, InvalidArgumentError)
    assert issubclass(InvalidNameError, ValueError)


@pytest.mark.parametrize("type_", [DatabaseName, BackupName], ids=["database", "backup"])
def test_what_an_instance_holds_knows_its_instance(
    type_: type[DatabaseName | BackupName],
) -> None:
    """The instance of a database or backup is a name of its own, not the longer one."""
    name = type_.parse(EXAMPLES[type_])

    assert InstanceName.parse(INSTANCE) == name.instance_name
    assert InstanceName is type(name.instance_name)


A, B = str(NAME), str(OTHER)


class Lazy(Sequence[str]):
    """A sequence that is no list, as the results of a mapped task are."""

    def __getitem__(self, index: Any) -> Any:
        """Return an item."""
        return [A, B][index]

    def __len__(self) -> int:
        """Return how many there are."""
        return 2


def test_an_id_is_completed() -> None:
    """An id alone is one in the same instance."""
    within = InstanceName(project="test", instance="main")

    assert BACKUP == resolve_name(BackupName, "nightly", within=within)
    assert BACKUP == resolve_name(BackupName, str(BACKUP), within=within)


@pytest.mark.parametrize(
    "value",
    [None, "", "None", [], [None], ["", "None", None], [[], [None, ""]], ()],
    ids=repr,
)
def test_there_may_be_no_operation(value: object) -> None:
    """The XCom of a task that did not run is None, and a template makes text of it."""
    assert () == parse_operation_names(value)


@pytest.mark.parametrize(
    "value",
    [
        A,
        [A],
        (A, A),
        [None, A, ""],
        [[A], None],
        ["None", [None, A]],
        iter([A]),
    ],
    ids=["text", "list", "twice", "among-nothing", "nested", "template", "iterator"],
)
def test_one_operation(value: object) -> None:
    """One is found wherever it is, and is one however often it is named."""
    assert (NAME,) == parse_operation_names(value)


@pytest.mark.parametrize(
    "value",
    [[A, B], [[A], B], [A, [A, B]], Lazy(), [Lazy(), None]],
    ids=["list", "nested", "twice", "lazy", "lazy-among-nothing"],
)
def test_many_operations(value: object) -> None:
    """Many come in the order they are named in."""
    assert (NAME, OTHER) == parse_operation_names(value)


@pytest.mark.parametrize(
    "value",
    [
        "some",
        [A, "some"],
        1,
        [A, 0],
        {"name": 1},
        [[[A]]],
        "['a', 'b']",
        b"x",
        False,
        NAME.resource,
    ],
    ids=str,
)
def test_anything_else_is_refused(value: object) -> None:
    """What is no name, and not nothing either, is an error that shows it."""
    words = "expected <resource>/operations/<operation>|give a full name|give one operation"
    with pytest.raises(InvalidNameError, match=words):
        parse_operation_names(value)
