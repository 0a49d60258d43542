# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators with usual parameters, and what Airflow's processes do with them, in this process."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.serde import deserialize, serialize

from airflow_spanner_lro.operators.backups import SpannerCreateBackupOperator
from airflow_spanner_lro.operators.databases import (
    SpannerRestoreDatabaseOperator,
)
from airflow_spanner_lro.operators.schemas import SpannerUpdateDatabaseDdlOperator
from tests.airflow.fakes import STATEMENTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from airflow.sdk import BaseOperator
    from airflow.triggers.base import BaseTrigger, TriggerEvent

    from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
    from tests.airflow.fakes import FakeTask

_WHERE = {"project_id": "test", "instance_id": "main"}


def backup(**parameters: Any) -> SpannerCreateBackupOperator:
    """Return an operator that backs the database up."""
    usual: dict[str, Any] = {
        "task_id": "backup",
        "database_id": "orders",
        "backup_id": "nightly",
        "expire_time": timedelta(days=30),
    }
    return SpannerCreateBackupOperator(**_WHERE | usual | parameters)


def restore(**parameters: Any) -> SpannerRestoreDatabaseOperator:
    """Return an operator that restores the backup ``source``."""
    usual: dict[str, Any] = {
        "task_id": "restore",
        "database_id": "restored",
        "source_backup": "source",
    }
    return SpannerRestoreDatabaseOperator(**_WHERE | usual | parameters)


def change_schema(**parameters: Any) -> SpannerUpdateDatabaseDdlOperator:
    """Return an operator that runs two statements."""
    usual: dict[str, Any] = {
        "task_id": "ddl",
        "database_id": "orders",
        "ddl_statements": STATEMENTS,
    }
    return SpannerUpdateDatabaseDdlOperator(**_WHERE | usual | parameters)


def defer(operator: BaseOperator, task: FakeTask) -> TaskDeferred:
    """Execute an operator, which is expected to defer."""
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(task.context)
    return caught.value


def over_the_wire(trigger: BaseTrigger) -> SpannerOperationTrigger:
    """Return the trigger as the triggerer gets it from Airflow's database."""
    path, arguments = trigger.serialize()
    stored = json.loads(json.dumps(serialize(arguments)))
    return cast("SpannerOperationTrigger", import_string(path)(**cast("Any", deserialize(stored))))


def fire(trigger: BaseTrigger) -> dict[str, Any]:
    """Run a trigger until it fires, and return its payload as the worker gets it."""

    async def first() -> TriggerEvent:
        events = cast("AsyncGenerator[TriggerEvent, None]", over_the_wire(trigger).run())
        event = await anext(events)
        await events.aclose()
        return event

    payload: dict[str, Any] = json.loads(json.dumps(asyncio.run(first()).payload))
    return payload


def resume(operator: BaseOperator, deferred: TaskDeferred, task: FakeTask) -> Any:
    """Let the trigger of a deferral fire, and resume the task with its event."""
    event = fire(cast("Any", deferred.trigger))
    return operator.resume_execution(deferred.method_name, {"event": event}, task.context)


def play(operator: BaseOperator, task: FakeTask) -> Any:
    """Execute an operator, through all its deferrals, to its end."""
    try:
        return operator.execute(task.context)
    except TaskDeferred as exc:
        deferred = exc
    while True:
        try:
            return resume(operator, deferred, task)
        except TaskDeferred as exc:
            deferred = exc
