# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Backups that are made and copied as asked, and kept for another time than was planned."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.errors import UnavailableError
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.operators import backups
from tests.airflow.fakes import DATABASE, LONG, SOURCE
from tests.airflow.operator_builders import (
    CUSTOMER,
    DAYS,
    EVERYWHERE,
    FAR,
    GOOGLE,
    HERE,
    HOURS,
    copy_backup,
    kms_keys_of,
    rendered,
    time_of,
    update_backup,
)
from tests.airflow.task_runner import backup, defer, play

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage


@pytest.fixture(autouse=True)
def source(stage: Stage) -> None:
    """Put a backup there, and an instance of another project."""
    stage.emulator.create_backup(SOURCE, DATABASE)
    stage.emulator.create_instance(FAR, config="nam6")


def test_results_are_json(stage: Stage, task: FakeTask) -> None:
    """What the operators return can be stored as an XCom by any backend."""
    stage.finish_upon()

    results = [play(copy_backup(), task), update_backup().execute(task.context)]

    assert results == json.loads(json.dumps(results))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({}, [""], id="unsaid"),
        pytest.param({"encryption_type": GOOGLE}, [""], id="google"),
        pytest.param({"kms_key_names": HERE}, [HERE], id="key as text"),
        pytest.param({"kms_key_names": EVERYWHERE}, EVERYWHERE, id="keys"),
        pytest.param(
            {"encryption_type": CUSTOMER.lower(), "kms_key_names": [HERE]}, [HERE], id="both"
        ),
    ],
)
@pytest.mark.parametrize("make", [backup, copy_backup])
def test_encryption_is_as_asked(
    stage: Stage,
    task: FakeTask,
    *,
    make: Callable[..., BaseOperator],
    parameters: dict[str, Any],
    expected: list[str],
) -> None:
    """A backup and a copy are encrypted with the keys that the author names."""
    stage.finish_upon()

    result = play(make(**parameters), task)

    assert expected == kms_keys_of(result)


def test_update(stage: Stage, task: FakeTask) -> None:
    """A backup expires when the operator says, and nothing else changes."""
    when = datetime.now(tz=UTC).replace(microsecond=0) + 9 * DAYS

    result = update_backup(expire_time=when).execute(task.context)

    assert SOURCE == result["name"]
    assert when == time_of(result)
    assert [("UpdateBackup", Code.OK)] == [
        (call.method, call.code) for call in stage.emulator.calls
    ]


def test_updated_backup_is_gone_when_it_expires(stage: Stage, task: FakeTask) -> None:
    """What the operator changes is what Spanner goes by."""
    update_backup(expire_time=7 * DAYS).execute(task.context)

    stage.clock.advance(8 * DAYS)

    assert not stage.has(SOURCE)


def test_update_can_be_repeated(stage: Stage, task: FakeTask) -> None:
    """A retry after a lost answer ends like the first try would have."""
    when = datetime.now(tz=UTC) + 9 * DAYS
    stage.script.lose_answer(method="UpdateBackup")
    with pytest.raises(UnavailableError):
        update_backup(expire_time=when).execute(task.context)

    result = update_backup(expire_time=when).execute(task.context)

    assert abs(time_of(result) - when) < timedelta(milliseconds=1)
    assert 2 == len(stage.emulator.calls)


def test_update_counts_from_when_the_backup_was_made(stage: Stage, task: FakeTask) -> None:
    """An old backup may expire within the next six hours."""
    stage.clock.advance(2 * DAYS)
    soon = stage.clock.now() + HOURS

    result = update_backup(expire_time=soon).execute(task.context)

    assert abs(time_of(result) - soon) < timedelta(milliseconds=1)


@pytest.mark.parametrize("expire_time", [HOURS, 400 * DAYS], ids=["too soon", "too late"])
def test_update_beyond_the_limits(stage: Stage, task: FakeTask, expire_time: timedelta) -> None:
    """What Spanner does not accept fails for good, with Spanner's words."""
    with pytest.raises(AirflowFailException, match=r"INVALID_ARGUMENT.*expire_time"):
        update_backup(expire_time=expire_time).execute(task.context)

    assert 1 == len(stage.emulator.calls)


def test_update_of_a_missing_backup(task: FakeTask) -> None:
    """A backup that is not there fails for good, and is named."""
    with pytest.raises(AirflowFailException, match=r"NOT_FOUND.*backups/none"):
        update_backup(backup_id="none").execute(task.context)


@pytest.mark.parametrize("make", [backup, copy_backup, update_backup])
@pytest.mark.parametrize("text", ["P10D", "PT240H"])
def test_templated_duration(
    stage: Stage, task: FakeTask, make: Callable[..., BaseOperator], text: str
) -> None:
    """A Dag parameter can say in ISO 8601 how long a backup is kept."""
    stage.finish_upon()
    operator = rendered(make(expire_time="{{ params.keep }}"), {"keep": text})

    result = play(operator, task)

    assert abs(time_of(result) - datetime.now(tz=UTC) - 10 * DAYS) < HOURS


@pytest.mark.parametrize("make", [backup, copy_backup, update_backup])
def test_templated_moment(stage: Stage, task: FakeTask, make: Callable[..., BaseOperator]) -> None:
    """A template can say to the second, in any time zone, when a backup expires."""
    stage.finish_upon()
    when = datetime.now(tz=UTC).replace(microsecond=0) + 20 * DAYS
    text = when.isoformat().replace("+00:00", "Z")
    operator = rendered(make(expire_time="{{ params.until }}"), {"until": text})

    result = play(operator, task)

    assert when == time_of(result)


def test_templated_keys(stage: Stage, task: FakeTask) -> None:
    """Keys in a list are templates, too, and so is the type."""
    stage.finish_upon()
    operator = backup(encryption_type="{{ params.type }}", kms_key_names=["{{ params.key }}"])

    result = play(rendered(operator, {"type": CUSTOMER, "key": HERE}), task)

    assert [HERE] == kms_keys_of(result)


def test_version_time(stage: Stage, task: FakeTask) -> None:
    """A backup shows its database as it was at the version time."""
    stage.clock.advance(HOURS)
    then = stage.clock.now() - timedelta(minutes=30)
    stage.finish_upon()

    result = play(backup(version_time=then.isoformat()), task)

    assert abs(time_of(result, "version_time") - then) < timedelta(milliseconds=1)


def test_late_retry_takes_up_what_expires_soon(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry adopts a backup whose fixed expire_time is too near by now to make another one."""

    class AnHourLater(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + HOURS

    expires = (datetime.now(tz=UTC) + timedelta(hours=6, minutes=30)).isoformat()
    stage.emulator.plan(LONG)
    defer(backup(expire_time=expires, deferrable=True), task)
    task.next_try()
    monkeypatch.setattr(backups, "datetime", AnHourLater)

    defer(backup(expire_time=expires, deferrable=True), task)

    assert 1 == len(stage.starts)
    assert not stage.cancels
