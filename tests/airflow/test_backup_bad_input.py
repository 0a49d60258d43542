# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Arguments of backups and backup schedules that break a rule, and permissions that are missing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.status import Code
from tests.airflow.fakes import DATABASE
from tests.airflow.operator_builders import (
    CUSTOMER,
    DAYS,
    GOOGLE,
    HERE,
    copy_backup,
    create_schedule,
    delete_schedule,
    update_backup,
    update_schedule,
)
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage

NO_ZONE = datetime(2099, 1, 1)  # noqa: DTZ001  # what this is about
NOT_SENT: list[Any] = [
    pytest.param(copy_backup, "instance_id", "Far", ["instance id", "'Far'"], id="copy-instance"),
    pytest.param(copy_backup, "backup_id", "", ["backup id", "''"], id="copy-backup"),
    pytest.param(copy_backup, "source_backup", "", ["backup id", "''"], id="copy-source-empty"),
    pytest.param(
        copy_backup,
        "source_backup",
        "main/source",
        ["backup name", "projects/<project>"],
        id="copy-part",
    ),
    pytest.param(copy_backup, "source_backup", None, ["backup id", "None"], id="copy-source-none"),
    pytest.param(
        copy_backup, "source_backup", DATABASE, ["backup name", DATABASE], id="copy-database"
    ),
    pytest.param(copy_backup, "expire_time", NO_ZONE, ["expire_time", "time zone"], id="copy-zone"),
    pytest.param(
        copy_backup, "expire_time", None, ["expire_time", "None", "ISO 8601"], id="copy-none"
    ),
    pytest.param(
        copy_backup, "expire_time", "P1M", ["expire_time", "'P1M'", "P30D"], id="copy-month"
    ),
    pytest.param(
        copy_backup,
        "encryption_type",
        "USE_DATABASE_ENCRYPTION",
        ["encryption_type", "USE_CONFIG_DEFAULT_OR_BACKUP_ENCRYPTION", GOOGLE, CUSTOMER],
        id="copy-type-of-backups",
    ),
    pytest.param(
        copy_backup, "encryption_type", CUSTOMER, ["kms_key_names", "None"], id="copy-no-keys"
    ),
    pytest.param(copy_backup, "kms_key_names", ["key"], ["kms_key_names", "'key'"], id="copy-key"),
    pytest.param(backup, "expire_time", None, ["expire_time", "None"], id="create-none"),
    pytest.param(backup, "expire_time", "PT1H", ["expire_time", "'PT1H'", "6 h"], id="create-soon"),
    pytest.param(backup, "encryption_type", "none", ["'none'", GOOGLE, CUSTOMER], id="create-type"),
    pytest.param(backup, "kms_key_names", [], ["kms_key_names", "[]"], id="create-no-keys"),
    pytest.param(update_backup, "instance_id", "", ["instance id", "''"], id="update-instance"),
    pytest.param(update_backup, "backup_id", "B", ["backup id", "'B'"], id="update-backup"),
    pytest.param(
        update_backup, "expire_time", NO_ZONE, ["expire_time", "time zone"], id="update-zone"
    ),
    pytest.param(
        update_backup, "expire_time", "", ["expire_time", "''", "ISO 8601"], id="update-empty"
    ),
    pytest.param(update_backup, "expire_time", None, ["expire_time", "None"], id="update-none"),
    pytest.param(create_schedule, "instance_id", "", ["instance id", "''"], id="instance"),
    pytest.param(
        create_schedule, "database_id", "Orders", ["database id", "'Orders'"], id="database"
    ),
    pytest.param(
        create_schedule, "schedule_id", "2nd", ["backup schedule id", "'2nd'", "2 to 60"], id="id"
    ),
    pytest.param(create_schedule, "schedule_id", None, ["schedule id", "None"], id="id-none"),
    pytest.param(
        create_schedule, "cron", "@daily", ["cron='@daily'", "five fields"], id="cron-preset"
    ),
    pytest.param(
        create_schedule, "cron", "0 2 * *", ["cron='0 2 * *'", "five fields"], id="cron-four"
    ),
    pytest.param(create_schedule, "cron", None, ["cron=None", "five fields"], id="cron-none"),
    pytest.param(
        create_schedule, "retention", timedelta(hours=5), ["retention", "6 hours"], id="short"
    ),
    pytest.param(
        create_schedule, "retention", "P367D", ["retention", "P367D", "366 days"], id="long"
    ),
    pytest.param(
        create_schedule, "retention", "a week", ["'a week'", "P30D"], id="retention-words"
    ),
    pytest.param(
        create_schedule, "retention", None, ["retention=None", "P30D"], id="retention-none"
    ),
    pytest.param(create_schedule, "encryption_type", "AES", ["'AES'", GOOGLE, CUSTOMER], id="type"),
    pytest.param(
        create_schedule, "encryption_type", CUSTOMER, ["kms_key_names=None"], id="no-keys"
    ),
    pytest.param(
        create_schedule, "kms_key_names", "key", ["kms_key_names='key'", "keyRings"], id="key"
    ),
    pytest.param(update_schedule, "schedule_id", "", ["schedule id", "''"], id="update-id"),
    pytest.param(update_schedule, "cron", "", ["cron=''", "five fields"], id="update-cron"),
    pytest.param(
        update_schedule, "retention", 0, ["retention='0'", "6 hours"], id="update-retention"
    ),
    pytest.param(update_schedule, "encryption_type", "", ["encryption_type=''"], id="update-type"),
    pytest.param(update_schedule, "kms_key_names", [], ["kms_key_names=[]"], id="update-keys"),
    pytest.param(delete_schedule, "schedule_id", "N", ["schedule id", "'N'"], id="delete-id"),
    pytest.param(delete_schedule, "database_id", "", ["database id", "''"], id="delete-database"),
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

    assert [] == [word for word in words if word not in str(caught.value)]
    assert not stage.emulator.calls
    assert not task.store.values


def test_google_encryption_takes_no_keys(stage: Stage, task: FakeTask) -> None:
    """Type and keys that exclude each other are refused, and both are named."""
    with pytest.raises(AirflowFailException, match=rf"kms_key_names=.*{CUSTOMER}.*not.*{GOOGLE}"):
        copy_backup(encryption_type=GOOGLE, kms_key_names=[HERE]).execute(task.context)

    assert not stage.emulator.calls


@pytest.mark.parametrize(
    ("make", "method", "parameters"),
    [
        pytest.param(copy_backup, "CopyBackup", {}, id="copy"),
        pytest.param(update_backup, "UpdateBackup", {}, id="update"),
        pytest.param(create_schedule, "CreateBackupSchedule", {}, id="create-schedule"),
        pytest.param(
            update_schedule, "UpdateBackupSchedule", {"retention": DAYS}, id="update-schedule"
        ),
        pytest.param(delete_schedule, "DeleteBackupSchedule", {}, id="delete-schedule"),
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

    with pytest.raises(AirflowFailException, match=f"{text}.*Grant the connection's account"):
        make(**parameters).execute(task.context)
