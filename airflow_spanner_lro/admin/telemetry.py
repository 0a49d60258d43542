# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What asking and waiting tell about themselves. Who listens, and where it goes, is not known here.

Airflow's stats listen in Airflow's processes (``metrics.py``); elsewhere nobody does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.polling.urgency import Urgency
    from airflow_spanner_lro.core.status import Code


class Telemetry(Protocol):
    """Is told what happens. Must return at once and raise nothing."""

    def requested(self, *, method: str, code: Code) -> None:
        """Hear of one request to Spanner: the RPC's name, and how it was answered."""

    def waiting(self, *, operations: int) -> None:
        """Hear how many operations are being waited for now, in this process."""

    def detected(self, *, snapshot: OperationSnapshot, at: datetime) -> None:
        """Hear that an operation was seen to have ended, and when it was seen."""

    def held_back(self, *, urgency: Urgency, seconds: float) -> None:
        """Hear how long a request had to wait for the budget, in seconds."""


class NoTelemetry:
    """Nobody listens."""

    def requested(self, *, method: str, code: Code) -> None:
        """Do nothing."""

    def waiting(self, *, operations: int) -> None:
        """Do nothing."""

    def detected(self, *, snapshot: OperationSnapshot, at: datetime) -> None:
        """Do nothing."""

    def held_back(self, *, urgency: Urgency, seconds: float) -> None:
        """Do nothing."""


NO_TELEMETRY = NoTelemetry()
