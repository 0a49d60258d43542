# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""An emulator in a process of its own, in real time, and its control interface."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import grpc
import httpx
from google.cloud import spanner_admin_database_v1 as database_v1
from google.cloud.spanner_admin_database_v1.services.database_admin.transports import (
    DatabaseAdminGrpcTransport,
)

from tests.cluster.processes import ProcessRun, ProcessSpec
from tests.cluster.waiting import wait_until
from tests.cluster.watchdog import package_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.cluster.processes import ManagedProcess

_READY = re.compile(r"ready on (\S+), and for REST on (http://\S+)\. Ctrl-C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """Talks to the emulator from outside.

    :param endpoint: for gRPC, in plain text
    """

    endpoint: str
    control: httpx.Client

    def plan(self, *, kind: str, duration: object) -> None:
        """Say how long operations of a kind take that start from now on."""
        self._post("plans", {"kind": kind, "plan": {"duration": duration}})

    def create_database(self, name: str) -> None:
        """Put a database there, with its instance."""
        self._post("databases", {"name": name})

    def ends(self) -> dict[str, datetime]:
        """Return when each operation ended that has ended, by name."""
        return {
            row["name"]: datetime.fromisoformat(row["ended"])
            for row in self._get("operations")["operations"]
            if row["done"]
        }

    def calls_since(self, moment: float) -> tuple[tuple[str, float], ...]:
        """Return method and real time of each call since a real time."""
        calls = self._get("calls", since=str(moment))["calls"]
        return tuple((call["method"], call["real_time"]) for call in calls)

    def calls_about(self, moment: float) -> tuple[tuple[str, str, float], ...]:
        """Return method, resource and real time of each call since a real time."""
        calls = self._get("calls", since=str(moment))["calls"]
        return tuple((call["method"], call["resource"], call["real_time"]) for call in calls)

    def admin(self) -> database_v1.DatabaseAdminClient:
        """Return Google's client for it."""
        return admin_of(self.endpoint)

    def _post(self, route: str, body: Mapping[str, object]) -> None:
        self.control.post(route, json=body).raise_for_status()

    def _get(self, route: str, **query: str) -> Any:
        return self.control.get(route, params=query).raise_for_status().json()


def admin_of(endpoint: str) -> database_v1.DatabaseAdminClient:
    """Return Google's client for an emulator, in plain text."""
    channel = grpc.insecure_channel(endpoint)
    return database_v1.DatabaseAdminClient(transport=DatabaseAdminGrpcTransport(channel=channel))


@contextmanager
def running_emulator(*, folder: Path) -> Iterator[Emulator]:
    """Run an emulator; nothing of it is alive afterwards.

    :param folder: for its log
    """
    with ProcessRun() as run:
        process = run.start(
            ProcessSpec(
                name="emulator",
                command=[
                    sys.executable,
                    *("-m", "airflow_spanner_lro.emulator", "--port", "0", "--rest-port", "0"),
                ],
                environment={"PYTHONPATH": package_path(), "PYTHONUNBUFFERED": "1"},
                directory=folder,
                log_path=folder / "emulator.log",
            )
        )
        endpoint, rest = wait_until(
            lambda: _addresses(process), timeout=60, what="the emulator to be ready"
        )
        with httpx.Client(base_url=f"{rest}/control/", timeout=120, trust_env=False) as control:
            yield Emulator(endpoint=endpoint, control=control)


def _addresses(process: ManagedProcess) -> tuple[str, ...]:
    process.check()
    found = _READY.search(process.spec.log_path.read_text())
    return found.groups() if found else ()
