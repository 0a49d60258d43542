# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Spanner Omni through a connection: by a client certificate, never by Google's credentials.

The emulator plays Omni, behind TLS that asks for a certificate. It has never been tried on the
real one.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import UnusableConnectionError
from airflow_spanner_lro.core.kinds import CREATE_BACKUP, UPDATE_DATABASE_DDL
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.core.omni import NotOnOmniError, OmniConnection
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook
from airflow_spanner_lro.operators.backup_schedules import SpannerDeleteBackupScheduleOperator
from airflow_spanner_lro.operators.backups import (
    SpannerDeleteBackupOperator,
    SpannerUpdateBackupOperator,
)
from airflow_spanner_lro.operators.databases import (
    SpannerCreateDatabaseOperator,
    SpannerDropDatabaseOperator,
    SpannerUpdateDatabaseOperator,
)
from airflow_spanner_lro.operators.instances import (
    SpannerDeleteInstanceOperator,
    SpannerUpdateInstanceOperator,
)
from airflow_spanner_lro.sensors.sensors import SpannerDatabaseSensor
from airflow_spanner_lro.triggers import pollers
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.pollers import shared_poller
from tests.airflow.fakes import LONG, STATEMENTS
from tests.airflow.omni_stage import HERE, INTO, NAME, ORDERS, connect, omni_at, state
from tests.airflow.sensor_builders import WAYS, backup_sensor, quiet_sensor
from tests.airflow.task_runner import backup, change_schema, defer, fire, play, restore, resume
from tests.support.omni_gateway import OMNI_INSTANCE, OmniGateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import BaseOperator

    from tests.airflow.fakes import FakeTask, Stage


@pytest.fixture
def gateway(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OmniGateway]:
    """Return what stands for Omni, with the connection ``omni`` to it."""
    with omni_at(stage, folder=tmp_path, monkeypatch=monkeypatch) as gateway:
        yield gateway


# what works


def test_database_is_created_by_a_deferred_task(
    stage: Stage, task: FakeTask, gateway: OmniGateway
) -> None:
    """Worker and triggerer both show the client certificate; nobody is shown a token."""
    stage.emulator.plan(LONG)
    operator = SpannerCreateDatabaseOperator(**INTO)

    deferred = defer(operator, task)
    endpoint = cast("Any", deferred.trigger).serialize()[1]["endpoint"]
    begun = list(gateway.methods)
    stage.finish_upon()
    made = resume(operator, deferred, task)

    assert f"omni://{gateway.target}" == endpoint == task.entry["connection_spec"]["endpoint"]
    assert f"{OMNI_INSTANCE}/databases/new" == made["name"]
    assert "CreateDatabase" in begun
    assert "GetOperation" in gateway.methods[len(begun) :]
    assert {"airflow"} == {name for _, name in gateway.seen}
    assert not gateway.authorised


def test_schema_changes_and_drops(stage: Stage, task: FakeTask, gateway: OmniGateway) -> None:
    """A schema is changed while its task waits on a worker, and a database is dropped."""
    stage.finish_upon()
    play(change_schema(**HERE), task)
    ddl = SpannerAdminHook(gcp_conn_id="omni").client.get_ddl(name=NAME)
    task.next_try()
    play(SpannerDropDatabaseOperator(task_id="drop", database_id="orders", **HERE), task)

    assert len(STATEMENTS) == len(ddl)
    assert not stage.has(ORDERS)
    assert "UpdateDatabaseDdl" in gateway.methods


def test_protection_of_a_database(stage: Stage, task: FakeTask, gateway: OmniGateway) -> None:
    """A database is protected from being dropped by an update of it."""
    stage.finish_upon()
    operator = SpannerUpdateDatabaseOperator(
        task_id="protect", database_id="orders", enable_drop_protection=True, **HERE
    )

    assert play(operator, task)["enable_drop_protection"]
    assert "UpdateDatabase" in gateway.methods


@pytest.mark.usefixtures("stage")
def test_forms_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each form of a connection in the documentation is read as what it says."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "spanner-omni.md").read_text()
    as_json, as_uri = re.findall(r"export AIRFLOW_CONN_OMNI='([^']+)'", page)
    (extras,) = re.findall(r"--conn-extra '([^']+)'", page)
    found = []
    for stored in (
        as_json,
        as_uri,
        json.dumps({"conn_type": "google_cloud_platform", "extra": json.loads(extras)}),
    ):
        monkeypatch.setenv("AIRFLOW_CONN_OMNI", stored)
        hook = SpannerAdminHook(gcp_conn_id="omni")
        found.append((hook.connection_spec.endpoint, hook._omni))

    with_tls = OmniConnection(
        address="omni.example:15000",
        ca_certificate="/etc/omni/ca.crt",
        client_certificate="/etc/omni/client.crt",
        client_key="/etc/omni/client.key",
    )
    plain = OmniConnection(address="localhost:15000")
    assert found == [
        ("omni://omni.example:15000", with_tls),
        ("omni://omni.example:15000", with_tls),
        ("omni+http://localhost:15000", plain),
    ]


def test_killed_task_cancels(stage: Stage, task: FakeTask, gateway: OmniGateway) -> None:
    """A kill in the triggerer cancels the operation by the same certificate."""
    stage.emulator.plan(LONG)
    deferred = defer(SpannerCreateDatabaseOperator(**INTO), task)
    task.ti.state = "failed"
    trigger = cast("Any", deferred.trigger)
    trigger.task_instance = task.ti

    asyncio.run(trigger.on_kill())

    assert ("CancelOperation", "airflow") in gateway.seen
    assert stage.operation.state == "CANCELLED"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("gateway")
def test_sensors_wait(task: FakeTask, way: dict[str, Any]) -> None:
    """A sensor waits for the state of a database, and for its operations to end."""
    quick = {"poke_interval": 0.02, **way}
    ready = SpannerDatabaseSensor(
        task_id="ready", database_id="orders", state=["READY"], **HERE | quick
    )
    quiet = quiet_sensor(**HERE | quick)

    assert ORDERS == play(ready, task)["name"]
    assert play(quiet, task) is None


def test_verbs_of_both_hooks(stage: Stage, gateway: OmniGateway) -> None:
    """The hook starts, lists, waits and cancels; the async one does the same."""
    stage.emulator.plan(LONG)
    request = {"database": ORDERS, "statements": STATEMENTS}
    hook = SpannerAdminHook(gcp_conn_id="omni")
    started = hook.start_operation(kind=UPDATE_DATABASE_DDL, request=request)
    listed = hook.list_operations(instance_id="default", list_type="DATABASE")

    async def rest() -> str:
        async with SpannerAdminAsyncHook(gcp_conn_id="omni") as same:
            settlement = await same.cancel_operation(started, settle_timeout=10)
            return settlement.ending.value

    ended = asyncio.run(rest())

    assert str(started.name) in [str(each.name) for each in listed]
    assert "cancelled" == ended
    assert "default" == hook.project_id
    assert not gateway.authorised


def test_lists_leave_out_what_it_has_not(gateway: OmniGateway) -> None:
    """Of an instance the operations of its databases are listed, and no others asked for."""
    hook = SpannerAdminHook(gcp_conn_id="omni")

    hook.client.list_within(instance=InstanceName.parse(OMNI_INSTANCE))

    assert ["ListDatabaseOperations"] == gateway.methods


def test_plain_text_is_no_emulator(
    stage: Stage, gateway: OmniGateway, monkeypatch: pytest.MonkeyPatch, task: FakeTask
) -> None:
    """An Omni without TLS is none: no warning, no refusal of emulators, and nothing emulated."""
    extras = {"spanner_type": "omni", "spanner_endpoint": f"http://{stage.emulator.endpoint}"}
    connect(monkeypatch, extras)
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__ALLOW_EMULATOR", "False")
    warned: list[Any] = []
    hook = SpannerAdminHook(gcp_conn_id="omni")

    hook.warn_if_emulated(warn=lambda *args: warned.append(args))
    stage.finish_upon()
    play(change_schema(**HERE, deferrable=True), task)

    assert "READY" == state(hook)
    assert f"omni+http://{stage.emulator.endpoint}" == hook.connection_spec.endpoint
    assert hook.client.emulated is None
    assert not warned
    assert not gateway.seen


# what is refused


@pytest.mark.parametrize(
    ("operator", "reason"),
    [
        (backup(**HERE), "neither backups nor restores"),
        (restore(**HERE), "neither backups nor restores"),
        (
            SpannerUpdateInstanceOperator(task_id="update", node_count=2, **HERE),
            "no instance, configuration or partition",
        ),
        (
            SpannerUpdateBackupOperator(
                task_id="update", backup_id="nightly", expire_time=timedelta(days=9), **HERE
            ),
            "neither backups nor restores",
        ),
        (
            SpannerDeleteBackupOperator(task_id="delete", backup_id="nightly", **HERE),
            "neither backups nor restores",
        ),
        (
            SpannerDeleteBackupScheduleOperator(
                task_id="delete", database_id="orders", schedule_id="nightly", **HERE
            ),
            "neither backups nor restores",
        ),
        (
            SpannerDeleteInstanceOperator(task_id="delete", **HERE),
            "no instance, configuration or partition",
        ),
        (change_schema(**HERE | {"project_id": "mine"}), "project_id is 'mine'"),
        (backup_sensor(**HERE), "neither backups nor restores"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_is_not_served(
    *, task: FakeTask, gateway: OmniGateway, operator: BaseOperator, reason: str
) -> None:
    """It fails for good with the reason; nothing is sent, and the ledger has no word of it."""
    with pytest.raises(AirflowFailException, match=reason) as caught:
        operator.execute(task.context)

    assert "Not on Spanner Omni: " in str(caught.value)
    assert not gateway.seen
    assert not task.entries


def test_what_a_sensor_in_the_triggerer_is_told(gateway: OmniGateway) -> None:
    """A sensor that begins in the triggerer is told the reason as well."""
    sensor = backup_sensor(**HERE | {"project_id": "default"}, deferrable=True)
    started = sensor.start_trigger_args
    assert started is not None
    from airflow_spanner_lro.triggers.conditions import SpannerBackupTrigger  # noqa: PLC0415

    event = fire(SpannerBackupTrigger(**cast("Any", started.trigger_kwargs)))

    assert "Not on Spanner Omni: " in event["error"]
    assert not gateway.seen


def test_verbs_that_are_not_served(gateway: OmniGateway) -> None:
    """A verb of either hook says why as well, and reads no rows."""
    hook = SpannerAdminHook(gcp_conn_id="omni")

    async def start() -> None:
        async with SpannerAdminAsyncHook(gcp_conn_id="omni") as same:
            await same.list_backups(instance_id="default")

    with pytest.raises(NotOnOmniError):
        hook.start_operation(kind=CREATE_BACKUP, request={"parent": OMNI_INSTANCE})
    with pytest.raises(NotOnOmniError):
        asyncio.run(start())
    with pytest.raises(NotOnOmniError, match="rows are read"):
        hook.row_reader(database=NAME)
    assert not gateway.seen


@pytest.mark.parametrize("place", ["argument", "connection"])
def test_nobody_is_impersonated(
    gateway: OmniGateway, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Impersonation is refused, wherever it is asked for."""
    asked = "robot@p.iam.gserviceaccount.com"
    if place == "connection":
        connect(monkeypatch, gateway.extras(impersonation_chain=asked))
    chain = asked if place == "argument" else None

    with pytest.raises(UnusableConnectionError, match="remove impersonation_chain"):
        SpannerAdminHook(gcp_conn_id="omni", impersonation_chain=chain).connect()


def test_no_google_credentials(gateway: OmniGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks the hook for Google's credentials is told that there are none."""
    connect(monkeypatch, gateway.extras(key_path="/never/read"))
    hook = SpannerAdminHook(gcp_conn_id="omni")

    works, told = hook.test_connection()  # type: ignore[no-untyped-call]  # the Google provider's

    assert not works
    assert "which takes no Google credentials, so none were asked for" in told
    assert "READY" == state(hook)


# where it leads


@pytest.mark.parametrize(
    ("connection", "endpoint"),
    [
        ("omni", ""),
        ("omni", "http://elsewhere:1"),
        ("omni", "elsewhere:1"),
        ("omni", "omni://elsewhere:1"),
        ("google_cloud_default", "omni://elsewhere:1"),
        ("google_cloud_default", "omni+http://elsewhere:1"),
    ],
)
@pytest.mark.usefixtures("gateway")
def test_nothing_is_shown_to_others(connection: str, endpoint: str) -> None:
    """An endpoint in a trigger's arguments takes neither certificates nor credentials elsewhere."""
    spec = ConnectionSpec(gcp_conn_id=connection, endpoint=endpoint)

    with pytest.raises(UnusableConnectionError, match="nothing was sent to either"):
        SpannerAdminHook.from_connection(spec).connect()


def test_trigger_with_another_endpoint(gateway: OmniGateway) -> None:
    """A trigger whose arguments name another Omni does not go there."""
    trigger = SpannerOperationTrigger(
        operation=f"{ORDERS}/operations/x", gcp_conn_id="omni", endpoint="omni://localhost:1"
    )

    with pytest.raises(UnusableConnectionError, match="omni://localhost:1"):
        fire(trigger)

    assert not gateway.seen


def test_an_emulator_beside_it(
    stage: Stage, gateway: OmniGateway, monkeypatch: pytest.MonkeyPatch, task: FakeTask
) -> None:
    """With an emulator in the environment neither is worked on."""
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", stage.emulator.endpoint)

    with pytest.raises(AirflowFailException, match="leads to Spanner Omni at omni://"):
        change_schema(**HERE).execute(task.context)

    assert not gateway.seen
    assert not task.entries


@pytest.mark.usefixtures("stage")
def test_scheme_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra does not make an Omni of a connection that is not one."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    connect(monkeypatch, {"spanner_endpoint": "omni://a:1"})

    with pytest.raises(UnusableConnectionError, match="set spanner_type to 'omni'"):
        _ = SpannerAdminHook(gcp_conn_id="omni").connection_spec


@pytest.mark.usefixtures("stage")
def test_certificates_without_the_type(
    gateway: OmniGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its type a server with certificates is not given Google's token."""
    connect(monkeypatch, gateway.extras(spanner_type=""))

    with pytest.raises(UnusableConnectionError, match="so set spanner_type to 'omni' too"):
        SpannerAdminHook(gcp_conn_id="omni").connect()

    assert not gateway.seen


async def test_no_audit_log(gateway: OmniGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens to Google's audit log for it, whatever subscription is configured."""
    name = "projects/p/subscriptions/ends"
    monkeypatch.setenv("AIRFLOW__SPANNER_LRO__WAKE_SUBSCRIPTION", name)

    await shared_poller(ConnectionSpec(gcp_conn_id="omni", endpoint=f"omni://{gateway.target}"))
    of_loop = pollers._of_loops[asyncio.get_running_loop()]

    assert [] == of_loop._wake_ups._pollers()
    assert of_loop._wake_ups._listening is None
