# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a row ends: cancelled, succeeded, untouched, or served by another try. Each waits and judges.

What is wrong is returned and not raised, so that the table can show what was seen all the same.
"""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.snapshot import OperationState
from tests.cluster.errors import NotReachedError
from tests.cluster.rest_api import RunState
from tests.e2e.guarantee.looking import GET_READY, Looks
from tests.e2e.guarantee.rows import ALLOWANCE, Seen

if TYPE_CHECKING:
    from tests.e2e.guarantee.looking import Going

A_WHILE = 15.0
"""Seconds in which what must not happen would have happened."""


class Verdicts(Looks):
    """A view of the world, and judgements of it."""

    def cancelled(
        self, going: Going, *, since: float, again: bool = False, early: float = 0.0
    ) -> Seen:
        """Wait for the cancel of an operation, and for its end; return what was seen.

        :param since: when the causing event happened
        :param again: whether a later try may have started another operation
        :param early: how many seconds before that it may have been cancelled
        """
        patience = (self.row.bound(allowance=ALLOWANCE) or 60.0) + 15
        with suppress(NotReachedError):
            self.until(
                lambda: self.cancels(going.operation),
                what="the cancel",
                timeout=max(0.0, since + patience - time.time()),
                interval=0.05,
            )
        cancels = self.cancels(going.operation)
        if not cancels:
            return Seen(words="not cancelled", wrong=f"no cancel in {patience:g} s")
        seconds = cancels[0].real_time - since
        ended = self.world.wait_for_end(going.operation)
        faults = []
        if seconds < -early:
            faults.append(f"it was cancelled {-seconds:.1f} s before that")
        if ended.state is not OperationState.CANCELLED:
            faults.append(f"the operation is {ended.state}")
        if again:
            faults.extend(self._overlaps(going.task_id))
        else:
            faults.extend(self._starts(going.operation))
            if self.world.exists(going.operation):
                faults.append("the backup is still there")
        return Seen(words="cancelled", seconds=max(0.0, seconds), wrong="; ".join(faults))

    def succeeded(self, going: Going, *, timeout: float = 180.0) -> Seen:
        """Wait for the end of an operation and of its run, both a success; return what was seen."""
        ended = self.world.wait_for_end(going.operation, timeout=timeout)
        run = self.world.api.wait_for_run(going.run, timeout=timeout, interval=1.0)
        faults = self._touched(going.operation)
        if ended.state is not OperationState.SUCCEEDED:
            faults.append(f"the operation is {ended.state}")
        if run.state is not RunState.SUCCESS:
            faults.append(f"the run is {run.state}")
        return Seen(words="succeeded", wrong="; ".join(faults))

    def untouched(self, going: Going, *, since: float) -> Seen:
        """Let a while pass, in which an operation runs on; return what was seen."""
        self.let_pass(since=since)
        faults = self._touched(going.operation)
        state = self.world.view(going.operation).state
        if state is not OperationState.RUNNING:
            faults.append(f"the operation is {state}")
        return Seen(words="runs on", wrong="; ".join(faults))

    def served_again(self, going: Going, *, since: float) -> Seen:
        """Wait for the try after a clear; one operation serves it, started anew or adopted.

        :param since: when the task was cleared
        """
        self.until(
            lambda: self.record(going),
            accept=lambda record: record.try_number > 1 and record.operation is not None,
            what="the next try",
            timeout=GET_READY,
            interval=1.0,
        )
        # a kill that comes late is given the time
        self.let_pass()
        serving = str(self.record(going).operation)
        running = [each.name for each in self.operations(going.task_id) if not each.done]
        faults = self._overlaps(going.task_id)
        if running != [serving]:
            faults.append(f"{running or 'nothing'} runs, and {serving} is waited for")
        wrong = "; ".join(faults)
        if serving == going.operation:
            return Seen(words="adopted", wrong=wrong, excused=True)
        cancels = self.cancels(going.operation)
        seconds = cancels[0].real_time - since if cancels else None
        return Seen(words="cancelled, started anew", seconds=seconds, wrong=wrong)

    def let_pass(self, *, since: float | None = None, seconds: float = A_WHILE) -> None:
        """Let time pass: for what must not happen, there is nothing else to wait for."""
        end = (time.time() if since is None else since) + seconds
        self.until(lambda: time.time() >= end, what="time to pass")

    def _touched(self, operation: str) -> list[str]:
        faults = self._starts(operation)
        if cancels := self.cancels(operation):
            faults.append(f"it was cancelled {len(cancels)} times")
        return faults

    def _starts(self, operation: str) -> list[str]:
        starts = len(self.world.starts_of(operation))
        return [] if starts == 1 else [f"it was started {starts} times"]

    def _overlaps(self, task_id: str) -> list[str]:
        return [
            f"{after.name} was started while {before.name} ran"
            for before, after in pairwise(self.operations(task_id))
            if before.ended is None or before.ended > after.started
        ]
