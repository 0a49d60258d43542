# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One try of a task in one process on a worker: its ledger, its deadline, what a kill would stop.

A try that defers goes on in another process, with another attempt; what must stay the same in
both comes from the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from airflow_spanner_lro import metrics, settings
from airflow_spanner_lro.core.operations.errors import OperationKilledError
from airflow_spanner_lro.core.operations.event import WaitOutcome
from airflow_spanner_lro.core.tries.resume import killed_late
from airflow_spanner_lro.execution.store import TaskLedger
from airflow_spanner_lro.execution.deadline import deadline_of_try
from airflow_spanner_lro.execution.kill import WorkerWatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from airflow.sdk import Context

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.follow_up import FollowUp
    from airflow_spanner_lro.core.operations.settlement import Settlement
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.operations.statements import Statement
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry
    from airflow_spanner_lro.hooks.spanner_admin import SpannerAdminHook


@dataclass(slots=True, kw_only=True)
class Attempt:
    """What one process knows and does on behalf of one try.

    :param tell: logs a line
    :param deadline: when the patience of the try ends
    :param context: Airflow's
    :param cleans_up: whether what an operation made in spite of a cancel is deleted
    :param running: the operation that a kill stops, None if there is nothing to stop
    """

    ledger: TaskLedger
    watch: WorkerWatch
    tell: Callable[[str], None]
    deadline: datetime | None
    context: Context
    cleans_up: bool
    running: OperationName | None = None

    @classmethod
    def begin(
        cls,
        context: Context,
        *,
        hook: SpannerAdminHook,
        execution_timeout: timedelta | None,
        operation_timeout: timedelta | float | None,
        cleans_up: bool,
        tell: Callable[[str], None],
    ) -> Self:
        """Return the attempt of the process in which a try starts."""
        return cls(
            ledger=TaskLedger(context),
            watch=WorkerWatch(client=hook.client, new_client=hook.new_client, tell=tell),
            tell=tell,
            context=context,
            cleans_up=cleans_up,
            deadline=deadline_of_try(
                started=context["ti"].start_date,
                execution_timeout=execution_timeout,
                operation_timeout=operation_timeout,
            ),
        )

    def take_over(self) -> LedgerEntry | None:
        """Go on after a deferral, with the deadline of the process before; return its entry.

        Airflow 3.3.2 tells a start of the try here that is seconds earlier than the one it told
        the process that started.
        """
        entry = self.ledger.latest()
        if entry and entry.try_number == self.ledger.try_number:
            self.deadline = entry.deadline
            # what is done but for a follow-up must not be undone
            self.cleans_up = self.cleans_up and entry.follow_up is None
        return entry

    @property
    def too_late(self) -> bool:
        """The deadline has passed."""
        return self.deadline is not None and self.watch.now() >= self.deadline

    def go_on_with(self, follow_up: FollowUp, *, after: OperationSnapshot) -> None:
        """Note that all is done but for a follow-up, whose end must not undo what is done.

        :param after: the operation that has done it
        """
        self.running = follow_up.name if follow_up.ours else None
        self.cleans_up = False
        if entry := self.ledger.latest():
            if entry.follow_up is None:
                self._time(after, entry)
            entry = entry.goes_on_as(follow_up)
            self.ledger.update(entry)
            self.ledger.publish(entry)

    def time_out(self, name: OperationName, *, cancels: bool) -> WaitOutcome:
        """Return what became of an operation whose deadline has passed, after stopping it."""
        settlement: Settlement | None = None
        if cancels:
            self.tell(f"The deadline {self.deadline} has passed; cancelling.")
            settlement = self.watch.stop(
                name=name,
                cleans_up=self.cleans_up,
                timeout=settings.settle_timeout(),
                cause=metrics.Cause.DEADLINE,
            )
            self.tell(settlement.sentence)
        return WaitOutcome(name=name, settlement=settlement)

    def killed(self, name: OperationName) -> OperationKilledError:
        """Return the error of a try that was killed, which says what became of its operation."""
        settlement = self.watch.settlement_of_kill(timeout=settings.settle_timeout())
        if settlement and not settlement.settled:
            self._note_stopping(name)
        return OperationKilledError("The task was killed", name=name, settlement=settlement)

    def statements(self, snapshot: OperationSnapshot | None) -> tuple[Statement, ...]:
        """Return the statements of a schema change over all tries, with what is committed.

        :param snapshot: the operation of this try at its end; None if it needed none
        """
        entry = self.ledger.latest()
        return entry.statements_after(snapshot) if entry else ()

    def killed_late(self, outcome: WaitOutcome) -> bool:
        """Tell whether the operation was ended by a kill of the try before, after its adoption."""
        entry, snapshot = self.ledger.latest(), outcome.snapshot
        if entry is None or snapshot is None or entry.operation != snapshot.name:
            return False
        return killed_late(entry=entry, snapshot=snapshot, now=self.watch.now())

    def note_end(self, outcome: WaitOutcome) -> None:
        """Write down what the end of a wait that failed leaves behind.

        An operation that is left to itself is none of the reaper's business; one whose cancel has
        not settled is, unless the next try comes first.
        """
        if outcome.settled:
            self.close(outcome.name, outcome.last)
        elif outcome.settlement is not None:
            self._note_stopping(outcome.name)
        elif (entry := self.ledger.latest()) and not entry.closed:
            self.ledger.update(entry.spare())

    def _note_stopping(self, name: OperationName) -> None:
        entry = self.ledger.latest()
        if entry and entry.operation == name and not entry.closed:
            self.ledger.update(entry.stop(self.watch.now()))

    def close(self, name: OperationName, snapshot: OperationSnapshot | None = None) -> None:
        """Write down that nothing is owed for an operation any more.

        The end of a follow-up alone closes nothing: the next try delivers what was done before it,
        and goes on from there.

        :param snapshot: the operation at its end, if that is known
        """
        self.running = None
        entry = self.ledger.latest()
        self._time(snapshot, entry)
        if entry and entry.operation == name:
            self.ledger.update(entry.close(snapshot))

    def deliver(self, snapshot: OperationSnapshot | None) -> None:
        """Write down that everything was done and delivered; a kill has nothing to stop any more.

        :param snapshot: the last operation at its end; None if none was needed
        """
        self.running = None
        entry = self.ledger.latest()
        self._time(snapshot, entry)
        if entry:
            own = snapshot if snapshot and snapshot.name == entry.operation else None
            self.ledger.update(entry.close(own))

    def _time(self, snapshot: OperationSnapshot | None, entry: LedgerEntry | None) -> None:
        """Time the operation that is being concluded, if its end is known."""
        own = entry is not None and snapshot is not None and entry.operation == snapshot.name
        started = entry.intended if entry and own else None
        metrics.time_operation(snapshot, at=self.watch.now(), started=started)
