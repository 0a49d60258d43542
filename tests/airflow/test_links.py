# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Links lead to the console page of what a task works on, or are empty; they never fail a task."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.serialization.serialized_objects import DagSerialization

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.ledger.entry import OPERATION_NAME_KEY
from airflow_spanner_lro.core.names import parse_resource
from airflow_spanner_lro.links import (
    LINKS,
    SpannerBackupLink,
    SpannerConsoleLink,
    SpannerDatabaseLink,
    SpannerInstanceLink,
    SpannerOperationLink,
)
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, FakeTaskInstance
from tests.airflow.task_runner import backup, change_schema, play, restore

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage

CONSOLE = "https://console.cloud.google.com/spanner/instances"
BACKUPS_PAGE = f"{CONSOLE}/main/details/backups/list?project=test"
DATABASE_PAGE = f"{CONSOLE}/main/databases/orders/details/tables?project=test"
INSTANCE_PAGE = f"{CONSOLE}/main/details/databases?project=test"


@dataclass(kw_only=True)
class FakeHook:
    """A hook that has reached Google's own endpoint."""

    connection_spec: ConnectionSpec = field(
        default_factory=lambda: ConnectionSpec(gcp_conn_id="google_cloud_default")
    )
    project_id: str = "test"


@dataclass(kw_only=True)
class Resource:
    """An operator of a family that only has a target."""

    target: Any
    hook: FakeHook = field(default_factory=FakeHook)


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the XComs of the task instance, by key."""
    values: dict[str, Any] = {}

    def get_value(*, ti_key: Any, key: str) -> Any:
        del ti_key
        return values.get(key)

    monkeypatch.setattr("airflow.sdk.execution_time.xcom.XCom.get_value", get_value)
    return values


def link(class_: type[SpannerConsoleLink], operator: Any) -> str:
    """Return the link as Airflow gets it when a run ends."""
    made: Any = class_()
    address: str = made.get_link(operator, ti_key=FakeTaskInstance())
    return address


def asked(operator: BaseOperator) -> BaseOperator:
    """Return an operator that has asked Google's own endpoint."""
    vars(operator)["hook"] = FakeHook()
    return operator


@pytest.mark.parametrize(
    ("class_", "operator", "expected"),
    [
        pytest.param(SpannerBackupLink, backup(), BACKUPS_PAGE, id="backup of a backup"),
        pytest.param(SpannerDatabaseLink, backup(), DATABASE_PAGE, id="database of a backup"),
        pytest.param(SpannerInstanceLink, backup(), INSTANCE_PAGE, id="instance of a backup"),
        pytest.param(
            SpannerBackupLink,
            restore(source_backup="projects/test/instances/other/backups/b1"),
            f"{CONSOLE}/other/details/backups/list?project=test",
            id="backup that is restored",
        ),
        pytest.param(SpannerBackupLink, restore(), BACKUPS_PAGE, id="its id alone"),
        pytest.param(SpannerDatabaseLink, change_schema(), DATABASE_PAGE, id="database"),
        pytest.param(SpannerBackupLink, change_schema(), "", id="no backup"),
    ],
)
def test_link_from_the_parameters(
    class_: type[SpannerConsoleLink], operator: BaseOperator, expected: str
) -> None:
    """A link is found from the rendered parameters of the operator."""
    assert expected == link(class_, asked(operator))


@pytest.mark.parametrize(
    ("class_", "target", "expected"),
    [
        pytest.param(SpannerInstanceLink, INSTANCE, INSTANCE_PAGE, id="instance"),
        pytest.param(SpannerDatabaseLink, INSTANCE, "", id="no database"),
        pytest.param(
            SpannerInstanceLink, f"{INSTANCE}/instancePartitions/pp", INSTANCE_PAGE, id="partition"
        ),
        pytest.param(
            SpannerInstanceLink, "projects/test/instanceConfigs/custom-c", "", id="configuration"
        ),
    ],
)
def test_link_from_the_target(class_: type[SpannerConsoleLink], target: str, expected: str) -> None:
    """What is neither a backup nor a database is linked by its instance, if it is in one."""
    assert expected == link(class_, Resource(target=parse_resource(target)))


def test_operation_link_of_a_start(pushed: dict[str, Any]) -> None:
    """An operation that the task has started is linked by what it works on."""
    pushed[OPERATION_NAME_KEY] = f"{BACKUP}/operations/_auto_op_1"

    assert BACKUPS_PAGE == link(SpannerOperationLink, asked(backup()))


def test_operation_link_before_the_start(pushed: dict[str, Any]) -> None:
    """A task that failed before it started anything has no operation to show."""
    assert not pushed
    assert "" == link(SpannerOperationLink, asked(backup()))


def test_operation_link_of_a_sensor() -> None:
    """A sensor links the operation that it was given."""
    sensor = SpannerOperationSensor(
        task_id="wait", operation_name=f"{DATABASE}/operations/_auto_op_1"
    )

    assert DATABASE_PAGE == link(SpannerOperationLink, asked(sensor))


@pytest.mark.parametrize("class_", [type(each) for each in LINKS])
def test_no_console_for_an_emulator(
    stage: Stage, task: FakeTask, class_: type[SpannerConsoleLink]
) -> None:
    """What is in an emulator is in no console."""
    stage.finish_upon()
    operator = backup()
    play(operator, task)

    assert "" == link(class_, operator)


@pytest.mark.parametrize("class_", [type(each) for each in LINKS])
def test_wrong_parameters_have_no_link(
    pushed: dict[str, Any], class_: type[SpannerConsoleLink]
) -> None:
    """A parameter that breaks its rule, such as an unrendered template, makes the link empty."""
    operator = asked(backup(instance_id="{{ params.instance }}"))

    assert not pushed
    assert "" == link(class_, operator)


def test_link_of_the_process_before_is_kept(pushed: dict[str, Any]) -> None:
    """A process that has asked nothing, after a deferral, leaves the link as it was."""
    pushed["_link_SpannerBackupLink"] = BACKUPS_PAGE

    assert BACKUPS_PAGE == link(SpannerBackupLink, backup())


def test_task_that_never_asked_has_no_link(pushed: dict[str, Any]) -> None:
    """A task that failed before it asked Spanner anything has no links."""
    assert not pushed
    assert "" == link(SpannerInstanceLink, backup())


def test_airflow_that_does_not_answer_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """When XComs cannot be read, there is no link, and no error."""

    def fail(**_: Any) -> Any:
        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.GENERIC_ERROR))

    monkeypatch.setattr("airflow.sdk.execution_time.xcom.XCom.get_value", fail)

    assert "" == link(SpannerOperationLink, asked(backup()))


def test_links_survive_serialisation() -> None:
    """The web server sees the links of an operator, mapped or not, by name and XCom."""
    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        backup(task_id="one")
        SpannerCreateBackupOperator.partial(
            task_id="many", instance_id="main", database_id="orders", expire_time="P30D"
        ).expand(backup_id=["b1", "b2"])

    restored = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))

    names = {each.name for each in LINKS}
    for task_id in ("one", "many"):
        links = restored.get_task(task_id).operator_extra_links
        assert {each.name: each.xcom_key for each in LINKS} == {
            each.name: each.xcom_key for each in links
        }
        assert names == set(restored.get_task(task_id).extra_links)


def test_names_and_keys_differ() -> None:
    """Each link has a name for people and an XCom of its own."""
    assert 4 == len({each.name for each in LINKS}) == len({each.xcom_key for each in LINKS})
