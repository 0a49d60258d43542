# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Starting once: performs what ``core/tries/resume.py`` decides, and keeps the ledger true.

The intent is written before the start call and completed after it, so a crash between the two
leaves a trace, and a start whose answer was lost is found again by its target or its name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.flows.policy import PollPolicy
from airflow_spanner_lro.core.flows.turns import SlotTakenError, turn_of
from airflow_spanner_lro.core.kinds import ProgressShape
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.errors import CancelNotSettledError, ResumeConflictError
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.operations.statements import carried_over, committed_part, not_run
from airflow_spanner_lro.core.status import Code, code_of, is_transient
from airflow_spanner_lro.core.tries.ledger import LedgerEntry
from airflow_spanner_lro.core.tries.resume import NextStep, next_step
from airflow_spanner_lro.operators.finding import Finder

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.operations.statements import Statement
    from airflow_spanner_lro.operators.ledger import TaskLedger
    from airflow_spanner_lro.operators.watch import WorkerWatch


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
        self._finder = Finder(client=client)
        self._ledger = ledger
        self._watch = watch
        self._settle_timeout = settle_timeout
        self._tell = tell
        self._refused = False

    def begin(self, *, durable: bool) -> OperationSnapshot | None:
        """Return the operation to wait for, which may be done already.

        :param durable: look for an earlier try's operation before starting one
        :return: None if earlier tries have done everything, statement by statement
        :raises ResumeConflictError: if the target exists, and not through this task
        :raises SlotTakenError: if it has to wait for others to end
        """
        entry = self._ledger.latest() if durable else None
        snapshot = self._finder.look(entry.operation) if entry and entry.operation else None
        step = next_step(entry=entry, snapshot=snapshot, fingerprint=self._order.fingerprint)
        if step is NextStep.SEARCH and entry and (snapshot := self._finder.find(entry)):
            entry = entry.started_as(snapshot.name)
            step = next_step(entry=entry, snapshot=snapshot, fingerprint=self._order.fingerprint)
        if entry is None or snapshot is None:
            if entry and not entry.closed:
                entry = entry.close()
                self._ledger.update(entry)
            return self._start(after=entry)
        if step is NextStep.DELIVER and not self._is_there(snapshot):
            # such as cleaned up by the kill of an earlier try
            self._tell(f"{self._order.target} was made by an earlier try and is gone by now.")
            step = NextStep.START
        return self._take_up(step, entry=entry, snapshot=snapshot)

    def _take_up(
        self, step: NextStep, *, entry: LedgerEntry, snapshot: OperationSnapshot
    ) -> OperationSnapshot | None:
        ended: OperationSnapshot | None = snapshot
        match step:
            case NextStep.ADOPT | NextStep.DELIVER:
                self._record(entry.owned_by(self._ledger.try_number, deadline=self._order.deadline))
                did = "adopted" if step is NextStep.ADOPT else "found done and not yet delivered"
                self._tell(f"{snapshot.title} of an earlier try was {did}: {snapshot.name}")
                return snapshot
            case NextStep.AWAIT_CANCEL:
                ended = self._await_cancel(snapshot)
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
                ended = settlement.snapshot
            case NextStep.START | NextStep.SEARCH:
                pass
        entry = entry.close(ended)
        self._ledger.update(entry)
        return self._start(after=entry)

    def _await_cancel(self, snapshot: OperationSnapshot) -> OperationSnapshot:
        """Wait until an operation that is being cancelled has ended, and return its end.

        :raises CancelNotSettledError: if it has not in time; the next try waits again
        """
        self._tell(f"{snapshot.name} is being cancelled; waiting for that to end.")
        try:
            return self._watch.wait(
                name=snapshot.name,
                policy=PollPolicy(),
                deadline=self._watch.now() + timedelta(seconds=self._settle_timeout),
            )
        except DeadlinePassedError as exc:
            raise CancelNotSettledError(
                Settlement(name=snapshot.name, ending=Ending.STILL_RUNNING, snapshot=snapshot)
            ) from exc

    def _start(self, *, after: LedgerEntry | None) -> OperationSnapshot | None:
        """Start, with whatever the tries before have not done yet.

        :param after: the entry of the try before, closed
        """
        statements = self._carry_over(after)
        if statements and len(committed_part(statements)) == len(statements):
            self._tell("Earlier tries have committed every statement.")
            self._ledger.append(self._intent(statements).close())
            return None
        try:
            return self._attempt(statements)
        except SlotTakenError as taken:
            if taken.holders:
                raise
        # whoever held the slot has left meanwhile
        return self._attempt(statements)

    def _carry_over(self, entry: LedgerEntry | None) -> tuple[Statement, ...]:
        """Return the statements with those that earlier tries committed, and request the others."""
        order = self._order
        if order.kind.progress is not ProgressShape.PER_STATEMENT:
            return ()
        texts = list(order.request.statements)
        before = entry.statements if entry else ()
        statements = carried_over(not_run(texts), before=before)
        if done := len(committed_part(statements)):
            self._tell(f"{done} of {len(texts)} statements were committed by earlier tries.")
            order.request.statements = texts[done:]
        return statements

    def _attempt(self, statements: tuple[Statement, ...]) -> OperationSnapshot:
        """Write the intent, start, and complete the entry."""
        intent = replace(self._intent(statements), operation=self._chosen_name())
        self._ledger.append(intent)
        if intent.operation:
            self._order.request.operation_id = intent.operation.operation
        snapshot = self._call(intent)
        self._record(intent.started_as(snapshot.name))
        return snapshot

    def _intent(self, statements: tuple[Statement, ...]) -> LedgerEntry:
        order = self._order
        return LedgerEntry(
            kind=order.kind,
            target=order.target,
            fingerprint=order.fingerprint,
            intended=self._watch.now(),
            try_number=self._ledger.try_number,
            access=order.access,
            deadline=order.deadline,
            statements=statements,
            carried=len(committed_part(statements)),
        )

    def _record(self, entry: LedgerEntry) -> None:
        """Write down whose the operation is, at once also for those who cannot read the store.

        The trigger of the try before may be told to kill at this very moment; see
        ``core/tries/ownership.py``.
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
                self._raise_if_taken(exc)
                raise
            found = self._finder.find(intent)
            if found is not None:
                self._tell(f"The start call answered {code!r}, yet it had started {found.name}.")
                return found
            if code is Code.ALREADY_EXISTS:
                self._ledger.update(intent.close())
                told = getattr(exc, "message", str(exc))
                raise ResumeConflictError(self._order.target, told=told) from exc
            raise

    def _raise_if_taken(self, refusal: Exception) -> None:
        """Tell a refusal that passes when others have ended from all others.

        :raises SlotTakenError: if operations that hold a slot are pending, or were a moment ago
        """
        order = self._order
        turn = turn_of(order.kind, order.request)
        if turn is None or not turn.explains(refusal):
            return
        holders = tuple(each.name for each in self._client.query_operations(query=turn.query))
        if holders or not self._refused:
            self._refused = True
            told = getattr(refusal, "message", str(refusal))
            raise SlotTakenError(turn, target=order.target, holders=holders, told=told) from refusal

    def _chosen_name(self) -> OperationName | None:
        """Return the name that this start gets, where the caller may choose it.

        A replay of the start gets it again, and no other start ever gets it.
        """
        if not self._order.kind.named_by_caller:
            return None
        digest = hashlib.sha256(self._order.identity.encode()).hexdigest()[:16]
        return OperationName(
            resource=self._order.target, operation=f"lro_{digest}_{self._ledger.count + 1}"
        )

    def _is_there(self, snapshot: OperationSnapshot) -> bool:
        target = self._order.target
        return not self._order.kind.creates or self._finder.still_there(
            target=target, made_by=snapshot.name
        )
