# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What no retry can cure fails at once, and the message says what, where and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from google.api_core.exceptions import FailedPrecondition

from airflow_spanner_lro.core.errors import UnavailableError
from airflow_spanner_lro.core.flows.limits import LimitReachedError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import start
from tests.airflow.fakes import DATABASE, INSTANCE, LONG
from tests.airflow.operator_builders import (
    DAYS,
    HERE,
    cancel_operations,
    copy_backup,
    create_database,
    create_schedule,
    delete_backup,
    delete_schedule,
    drop_database,
    update_backup,
    update_database,
    update_schedule,
)
from tests.airflow.sensor_builders import operation_sensor
from tests.airflow.task_runner import backup, change_schema, play, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        pytest.param(backup, DATABASE, id="backup"),
        pytest.param(change_schema, DATABASE, id="ddl"),
        pytest.param(restore, f"{INSTANCE}/backups/source", id="restore"),
    ],
)
def test_missing_resource(
    stage: Stage, task: FakeTask, make: Callable[..., BaseOperator], missing: str
) -> None:
    """A resource that is not there is named, and no retry is made."""
    name = "elsewhere" if missing == DATABASE else "source"
    operator = make(**{"database_id": name} if missing == DATABASE else {})

    with pytest.raises(AirflowFailException) as caught:
        operator.execute(task.context)

    assert "NOT_FOUND" in str(caught.value)
    assert name in str(caught.value)
    assert "Check project, instance and id" in str(caught.value)
    assert not stage.emulator.operations()


@pytest.mark.parametrize(
    ("make", "method", "parameters"),
    [
        pytest.param(backup, "CreateBackup", {}, id="backup"),
        pytest.param(copy_backup, "CopyBackup", {}, id="copy"),
        pytest.param(update_backup, "UpdateBackup", {}, id="update-backup"),
        pytest.param(delete_backup, "DeleteBackup", {}, id="delete"),
        pytest.param(create_schedule, "CreateBackupSchedule", {}, id="create-schedule"),
        pytest.param(update_schedule, "UpdateBackupSchedule", {"retention": DAYS}, id="schedule"),
        pytest.param(delete_schedule, "DeleteBackupSchedule", {}, id="delete-schedule"),
        pytest.param(create_database, "CreateDatabase", {}, id="create-database"),
        pytest.param(
            update_database, "UpdateDatabase", {"enable_drop_protection": True}, id="database"
        ),
        pytest.param(restore, "RestoreDatabase", {}, id="restore"),
        pytest.param(change_schema, "UpdateDatabaseDdl", {}, id="ddl"),
        pytest.param(drop_database, "DropDatabase", {}, id="drop"),
        pytest.param(operation_sensor, "GetOperation", {}, id="sensor"),
    ],
)
def test_missing_permission(
    stage: Stage,
    task: FakeTask,
    *,
    make: Callable[..., BaseOperator],
    method: str,
    parameters: dict[str, Any],
) -> None:
    """A permission that is missing is named, with what to do, and no retry is made."""
    text = "Caller is missing IAM permission spanner.some.permission"
    stage.script.fail(method=method, code=Code.PERMISSION_DENIED, message=text)

    with pytest.raises(AirflowFailException) as caught:
        make(**parameters).execute(task.context)

    assert f"PERMISSION_DENIED: {text}. Grant the connection's account" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        backup,
        restore,
        change_schema,
        delete_backup,
        drop_database,
        cancel_operations,
        operation_sensor,
    ],
)
def test_unknown_connection(task: FakeTask, make: Callable[..., BaseOperator]) -> None:
    """A connection that does not exist is named, with the command that makes it."""
    with pytest.raises(AirflowFailException) as caught:
        make(gcp_conn_id="nowhere").execute(task.context)

    assert "gcp_conn_id='nowhere'" in str(caught.value)
    assert "airflow connections add nowhere" in str(caught.value)


def test_no_project(stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any project the message says where to give one."""
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)

    with pytest.raises(AirflowFailException, match="give the operator a project_id") as caught:
        backup(project_id=None).execute(task.context)

    assert "'google_cloud_default'" in str(caught.value)
    assert not stage.emulator.calls


def test_text_of_statements_without_an_end(stage: Stage, task: FakeTask) -> None:
    """Statements that cannot be told apart are not sent, and the message says where."""
    with pytest.raises(AirflowFailException, match=r"extra_statements.*line 2"):
        create_database(extra_statements="A;\n'B").execute(task.context)

    assert not stage.emulator.calls


def test_statement_that_cannot_be_parsed(stage: Stage, task: FakeTask) -> None:
    """A statement that Spanner does not accept fails without retrying."""
    with pytest.raises(AirflowFailException, match=r"INVALID_ARGUMENT.*Correct the argument"):
        change_schema(ddl_statements=["CREATE NONSENSE"]).execute(task.context)

    assert not stage.emulator.operations()


def test_request_that_breaks_a_rule_of_spanners(stage: Stage, task: FakeTask) -> None:
    """Spanner's text says whose request it is; what is wrong with it is in the message, too."""
    with pytest.raises(AirflowFailException) as caught:
        create_schedule(cron="0 */4 * * *").execute(task.context)

    assert (
        "Spanner answered INVALID_ARGUMENT: Invalid CreateBackupSchedule request: "
        "backup_schedule.spec.cron_spec.text: Invalid spec.cron_spec.text '0 */4 * * *': full "
        "backups must be scheduled at least 12 hours apart, and two of these are 4:00:00 apart. "
        "Correct the argument."
    ) == str(caught.value)
    assert not stage.emulator.operations()


@pytest.mark.parametrize("make", [backup, restore, change_schema, delete_backup, drop_database])
def test_unreachable_endpoint_may_be_cured(
    stage: Stage,
    task: FakeTask,
    make: Callable[..., BaseOperator],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An endpoint that does not answer may answer a retry; the error says what to check."""
    monkeypatch.setattr(start, "TO_LIST", 0.1)
    stage.emulator.stop()

    with pytest.raises(UnavailableError, match=r"spanner_endpoint.*SPANNER_EMULATOR_HOST"):
        make().execute(task.context)


@pytest.mark.usefixtures("stage")
def test_keys_for_a_database_without_any(task: FakeTask) -> None:
    """Spanner changes the keys of a database that has some; its words are passed on."""
    with pytest.raises(FailedPrecondition, match=r"customer-managed|CMEK|encryption"):
        play(update_database(kms_key_names=HERE), task)


def test_limit_that_passes_may_be_cured(stage: Stage, task: FakeTask) -> None:
    """One backup at a time: a refusal that is not waited out passes, so the retries apply."""
    stage.emulator.plan(LONG)
    backup(backup_id="first", wait_for_completion=False).execute(task.context)

    with pytest.raises(LimitReachedError, match="pending"):
        backup(durable=False, wait_for_slot=False).execute(task.context)


def test_moment_that_needs_no_zone(stage: Stage, task: FakeTask) -> None:
    """Text with a time zone is a good moment."""
    moment = datetime.now(tz=UTC) + timedelta(days=2)
    stage.finish_upon()

    result = backup(expire_time=moment.isoformat()).execute(task.context)

    assert moment.isoformat()[:19] == str(result["expire_time"])[:19].replace(" ", "T")
