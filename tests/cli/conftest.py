# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Operations that are under way, for both command lines to show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_spanner_lro.admin.client import SpannerAdminClient
from airflow_spanner_lro.admin.connect import Endpoint
from airflow_spanner_lro.core import kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.emulator import ManualClock, SpannerAdminEmulator

INSTANCE = "projects/p1/instances/main"
DATABASE = f"{INSTANCE}/databases/orders"


class Starter:
    """Starts operations in the instance of the tests, and returns their names."""

    def __init__(
        self, client: SpannerAdminClient, *, emulator: SpannerAdminEmulator, clock: ManualClock
    ) -> None:
        self._client = client
        self._emulator = emulator
        self._clock = clock

    def backup(self, backup_id: str = "nightly", *, database: str = DATABASE) -> str:
        """Start a backup."""
        self._emulator.create_database(database, if_missing=True)
        backup = {"database": database, "expire_time": self._clock.now() + timedelta(days=9)}
        request = {"parent": INSTANCE, "backup_id": backup_id, "backup": backup}
        return self._start(kinds.CREATE_BACKUP, request)

    def schema_change(self, *statements: str) -> str:
        """Start a change of the database's schema."""
        self._emulator.create_database(DATABASE, if_missing=True)
        return self._start(
            kinds.UPDATE_DATABASE_DDL, {"database": DATABASE, "statements": [*statements]}
        )

    def database(self, database_id: str) -> str:
        """Start to create a database, which tells no percentage."""
        self._emulator.create_database(DATABASE, if_missing=True)
        request = {"parent": INSTANCE, "create_statement": f"CREATE DATABASE `{database_id}`"}
        return self._start(kinds.CREATE_DATABASE, request)

    def more_nodes(self, number: int = 3) -> str:
        """Start to resize the instance."""
        self._emulator.create_database(DATABASE, if_missing=True)
        request = {
            "instance": {"name": INSTANCE, "node_count": number},
            "field_mask": {"paths": ["node_count"]},
        }
        return self._start(kinds.UPDATE_INSTANCE, request)

    def _start(self, kind: OperationKind, request: dict[str, Any]) -> str:
        return str(self._client.start(kind=kind, request=kind.request_type()(request)).name)


@pytest.fixture
def starter(
    spanner_emulator: SpannerAdminEmulator,
    emulator_clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Starter]:
    """Return what starts operations; no project comes from the environment."""
    for name in ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    client = SpannerAdminClient(Endpoint(target=spanner_emulator.endpoint, plain_text=True))
    yield Starter(client, emulator=spanner_emulator, clock=emulator_clock)
    client.close()


@pytest.fixture
def operation(starter: Starter) -> str:
    """Return the name of a backup operation that has just been started."""
    return starter.backup()
