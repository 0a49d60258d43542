# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operators of databases to execute, and a world in which all they start comes to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.operators.databases import (
    SpannerCreateDatabaseOperator,
    SpannerUpdateDatabaseOperator,
)

from .doubles import INSTANCE

if TYPE_CHECKING:
    from .doubles import Stage

FRESH = f"{INSTANCE}/databases/fresh-one"
KEY = "projects/test/locations/europe-west1/keyRings/ring/cryptoKeys/key"
TABLE = "CREATE TABLE A (Id INT64) PRIMARY KEY (Id)"
QUARTER = 16 * 60
"""Seconds after which any operation of a database is done."""

_WHERE: dict[str, Any] = {"project_id": "test", "instance_id": "main"}


def create(**parameters: Any) -> SpannerCreateDatabaseOperator:
    """Return an operator that creates a database."""
    usual: dict[str, Any] = {"task_id": "create", "database_id": "fresh-one"}
    return SpannerCreateDatabaseOperator(**_WHERE | usual | parameters)


def update(**parameters: Any) -> SpannerUpdateDatabaseOperator:
    """Return an operator that updates the database that is there."""
    usual: dict[str, Any] = {"task_id": "update", "database_id": "orders"}
    return SpannerUpdateDatabaseOperator(**_WHERE | usual | parameters)


def database_starts(stage: Stage) -> list[str]:
    """Return the calls so far that created or updated a database."""
    return [call.method for call in stage.emulator.calls.of("CreateDatabase", "UpdateDatabase")]


def finish_at_each_look(stage: Stage) -> None:
    """Let what runs be finished at each look, and what is started later at the next."""

    def act() -> None:
        stage.clock.advance(QUARTER)
        finish_at_each_look(stage)

    stage.script.upon("GetOperation", act)
