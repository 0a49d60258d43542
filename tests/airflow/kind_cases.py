# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""For each kind of operation the operator that starts it, what must be there, and what it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core import kinds
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, RESTORED, SOURCE, STATEMENTS, FakeTask
from tests.airflow.operator_builders import (
    FRESH,
    copy_backup,
    create_config,
    create_database,
    create_instance,
    create_partition,
    move_instance,
    update_config,
    update_database,
    update_instance,
    update_partition,
)
from tests.airflow.task_runner import backup, change_schema, play, restore

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.operators.operation import SpannerOperationOperator
    from tests.airflow.fakes import Stage

PROJECT = "projects/test"
CONFIG = f"{PROJECT}/instanceConfigs/custom-near"
PARTITION = f"{INSTANCE}/instancePartitions/overseas"

Make = Callable[..., "SpannerOperationOperator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of operation.

    :param make: returns the operator
    :param target: what it works on
    :param parameters: what its operator is given beside the usual
    :param before: returns the operator whose work must have been done before
    :param state: the state of the target afterwards
    """

    kind: OperationKind
    make: Make
    target: str
    parameters: tuple[tuple[str, Any], ...] = ()
    before: Make | None = None
    state: str = "READY"

    def __str__(self) -> str:
        return str(self.kind.rpc)

    def operator(self, **parameters: Any) -> SpannerOperationOperator:
        """Return the operator."""
        return self.make(**dict(self.parameters) | parameters)

    def prepare(self, stage: Stage) -> None:
        """Put everything there that the operation needs."""
        if self.kind in (kinds.COPY_BACKUP, kinds.RESTORE_DATABASE):
            stage.emulator.create_backup(SOURCE, DATABASE)
        if self.before:
            stage.emulator.plan(Plan(duration=timedelta()), times=1)
            play(self.before(), FakeTask())

    def summary(self, result: Any) -> object:
        """Return what of a result is the same in every run."""
        if "statements" in result:
            return result["database"], [each["statement"] for each in result["statements"]]
        return result["name"], result["state"]

    @property
    def expected(self) -> object:
        """What the summary of a good result is."""
        if self.kind is kinds.UPDATE_DATABASE_DDL:
            return self.target, STATEMENTS
        return self.target, self.state


def _case(kind: OperationKind, make: Make, target: str, **more: Any) -> Case:
    parameters = tuple(more.pop("parameters", {}).items())
    return Case(kind=kind, make=make, target=target, parameters=parameters, **more)


CASES = (
    _case(kinds.CREATE_BACKUP, backup, BACKUP),
    _case(
        kinds.COPY_BACKUP,
        copy_backup,
        BACKUP,
        parameters={"project_id": "test", "instance_id": "main", "backup_id": "nightly"},
    ),
    _case(kinds.CREATE_DATABASE, create_database, FRESH),
    _case(kinds.RESTORE_DATABASE, restore, RESTORED, state="READY_OPTIMIZING"),
    _case(
        kinds.UPDATE_DATABASE,
        update_database,
        DATABASE,
        parameters={"enable_drop_protection": True},
    ),
    _case(kinds.UPDATE_DATABASE_DDL, change_schema, DATABASE),
    _case(kinds.CREATE_INSTANCE, create_instance, f"{PROJECT}/instances/reports"),
    _case(kinds.UPDATE_INSTANCE, update_instance, INSTANCE, parameters={"node_count": 3}),
    _case(kinds.MOVE_INSTANCE, move_instance, INSTANCE),
    _case(kinds.CREATE_INSTANCE_CONFIG, create_config, CONFIG),
    _case(
        kinds.UPDATE_INSTANCE_CONFIG,
        update_config,
        CONFIG,
        parameters={"display_name": "Nearer"},
        before=create_config,
    ),
    _case(kinds.CREATE_INSTANCE_PARTITION, create_partition, PARTITION),
    _case(
        kinds.UPDATE_INSTANCE_PARTITION,
        update_partition,
        PARTITION,
        parameters={"node_count": 2},
        before=create_partition,
    ),
)
"""One case for each kind that a call starts."""
