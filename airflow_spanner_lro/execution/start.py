# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Starting once: performs what ``core/tries/resume.py`` decides, and keeps the ledger true.

The intent is written before the start call and completed after it, so a crash between the two
leaves a trace, and a start whose answer was lost is found again by its target or its name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.flows.turns import SlotTakenError, turn_of
from airflow_spanner_lro.core.kinds import ProgressShape
from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.core.operations.errors import ResumeConflictError
from airflow_spanner_lro.core.operations.statements import carried_over, committed_part, not_run
from airflow_spanner_lro.core.status import Code, code_of, is_transient
from airflow_spanner_lro.core.tries.ledger import LedgerEntry
from airflow_spanner_lro.core.tries.resume import NextStep, next_step
from airflow_spanner_lro.execution.settle import Earlier
from airflow_spanner_lro.execution.lookup import Finder

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.access import Access
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.operations.statements import Statement
    from airflow_spanner_lro.execution.store import TaskLedger
    from airflow_spanner_lro.execution.kill import WorkerWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOrder:
    """What a task wants started.

    :param request: the request message; where the kind lets the caller choose an operation id, it
        is filled in here
    :param fingerprint: digest of what the author asked for
    :param deadline: when the patience of this try ends
    :param identity: what is the same for every try of the task instance and for no other
    :param cleans_up: whoever stops the operation deletes what it made in spite of that
    :param spared: the reaper leaves the operation alone
    """

    kind: OperationKind
    target: ResourceName
    request: Any
    fingerprint: str
    identity: str
    access: Access
    deadline: datetime | None
    cleans_up: bool
    spared: bool


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
        self._earlier = Earlier(watch=watch, settle_timeout=settle_timeout, tell=tell)
        self._tell = tell
        self._unexplained = False

    def begin(self, *, durable: bool) -> OperationSnapshot | None:
        """Return the operation to wait for, which may be done already.

        :param durable: look for an earlier try's operation before starting one
        :return: None if earlier tries have done everything, statement by statement
        :raises ResumeConflictError: if the target exists, and not through this task
        :raises SlotTakenError: if it has to wait for others to end
        """
        entry = self._ledger.latest() if durable else None
        if entry and not entry.statements and entry.fingerprint == self._order.fingerprint:
            # an older release did not write them down
            entry = replace(entry, statements=self._wanted())
        if entry and entry.operation:
            # before anybody is asked: a kill of the try before may be under way at this moment,
            # and asks whose the operation is just before it cancels
            self._ledger.publish(self._claimed(entry))
        snapshot = self._look(entry.operation) if entry and entry.operation else None
        step = next_step(entry=entry, snapshot=snapshot, fingerprint=self._order.fingerprint)
        if step is NextStep.SEARCH and entry and (snapshot := self._finder.find(entry)):
            entry = entry.started_as(snapshot.name)
            step = next_step(entry=entry, snapshot=snapshot, fingerprint=self._order.fingerprint)
        if entry is None or snapshot is None:
            return self._start_after(entry)
        if step is NextStep.DELIVER and not self._is_there(snapshot):
            # such as cleaned up by the kill of an earlier try
            self._tell(f"{self._order.target} was made by an earlier try and is gone by now.")
            step = NextStep.START
        return self._take_up(step, entry=entry, snapshot=snapshot)

    def _look(self, name: OperationName) -> OperationSnapshot | None:
        """Look at an earlier try's operation; that it cannot be seen for a while ends no task."""
        deadline = self._order.deadline
        return self._watch.patiently(lambda: self._finder.look(name), deadline=deadline)

    def _take_up(
        self, step: NextStep, *, entry: LedgerEntry, snapshot: OperationSnapshot
    ) -> OperationSnapshot | None:
        ended: OperationSnapshot | None = snapshot
        match step:
            case NextStep.ADOPT | NextStep.DELIVER:
                self._record(self._claimed(entry))
                did = "adopted" if step is NextStep.ADOPT else "found done and not yet delivered"
                self._tell(f"{snapshot.title} of an earlier try was {did}: {snapshot.name}")
                return snapshot
            case NextStep.AWAIT_CANCEL:
                ended = self._earlier.await_cancel(snapshot)
            case NextStep.REPLACE:
                why = "Its end was decided before" if entry.stopping else "The request has changed"
                self._tell(f"{why}; cancelling the earlier {snapshot.name}.")
                cleans_up = self._order.cleans_up and entry.kind is self._order.kind
                ended = self._earlier.stop(snapshot.name, cleans_up=cleans_up)
            case NextStep.START | NextStep.SEARCH:
                pass
        return self._start_after(entry, ended=ended)

    def _start_after(
        self, entry: LedgerEntry | None, *, ended: OperationSnapshot | None = None
    ) -> OperationSnapshot | None:
        """Start, with whatever the tries before have not done yet.

        :param entry: that of the try before, which is closed now if it is open
        :param ended: its operation at its end, if that is known
        """
        delivered = entry is not None and entry.closed
        if entry and (ended or not entry.closed):
            entry = entry.close(ended)
            self._ledger.update(entry)
        statements = self._carry_over(entry, delivered=delivered)
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

    def _carry_over(self, entry: LedgerEntry | None, *, delivered: bool) -> tuple[Statement, ...]:
        """Return the statements with those that earlier tries committed, and request the others."""
        before = entry.statements if entry else ()
        statements = carried_over(self._wanted(), before=before, delivered=delivered)
        if done := len(committed_part(statements)):
            self._tell(f"{done} of {len(statements)} statements were committed by earlier tries.")
            self._order.request.statements = self._order.request.statements[done:]
        return statements

    def _wanted(self) -> tuple[Statement, ...]:
        """Return the statements of the request, none of them run yet; none for other kinds."""
        if self._order.kind.progress is not ProgressShape.PER_STATEMENT:
            return ()
        return not_run(self._order.request.statements)

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
            cleans_up=order.cleans_up,
            spared=order.spared,
            statements=statements,
            carried=len(committed_part(statements)),
        )

    def _claimed(self, entry: LedgerEntry) -> LedgerEntry:
        """Return an earlier try's entry as the property of this one."""
        order = self._order
        return entry.owned_by(
            self._ledger.try_number,
            deadline=order.deadline,
            now=self._watch.now(),
            cleans_up=order.cleans_up,
            spared=order.spared,
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
            try:
                found = self._finder.find(intent)
            except Exception as trouble:
                if code_of(trouble) is None:
                    raise
                # the next try looks again: the intent stays open
                self._tell(f"Whether it has started anything cannot be seen: {trouble}")
                raise exc from trouble
            if found is not None:
                answer = code.name if code else "nothing"
                self._tell(f"The start call answered {answer}, yet it had started {found.name}.")
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
        try:
            pending = self._client.query_operations(query=turn.query)
        except Exception as exc:
            if code_of(exc) is None:
                raise
            self._tell(f"Whether this is only a matter of waiting cannot be seen: {exc}")
            return
        holders = tuple(each.name for each in pending)
        if holders or not self._unexplained:
            # once more at once, but not for ever: it may be due to something else
            self._unexplained = not holders
            told = getattr(refusal, "message", str(refusal))
            raise SlotTakenError(turn, target=order.target, holders=holders, told=told) from refusal

    def _chosen_name(self) -> OperationName | None:
        """Return the name that this start gets, where the caller may choose it.

        No other start ever gets it, not even of the same task after its ledger was lost: Airflow
        deletes ledgers after a month, with their runs, or on success if it is told to. A replay
        of this start finds it in the ledger.
        """
        if not self._order.kind.named_by_caller:
            return None
        unique = f"{self._order.identity}/{self._watch.now().isoformat()}"
        digest = hashlib.sha256(unique.encode()).hexdigest()[:16]
        return OperationName(resource=self._order.target, operation=f"lro_{digest}")

    def _is_there(self, snapshot: OperationSnapshot) -> bool:
        target = self._order.target
        return not self._order.kind.creates or self._finder.still_there(
            target=target, made_by=snapshot.name
        )
