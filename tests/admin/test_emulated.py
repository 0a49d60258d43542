# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A client learns from the emulator's answers how fast its time goes, also from refusals."""

from __future__ import annotations

import asyncio
from concurrent import futures
from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials

from airflow_spanner_lro.admin.async_client import AsyncSpannerAdminClient
from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.admin.emulated import emulated, note_metadata
from airflow_spanner_lro.core.connection import TIME_SCALE_HEADER
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.core.polling.seen import Emulated
from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator, SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.emulator.clock import Clock

MISSING = InstanceName(project="p", instance="not-there")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what emulators of other tests said: a port that was free once is used again."""
    monkeypatch.setattr("airflow_spanner_lro.admin.emulated._scales", {})


@pytest.fixture(params=[SystemClock(scale=60), ManualClock()], ids=["fast", "still"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[Endpoint, float]]:
    """Return where an emulator answers, and its scale."""
    clock: Clock = request.param
    with SpannerAdminEmulator(clock=clock) as emulator:
        yield Endpoint(target=emulator.endpoint, plain_text=True), clock.anchor().scale


def test_sync_client_learns_the_scale(server: tuple[Endpoint, float]) -> None:
    """Before the first answer nothing is known of the scale; a refusal tells it as well."""
    endpoint, scale = server
    assert Emulated(time_scale=None) == emulated(endpoint)
    with pytest.raises(exceptions.NotFound):
        SpannerAdminClient(endpoint).get_resource_state(name=MISSING)
    assert Emulated(time_scale=scale) == emulated(endpoint)


def test_async_client_learns_the_scale(server: tuple[Endpoint, float]) -> None:
    """A triggerer's client learns it by itself."""
    endpoint, scale = server

    async def ask() -> None:
        client = AsyncSpannerAdminClient(endpoint)
        with pytest.raises(exceptions.NotFound):
            await client.get_resource_state(name=MISSING)
        await client.close()

    asyncio.run(ask())
    assert Emulated(time_scale=scale) == emulated(endpoint)


def test_other_emulators_tell_nothing() -> None:
    """A server that says nothing of its time, as Google's emulator, is an emulator all the same."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    endpoint = Endpoint(target=f"127.0.0.1:{port}", plain_text=True)
    try:
        with pytest.raises(exceptions.MethodNotImplemented):
            SpannerAdminClient(endpoint).get_resource_state(name=MISSING)
    finally:
        server.stop(None).wait()
    assert Emulated(time_scale=None) == emulated(endpoint)


def test_what_speaks_tls_is_no_emulator() -> None:
    """Spanner itself is never called an emulator."""
    assert emulated(Endpoint(credentials=AnonymousCredentials())) is None


@pytest.mark.parametrize("said", ["", "fast", "nan", "-1", "inf", b"\xff"])
def test_nonsense_is_not_believed(said: str | bytes) -> None:
    """A scale that cannot be is not remembered."""
    endpoint = Endpoint(target="nonsense:1", plain_text=True)
    note_metadata(endpoint.target, [("other", "60"), (TIME_SCALE_HEADER, said)])
    note_metadata(endpoint.target, None)
    assert Emulated(time_scale=None) == emulated(endpoint)
