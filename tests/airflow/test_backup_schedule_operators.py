# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backup schedules that are made, made again, changed and deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.errors import UnavailableError
from airflow_spanner_lro.core.operations.errors import ResourceDiffersError
from airflow_spanner_lro.core.status import Code
from tests.airflow.operator_builders import (
    CUSTOMER,
    DAYS,
    EVERYWHERE,
    GOOGLE,
    HERE,
    SCHEDULE,
    create_schedule,
    delete_schedule,
    rendered,
    update_schedule,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage


def summary(schedule: dict[str, Any]) -> tuple[str, str, bool, str, str]:
    """Return what a schedule, as XComs hold it, is to do."""
    return (
        schedule["spec"]["cron_spec"]["text"],
        schedule["retention_duration"],
        "incremental_backup_spec" in schedule,
        schedule["encryption_config"]["encryption_type"],
        schedule["encryption_config"]["kms_key_name"],
    )


WEEKLY = ("0 2 * * *", "604800s", False, "USE_DATABASE_ENCRYPTION", "")


@pytest.fixture
def schedule(stage: Stage, task: FakeTask) -> dict[str, Any]:
    """Make the schedule, and return it."""
    made: dict[str, Any] = create_schedule().execute(task.context)
    assert stage.has(SCHEDULE)
    return made


def backups(stage: Stage) -> list[str]:
    """Return the names of all backups there are."""
    return [each.name for each in stage.emulator.resources() if each.noun == "backup"]


def asked(stage: Stage, *, after: int = 0) -> list[tuple[str, Code]]:
    """Return the calls since some first ones, and what was answered."""
    return [(call.method, call.code) for call in stage.emulator.calls[after:]]


def test_create(stage: Stage, task: FakeTask) -> None:
    """The schedule is there afterwards, in force, and makes backups."""
    result = create_schedule().execute(task.context)

    stage.clock.advance(DAYS)
    stage.clock.advance(DAYS)
    assert SCHEDULE == result["name"]
    assert WEEKLY == summary(result)
    assert stage.has(SCHEDULE)
    assert backups(stage)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({"incremental": True}, {2: True}, id="incremental"),
        pytest.param({"retention": 86400}, {1: "86400s"}, id="retention-in-seconds"),
        pytest.param({"retention": "P30D"}, {1: "2592000s"}, id="retention-as-text"),
        pytest.param({"cron": " 0 2/12  * * *"}, {0: "0 2/12 * * *"}, id="untidy-crontab"),
        pytest.param({"encryption_type": GOOGLE.lower()}, {3: GOOGLE}, id="type"),
        pytest.param({"kms_key_names": HERE}, {3: CUSTOMER, 4: HERE}, id="key"),
    ],
)
@pytest.mark.usefixtures("stage")
def test_create_as_asked(
    task: FakeTask, parameters: dict[str, Any], expected: dict[int, object]
) -> None:
    """Each argument reaches Spanner, and leaves the others as they are."""
    result = create_schedule(**parameters).execute(task.context)

    assert expected == {
        index: there
        for index, (usual, there) in enumerate(zip(WEEKLY, summary(result), strict=True))
        if usual != there
    }


def test_results_are_json(task: FakeTask, schedule: dict[str, Any]) -> None:
    """What the operators return can be stored as an XCom by any backend."""
    updated = update_schedule(retention=30 * DAYS).execute(task.context)

    assert [schedule, updated] == json.loads(json.dumps([schedule, updated]))


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"incremental": True},
        {"encryption_type": "USE_DATABASE_ENCRYPTION"},
        {"encryption_type": GOOGLE},
        {"kms_key_names": EVERYWHERE},
    ],
    ids=["full", "incremental", "database's", "google", "keys"],
)
def test_lost_answer_is_no_failure(
    stage: Stage, task: FakeTask, parameters: dict[str, Any]
) -> None:
    """A retry finds what the try before it made, and returns that."""
    stage.script.lose_answer(method="CreateBackupSchedule")
    with pytest.raises(UnavailableError):
        create_schedule(**parameters).execute(task.context)

    result = create_schedule(**parameters).execute(task.context)

    assert SCHEDULE == result["name"]
    assert [
        ("CreateBackupSchedule", Code.UNAVAILABLE),
        ("CreateBackupSchedule", Code.ALREADY_EXISTS),
        ("GetBackupSchedule", Code.OK),
    ] == asked(stage)


def test_what_is_there_already_is_logged(
    task: FakeTask, schedule: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """A repeated creation says that it has changed nothing."""
    result = create_schedule().execute(task.context)

    assert schedule == result
    assert f"exists already, as asked for. {SCHEDULE}" in capsys.readouterr().out


@pytest.mark.usefixtures("schedule")
@pytest.mark.parametrize(
    ("parameters", "difference"),
    [
        pytest.param({"cron": "0 3 * * *"}, "its cron is '0 2 * * *', not '0 3 * * *'", id="cron"),
        pytest.param({"retention": DAYS}, "its retention is 7 days", id="retention"),
        pytest.param({"incremental": True}, "type of backup is full", id="incremental"),
        pytest.param({"encryption_type": GOOGLE}, f"not {GOOGLE}", id="encryption"),
    ],
)
def test_another_schedule_of_that_name(
    stage: Stage, task: FakeTask, parameters: dict[str, Any], difference: str
) -> None:
    """A schedule that does something else is left alone, and the task fails for good."""
    with pytest.raises(AirflowFailException) as caught:
        create_schedule(**parameters).execute(task.context)

    assert isinstance(caught.value.__cause__, ResourceDiffersError)
    assert 1 == len(caught.value.__cause__.differences)
    assert [] == [
        word
        for word in (SCHEDULE, difference, "Choose another schedule_id")
        if word not in str(caught.value)
    ]
    assert WEEKLY == summary(create_schedule().execute(task.context))
    assert not stage.emulator.calls.of("UpdateBackupSchedule")


@pytest.mark.usefixtures("schedule")
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({"cron": "0 4 * * 0"}, {0: "0 4 * * 0"}, id="cron"),
        pytest.param({"retention": "P30D"}, {1: "2592000s"}, id="retention"),
        pytest.param({"encryption_type": GOOGLE}, {3: GOOGLE}, id="type"),
        pytest.param({"kms_key_names": [HERE]}, {3: CUSTOMER, 4: HERE}, id="keys"),
        pytest.param(
            {"cron": "0 4 * * *", "retention": DAYS, "encryption_type": GOOGLE},
            {0: "0 4 * * *", 1: "86400s", 3: GOOGLE},
            id="all",
        ),
    ],
)
def test_update_changes_only_what_is_given(
    task: FakeTask, parameters: dict[str, Any], expected: dict[int, object]
) -> None:
    """The mask names what the author gave; the rest stays as it was."""
    result = update_schedule(**parameters).execute(task.context)

    assert expected == {
        index: there
        for index, (before, there) in enumerate(zip(WEEKLY, summary(result), strict=True))
        if before != there
    }


@pytest.mark.usefixtures("schedule")
def test_update_can_be_repeated(stage: Stage, task: FakeTask) -> None:
    """A retry after a lost answer ends like the first try would have."""
    stage.script.lose_answer(method="UpdateBackupSchedule")
    with pytest.raises(UnavailableError):
        update_schedule(retention=DAYS).execute(task.context)

    result = update_schedule(retention=DAYS).execute(task.context)

    assert "86400s" == result["retention_duration"]
    assert [Code.UNAVAILABLE, Code.OK] == [code for _, code in asked(stage, after=1)]


@pytest.mark.usefixtures("schedule")
def test_update_of_nothing(stage: Stage, task: FakeTask) -> None:
    """An update that changes nothing is a mistake, and the error names what could be changed."""
    with pytest.raises(AirflowFailException, match="cron, retention, encryption_type, kms_key_nam"):
        update_schedule().execute(task.context)

    assert [] == asked(stage, after=1)


@pytest.mark.usefixtures("stage")
def test_update_of_a_missing_schedule(task: FakeTask) -> None:
    """A schedule that is not there fails for good, and is named."""
    with pytest.raises(AirflowFailException, match=r"NOT_FOUND.*nightly"):
        update_schedule(retention=DAYS).execute(task.context)


@pytest.mark.usefixtures("stage")
def test_schedule_of_a_missing_database(task: FakeTask) -> None:
    """A database that is not there fails for good, and is named."""
    with pytest.raises(AirflowFailException, match=r"NOT_FOUND.*databases/other"):
        create_schedule(database_id="other").execute(task.context)


@pytest.mark.parametrize("make", [create_schedule, update_schedule])
def test_times_that_spanner_refuses(
    stage: Stage, task: FakeTask, make: Callable[..., BaseOperator]
) -> None:
    """Five fields that come too often are Spanner's to refuse, and fail for good."""
    create_schedule(schedule_id="other").execute(task.context)

    with pytest.raises(AirflowFailException, match=r"INVALID_ARGUMENT.*12\s+hours"):
        make(schedule_id="other", cron="0 * * * *").execute(task.context)

    assert 1 == len([each for each in stage.emulator.resources() if "Schedules/" in each.name])


@pytest.mark.usefixtures("schedule")
def test_delete(stage: Stage, task: FakeTask) -> None:
    """The schedule is gone, and the backups that it made stay."""
    stage.clock.advance(DAYS)
    stage.clock.advance(DAYS)
    made = backups(stage)

    delete_schedule().execute(task.context)

    assert not stage.has(SCHEDULE)
    assert made
    assert made == backups(stage)


@pytest.mark.parametrize("database_id", ["orders", "other"])
def test_delete_of_what_is_not_there(stage: Stage, task: FakeTask, database_id: str) -> None:
    """A schedule that is not there is deleted already, even if its database is gone."""
    delete_schedule(database_id=database_id).execute(task.context)

    assert [("DeleteBackupSchedule", Code.NOT_FOUND)] == asked(stage)


@pytest.mark.usefixtures("stage")
def test_templates(task: FakeTask) -> None:
    """Ids, times, retention and keys can come from a Dag's parameters, as text."""
    operator = create_schedule(
        schedule_id="{{ params.id }}",
        cron="{{ params.minute }} 2 * * *",
        retention="{{ params.keep }}",
        kms_key_names=["{{ params.key }}"],
    )
    params = {"id": "templated", "minute": 5, "keep": 14 * 86400, "key": HERE}

    result = rendered(operator, params).execute(task.context)

    assert SCHEDULE.replace("nightly", "templated") == result["name"]
    assert ("5 2 * * *", "1209600s", False, CUSTOMER, HERE) == summary(result)
