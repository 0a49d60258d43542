# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Links lead to the console page of what a task works on, or are empty; they never fail a task."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, BaseOperatorLink
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.serialization.serialized_objects import DagSerialization
from jinja2 import UndefinedError

from airflow_spanner_lro.core.names import (
    OperationName,
    parse_resource,
)
from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot, OperationState
from airflow_spanner_lro.links import (
    LINKS,
    SpannerBackupLink,
    SpannerConsoleLink,
    SpannerDatabaseLink,
    SpannerInstanceLink,
    SpannerOperationLink,
    written_once,
)
from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.plugin.task_links import PanelLink
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor
from tests.airflow.console_pages import (
    BACKUPS_PAGE,
    CONSOLE,
    DATABASE_PAGE,
    INSTANCE_PAGE,
    FakeHook,
)
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, FakeTaskInstance
from tests.airflow.task_runner import backup, change_schema, play, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage


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


def having_begun(operator: BaseOperator) -> BaseOperator:
    """Return an operator whose process has started an operation at Google's own endpoint."""
    begun = OperationName.parse(f"{BACKUP}/operations/_auto_op_1")
    vars(operator)["_run"] = SimpleNamespace(begun=begun)
    return asked(operator)


def test_operation_link_of_a_start() -> None:
    """An operation that the task has started is linked by what it works on."""
    assert BACKUPS_PAGE == link(SpannerOperationLink, having_begun(backup()))


def test_operation_link_before_the_start() -> None:
    """A task that failed before it started anything has no operation to show."""
    assert "" == link(SpannerOperationLink, asked(backup()))


@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda name: name,
        lambda name: {"name": str(name)},
        lambda name: OperationSnapshot(name=name, state=OperationState.RUNNING),
    ],
    ids=["text", "name", "mapping", "snapshot"],
)
def test_operation_link_of_a_sensor(form: Callable[[OperationName], Any]) -> None:
    """A sensor links the operation that it was given, in whatever form."""
    name = OperationName.parse(f"{DATABASE}/operations/_auto_op_1")
    sensor = SpannerOperationSensor(task_id="wait", operation_name=form(name))

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

    assert "" == link(SpannerOperationLink, backup())


class OtherLink(BaseOperatorLink):
    """A link that an author has given to his own operator."""

    name = "Runbook"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ARG002  # Airflow's
        """Return an address."""
        return "https://example.com"


class AuthoredOperator(SpannerCreateBackupOperator):
    """An author's own, with a link of his."""

    operator_extra_links = (*SpannerCreateBackupOperator.operator_extra_links, OtherLink())


def authored() -> AuthoredOperator:
    """Return an operator that backs the database up."""
    usual = backup()
    return AuthoredOperator(
        task_id="authored", **{name: getattr(usual, name) for name in BACKUP_PARAMETERS}
    )


BACKUP_PARAMETERS = ("project_id", "instance_id", "database_id", "backup_id", "expire_time")


def written(operator: BaseOperator) -> list[type]:
    """Return what Airflow writes when the process ends."""
    return [type(each) for each in operator.operator_extra_links]


def test_the_first_process_writes_what_it_knows() -> None:
    """A link that shows nothing is no XCom, which each retry would have to delete again."""
    operator = having_begun(change_schema())

    with written_once(operator):
        pass

    assert [SpannerOperationLink, SpannerDatabaseLink, SpannerInstanceLink] == written(operator)


def test_a_process_that_goes_on_writes_none_again() -> None:
    """Airflow keeps over a deferral what the process before it has written."""
    operator = asked(authored())

    with written_once(operator, resumed=True):
        pass

    assert [OtherLink] == written(operator)


def test_a_start_after_a_wait_for_a_slot_is_linked() -> None:
    """The process before had no operation to show yet."""
    operator = asked(authored())

    with written_once(operator, resumed=True):
        having_begun(operator)

    assert [SpannerOperationLink, OtherLink] == written(operator)


def test_a_process_that_fails_writes_what_it_knows() -> None:
    """A failed task is looked at most."""
    operator = asked(backup())

    with pytest.raises(RuntimeError, match="the cause"), written_once(operator):
        raise RuntimeError("the cause")

    assert [SpannerBackupLink, SpannerDatabaseLink, SpannerInstanceLink] == written(operator)


def test_a_link_that_breaks_fails_no_task() -> None:
    """It is left to Airflow, which asks again and logs what is wrong with it."""

    class Broken(SpannerInstanceLink):
        def find(self, operator: Any) -> Any:
            raise LookupError(operator)

    operator = having_begun(backup())
    operator.operator_extra_links = (Broken(),)

    with written_once(operator):
        pass

    assert [Broken] == written(operator)


def test_a_class_keeps_its_links() -> None:
    """What one process leaves out, the Dag and the web server still have."""
    with written_once(asked(backup()), resumed=True):
        pass

    assert list(LINKS) == list(SpannerCreateBackupOperator.operator_extra_links)


def test_a_sensor_that_goes_on_writes_none_again(pushed: dict[str, Any]) -> None:
    """A sensor's links are as those of other tasks."""
    assert not pushed
    sensor = SpannerOperationSensor(
        task_id="wait", operation_name=f"{DATABASE}/operations/_auto_op_1", deferrable=True
    )

    sensor.resume_execution("execute_complete", {"event": {"error": None, "facts": {}}}, {})

    assert [] == written(asked(sensor))


def test_links_survive_serialisation() -> None:
    """The web server sees the links of an operator, mapped or not, by name and XCom."""
    with DAG("dag", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        backup(task_id="one")
        SpannerCreateBackupOperator.partial(
            task_id="many", instance_id="main", database_id="orders", expire_time="P30D"
        ).expand(backup_id=["b1", "b2"])

    restored = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))

    written_or_made = (*LINKS, PanelLink())
    names = {each.name for each in written_or_made}
    for task_id in ("one", "many"):
        links = restored.get_task(task_id).operator_extra_links
        assert {each.name: each.xcom_key for each in written_or_made} == {
            each.name: each.xcom_key for each in links
        }
        assert names == set(restored.get_task(task_id).extra_links)


def test_names_and_keys_differ() -> None:
    """Each link has a name for people and an XCom of its own."""
    assert 4 == len({each.name for each in LINKS}) == len({each.xcom_key for each in LINKS})


def test_nothing_is_written_where_templates_cannot_be_rendered() -> None:
    """Airflow writes what links return also then: a row among the XComs, without a value."""
    operator = authored()
    operator.backup_id = "{{ nothing.at_all }}"

    with pytest.raises(UndefinedError):
        operator.render_template_fields({"params": {}})

    assert [OtherLink] == written(operator)


def test_a_sensor_that_pokes_writes_none_of_an_emulator(stage: Stage, task: FakeTask) -> None:
    """Its links are as those of other tasks, in every mode."""
    play(backup(wait_for_completion=False), task)
    sensor = SpannerOperationSensor(task_id="wait", operation_name=stage.operation.name)
    stage.finish_upon()

    sensor.execute(task.context)

    assert [] == written(sensor)


def test_a_task_that_cancels_writes_none_of_an_emulator(stage: Stage, task: FakeTask) -> None:
    """The same for a task that ends operations by their names."""
    stage.emulator.plan(LONG)
    play(backup(wait_for_completion=False), task)
    cancel = SpannerCancelOperationOperator(task_id="cancel", operation_name=stage.operation.name)

    cancel.execute(task.context)

    assert [] == written(cancel)
