# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations of several kinds, started as somebody else would, for those who act on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import CREATE_DATABASE, UPDATE_INSTANCE
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from tests.airflow.fakes import INSTANCE, LONG, FakeTask
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator import Plan
    from tests.airflow.fakes import Stage


def start_backup(stage: Stage, plan: Plan) -> str:
    """Start the backup with a plan, and return the operation's name."""
    stage.emulator.plan(plan, times=1)
    name: str = backup(wait_for_completion=False).execute(FakeTask().context)
    return name


def start(stage: Stage, kind: OperationKind, plan: Plan, **request: Any) -> str:
    """Start an operation of any kind, and return its name."""
    stage.emulator.plan(plan, times=1)
    return str(SpannerAdminHook().start_operation(kind=kind, request=request).name)


def create_database(stage: Stage, database_id: str, plan: Plan = LONG) -> str:
    """Start to create a database, and return the operation's name."""
    statement = f"CREATE DATABASE {database_id}"
    return start(stage, CREATE_DATABASE, plan, parent=INSTANCE, create_statement=statement)


def update_instance(stage: Stage, plan: Plan = LONG) -> str:
    """Start to update the instance, and return the operation's name."""
    return start(
        stage,
        UPDATE_INSTANCE,
        plan,
        instance={"name": INSTANCE, "node_count": 2},
        field_mask={"paths": ["node_count"]},
    )
