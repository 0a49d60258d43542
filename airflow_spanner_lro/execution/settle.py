# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Seeing an earlier try's operation to its end, before this try may start another one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.flows.policy import PollPolicy
from airflow_spanner_lro.core.operations.errors import CancelNotSettledError
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.metrics import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.execution.kill import WorkerWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an earlier try has left running.

    :param settle_timeout: how long to wait for its end, in seconds
    :param tell: logs a line
    """

    watch: WorkerWatch
    settle_timeout: float
    tell: Callable[[str], None]

    def await_cancel(self, snapshot: OperationSnapshot) -> OperationSnapshot:
        """Wait until an operation that is being cancelled has ended, and return its end.

        :raises CancelNotSettledError: if it has not in time, or the task is killed meanwhile
        """
        self.tell(f"{snapshot.name} is being cancelled; waiting for that to end.")
        try:
            return self.watch.wait(
                name=snapshot.name,
                policy=PollPolicy(),
                deadline=self.watch.now() + timedelta(seconds=self.settle_timeout),
            )
        except (DeadlinePassedError, WaitStoppedError) as exc:
            raise CancelNotSettledError(
                Settlement(name=snapshot.name, ending=Ending.STILL_RUNNING, snapshot=snapshot)
            ) from exc

    def stop(self, name: OperationName, *, cleans_up: bool) -> OperationSnapshot | None:
        """Cancel an operation and return its end; None if Spanner no longer knows it.

        :raises CancelNotSettledError: if it goes on, or its end is not seen in time
        """
        settlement = self.watch.stop(
            name=name, cleans_up=cleans_up, timeout=self.settle_timeout, cause=Cause.RETRY
        )
        self.tell(settlement.sentence)
        if not settlement.settled:
            raise CancelNotSettledError(settlement)
        return settlement.snapshot
