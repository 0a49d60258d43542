# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The page of rendered templates shows what bounds a task, and nothing else changes by that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.base import SpannerDeleteResourceOperator
from airflow_spanner_lro.operators.databases import SpannerDropDatabaseOperator
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor
from tests.airflow.fakes import DATABASE, FakeTaskInstance
from tests.airflow.task_runner import backup, change_schema, defer, restore

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage

BEGAN = datetime(2026, 11, 28, 0, 0, tzinfo=UTC)
HOURS = timedelta(hours=4)


def rendered(operator: BaseOperator) -> Any:
    """Return what Airflow's page shows of the bounds when a task begins."""
    context: Any = {"ti": FakeTaskInstance(start_date=BEGAN)}
    operator.render_template_fields(context)
    fields: dict[str, Any] = dict(_serialize_rendered_fields(operator))
    return fields.get("bounds")


def test_all_that_bounds_a_backup() -> None:
    """Until when, how often, and what becomes of the operation when the task ends early."""
    assert {
        "deadline": "2026-11-28 04:00:00 UTC: out of time after 4 h (execution_timeout)",
        "waits": "in the triggerer",
        "polls": "at least every 30 s",
        "on kill": "the operation is cancelled; what it has made all the same is deleted",
        "on timeout": "the operation is cancelled; what it has made all the same is deleted",
    } == rendered(backup(deferrable=True, execution_timeout=HOURS))


@pytest.mark.parametrize(
    ("operator", "name", "expected"),
    [
        pytest.param(
            backup(),
            "deadline",
            "none: neither execution_timeout nor operation_timeout is set",
            id="no deadline",
        ),
        pytest.param(
            backup(operation_timeout=60, execution_timeout=HOURS),
            "deadline",
            "2026-11-28 00:01:00 UTC: out of time after 1 min (operation_timeout)",
            id="the earlier",
        ),
        pytest.param(backup(), "waits", "on a worker", id="worker"),
        pytest.param(
            change_schema(deferrable=True, worker_wait=15),
            "waits",
            "up to 15 s on a worker, then in the triggerer",
            id="both",
        ),
        pytest.param(backup(poll_interval=5), "polls", "at least every 5 s", id="own interval"),
        pytest.param(
            backup(cancel_on_kill=False), "on kill", "the operation goes on", id="not on kill"
        ),
        pytest.param(
            backup(cancel_on_timeout=False), "on timeout", "the operation goes on", id="not at all"
        ),
        pytest.param(restore(), "on kill", "the operation is cancelled", id="no clean-up"),
    ],
)
def test_each_bound(operator: BaseOperator, name: str, expected: str) -> None:
    """Each is said as it will be, defaults and all."""
    assert expected == rendered(operator)[name]


def test_a_task_that_is_rendered_twice_has_them_once() -> None:
    """As a task that is resumed, or one of ``dag.test()``, may be."""
    operator = backup()

    assert rendered(operator) == rendered(operator)
    operator.poll_interval = "{{ 1 + 1 }}"  # type: ignore[assignment]  # as bad input may be
    assert "{{ 1 + 1 }}" in str(rendered(operator)) == str(rendered(operator))
    assert 1 == list(operator.template_fields).count("bounds")


def test_a_task_that_does_not_wait_polls_nothing() -> None:
    """It succeeds when the operation runs."""
    assert {"deadline", "on kill", "on timeout"} == set(rendered(backup(wait_for_completion=False)))


def test_what_is_wrong_is_said_there_too() -> None:
    """A bad parameter fails the task, and not the page."""
    assert "operation_timeout=0 is not usable" in rendered(backup(operation_timeout=0))["error"]


def test_a_sensor_says_how_long_it_waits() -> None:
    """And that it ends nothing."""
    sensor = SpannerOperationSensor(
        task_id="wait", operation_name=f"{DATABASE}/operations/o1", timeout=7200, poke_interval=60
    )

    assert {
        "deadline": "2 h after its first poll (timeout)",
        "waits": "on a worker",
        "polls": "at least every 1 min",
        "on kill": "nothing is cancelled: others have started what it waits for",
    } == rendered(sensor)


def test_who_acts_at_once_has_no_bounds() -> None:
    """A deletion has no operation to wait for."""
    operator = SpannerDropDatabaseOperator(
        task_id="drop", project_id="test", instance_id="main", database_id="orders"
    )

    assert isinstance(operator, SpannerDeleteResourceOperator)
    assert rendered(operator) is None


def test_a_mapped_task_shows_them() -> None:
    """Airflow renders the task that it makes of a mapped one."""
    with DAG("dag", schedule=None, start_date=BEGAN):
        mapped = SpannerCreateBackupOperator.partial(
            task_id="many", instance_id="main", database_id="orders", expire_time="P30D"
        ).expand(backup_id=["b1"])
    one = mapped.unmap({"backup_id": "b1"})
    context: Any = {"ti": FakeTaskInstance(start_date=BEGAN)}

    one._do_render_template_fields(
        parent=one,
        template_fields=mapped.template_fields,
        context=context,
        jinja_env=one.get_template_env(),
        seen_oids=set(),
    )

    assert "deadline" in _serialize_rendered_fields(one)["bounds"]


class Part:
    """Something with templates of its own, in a field of a task."""

    template_fields = ("text",)

    def __init__(self) -> None:
        self.text = "{{ 1 + 1 }}"


def test_what_is_within_a_field_has_no_bounds() -> None:
    """Airflow renders it by the same method."""
    part = Part()
    context: Any = {"ti": FakeTaskInstance()}

    backup(backup_id=part).render_template_fields(context)

    assert "2" == part.text
    assert Part.template_fields == part.template_fields


def test_the_dag_has_no_such_field() -> None:
    """Only the task that a worker renders has it."""
    rendered(backup())

    assert "bounds" not in SpannerCreateBackupOperator.template_fields
    assert "bounds" not in backup().template_fields


def test_other_bounds_are_no_other_request(stage: Stage, task: FakeTask) -> None:
    """A retry with another deadline adopts the operation: the fingerprint knows no bounds."""
    first = backup(deferrable=True, execution_timeout=HOURS)
    first.render_template_fields(task.context)
    defer(first, task)
    task.next_try()
    again = backup(deferrable=True, execution_timeout=2 * HOURS)
    again.render_template_fields(task.context)

    defer(again, task)

    assert 1 == len(stage.starts)
    assert 0 == len(stage.cancels)
