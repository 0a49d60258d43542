# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is looked up about a target that is taken, and about a slot that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError
from google.cloud.spanner_admin_database_v1 import CreateBackupRequest, CreateDatabaseRequest

from airflow_spanner_lro.core.comparison import requested_facets
from airflow_spanner_lro.core.flows.limits import LimitReachedError, concurrency_limit
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, CREATE_DATABASE
from airflow_spanner_lro.core.names import BackupName, DatabaseName
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution.lookup import Lookup, limit_reached
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.core.operations.errors import TargetExistsError
    from tests.airflow.fakes import Stage

REQUEST = CreateDatabaseRequest(
    parent=INSTANCE,
    create_statement="CREATE DATABASE `orders`",
    extra_statements=["CREATE TABLE Fresh (Id INT64) PRIMARY KEY (Id)"],
)
LIMIT = concurrency_limit(
    CREATE_BACKUP, CreateBackupRequest(parent=INSTANCE, backup={"database": DATABASE})
)
REFUSAL = exceptions.FailedPrecondition("a backup is pending")


def taken() -> TargetExistsError:
    """Look up what is there instead of a database that was to be created."""
    return Lookup(client=SpannerAdminHook().client).taken(
        kind=CREATE_DATABASE,
        target=DatabaseName.parse(DATABASE),
        asked=requested_facets(CREATE_DATABASE, REQUEST),
        server_text="Database already exists",
        mapped=False,
    )


def missing_slot(*, again: bool = False) -> LimitReachedError | None:
    """Look up who holds the slot that a backup needs."""
    client = SpannerAdminHook().client
    target = BackupName.parse(BACKUP)
    return limit_reached(client, LIMIT, REFUSAL, target=target, again=again)


def test_a_database_with_another_schema_is_told(stage: Stage) -> None:
    """Whoever finds the name taken reads how the schema differs from what was asked for."""
    assert stage.emulator.running

    assert "schema" in str(taken())


@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.PERMISSION_DENIED])
def test_a_schema_that_cannot_be_read_hides_no_conflict(stage: Stage, code: Code) -> None:
    """The conflict is certain, whatever else can be seen."""
    stage.emulator.faults.fail(method="GetDatabaseDdl", code=code, times=None)

    error = taken()

    assert "Database already exists" in str(error)
    assert "schema" not in str(error)


def test_credentials_that_fail_are_no_conflict(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Spanner has not answered says nothing about the target, and is raised."""
    assert stage.emulator.running
    client = SpannerAdminHook().client

    def without_token(**_: Any) -> Any:
        raise RefreshError("no token")  # Google's own error

    monkeypatch.setattr(client, "get_resource", without_token)

    with pytest.raises(RefreshError):
        Lookup(client=client).taken(
            kind=CREATE_DATABASE,
            target=DatabaseName.parse(DATABASE),
            asked={},
            server_text="",
            mapped=False,
        )


def test_a_list_that_is_refused_for_quota_is_asked_for_again(stage: Stage) -> None:
    """Who holds a slot is not known then, and will be known soon: so it is raised."""
    stage.emulator.faults.fail(
        method="ListBackupOperations", code=Code.RESOURCE_EXHAUSTED, times=None
    )

    with pytest.raises(exceptions.ResourceExhausted):
        missing_slot()


def test_holders_that_may_not_be_seen_leave_the_refusal_as_it_is(stage: Stage) -> None:
    """Without the permission to list, nothing tells that the refusal passes by itself."""
    stage.emulator.faults.fail(
        method="ListBackupOperations", code=Code.PERMISSION_DENIED, times=None
    )

    assert missing_slot() is None


@pytest.mark.parametrize("again", [True, False])
def test_a_refusal_without_holders_is_tried_once_more(stage: Stage, *, again: bool) -> None:
    """They may have gone in between; a second such refusal is for another reason."""
    stage.emulator.faults.fail(method="ListBackupOperations", code=Code.NOT_FOUND, times=None)

    error = missing_slot(again=again)

    assert again is (error is None)
