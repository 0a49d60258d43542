# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Each task of ours has a link to a page of the plugin, which needs no XCom and no console."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from airflow_spanner_lro.operators.operation import SpannerOperationOperator
from airflow_spanner_lro.plugin import SpannerLroPlugin
from airflow_spanner_lro.plugin.task_links import PageLink, PanelLink
from tests.contract.required import REQUIRED

if TYPE_CHECKING:
    from airflow.serialization.definitions.dag import SerializedDAG

RUN = "manual__2026-11-28T03:12:00+00:00"
RUN_QUOTED = "manual__2026-11-28T03%3A12%3A00%2B00%3A00"


def key(*, map_index: int = -1, task_id: str = "task") -> Any:
    """Return the key of a task instance."""
    return TaskInstanceKey("nightly", task_id, RUN, 1, map_index)


@pytest.fixture
def dag(monkeypatch: pytest.MonkeyPatch) -> SerializedDAG:
    """Return a Dag with a task of each class, and a mapped one, as the api-server reads it."""
    monkeypatch.setattr(
        "airflow.plugins_manager.get_operator_extra_links",
        lambda: SpannerLroPlugin.operator_extra_links,
    )
    with DAG("nightly", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as authored:
        for class_, arguments in REQUIRED.items():
            class_(task_id=class_.__name__, **arguments)
        for class_, arguments in REQUIRED.items():
            rest = dict(arguments)
            name, value = rest.popitem()
            mapped = class_.partial(task_id=f"Mapped{class_.__name__}", **rest)
            mapped.expand(**{name: [value]})
    stored = json.loads(json.dumps(DagSerialization.to_dict(authored)))
    return DagSerialization.from_dict(stored)


def links(dag: SerializedDAG, task_id: str, *, map_index: int = -1) -> dict[str, str]:
    """Return the links that the api-server itself makes for a task."""
    task: Any = dag.get_task(task_id)
    names = {PanelLink.name, PageLink.name} & set(task.extra_links)
    found = {name: task.operator_extra_link_dict[name] for name in names}
    ti_key = key(task_id=task_id, map_index=map_index)
    return {name: each.get_link(task, ti_key=ti_key) for name, each in found.items()}


@pytest.mark.parametrize("class_", REQUIRED, ids=lambda class_: class_.__name__)
def test_every_class_has_one(dag: SerializedDAG, class_: type[Any]) -> None:
    """Who starts operations has a panel; from the others one gets to those of their Dag."""
    task_id = class_.__name__
    panel = f"dags/nightly/runs/{RUN_QUOTED}/tasks/{task_id}/plugin/spanner-operation"
    page = "plugin/spanner-operations?dag_id=nightly"
    starts = issubclass(class_, SpannerOperationOperator)

    assert (
        {"Operation panel": panel} if starts else {"Operations page": page} == links(dag, task_id)
    )


@pytest.mark.parametrize("class_", REQUIRED, ids=lambda class_: class_.__name__)
def test_every_mapped_class_has_one(dag: SerializedDAG, class_: type[Any]) -> None:
    """A mapped task has a panel for each of its instances."""
    (address,) = links(dag, f"Mapped{class_.__name__}", map_index=3).values()

    assert ("/mapped/3/plugin/" in address) is issubclass(class_, SpannerOperationOperator)


def test_odd_names_stay_one_part_of_the_address() -> None:
    """A Dag or a task of any name does not change where the link leads."""
    ti_key: Any = TaskInstanceKey("a dag", "group.task é", "a/b?c#d", 1, -1)

    assert (
        "dags/a%20dag/runs/a%2Fb%3Fc%23d/tasks/group.task%20%C3%A9/plugin/spanner-operation"
        == PanelLink().get_link(None, ti_key=ti_key)
    )
    assert "plugin/spanner-operations?dag_id=a+dag" == PageLink().get_link(None, ti_key=ti_key)
