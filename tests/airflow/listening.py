# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of wake-ups publish, and who stands for a poller."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.triggers import wake_ups
from tests.support.log_lines import logged

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from airflow_spanner_lro.core.polling.wake_ups import WakeUp
    from tests.airflow.stats_recorder import StatsRecorder

TOPIC = "projects/test/topics/audit"
SUBSCRIPTION = "projects/test/subscriptions/triggerer-0"
OPERATION = "projects/test/instances/main/backups/nightly/operations/_auto_op_1"


class Recorder:
    """Stands for a poller: keeps what wakes it.

    :ivar watched: of how many operations it says that a wake-up is about them
    """

    def __init__(self) -> None:
        self.woken: list[WakeUp] = []
        self.lost = 0
        self.watched = 1

    def wake_up(self, wake_up: WakeUp) -> int:
        """Keep a wake-up."""
        self.woken.append(wake_up)
        return self.watched

    def wake_ups_lost(self) -> None:
        """Count."""
        self.lost += 1


def entry(**changes: Any) -> bytes:
    """Return an entry about the end of a backup."""
    content: dict[str, Any] = {
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "spanner.googleapis.com",
            "methodName": "google.spanner.admin.database.v1.DatabaseAdmin.CreateBackup",
            "resourceName": "projects/test/instances/main",
        },
        "timestamp": (datetime.now(tz=UTC) - timedelta(seconds=2)).isoformat(),
        "operation": {"id": OPERATION, "last": True},
    }
    return json.dumps(content | changes).encode()


def nameless() -> dict[str, str]:
    """Return what an entry holds that names nothing."""
    return {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "spanner.googleapis.com",
    }


async def until(holds: Callable[[], object]) -> None:
    """Return when something is so."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  # of other threads
            await asyncio.sleep(0.01)


def effects(stats: StatsRecorder) -> dict[str, int]:
    """Return how many messages were counted, by what they did."""
    counted = stats.counted("spanner_lro.wake_ups")
    return {tag.removeprefix("effect="): count for tag, count in counted.items()}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what listening has warned of."""
    return logged(caplog, wake_ups.__name__, level=logging.WARNING)
