# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What no retry can cure fails at once, and the message says what, where and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.errors import UnavailableError
from airflow_spanner_lro.core.flows.limits import LimitReachedError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.execution import start
from airflow_spanner_lro.operators.backups import SpannerDeleteBackupOperator
from airflow_spanner_lro.operators.databases import SpannerDropDatabaseOperator
from airflow_spanner_lro.operators.operations import SpannerCancelOperationOperator
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG
from tests.airflow.task_runner import backup, change_schema, restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage


def drop(**parameters: Any) -> SpannerDropDatabaseOperator:
    """Return an operator that drops the database."""
    usual = {"project_id": "test", "instance_id": "main", "database_id": "orders"}
    return SpannerDropDatabaseOperator(task_id="drop", **usual | parameters)


def delete(**parameters: Any) -> SpannerDeleteBackupOperator:
    """Return an operator that deletes the backup."""
    usual = {"project_id": "test", "instance_id": "main", "backup_id": "nightly"}
    return SpannerDeleteBackupOperator(task_id="delete", **usual | parameters)


def cancel(**parameters: Any) -> SpannerCancelOperationOperator:
    """Return an operator that cancels an operation."""
    usual = {"operation_name": f"{BACKUP}/operations/some"}
    return SpannerCancelOperationOperator(task_id="cancel", **usual | parameters)


def sensor(**parameters: Any) -> SpannerOperationSensor:
    """Return a sensor that waits for an operation."""
    usual = {"operation_name": f"{BACKUP}/operations/some"}
    return SpannerOperationSensor(task_id="sensor", **usual | parameters)


IDS = "lower-case letters"
NO_ZONE = datetime(2099, 1, 1)  # noqa: DTZ001  # what this is about
NOT_SENT: list[Any] = [
    pytest.param(backup, "instance_id", "Main", ["instance id", "'Main'", IDS], id="capital"),
    pytest.param(backup, "database_id", "", ["database id", "''", IDS], id="rendered-empty"),
    pytest.param(backup, "database_id", "o" * 31, ["database id", "2 to 30"], id="too-long"),
    pytest.param(backup, "backup_id", "a/b", ["backup id", "'a/b'", IDS], id="slash"),
    pytest.param(backup, "backup_id", None, ["backup id", "None"], id="rendered-none"),
    pytest.param(backup, "project_id", "My Project", ["project id", "'My Project'"], id="project"),
    pytest.param(
        backup, "expire_time", timedelta(hours=1), ["expire_time", "1:00:00", "6 hours"], id="soon"
    ),
    pytest.param(
        backup, "expire_time", timedelta(days=400), ["expire_time", "366 days"], id="too-late"
    ),
    pytest.param(backup, "expire_time", NO_ZONE, ["expire_time", "2099", "time zone"], id="zone"),
    pytest.param(backup, "expire_time", "", ["expire_time", "''", "ISO 8601"], id="no-moment"),
    pytest.param(
        backup, "expire_time", "2026-01-01", ["expire_time", "2026-01-01", "time zone"], id="text"
    ),
    pytest.param(
        backup, "version_time", "now", ["version_time", "'now'", "ISO 8601"], id="version"
    ),
    pytest.param(restore, "source_backup", "", ["backup id", "''", IDS], id="no-source"),
    pytest.param(
        restore, "source_backup", "a/b", ["backup name", "'a/b'", "projects/<project>"], id="source"
    ),
    pytest.param(restore, "database_id", "2nd", ["database id", "'2nd'", IDS], id="new-database"),
    pytest.param(
        change_schema, "ddl_statements", [], ["ddl_statements", "[]", "one or more"], id="no-ddl"
    ),
    pytest.param(
        change_schema, "ddl_statements", [" "], ["ddl_statements", "' '", "one or more"], id="blank"
    ),
    pytest.param(
        change_schema, "ddl_statements", None, ["ddl_statements", "None"], id="ddl-rendered-none"
    ),
    pytest.param(
        backup, "operation_timeout", 0, ["operation_timeout", "0", "above zero"], id="no-patience"
    ),
    pytest.param(
        backup, "operation_timeout", timedelta(seconds=-1), ["operation_timeout", "above"], id="neg"
    ),
    pytest.param(backup, "operation_timeout", float("nan"), ["operation_timeout", "nan"], id="nan"),
    pytest.param(
        backup, "operation_timeout", 1e12, ["operation_timeout", "3660 days"], id="for-ever"
    ),
    pytest.param(
        backup, "operation_timeout", True, ["operation_timeout", "True"], id="truth-value"
    ),
    pytest.param(
        backup, "operation_timeout", "soon", ["operation_timeout", "'soon'"], id="no-duration"
    ),
    pytest.param(delete, "backup_id", "B", ["backup id", "'B'", IDS], id="delete"),
    pytest.param(drop, "database_id", "D", ["database id", "'D'", IDS], id="drop"),
    pytest.param(
        cancel, "operation_name", BACKUP, ["operation name", BACKUP, "/operations/"], id="cancel"
    ),
    pytest.param(
        cancel, "operation_name", [1], ["operation name", "1", "/operations/"], id="cancel-number"
    ),
    pytest.param(cancel, "settle_timeout", -1, ["settle_timeout", "-1", "from 0"], id="settle"),
    pytest.param(
        sensor, "operation_name", "x", ["operation name", "'x'", "/operations/"], id="sensor"
    ),
    pytest.param(
        sensor, "operation_name", None, ["operation name", "None"], id="sensor-rendered-none"
    ),
]


@pytest.mark.parametrize(("make", "field", "value", "words"), NOT_SENT)
def test_bad_argument_is_never_sent(
    stage: Stage,
    task: FakeTask,
    *,
    make: Callable[..., BaseOperator],
    field: str,
    value: object,
    words: list[str],
) -> None:
    """An argument that breaks a rule fails its task before anything is sent or written."""
    operator = make()
    # after rendering, when nobody's constructor looks any more
    setattr(operator, field, value)

    with pytest.raises(AirflowFailException) as caught:
        operator.execute(task.context)

    message = str(caught.value)
    assert [] == [word for word in words if word not in message]
    assert not stage.emulator.calls
    assert not task.store.values


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "deferred"])
@pytest.mark.parametrize("interval", [0, -1, float("nan")], ids=["zero", "negative", "nan"])
def test_bad_poll_interval(
    stage: Stage, task: FakeTask, interval: float, *, deferrable: bool
) -> None:
    """A poll interval that would flood Spanner fails its task before anything is started."""
    stage.emulator.plan(LONG)

    with pytest.raises(AirflowFailException, match="poll_interval") as caught:
        backup(poll_interval=interval, deferrable=deferrable).execute(task.context)

    assert "at least" in str(caught.value)
    assert not stage.starts


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
    ("make", "method"),
    [
        pytest.param(backup, "CreateBackup", id="backup"),
        pytest.param(change_schema, "UpdateDatabaseDdl", id="ddl"),
        pytest.param(restore, "RestoreDatabase", id="restore"),
        pytest.param(delete, "DeleteBackup", id="delete"),
        pytest.param(drop, "DropDatabase", id="drop"),
        pytest.param(sensor, "GetOperation", id="sensor"),
    ],
)
def test_missing_permission(
    stage: Stage, task: FakeTask, make: Callable[..., BaseOperator], method: str
) -> None:
    """A permission that is missing is named, with what to do, and no retry is made."""
    stage.script.fail(
        method=method,
        code=Code.PERMISSION_DENIED,
        message="Caller is missing IAM permission spanner.some.permission",
    )

    with pytest.raises(AirflowFailException) as caught:
        make().execute(task.context)

    assert "PERMISSION_DENIED" in str(caught.value)
    assert "spanner.some.permission" in str(caught.value)
    assert "Grant the connection's account the missing permission" in str(caught.value)


@pytest.mark.parametrize("make", [backup, restore, change_schema, delete, drop, cancel, sensor])
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


def test_statement_that_cannot_be_parsed(stage: Stage, task: FakeTask) -> None:
    """A statement that Spanner does not accept fails without retrying."""
    with pytest.raises(AirflowFailException, match=r"INVALID_ARGUMENT.*Correct the argument"):
        change_schema(ddl_statements=["CREATE NONSENSE"]).execute(task.context)

    assert not stage.emulator.operations()


@pytest.mark.parametrize("make", [backup, restore, change_schema, delete, drop])
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
