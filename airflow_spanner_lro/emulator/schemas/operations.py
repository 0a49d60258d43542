# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a schema change does: statement by statement, one batch after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from google.cloud import spanner_admin_database_v1 as database_v1
from google.protobuf import empty_pb2

from airflow_spanner_lro.core.names import DatabaseName
from airflow_spanner_lro.emulator.operations.handler import OperationHandler

if TYPE_CHECKING:
    from datetime import datetime

    from google.protobuf.message import Message

    from airflow_spanner_lro.emulator.operations.model import Operation
    from airflow_spanner_lro.emulator.schemas.statements import DdlStatement
    from airflow_spanner_lro.emulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class DdlDetails:
    """What UpdateDatabaseDdl remembers: the statements of the batch, and what came with them.

    :param proto_descriptors: for the statements that work on the proto bundle
    """

    statements: tuple[DdlStatement, ...]
    proto_descriptors: bytes = b""


class UpdateDatabaseDdl(OperationHandler[DatabaseName, DdlDetails]):
    """Each statement is committed when its turn is over, and stays."""

    target_type: ClassVar = DatabaseName
    details_type: ClassVar = DdlDetails
    changing: ClassVar = frozenset({"progress", "commit_timestamps", "throttled"})

    def describe(
        self, target: DatabaseName, details: DdlDetails
    ) -> database_v1.UpdateDatabaseDdlMetadata:
        """Return all statements of the batch, and what each of them does."""
        return database_v1.UpdateDatabaseDdlMetadata(
            database=str(target),
            statements=[statement.text for statement in details.statements],
            actions=[_action(statement) for statement in details.statements],
        )

    def refresh(self, metadata: Any, operation: Operation, now: datetime) -> None:
        """Tell how far each statement is, and when those that are done were committed."""
        lifecycle = operation.lifecycle
        for step in range(lifecycle.steps_done(now)):
            if (at := lifecycle.step_begins(step + 1)) is not None:
                metadata.commit_timestamps.add().FromDatetime(at)
        metadata.throttled = lifecycle.throttled(now)
        for step in range(len(lifecycle.steps)):
            _show_statement(metadata.progress.add(), operation, step, now)

    def step(self, world: World, operation: Operation, step: int, at: datetime) -> None:
        """Commit one statement."""
        database = world.resources.databases.get(self.target(operation))
        details = self.details(operation)
        schema = database.schema.apply(
            details.statements[step], proto_descriptors=details.proto_descriptors
        )
        history = (*database.recent_history(at), (at, schema))
        world.resources.databases.put(database.name, replace(database, history=history))

    def succeed(self, world: World, operation: Operation, at: datetime) -> Message | None:
        """Let the next schema change begin."""
        self._begin_next(world, operation, at)
        return empty_pb2.Empty()

    def undo(self, world: World, operation: Operation, at: datetime) -> None:
        """Let the next schema change begin; what is committed stays."""
        self._begin_next(world, operation, at)

    @staticmethod
    def _begin_next(world: World, operation: Operation, at: datetime) -> None:
        queue = world.operations.pending(kind=operation.kind, target=operation.target)
        # one that waited and was cancelled leaves the first of the others where it is
        if queue and (lifecycle := queue[0].lifecycle).begins is None:
            begun = replace(lifecycle, begins=at + lifecycle.plan.queued)
            world.operations.put(replace(queue[0], lifecycle=begun))


def _show_statement(progress: Any, operation: Operation, step: int, now: datetime) -> None:
    """Tell how far one statement is: nothing at all until those before it are committed."""
    lifecycle = operation.lifecycle
    begins = lifecycle.step_begins(step)
    done = lifecycle.steps_done(now)
    ended = lifecycle.ended(now)
    if begins is None or begins > now or step > done or (ended and begins > ended.at):
        return
    committed = lifecycle.step_begins(step + 1) if step < done else None
    stopped = committed or (ended.at if ended else None)
    progress.progress_percent = lifecycle.step_percent(step, now)
    progress.start_time.FromDatetime(begins)
    if stopped is not None:
        progress.end_time.FromDatetime(stopped)


def _action(statement: DdlStatement) -> database_v1.DdlStatementActionInfo:
    return database_v1.DdlStatementActionInfo(
        action=statement.action,
        entity_type=statement.entity_type,
        entity_names=list(statement.names),
    )
