# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The verbs of both hooks over a real channel: what holds for one holds for the other."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError
from airflow_spanner_lro.core.kinds import (
    CREATE_BACKUP,
    CREATE_DATABASE,
    OPTIMIZE_RESTORED_DATABASE,
    UPDATE_DATABASE_DDL,
    UPDATE_INSTANCE,
)
from airflow_spanner_lro.core.operations.errors import (
    OperationCancelledError,
    OperationFailedError,
    OperationTimeoutError,
)
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, LONG_TIME, STATEMENTS, FakeTask
from tests.airflow.task_runner import backup

if TYPE_CHECKING:
    from tests.airflow.conftest import Ask
    from tests.airflow.fakes import Stage

INSTANCE_UPDATE: dict[str, Any] = {
    "instance": {"name": INSTANCE, "node_count": 2},
    "field_mask": {"paths": ["node_count"]},
}
VERBS = [
    name
    for name, member in vars(SpannerAdminHook).items()
    if inspect.isfunction(member) and not name.startswith("_")
]


@pytest.fixture
def running(stage: Stage) -> str:
    """Return the name of a backup operation that runs."""
    stage.emulator.plan(LONG)
    name: str = backup(wait_for_completion=False).execute(FakeTask().context)
    return name


@pytest.mark.parametrize("verb", VERBS)
def test_both_hooks_take_the_same(verb: str) -> None:
    """The async hook has every verb of the sync one, with its parameters, documented, awaitable."""
    sync, async_ = getattr(SpannerAdminHook, verb), getattr(SpannerAdminAsyncHook, verb)

    assert inspect.signature(sync) == inspect.signature(async_)
    assert inspect.iscoroutinefunction(async_)
    assert sync.__doc__
    assert async_.__doc__


def test_the_verbs_are_these() -> None:
    """Every verb of the operations API, and what a Dag author needs beside them."""
    assert VERBS == [
        "start_operation",
        "get_operation",
        "list_operations",
        "cancel_operation",
        "cancel_operations",
        "delete_operation",
        "wait_for_operation",
        "get_resource",
        "delete_resource",
        "list_backups",
    ]


async def test_start_from_a_mapping(ask: Ask, stage: Stage) -> None:
    """A request may be a mapping of its fields."""
    snapshot = await ask(
        "start_operation",
        kind=UPDATE_DATABASE_DDL,
        request={"database": DATABASE, "statements": STATEMENTS},
    )

    assert stage.operation.name == str(snapshot.name)
    assert UPDATE_DATABASE_DDL is snapshot.kind


async def test_start_from_a_message(ask: Ask, stage: Stage) -> None:
    """A request may be a message of the client library; times in it are times."""
    message = CREATE_BACKUP.request_type()(
        parent=INSTANCE,
        backup_id="nightly",
        backup={"database": DATABASE, "expire_time": datetime.now(tz=UTC) + timedelta(days=2000)},
    )
    message.backup.expire_time = stage.clock.now() + timedelta(days=2)

    snapshot = await ask("start_operation", kind=CREATE_BACKUP, request=message)

    assert BACKUP == str(snapshot.name.resource)
    assert not snapshot.done


@pytest.mark.parametrize(
    ("kind", "request_", "words"),
    [
        (CREATE_DATABASE, {"nonsense": 1}, "nonsense"),
        (CREATE_DATABASE, {"parent": 1}, "request="),
        (CREATE_DATABASE, "text", "request='text'"),
        (OPTIMIZE_RESTORED_DATABASE, {}, "started by the service"),
        ("CREATE_BACKUP", {}, "kind='CREATE_BACKUP'"),
    ],
    ids=["field", "value", "type", "kind", "no kind"],
)
async def test_start_of_what_cannot_be(
    ask: Ask, stage: Stage, kind: Any, request_: Any, words: str
) -> None:
    """A request that the kind does not have is never sent."""
    with pytest.raises(InvalidArgumentError, match=words):
        await ask("start_operation", kind=kind, request=request_)

    assert not stage.emulator.calls


async def test_start_is_not_repeated(ask: Ask, stage: Stage) -> None:
    """A lost answer raises: the hook cannot know whether the operation was started."""
    stage.script.lose_answer(method="UpdateInstance")

    with pytest.raises(exceptions.ServiceUnavailable):
        await ask("start_operation", kind=UPDATE_INSTANCE, request=INSTANCE_UPDATE)

    assert 1 == len(stage.emulator.calls.of("UpdateInstance"))


async def test_get(ask: Ask, running: str) -> None:
    """An operation is got by its full name."""
    snapshot = await ask("get_operation", name=running)

    assert running == str(snapshot.name)
    assert not snapshot.done


async def test_get_unknown(ask: Ask, stage: Stage) -> None:
    """Google's own exceptions propagate as they are."""
    with pytest.raises(exceptions.NotFound):
        await ask("get_operation", name=f"{DATABASE}/operations/none")

    assert stage.emulator.calls


@pytest.mark.parametrize(
    "verb",
    ["get_operation", "cancel_operation", "delete_operation", "wait_for_operation"],
)
@pytest.mark.parametrize("name", ["some", "", None, DATABASE], ids=repr)
async def test_bad_name(ask: Ask, stage: Stage, verb: str, name: Any) -> None:
    """A name that cannot be parsed is never sent."""
    with pytest.raises(InvalidNameError, match=f"operation name={name!r}"):
        await ask(verb, name=name)

    assert not stage.emulator.calls


@pytest.mark.parametrize(
    ("filter_", "count"), [("", 1), ("done:true", 0), ("done:false", 1)], ids=["all", "done", "not"]
)
async def test_list_by_name(ask: Ask, running: str, filter_: str, count: int) -> None:
    """Operations are listed by resource, and by what the API can filter."""
    operations = await ask("list_operations", resource=BACKUP, filter_=filter_)

    assert [running] * count == [str(each.name) for each in operations]


@pytest.mark.parametrize(
    "where",
    [
        {"resource": INSTANCE, "list_type": "backup"},
        {"resource": DATABASE, "list_type": "BACKUP"},
        {"instance_id": "main", "list_type": "BACKUP"},
        {"instance_id": "main", "database_id": "orders", "list_type": "BACKUP"},
        {"project_id": "test", "instance_id": "main", "backup_id": "nightly"},
        {"instance_id": "main", "list_type": "BACKUP", "pending_only": True},
    ],
    ids=str,
)
async def test_list_by_type(
    ask: Ask, running: str, where: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full names and ids find the same; the project is the connection's."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")

    operations = await ask("list_operations", **where)

    assert [running] == [str(each.name) for each in operations]


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (
            {"resource": DATABASE, "instance_id": "main", "config_id": "nam3"},
            "resource=.*instance_id and config_id is given too",
        ),
        ({"resource": "projects/test"}, "resource name='projects/test'"),
        ({"resource": BACKUP, "list_type": "INSTANCE"}, "list_type='INSTANCE'.*backup_id"),
        ({"project_id": "test"}, "instance_id=None"),
    ],
    ids=["both", "project", "fit", "nowhere"],
)
async def test_list_of_what_cannot_be(
    ask: Ask, stage: Stage, where: dict[str, Any], words: str
) -> None:
    """Arguments that do not go together are never sent."""
    with pytest.raises(InvalidArgumentError, match=words):
        await ask("list_operations", **where)

    assert not stage.emulator.calls


async def test_wait(ask: Ask, stage: Stage, running: str) -> None:
    """Waiting ends when the operation is done."""
    stage.finish_upon()

    snapshot = await ask("wait_for_operation", name=running, check=True)

    assert snapshot.succeeded


async def test_wait_times_out(ask: Ask, stage: Stage, running: str) -> None:
    """Waiting that takes too long ends with an error, and the operation goes on."""
    with pytest.raises(OperationTimeoutError, match=r"left running: out of time after 0\.05 s"):
        await ask("wait_for_operation", name=running, timeout=0.05)

    assert not stage.cancels


async def test_wait_outlives_an_outage(ask: Ask, stage: Stage, running: str) -> None:
    """An endpoint that does not answer for a while says nothing about the operation."""
    stage.script.fail(method="GetOperation", times=2)
    stage.clock.advance(LONG_TIME)

    snapshot = await ask("wait_for_operation", name=running)

    assert snapshot.succeeded
    assert 3 == len(stage.emulator.calls.of("GetOperation"))


@pytest.mark.parametrize(
    ("ends", "error", "state"),
    [
        ("fails", OperationFailedError, "FAILED"),
        ("is cancelled", OperationCancelledError, "CANCELLED"),
    ],
)
async def test_wait_for_what_does_not_succeed(
    ask: Ask, stage: Stage, ends: str, error: type[Exception], state: str
) -> None:
    """The end is returned, and is an error if it is to be checked."""
    stage.emulator.plan(Plan(fail_with=(Code.INTERNAL, "broken")))
    name = backup(wait_for_completion=False).execute(FakeTask().context)
    if ends == "fails":
        stage.clock.advance(LONG_TIME)
    else:
        stage.cancel(name)

    snapshot = await ask("wait_for_operation", name=name)

    assert state == snapshot.state
    with pytest.raises(error):
        await ask("wait_for_operation", name=name, check=True)


@pytest.mark.parametrize(
    ("verb", "arguments", "words"),
    [
        ("cancel_operation", {"settle_timeout": -1}, "settle_timeout=-1"),
        ("cancel_operation", {"settle_timeout": float("nan")}, "settle_timeout=nan"),
        ("wait_for_operation", {"timeout": -1}, "timeout=-1"),
        ("wait_for_operation", {"timeout": float("inf")}, "timeout=inf"),
        ("cancel_operation", {"settle_timeout": timedelta(seconds=1)}, "settle_timeout=datetime"),
        ("wait_for_operation", {"poll_interval": 0}, "poll_interval=0"),
    ],
    ids=["settle", "nan", "timeout", "for ever", "timedelta", "interval"],
)
async def test_bad_durations(
    ask: Ask, stage: Stage, verb: str, arguments: dict[str, Any], words: str
) -> None:
    """A duration that cannot be is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=words):
        await ask(verb, name=f"{DATABASE}/operations/some", **arguments)

    assert not stage.emulator.calls
