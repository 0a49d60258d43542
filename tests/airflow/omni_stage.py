# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A connection to what stands for Spanner Omni, and a Google that gives nobody a token."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from airflow.providers.google.common.hooks.base_google import GoogleBaseHook

from airflow_spanner_lro.core.names import DatabaseName
from tests.support.omni_gateway import OMNI_INSTANCE, OmniGateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook
    from tests.airflow.fakes import Stage

ORDERS = f"{OMNI_INSTANCE}/databases/orders"
NAME = DatabaseName.parse(ORDERS)
HERE: dict[str, Any] = {"gcp_conn_id": "omni", "project_id": None, "instance_id": "default"}
INTO = {**HERE, "task_id": "create", "database_id": "new", "deferrable": True}


def connect(monkeypatch: pytest.MonkeyPatch, extras: dict[str, str]) -> None:
    """Let the connection ``omni`` have these extras."""
    stored = json.dumps({"conn_type": "google_cloud_platform", "extra": extras})
    monkeypatch.setenv("AIRFLOW_CONN_OMNI", stored)


@contextmanager
def omni_at(
    stage: Stage, *, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OmniGateway]:
    """Return what stands for Omni, with the connection ``omni`` to it."""
    monkeypatch.delenv("SPANNER_EMULATOR_HOST")
    stage.emulator.create_instance(OMNI_INSTANCE)
    stage.emulator.create_database(ORDERS)

    def asked(*_: object, **__: object) -> None:
        pytest.fail("Google's credentials were asked for")

    monkeypatch.setattr(GoogleBaseHook, "get_credentials_and_project_id", asked)
    with OmniGateway(stage.emulator.endpoint, folder) as gateway:
        connect(monkeypatch, gateway.extras())
        yield gateway


async def until(condition: Callable[[], object]) -> None:
    """Return when something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # of other threads
            await asyncio.sleep(0.01)


def state(hook: SpannerAdminHook) -> str:
    """Ask once for the state of the database."""
    return hook.client.get_resource_state(name=NAME).state
