# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the hook's verbs return can be returned from a task: through Airflow's own serialisation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import serde
from airflow.serialization.helpers import serialize_template_field
from airflow.serialization.stringify import stringify

from airflow_spanner_lro.core.kinds import KINDS, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.snapshot import (
    OperationError,
    OperationSnapshot,
    OperationState,
    StatementProgress,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.plugin import listener

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = OperationName.parse("projects/test/instances/main/databases/orders/operations/_auto_op_1")
NOW = datetime(2026, 11, 28, 3, 12, 0, 123456, tzinfo=UTC)
PLAIN = OperationSnapshot(name=NAME, state=OperationState.RUNNING)
FULL = OperationSnapshot(
    name=NAME,
    state=OperationState.FAILED,
    kind=UPDATE_DATABASE_DDL,
    percent=50,
    start_time=NOW,
    end_time=NOW,
    cancel_time=NOW,
    error=OperationError(code=Code.RESOURCE_EXHAUSTED, message="no room"),
    statements=(
        StatementProgress(label="CREATE INDEX A", percent=100, committed=NOW),
        StatementProgress(label="CREATE INDEX B", percent=0),
    ),
    throttled=True,
    follow_up=NAME,
)
SETTLED = Settlement(
    name=NAME,
    ending=Ending.REFUSED,
    snapshot=FULL,
    detail="not you",
    code=Code.PERMISSION_DENIED,
    left_behind="nothing",
    cleaned_up="projects/test/instances/main/backups/nightly",
)


class TaskRunnerMarker:
    """Named as what Airflow passes where a task's process begins."""


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be a process in which nothing of ours is allowed yet."""
    ours = {name for name in serde._extra_allowed if name.startswith("airflow_spanner_lro")}
    monkeypatch.setattr(serde, "_extra_allowed", serde._extra_allowed - ours)


def through_json(value: Any) -> Any:
    """Return what another task gets of a value that a task returned."""
    return serde.deserialize(json.loads(json.dumps(serde.serialize(value))))


@pytest.mark.parametrize(
    "value",
    [
        NAME,
        PLAIN,
        FULL,
        Settlement(name=NAME, ending=Ending.GONE),
        SETTLED,
        [PLAIN, FULL],
        {"a": [SETTLED]},
    ],
    ids=["name", "plain", "full", "gone", "settled", "list", "nested"],
)
@pytest.mark.parametrize(
    "begin",
    [lambda: listener.on_starting(TaskRunnerMarker()), listener.on_task_instance_running],
    ids=["process", "dags test"],
)
def test_comes_back_as_it_was(fresh: None, begin: Callable[[], None], value: Any) -> None:
    """A task's process gets the same value back, and no configuration is needed for it."""
    del fresh
    begin()

    assert value == through_json(value)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_comes_back(kind: Any) -> None:
    """The kind is found again by its name."""
    listener.on_task_instance_running()

    assert kind is through_json(replace(PLAIN, kind=kind)).kind


def test_kind_of_another_release() -> None:
    """A kind that is not known here is none, and the rest is read."""
    data = {**FULL.serialize(), "kind": "CreateMoon", "more": 1}

    assert replace(FULL, kind=None) == OperationSnapshot.deserialize(data, 1)


@pytest.mark.parametrize("class_", [OperationSnapshot, Settlement])
@pytest.mark.parametrize(
    ("change", "version", "words"),
    [
        ({}, 2, "is of a later release of airflow-spanner-lro: run the same one on all workers"),
        ({"name": "DROP"}, 1, "An XCom holds no o"),
        ({"name": 1}, 1, "An XCom holds no o"),
    ],
    ids=["later", "no name", "number"],
)
def test_forged_values_are_refused(
    class_: type[OperationSnapshot | Settlement], change: Any, version: int, words: str
) -> None:
    """Whoever may write XComs makes no value out of something else."""
    value = FULL if class_ is OperationSnapshot else SETTLED

    with pytest.raises(ValueError, match=words):
        class_.deserialize({**value.serialize(), **change}, version)


@pytest.mark.parametrize("data", [None, "text", {}, {"name": "x"}, []], ids=repr)
@pytest.mark.parametrize("class_", [OperationSnapshot, Settlement])
def test_damage_is_refused(class_: Any, data: Any) -> None:
    """What has another shape is refused with what it is."""
    with pytest.raises(ValueError, match="An XCom holds no o"):
        class_.deserialize(data, 1)


def test_people_can_read_it() -> None:
    """The XCom tab and the rendered template show name and state; a template makes the name."""
    stored: Any = serde.serialize(FULL)
    shown = str(stringify(stored))
    rendered = serialize_template_field(FULL, "operation_name")

    assert f"name='{NAME}'" in shown
    assert "state='FAILED'" in shown
    assert isinstance(rendered, dict)
    assert str(NAME) == rendered["name"] == f"{FULL}"


def test_an_outcome_is_a_sentence() -> None:
    """What a template or a log makes of an outcome is its sentence, with the name as last word."""
    assert f"{SETTLED.sentence} {NAME}" == str(SETTLED)


def test_a_list_of_operations_fits_into_a_log() -> None:
    """Airflow logs what a function returns by its repr, and a kind says no more than its name."""
    assert "kind=<OperationKind UpdateDatabaseDdl>" in str([FULL])
