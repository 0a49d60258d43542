# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The verbs of both hooks that end something, and those about resources."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from airflow_spanner_lro.core.errors import InvalidArgumentError, InvalidNameError
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator import Plan
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, LONG_TIME
from tests.airflow.started_operations import start_backup, update_instance

if TYPE_CHECKING:
    from tests.airflow.conftest import Ask
    from tests.airflow.fakes import Stage


@pytest.fixture
def running(stage: Stage) -> str:
    """Return the name of a backup operation that runs."""
    return start_backup(stage, LONG)


async def test_cancel(ask: Ask, stage: Stage, running: str) -> None:
    """Cancelling says how it ended."""
    settlement = await ask("cancel_operation", name=running)

    assert Ending.CANCELLED is settlement.ending
    assert stage.operation.done


async def test_cancel_refused(ask: Ask, stage: Stage, running: str) -> None:
    """A cancel that is refused is an outcome, not an exception."""
    stage.script.fail(method="CancelOperation", code=Code.PERMISSION_DENIED, message="not you")

    settlement = await ask("cancel_operation", name=running)

    assert Ending.REFUSED is settlement.ending
    assert "not you" in settlement.sentence


async def test_cancel_only_asks(ask: Ask, stage: Stage) -> None:
    """With no time to settle, the operation is asked to cancel and looked at once."""
    name = start_backup(stage, Plan(duration=LONG_TIME, cancel_delay=None))

    settlement = await ask("cancel_operation", name=name, settle_timeout=0)

    assert Ending.STILL_RUNNING is settlement.ending
    assert 1 == len(stage.cancels)


@pytest.mark.parametrize("clean_up", [True, False])
async def test_cancel_too_late(ask: Ask, stage: Stage, running: str, clean_up: bool) -> None:
    """What was created before the cancel stays, or is deleted if that is wanted."""
    stage.clock.advance(LONG_TIME)

    settlement = await ask("cancel_operation", name=running, clean_up=clean_up)

    assert Ending.FINISHED_FIRST is settlement.ending
    assert clean_up is not stage.has(BACKUP)
    assert (BACKUP if clean_up else None) == settlement.cleaned_up


async def test_cancel_many(ask: Ask, running: str) -> None:
    """Names may be what XComs hold; the outcomes come in order, each once."""
    none = f"{DATABASE}/operations/none"

    settlements = await ask("cancel_operations", names=[none, None, [running, none]])

    assert [(none, Ending.GONE), (running, Ending.CANCELLED)] == [
        (str(each.name), each.ending) for each in settlements
    ]


async def test_cancel_none(ask: Ask, stage: Stage) -> None:
    """Where there is nothing to cancel, nothing is asked."""
    assert [] == await ask("cancel_operations", names=None)
    assert not stage.emulator.calls


async def test_delete(ask: Ask, stage: Stage) -> None:
    """The record of an instance's operation is deleted."""
    name = update_instance(stage)

    await ask("delete_operation", name=name)

    assert name not in {each.name for each in stage.emulator.operations()}


async def test_delete_is_for_instances_only(ask: Ask, stage: Stage, running: str) -> None:
    """The record of a backup's operation cannot be deleted, which is said without asking."""
    with pytest.raises(InvalidArgumentError, match="instances, instance partitions"):
        await ask("delete_operation", name=running)

    assert not stage.emulator.calls.of("DeleteOperation")


@pytest.mark.parametrize("name", [INSTANCE, DATABASE, BACKUP], ids=lambda name: name[-7:])
async def test_get_resource(ask: Ask, stage: Stage, name: str) -> None:
    """A resource of any type is a dictionary that is fit for an XCom."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    resource = await ask("get_resource", name=name)

    assert (name, "READY") == (resource["name"], resource["state"])
    assert resource == json.loads(json.dumps(resource))


async def test_delete_resource(ask: Ask, stage: Stage) -> None:
    """A resource is deleted, and one that is gone is deleted already."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    await ask("delete_resource", name=BACKUP)
    await ask("delete_resource", name=f"{INSTANCE}/instancePartitions/none")

    assert not stage.has(BACKUP)


async def test_delete_of_what_is_protected(ask: Ask, stage: Stage) -> None:
    """A refusal of Spanner's propagates."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    with pytest.raises(exceptions.FailedPrecondition):
        await ask("delete_resource", name=INSTANCE)

    assert stage.has(INSTANCE)


@pytest.mark.parametrize("verb", ["get_resource", "delete_resource"])
@pytest.mark.parametrize("name", ["orders", "projects/test", None], ids=str)
async def test_bad_resource_name(ask: Ask, stage: Stage, verb: str, name: Any) -> None:
    """A name of no type of resource is never sent; the error lists the types."""
    with pytest.raises(InvalidNameError, match="backupSchedules") as caught:
        await ask(verb, name=name)

    assert f"resource name={name!r}" in str(caught.value)
    assert not stage.emulator.calls


async def test_list_backups(ask: Ask, stage: Stage) -> None:
    """Backups are returned as dictionaries, the newest first, and can be narrowed."""
    for database_id, backup_id in (("orders", "old"), ("orders", "new"), ("orders-2", "other")):
        database = f"{INSTANCE}/databases/{database_id}"
        if not stage.has(database):
            stage.emulator.create_database(database)
        stage.emulator.create_backup(f"{INSTANCE}/backups/{backup_id}", database)
        stage.clock.advance(timedelta(hours=1))

    backups = await ask("list_backups", project_id="test", instance_id="main", database_id="orders")
    filtered = await ask(
        "list_backups", project_id="test", instance_id="main", filter_="name:other"
    )

    assert ["new", "old"] == [each["name"].rpartition("/")[2] for each in backups]
    assert [(f"{INSTANCE}/databases/orders-2", "READY")] == [
        (each["database"], each["state"]) for each in filtered
    ]
    assert backups == json.loads(json.dumps(backups))
