# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""A client of the control interface, over real HTTP."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator
from tests.emulator.conftest import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator


class AskControl(Protocol):
    """Asks the control interface; returns status and body."""

    def __call__(self, verb: str, path: str, body: object = None) -> tuple[int, Any]:
        """Ask."""
        ...


@pytest.fixture
def emulator(clock: ManualClock) -> Iterator[SpannerAdminEmulator]:
    """Run an emulator with REST and one database."""
    with SpannerAdminEmulator(clock=clock, rest_port=0) as running:
        running.create_database(DATABASE)
        yield running


@pytest.fixture
def ask(emulator: SpannerAdminEmulator) -> AskControl:
    """Return a function that asks."""

    def call(verb: str, path: str, body: object = None) -> tuple[int, Any]:
        assert emulator.rest_port is not None
        connection = http.client.HTTPConnection(emulator.host, emulator.rest_port, timeout=10)
        data = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        headers = {} if data is None else {"Content-Type": "application/json"}
        connection.request(verb, f"/control{path}", body=data, headers=headers)
        response = connection.getresponse()
        found = json.loads(response.read())
        connection.close()
        return response.status, found

    return call
