# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What a verb of the hook returns, another one takes; so does what Google's library returns."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import serde
from airflow.sdk.exceptions import AirflowFailException
from google.api_core.operation import from_gapic
from google.longrunning import operations_pb2

from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.kinds import CREATE_BACKUP
from airflow_spanner_lro.core.operations.settlement import Ending
from airflow_spanner_lro.core.operations.snapshot import snapshot_to_dict
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook
from airflow_spanner_lro.operators.operations import SpannerGetOperationOperator
from airflow_spanner_lro.sensors.sensors import SpannerOperationSensor
from airflow_spanner_lro.triggers.conditions import XCOM, SpannerOperationsTrigger
from tests.airflow.fakes import BACKUP, DATABASE, INSTANCE, LONG, FakeTask
from tests.airflow.started_operations import start_backup
from tests.airflow.task_runner import play

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.airflow.conftest import Ask
    from tests.airflow.fakes import Stage


def _of_google(snapshot: Any) -> operations_pb2.Operation:
    return operations_pb2.Operation(name=str(snapshot.name))


def _future_of(snapshot: Any) -> Any:
    operations = SpannerAdminHook().client.database_admin.transport.operations_client
    return from_gapic(_of_google(snapshot), operations, operations_pb2.Operation)


GIVEN: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "name": lambda snapshot: snapshot.name,
    "snapshot": lambda snapshot: snapshot,
    "XCom of an operator": snapshot_to_dict,
    "message": _of_google,
    "message of the REST API": lambda snapshot: {"name": str(snapshot.name), "done": False},
    "future": _future_of,
}


@pytest.fixture(params=GIVEN)
def handed_over(request: pytest.FixtureRequest, stage: Stage) -> Any:
    """Return a running backup operation in one of the forms in which somebody may have it."""
    snapshot = SpannerAdminHook().get_operation(start_backup(stage, LONG))
    return GIVEN[request.param](snapshot)


async def test_every_form_is_waited_for(ask: Ask, stage: Stage, handed_over: Any) -> None:
    """Whatever is about an operation can be handed to the wait."""
    stage.finish_upon()

    done = await ask("wait_for_operation", handed_over, check=True)

    assert (BACKUP, True) == (str(done.name.resource), done.succeeded)


async def test_every_form_is_cancelled(ask: Ask, handed_over: Any) -> None:
    """Several operations come in any forms, also mixed."""
    none = f"{DATABASE}/operations/none"

    settlements = await ask("cancel_operations", [handed_over, {"name": none}])

    assert [Ending.CANCELLED, Ending.GONE] == [each.ending for each in settlements]


def test_start_wait_get(stage: Stage) -> None:
    """Verbs nest: start, wait, and get what came of it."""
    hook = SpannerAdminHook()
    stage.finish_upon()

    made = hook.get_resource(
        hook.wait_for_operation(
            hook.start_operation(
                kind=CREATE_BACKUP,
                request={
                    "parent": INSTANCE,
                    "backup_id": "nightly",
                    "backup": {
                        "database": DATABASE,
                        "expire_time": stage.clock.now() + timedelta(days=2),
                    },
                },
            ),
            check=True,
        )
    )

    assert (BACKUP, "READY") == (made["name"], made["state"])


async def test_what_is_listed_is_cancelled(ask: Ask, stage: Stage) -> None:
    """A list of operations can be cancelled, and a settlement be looked at again."""
    start_backup(stage, LONG)

    listed = await ask("list_operations", resource=BACKUP)
    (settlement,) = await ask("cancel_operations", listed)
    again = await ask("get_operation", settlement)

    assert (settlement.name, True) == (again.name, again.cancelled)


@pytest.mark.parametrize("verb", ["list_operations", "list_backups", "cancel_operations"])
async def test_lists_are_lists(ask: Ask, stage: Stage, verb: str) -> None:
    """Every verb that answers several answers a list."""
    name = start_backup(stage, LONG)
    given = {
        "list_operations": {"resource": BACKUP},
        "list_backups": {"project_id": "test", "instance_id": "main"},
        "cancel_operations": {"names": name},
    }

    answer = await ask(verb, **given[verb])

    assert (list, 1) == (type(answer), len(answer))


async def test_several_where_one_is_wanted(ask: Ask, stage: Stage) -> None:
    """A list is refused where one operation is waited for, with what to do instead."""
    with pytest.raises(InvalidNameError, match="make a call for each where there are several"):
        await ask("wait_for_operation", ["projects/p/instances/main/operations/a"])

    assert not stage.emulator.calls


async def test_what_is_about_no_operation(ask: Ask, stage: Stage) -> None:
    """Other values are refused before anything is sent."""
    with pytest.raises(InvalidNameError, match="what a verb of the hook or Google's client"):
        await ask("get_operation", {"state": "READY"})

    assert not stage.emulator.calls


async def test_a_forgotten_await(stage: Stage) -> None:
    """What was not awaited is refused with the word that is missing."""
    promised = asyncio.get_running_loop().create_future()
    async with SpannerAdminAsyncHook() as hook:
        with pytest.raises(InvalidNameError, match="this has to be awaited first"):
            await hook.wait_for_operation(promised)  # type: ignore[arg-type]  # the mistake

    assert not stage.emulator.calls


async def test_delete_what_was_got(ask: Ask, stage: Stage) -> None:
    """A resource can be deleted by what was told of it."""
    stage.emulator.create_backup(BACKUP, DATABASE)

    await ask("delete_resource", await ask("get_resource", BACKUP))

    assert not stage.has(BACKUP)


async def test_no_resource_is_deleted_by_an_operation(ask: Ask, stage: Stage) -> None:
    """An operation may only have changed what it works on, so it deletes nothing."""
    operation = await ask("get_operation", start_backup(stage, LONG))

    with pytest.raises(InvalidNameError, match=f"if you mean that, give its name: '{BACKUP}'"):
        await ask("delete_resource", operation)

    assert stage.has(BACKUP)
    assert not stage.emulator.calls.of("DeleteBackup")


@pytest.mark.parametrize("deferrable", [False, True])
def test_operators_and_sensors_take_it(stage: Stage, deferrable: bool) -> None:
    """What a function has returned may be given to a sensor or an operator as it is."""
    snapshot = SpannerAdminHook().get_operation(start_backup(stage, LONG))
    stage.finish_upon()

    seen = play(
        SpannerOperationSensor(
            task_id="wait",
            operation_name=snapshot,  # type: ignore[arg-type]  # in a Dag, the output of a function
            deferrable=deferrable,
            poke_interval=1,
        ),
        FakeTask(),
    )
    told = play(
        SpannerGetOperationOperator(task_id="get", operation_name=snapshot),  # type: ignore[arg-type]
        FakeTask(),
    )

    assert (str(snapshot), "SUCCEEDED") == (seen, told["state"])


@pytest.mark.parametrize("several", [False, True], ids=["one", "list"])
def test_a_trigger_pulls_what_a_function_returned(
    stage: Stage, several: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sensor that begins in the triggerer finds the operation in the function's XCom."""
    monkeypatch.setattr(serde, "_extra_allowed", set())
    snapshot = SpannerAdminHook().get_operation(start_backup(stage, LONG))
    pulled: Any = [snapshot] if several else snapshot
    trigger = SpannerOperationsTrigger(
        operation_name={XCOM: ["start", "return_value"]},  # type: ignore[arg-type]  # as stored
        endpoint=None,
        poll_interval=1,
        silent_fail=False,
    )

    stored: Any = serde.serialize(pulled)
    ti = SimpleNamespace(xcom_pull=lambda **_: serde.deserialize(stored))
    context: Any = {"ti": ti, "task_instance": ti}
    trigger.operation_name = trigger.render_template(trigger.operation_name, context)

    assert (snapshot.name,) == trigger.condition().names  # type: ignore[attr-defined]


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_sensor_refuses_what_is_no_operation(stage: Stage, deferrable: bool) -> None:
    """Something else is refused for good, with what is expected."""
    sensor = SpannerOperationSensor(
        task_id="wait",
        operation_name=[1],  # type: ignore[list-item]  # the mistake
        deferrable=deferrable,
        poke_interval=1,
    )

    with pytest.raises(AirflowFailException, match="or what a verb of the hook"):
        play(sensor, FakeTask())

    assert not stage.emulator.calls
