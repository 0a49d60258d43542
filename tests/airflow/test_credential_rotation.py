# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A triggerer that lives for months: keys are rotated, connections fall silent, backends hiccup.

Against the emulator behind TLS and credentials, through connections of Airflow.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_spanner_lro.admin import channels
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import ConnectionUnreadableError, UnusableConnectionError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.hooks import connection
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook
from airflow_spanner_lro.triggers import pollers
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.pollers import NotConnectedError, shared_poller, wait_for_poller
from tests.airflow.fakes import DATABASE, LONG
from tests.airflow.task_runner import backup, play
from tests.support.tcp_proxy import TcpProxy
from tests.support.tls_gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from pathlib import Path

    from airflow.triggers.base import TriggerEvent

    from tests.airflow.fakes import FakeTask, Stage

CONNECTION = "AIRFLOW_CONN_ONE"
ONE = ConnectionSpec(gcp_conn_id="one")


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let connections be read fifty times a second."""
    for name in ("CHECK_EVERY", "CHECK_REFUSED", "REBUILD_REFUSED"):
        monkeypatch.setattr(pollers, name, 0.02)
    monkeypatch.setattr(channels, "REFUSED_FOR", 0.02)


@pytest.fixture
def gateway(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Return the gateway to the emulator, with a connection that holds the valid key ``old``."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    with Gateway(stage.emulator.endpoint) as gateway, gateway.trusted(monkeypatch):
        monkeypatch.setenv(CONNECTION, holding(gateway.add("old"), target=gateway.target))
        yield gateway


def holding(key_file: dict[str, Any], *, target: str) -> str:
    """Return a connection that holds a key."""
    extra = {"keyfile_dict": json.dumps(key_file), "spanner_endpoint": target}
    return json.dumps({"conn_type": "google_cloud_platform", "extra": extra})


def began(stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let a backup be started that takes long, and return the operation's name."""
    stage.emulator.plan(LONG)
    with monkeypatch.context() as environment:
        environment.setenv("SPANNER_EMULATOR_HOST", stage.emulator.endpoint)
        return str(play(backup(wait_for_completion=False), task))


def waiting(name: str, target: str) -> asyncio.Future[TriggerEvent]:
    """Let a trigger wait for an operation through the connection."""
    trigger = SpannerOperationTrigger(operation=name, gcp_conn_id="one", endpoint=target)
    events = cast("AsyncGenerator[TriggerEvent, None]", trigger.run())
    return asyncio.ensure_future(anext(events))


async def until(condition: Callable[[], object]) -> None:
    """Return when something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # of other threads
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("quick_checks")
async def test_rotated_key_is_picked_up(
    stage: Stage, task: FakeTask, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new key in the connection is used by waits that go on, before the old one is revoked."""
    name = await asyncio.to_thread(began, stage, task, monkeypatch)
    event = waiting(name, gateway.target)
    await until(lambda: ("GetOperation", "old") in gateway.seen)

    monkeypatch.setenv(CONNECTION, holding(gateway.add("new"), target=gateway.target))
    await until(lambda: ("GetOperation", "new") in gateway.seen)
    gateway.revoke("old")
    stage.finish_upon()
    payload = (await asyncio.wait_for(event, timeout=10)).payload

    assert "SUCCEEDED" == payload["snapshot"]["state"]


@pytest.mark.slow
@pytest.mark.usefixtures("quick_checks")
async def test_revoked_key_is_waited_for(
    stage: Stage,
    task: FakeTask,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Waits live on while a key is refused, and go on once the connection holds another."""
    name = await asyncio.to_thread(began, stage, task, monkeypatch)
    event = waiting(name, gateway.target)
    await until(lambda: ("GetOperation", "old") in gateway.seen)

    gateway.revoke("old")
    await until(lambda: "Credentials refused" in caplog.text)
    await until(lambda: 3 < gateway.grants)
    alive = not event.done()
    monkeypatch.setenv(CONNECTION, holding(gateway.add("new"), target=gateway.target))
    stage.finish_upon()
    payload = (await asyncio.wait_for(event, timeout=10)).payload

    assert alive
    assert "SUCCEEDED" == payload["snapshot"]["state"]
    logged = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert 1 == len([each for each in logged if "Credentials refused" in each.getMessage()])


@pytest.mark.usefixtures("quick_checks")
async def test_key_that_is_kept_elsewhere(
    stage: Stage, task: FakeTask, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key file that is replaced, the connection being the same, is read again."""
    name = await asyncio.to_thread(began, stage, task, monkeypatch)
    file = tmp_path / "key.json"
    await asyncio.to_thread(file.write_text, json.dumps(gateway.key_file("old")))
    extra = {"key_path": str(file), "spanner_endpoint": gateway.target}
    monkeypatch.setenv(CONNECTION, json.dumps({"conn_type": "gcpssh", "extra": extra}))
    event = waiting(name, gateway.target)
    await until(lambda: ("GetOperation", "old") in gateway.seen)

    gateway.revoke("old")
    await asyncio.to_thread(file.write_text, json.dumps(gateway.add("new")))
    stage.finish_upon()
    payload = (await asyncio.wait_for(event, timeout=10)).payload

    assert "SUCCEEDED" == payload["snapshot"]["state"]


@pytest.mark.usefixtures("quick_checks")
@pytest.mark.parametrize("lost", ["connection", "key file"])
async def test_connection_that_cannot_be_read(
    *,
    stage: Stage,
    task: FakeTask,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    lost: str,
) -> None:
    """What waits goes on with the credentials it had; the log says so once, not each time."""
    name = await asyncio.to_thread(began, stage, task, monkeypatch)
    file = tmp_path / "key.json"
    await asyncio.to_thread(file.write_text, json.dumps(gateway.key_file("old")))
    extra = {"key_path": str(file), "spanner_endpoint": gateway.target}
    connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
    monkeypatch.setenv(CONNECTION, connection)
    event = waiting(name, gateway.target)
    await until(lambda: ("GetOperation", "old") in gateway.seen)

    if lost == "connection":
        monkeypatch.setenv(CONNECTION, "{")
    else:
        await asyncio.to_thread(file.unlink)
    await until(lambda: "Connection not checked" in caplog.text)
    await asyncio.sleep(0.3)
    stage.finish_upon()
    payload = (await asyncio.wait_for(event, timeout=10)).payload

    assert "SUCCEEDED" == payload["snapshot"]["state"]
    assert 1 == caplog.text.count("Connection not checked")


@pytest.mark.slow
@pytest.mark.usefixtures("quick_checks")
async def test_rotations_leave_nothing_behind(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many keys there is one client, one channel and one poller, and no entry of any key."""
    poller = await shared_poller(ConnectionSpec(gcp_conn_id="one", endpoint=gateway.target))
    ((connection_spec, shared),) = pollers._of_loops[asyncio.get_running_loop()].pollers.items()
    clients = []
    for number in range(5):
        before = shared.fingerprint
        monkeypatch.setenv(CONNECTION, holding(gateway.add(f"k{number}"), target=gateway.target))
        await until(lambda before=before: shared.fingerprint != before)  # type: ignore[misc]
        clients.append(shared.client.channels.endpoint)

    assert 5 == len(set(map(id, clients)))
    assert poller is await shared_poller(connection_spec)
    assert 0 == shared.client.channels.waiting_to_close
    assert 1 == len(pollers._of_loops[asyncio.get_running_loop()].pollers)


async def test_silent_connection(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait whose connection has fallen silent goes on by another one."""
    monkeypatch.setattr(channels, "SILENT_AFTER", 0.2)
    monkeypatch.setattr("airflow_spanner_lro.admin.polling.watcher.CALL_TIMEOUT", 0.5)
    name = await asyncio.to_thread(began, stage, task, monkeypatch)
    with TcpProxy(stage.emulator.endpoint) as wire:
        event = waiting(name, f"http://{wire.endpoint}")
        before = len(stage.emulator.calls)
        await until(lambda: len(stage.emulator.calls) > before)

        silenced = wire.silence()
        stage.finish_upon()
        payload = (await asyncio.wait_for(event, timeout=10)).payload

    assert 1 == silenced
    assert "SUCCEEDED" == payload["snapshot"]["state"]


@pytest.mark.usefixtures("quick_checks")
async def test_unused_client_is_closed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has used for long is closed and forgotten, and nothing is read any more."""
    monkeypatch.setattr(pollers, "UNUSED_AFTER", 0.1)
    assert stage.emulator.running
    poller = await shared_poller(ConnectionSpec(gcp_conn_id="google_cloud_default", endpoint=None))
    shared = pollers._of_loops[asyncio.get_running_loop()]

    await until(lambda: not shared.pollers)
    await until(lambda: shared._checking is None)

    assert poller is not await shared_poller(
        ConnectionSpec(gcp_conn_id="google_cloud_default", endpoint=None)
    )


@pytest.mark.parametrize("hook", [SpannerAdminHook, SpannerAdminAsyncHook])
async def test_hooks_renew_by_themselves(
    hook: type[SpannerAdminHook | SpannerAdminAsyncHook],
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A task that waits for hours goes on with the key that its connection holds by then."""

    async def look(asking: SpannerAdminHook | SpannerAdminAsyncHook) -> dict[str, Any]:
        if isinstance(asking, SpannerAdminAsyncHook):
            return await asking.get_resource(name=DATABASE)
        return await asyncio.to_thread(asking.get_resource, name=DATABASE)

    asking = hook(gcp_conn_id="one")
    await look(asking)
    gateway.revoke("old")
    monkeypatch.setenv(CONNECTION, holding(gateway.add("new"), target=gateway.target))

    resource = await look(asking)

    assert DATABASE == resource["name"]
    assert "new" == gateway.seen[-1][1]


class Hiccup:
    """A secrets backend that is in trouble a number of times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, times: float) -> None:
        self.left = times
        self._read = SpannerAdminHook._require_connection.__func__  # type: ignore[attr-defined]
        monkeypatch.setattr(SpannerAdminHook, "_require_connection", self)

    def __call__(self, conn_id: str) -> Any:
        """Raise what Airflow raises, or read."""
        if self.left > 0:
            self.left -= 1
            raise ConnectionUnreadableError(conn_id, why="VaultDown")
        return self._read(SpannerAdminHook, conn_id)


async def test_hiccup_of_the_secrets_backend(
    stage: Stage, task: FakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that load while a connection cannot be read wait for it, and one of them reads."""
    monkeypatch.setattr(pollers, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(pollers, "_SPREAD", 0.05)
    name = await asyncio.to_thread(began, stage, task, monkeypatch)
    monkeypatch.setenv(CONNECTION, "google-cloud-platform://")
    hiccup = Hiccup(monkeypatch, times=2)
    events = [waiting(name, f"http://{stage.emulator.endpoint}") for _ in range(20)]

    await until(lambda: hiccup.left == 0)
    stage.finish_upon()
    payloads = [event.payload for event in await asyncio.gather(*events)]

    assert ["SUCCEEDED"] * 20 == [payload["snapshot"]["state"] for payload in payloads]


async def test_hiccup_until_the_deadline(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a deadline waits no longer than that, and says what he waited for."""
    assert stage.emulator.running
    Hiccup(monkeypatch, times=float("inf"))
    logged: list[str] = []
    deadline = datetime.now(tz=UTC) + timedelta(seconds=0.2)

    with pytest.raises(DeadlinePassedError):
        await wait_for_poller(ONE, deadline=deadline, log=logged.append)

    (line,) = logged
    assert line.startswith("Not connected: connection 'one' cannot be used just now")
    assert "VaultDown" in line


async def test_failed_builds_are_not_repeated_by_each(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many come while a connection cannot be read, it is read once within the pause."""
    assert stage.emulator.running
    hiccup = Hiccup(monkeypatch, times=100)

    for _ in range(20):
        with pytest.raises(NotConnectedError):
            await shared_poller(ONE)

    assert 99 == hiccup.left


async def test_connection_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error at once: no secrets backend has had trouble."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST", raising=False)

    with pytest.raises(UnusableConnectionError, match="airflow connections add nowhere"):
        await wait_for_poller(ConnectionSpec(gcp_conn_id="nowhere"), log=pytest.fail)


def test_trouble_is_told_from_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow takes a backend's error for an absence, so all backends are asked once more."""

    class Vault:
        """A secrets backend in trouble."""

        def get_connection(self, conn_id: str) -> None:
            """Raise."""
            raise TimeoutError(conn_id)

    monkeypatch.setattr(
        "airflow.sdk.execution_time.supervisor.ensure_secrets_backend_loaded", lambda: [Vault()]
    )

    with pytest.raises(ConnectionUnreadableError, match="Vault: TimeoutError: nowhere") as caught:
        SpannerAdminHook.get_connection("nowhere")

    assert isinstance(caught.value.__cause__, AirflowNotFoundException)


def test_trouble_of_the_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an emulator as well: the connection that cannot be read may name another endpoint."""
    monkeypatch.setenv("SPANNER_EMULATOR_HOST", "localhost:1")
    monkeypatch.setattr(connection, "why_unreadable", lambda conn_id: f"{conn_id}: 503")

    with pytest.raises(ConnectionUnreadableError, match="nowhere: 503"):
        SpannerAdminHook.get_connection("nowhere")
