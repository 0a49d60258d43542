# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Starting once: performs what ``core/resume.py`` decides, and keeps the ledger true meanwhile.

The intent is written before the start call and completed after it, so a crash between the two
leaves a trace, and a start whose answer was lost is found again by its target or its name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.errors import CancelNotSettledError, ResumeConflictError
from airflow_spanner_lro.core.flows import DeadlinePassedError
from airflow_spanner_lro.core.ledger import LedgerEntry
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.policy import PollPolicy
from airflow_spanner_lro.core.resume import NextStep, next_step
from airflow_spanner_lro.core.settlement import Ending, Settlement
from airflow_spanner_lro.core.status import Code, code_of, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.snapshot import OperationSnapshot
    from airflow_spanner_lro.operators.ledger import TaskLedger
    from airflow_spanner_lro.operators.watch import WorkerWatch

_CLOCK_SKEW = timedelta(seconds=10)
"""How far the worker's clock may be ahead of Spanner's when an intent is matched by time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOrder:
    """What a task wants started.

    :param request: the request message; where the kind lets the caller choose an operation id, it
        is filled in here
    :param fingerprint: digest of what the author asked for
    :param deadline: when the patience of this try ends
    :param identity: what is the same for every try of the task instance and for no other
    """

    kind: OperationKind
    target: ResourceName
    request: Any
    fingerprint: str
    identity: str
    access: Access
    deadline: datetime | None


class Starter:
    """Start an operation for a task instance, or take up what an earlier try of it began."""

    def __init__(
        self,
        *,
        order: StartOrder,
        client: SpannerAdminClient,
        ledger: TaskLedger,
        watch: WorkerWatch,
        settle_timeout: float,
        tell: Callable[[str], None],
    ) -> None:
        self._order = order
        self._client = client
        self._ledger = ledger
        self._watch = watch
        self._settle_timeout = settle_timeout
        self._tell = tell

    def begin(self, *, durable: bool) -> OperationSnapshot:
        """Return the operation to wait for, which may be done already.

        :param durable: look for an earlier try's operation before starting one
        :raises ResumeConflictError: if the target exists, and not through this task
        """
        entry = self._ledger.latest() if durable else None
        snapshot = self._look(entry.operation) if entry and entry.operation else None
        step = next_step(entry=entry, snapshot=snapshot, fingerprint=self._order.fingerprint)
        if step is NextStep.SEARCH and entry and (snapshot := self._find(entry)):
            entry = entry.started_as(snapshot.name)
            step = next_step(entry=entry, snapshot=snapshot, fingerprint=self._order.fingerprint)
        if entry is None or snapshot is None:
            if entry and not entry.closed:
                self._ledger.update(entry.close())
            return self._start()
        if step is NextStep.DELIVER and not self._is_there(snapshot.name):
            # such as cleaned up by the kill of an earlier try
            self._tell(f"{self._order.target} was made by an earlier try and is gone by now.")
            step = NextStep.START
        return self._take_up(step, entry=entry, snapshot=snapshot)

    def _take_up(
        self, step: NextStep, *, entry: LedgerEntry, snapshot: OperationSnapshot
    ) -> OperationSnapshot:
        match step:
            case NextStep.ADOPT | NextStep.DELIVER:
                self._record(entry.owned_by(self._ledger.try_number, deadline=self._order.deadline))
                did = "adopted" if step is NextStep.ADOPT else "found done and not yet delivered"
                self._tell(f"{snapshot.title} of an earlier try was {did}: {snapshot.name}")
                return snapshot
            case NextStep.AWAIT_CANCEL:
                self._await_cancel(snapshot)
            case NextStep.REPLACE:
                self._tell(f"The request has changed; cancelling the earlier {snapshot.name}.")
                settlement = self._watch.stop(
                    name=snapshot.name,
                    cleans_up=entry.kind.cleans_up,
                    timeout=self._settle_timeout,
                )
                self._tell(settlement.sentence)
                if not settlement.settled:
                    raise CancelNotSettledError(settlement)
            case NextStep.START | NextStep.SEARCH:
                pass
        if not entry.closed:
            self._ledger.update(entry.close())
        return self._start()

    def _await_cancel(self, snapshot: OperationSnapshot) -> None:
        """Wait until an operation that is being cancelled has ended.

        :raises CancelNotSettledError: if it has not in time; the next try waits again
        """
        self._tell(f"{snapshot.name} is being cancelled; waiting for that to end.")
        try:
            self._watch.wait(
                name=snapshot.name,
                policy=PollPolicy(),
                deadline=self._watch.now() + timedelta(seconds=self._settle_timeout),
            )
        except DeadlinePassedError as exc:
            raise CancelNotSettledError(
                Settlement(name=snapshot.name, ending=Ending.STILL_RUNNING, snapshot=snapshot)
            ) from exc

    def _start(self) -> OperationSnapshot:
        order = self._order
        operation_id = self._operation_id() if order.kind.named_by_caller else ""
        intent = LedgerEntry(
            kind=order.kind,
            target=order.target,
            fingerprint=order.fingerprint,
            intended=self._watch.now(),
            try_number=self._ledger.try_number,
            access=order.access,
            deadline=order.deadline,
            operation=(
                OperationName(resource=order.target, operation=operation_id)
                if operation_id
                else None
            ),
        )
        self._ledger.append(intent)
        if operation_id:
            order.request.operation_id = operation_id
        snapshot = self._call(intent)
        self._record(intent.started_as(snapshot.name))
        return snapshot

    def _record(self, entry: LedgerEntry) -> None:
        """Write down whose the operation is, at once also for those who cannot read the store.

        The trigger of the try before may be told to kill at this very moment; see
        ``core/ownership.py``.
        """
        self._ledger.update(entry)
        self._ledger.publish(entry)

    def _call(self, intent: LedgerEntry) -> OperationSnapshot:
        """Make the start call; where its answer was lost, find what it started."""
        try:
            return self._client.start(kind=self._order.kind, request=self._order.request)
        except Exception as exc:
            code = code_of(exc)
            if code is not Code.ALREADY_EXISTS and not is_transient(exc):
                self._ledger.update(intent.close())
                raise
            found = self._find(intent)
            if found is not None:
                self._tell(f"The start call answered {code!r}, yet it had started {found.name}.")
                return found
            if code is Code.ALREADY_EXISTS:
                self._ledger.update(intent.close())
                raise ResumeConflictError(self._order.target) from exc
            raise

    def _find(self, intent: LedgerEntry) -> OperationSnapshot | None:
        """Find the operation of an intent: by its name if we chose it, else by its target."""
        if intent.operation:
            return self._look(intent.operation)
        earliest = intent.intended - _CLOCK_SKEW
        try:
            candidates = [
                snapshot
                for snapshot in self._client.list(resource=intent.target)
                if snapshot.kind is intent.kind
                and snapshot.start_time is not None
                and snapshot.start_time >= earliest
            ]
        except Exception as exc:
            # no such target, hence no operation that made it
            if code_of(exc) is Code.NOT_FOUND:
                return None
            raise
        return max(candidates, key=lambda each: each.start_time or earliest, default=None)

    def _look(self, name: OperationName) -> OperationSnapshot | None:
        try:
            return self._client.get(name=name)
        except Exception as exc:
            if code_of(exc) is Code.NOT_FOUND:
                return None
            raise

    def _is_there(self, name: OperationName) -> bool:
        """Tell whether what an operation made still exists: that very thing, and no namesake."""
        if not self._order.kind.creates:
            return True
        try:
            made = self._client.get_result(name=name)
            there = self._client.get_resource_state(name=self._order.target)
        except Exception as exc:
            if code_of(exc) is Code.NOT_FOUND:
                return False
            raise
        return made is not None and made.create_time == there.create_time

    def _operation_id(self) -> str:
        """Return an id that a replay of this start gets again, and no other start ever gets."""
        digest = hashlib.sha256(self._order.identity.encode()).hexdigest()[:16]
        return f"lro_{digest}_{self._ledger.count + 1}"
