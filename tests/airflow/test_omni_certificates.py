# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The certificates of a connection to Spanner Omni: no use, not taken, replaced while in use."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, cast

import pytest
from google.api_core.exceptions import ServiceUnavailable

from airflow_spanner_lro.admin import async_client, client
from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import UnavailableError, UnusableConnectionError
from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
from airflow_spanner_lro.hooks.spanner_admin_async import SpannerAdminAsyncHook
from airflow_spanner_lro.operators.databases import (
    SpannerCreateDatabaseOperator,
    SpannerDropDatabaseOperator,
)
from airflow_spanner_lro.triggers import pollers
from airflow_spanner_lro.triggers.operation import SpannerOperationTrigger
from airflow_spanner_lro.triggers.pollers import shared_poller
from tests.airflow.fakes import LONG
from tests.airflow.omni_stage import HERE, INTO, NAME, ORDERS, connect, omni_at, state, until
from tests.airflow.task_runner import play
from tests.support.omni_gateway import Authority, Identity, OmniGateway

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

    from airflow.triggers.base import TriggerEvent

    from tests.airflow.fakes import FakeTask, Stage


@pytest.fixture
def gateway(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OmniGateway]:
    """Return what stands for Omni, with the connection ``omni`` to it."""
    with omni_at(stage, folder=tmp_path, monkeypatch=monkeypatch) as gateway:
        yield gateway


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let connections be read fifty times a second."""
    for module, name in (
        (pollers, "CHECK_EVERY"),
        (client, "RENEW_AGAIN"),
        (async_client, "RENEW_AGAIN"),
    ):
        monkeypatch.setattr(module, name, 0.02 if module is pollers else 0.0)


@pytest.mark.parametrize(
    ("extra", "content", "problem"),
    [
        ("ca", None, "cannot be read (No such file or directory)"),
        ("client_certificate", None, "cannot be read (No such file or directory)"),
        ("client_key", None, "cannot be read (No such file or directory)"),
        ("ca", "secret words", "is no certificate in PEM form"),
        ("client_certificate", "secret words", "is no certificate in PEM form"),
        ("client_key", "secret words", "is not the private key of spanner_client_certificate"),
        ("client_key", "another's", "(KEY_VALUES_MISMATCH)"),
        ("client_key", "locked", "in PEM form and without a password"),
    ],
)
def test_file_that_is_no_use(
    gateway: OmniGateway, *, extra: str, content: str | None, problem: str
) -> None:
    """What is wrong with a file is told with extra and path, and nothing of what is in it."""
    file = gateway.files[extra]
    if content is None:
        file.unlink()
    elif content == "another's":
        file.write_bytes(gateway.authority.identity("another").key)
    elif content == "locked":
        gateway.hand_out(gateway.authority.identity("airflow", password=b"secret words"))
    else:
        file.write_text(content)

    with pytest.raises(UnusableConnectionError) as caught:
        SpannerAdminHook(gcp_conn_id="omni").connect()

    said = str(caught.value)
    name = "spanner_ca_certificate" if extra == "ca" else f"spanner_{extra}"
    assert f"Connection 'omni' is not usable: {name}='{file}' " in said
    assert problem in said
    assert "secret words" not in said
    assert not gateway.seen


@pytest.mark.parametrize(
    ("trouble", "check"),
    [
        ("other authority", "the file spanner_ca_certificate of the connection"),
        ("no certificate", "check the file spanner_client_certificate as well"),
        ("stranger", "check the file spanner_client_certificate as well"),
        ("expired", "check the file spanner_client_certificate as well"),
        ("plain server", "check whether the endpoint speaks it"),
    ],
)
def test_handshake_that_fails(  # one for each fixture
    *,
    stage: Stage,
    gateway: OmniGateway,
    task: FakeTask,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    check: str,
) -> None:
    """A task that cannot agree on TLS says which file to look at, and may be retried."""
    changed = {}
    if trouble == "other authority":
        gateway.files["ca"].write_bytes(Authority("other").certificate)
    elif trouble == "no certificate":
        changed = {"spanner_client_certificate": "", "spanner_client_key": ""}
    elif trouble == "stranger":
        gateway.hand_out(Authority("other").identity("airflow"))
    elif trouble == "expired":
        gateway.hand_out(gateway.authority.identity("airflow", expired=True))
    else:
        changed = {"spanner_endpoint": stage.emulator.endpoint}
    connect(monkeypatch, gateway.extras(**changed))
    delete = SpannerDropDatabaseOperator(task_id="drop", database_id="orders", **HERE)

    with pytest.raises(UnavailableError, match=check):
        delete.execute(task.context)

    assert stage.has(ORDERS)
    assert not gateway.seen


def test_certificate_without_a_client(
    gateway: OmniGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may have no client certificate, for a server that asks for none."""
    connect(monkeypatch, gateway.extras(spanner_client_certificate="", spanner_client_key=""))

    endpoint = SpannerAdminHook(gcp_conn_id="omni").connect()

    assert endpoint.certificates is not None
    assert endpoint.certificates.own is endpoint.certificates.key is None


def test_certificates_are_not_shown(gateway: OmniGateway) -> None:
    """Neither the representation of an endpoint nor that of its hook has a word of the files."""
    hook = SpannerAdminHook(gcp_conn_id="omni")
    endpoint = hook.connect()

    shown = f"{endpoint!r} {endpoint.certificates!r} {vars(hook)!r} {hook.connection_spec!r}"

    assert "PRIVATE" not in shown
    assert "CERTIFICATE" not in shown
    assert str(gateway.files["client_key"]) not in repr(hook.connection_spec)


@pytest.mark.usefixtures("quick_checks")
@pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
def test_client_takes_new_certificates(gateway: OmniGateway, *, awaited: bool) -> None:
    """A client whose certificate is not taken reads its files again, for the next request."""
    gateway.hand_out(gateway.authority.identity("late", expired=True))
    answers: list[str] = []

    def put_right() -> None:
        gateway.hand_out(gateway.authority.identity("renewed"))

    async def ask() -> None:
        async with SpannerAdminAsyncHook(gcp_conn_id="omni") as hook:
            asked = await hook.get_client()
            with pytest.raises(ServiceUnavailable):
                await asked.get_resource_state(name=NAME)
            await asyncio.to_thread(put_right)
            with pytest.raises(ServiceUnavailable):
                await asked.get_resource_state(name=NAME)
            answers.append((await asked.get_resource_state(name=NAME)).state)

    if awaited:
        asyncio.run(ask())
    else:
        hook = SpannerAdminHook(gcp_conn_id="omni")
        with pytest.raises(ServiceUnavailable):
            state(hook)
        put_right()
        with pytest.raises(ServiceUnavailable):
            state(hook)
        answers.append(state(hook))

    assert ["READY"] == answers
    assert [("GetDatabase", "renewed")] == gateway.seen


@pytest.mark.usefixtures("quick_checks")
async def test_waits_take_new_certificates(
    stage: Stage, task: FakeTask, gateway: OmniGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """What waits in a triggerer goes on with files that were replaced, and says nothing of them."""
    caplog.set_level(logging.DEBUG)
    stage.emulator.plan(LONG)
    operator = SpannerCreateDatabaseOperator(**INTO | {"deferrable": False})
    operator.wait_for_completion = False
    name = await asyncio.to_thread(play, operator, task)
    trigger = SpannerOperationTrigger(
        operation=name, gcp_conn_id="omni", endpoint=f"omni://{gateway.target}"
    )
    events = cast("AsyncGenerator[TriggerEvent, None]", trigger.run())
    event = asyncio.ensure_future(anext(events))
    await until(lambda: ("GetOperation", "airflow") in gateway.seen)

    await asyncio.to_thread(gateway.hand_out, gateway.authority.identity("renewed"))
    await until(lambda: ("GetOperation", "renewed") in gateway.seen)
    stage.finish_upon()
    payload = (await asyncio.wait_for(event, timeout=10)).payload

    assert "SUCCEEDED" == payload["snapshot"]["state"]
    assert "Credentials renewed: connection 'omni' has changed" in caplog.text
    assert "PRIVATE KEY" not in caplog.text


@pytest.mark.usefixtures("quick_checks")
async def test_half_of_a_rotation(gateway: OmniGateway, caplog: pytest.LogCaptureFixture) -> None:
    """While only one of the two files is new the old pair is used, and then the new one."""
    spec = ConnectionSpec(gcp_conn_id="omni", endpoint=f"omni://{gateway.target}")
    poller = await shared_poller(spec)
    fresh = gateway.authority.identity("renewed")
    old = await asyncio.to_thread(gateway.files["client_key"].read_bytes)

    await asyncio.to_thread(gateway.hand_out, Identity(certificate=fresh.certificate, key=old))
    await until(lambda: "Connection not checked" in caplog.text)
    await asyncio.to_thread(gateway.hand_out, fresh)
    shared = next(
        each
        for each in pollers._of_loops[asyncio.get_running_loop()].pollers.values()
        if each.poller is poller
    )
    certificate = fresh.certificate
    await until(lambda: shared.client.channels.endpoint.certificates.own == certificate)  # type: ignore[union-attr]

    assert "KEY_VALUES_MISMATCH" in caplog.text
