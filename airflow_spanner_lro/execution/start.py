# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Start or adopt: perform what ``core/ledger/resume.py`` decides, and keep the ledger true.

The intent is written and published before the start call, and completed after it, with the evidence
that the operation is ours. So a crash between the two leaves a trace. A call is sent once: that the
target exists already says that somebody else made it, unless an earlier call of ours was never
answered.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from airflow_spanner_lro.admin.clock import WaitStoppedError
from airflow_spanner_lro.core.comparison import requested_facets
from airflow_spanner_lro.core.flows.limits import (
    LimitReachedError,
    concurrency_limit,
    start_refused_for_now,
)
from airflow_spanner_lro.core.flows.operation import DeadlinePassedError
from airflow_spanner_lro.core.kinds import ProgressShape
from airflow_spanner_lro.core.ledger.entry import LedgerEntry
from airflow_spanner_lro.core.ledger.evidence import Evidence, too_early
from airflow_spanner_lro.core.ledger.resume import NextStep, next_step
from airflow_spanner_lro.core.operations.errors import (
    AmbiguousStartError,
    CancelNotSettledError,
    OperationPredatesRunError,
    PresumedOperationRunningError,
    StartUnansweredError,
)
from airflow_spanner_lro.core.operations.schema_change import (
    carry_over_commits,
    committed_prefix,
    statement_records,
)
from airflow_spanner_lro.core.operations.settlement import Ending, Settlement
from airflow_spanner_lro.core.polling.policy import PollPolicy
from airflow_spanner_lro.core.status import (
    Code,
    ErrorClass,
    classify,
    code_name,
    code_of,
    error_message,
    error_text,
    may_have_started,
)
from airflow_spanner_lro.execution.lookup import Lookup, limit_reached
from airflow_spanner_lro.execution.wait import StartCall, StartGivenUpError
from airflow_spanner_lro.metrics import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_spanner_lro.admin.client import SpannerAdminClient
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.schema_change import StatementRecord
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.execution.store import TaskLedger
    from airflow_spanner_lro.execution.wait import BlockingWait
    from airflow_spanner_lro.execution.work import StartOrder

T = TypeVar("T")

TO_LIST = 5.0
"""Seconds to wait out that what a target has before the start cannot be listed."""
_SECOND_LOOK = 2.0
"""Seconds after which operations are listed once more that an unanswered call may have begun."""


class Starter:
    """Start an operation for a task instance, or take up what an earlier try of it began.

    :param log: writes a line
    """

    def __init__(
        self,
        *,
        order: StartOrder,
        client: SpannerAdminClient,
        ledger: TaskLedger,
        wait: BlockingWait,
        log: Callable[[str], None],
    ) -> None:
        self._order = order
        self._client = client
        self._lookup = Lookup(client=client)
        self._ledger = ledger
        self._wait = wait
        self._log = log
        self._unexplained = False
        self._texts = tuple(getattr(order.request, "statements", ()))
        self.call: StartCall | None = None
        """The start call, from when it is made: only its answer may name what a kill cancels."""

    def begin(self, *, durable: bool) -> OperationSnapshot | None:
        """Return the operation to wait for, which may be done already.

        :param durable: look for an earlier try's operation before starting one
        :return: None if earlier tries have done everything, statement by statement
        :raises ResumeConflictError: if the target exists, and not through this task
        :raises LimitReachedError: if it has to wait for others to end
        :raises RefusedForNowError: if Spanner does not start it yet
        :raises LedgerUnreadableError: if it is not known what earlier tries have started
        """
        entry = self._ledger.latest()
        if entry is None or not durable:
            return self._start_after(None)
        if not self._order.is_of(entry):
            # whoever may edit the task instance may have written it
            self._ledger.leave_another(entry)
            return self._start_after(None)
        if not entry.statements and entry.fingerprint == self._order.fingerprint:
            entry = replace(entry, statements=self._wanted())
        if entry.operation:
            # before anybody is asked: a kill of the try before may be under way at this moment,
            # and asks whose the operation is just before it cancels
            self._ledger.publish(self._claimed(entry))
        name = entry.operation
        snapshot = self._retry_transient(lambda: self._lookup.operation(name)) if name else None
        if snapshot and (why := too_early(snapshot, began=self._order.began)):
            raise OperationPredatesRunError(snapshot, why=why)
        step = next_step(entry=entry, snapshot=snapshot, fingerprint=self._order.fingerprint)
        if step is NextStep.SEARCH:
            intent = entry
            if found := self._retry_transient(lambda: self._found(intent)):
                snapshot, evidence = found
                entry = entry.started_as(snapshot.name, evidence=evidence)
                self._ledger.publish(self._claimed(entry))
                step = next_step(
                    entry=entry, snapshot=snapshot, fingerprint=self._order.fingerprint
                )
        if snapshot is None:
            return self._start_after(entry)
        return self._take_up(step, entry=entry, snapshot=snapshot)

    def _retry_transient(self, ask: Callable[[], T]) -> T:
        # a quota is waited out by whoever begins again, and can leave the worker meanwhile
        return self._wait.retry_transient(ask, deadline=self._order.deadline, quota_counts=True)

    def _take_up(
        self, step: NextStep, *, entry: LedgerEntry, snapshot: OperationSnapshot
    ) -> OperationSnapshot | None:
        ended: OperationSnapshot | None = snapshot
        match step:
            case NextStep.ADOPT:
                return self._adopt(entry, snapshot, became="adopted")
            case NextStep.DELIVER:
                if self._lookup.made_as_requested(entry, name=snapshot.name):
                    return self._adopt(entry, snapshot, became="found done and not yet delivered")
                # such as cleaned up by the kill of an earlier try
                self._log(f"Starting anew: what an earlier try made is gone. {self._order.target}")
            case NextStep.AWAIT_CANCEL:
                ended = self._await_cancel(snapshot)
            case NextStep.REPLACE:
                why = "its end was decided before" if entry.stopping else "the request has changed"
                self._log(f"Cancelling the earlier operation: {why}. {snapshot.name}")
                ended = self._stop(snapshot.name, cleans_up=self._cleans_up(entry))
            case NextStep.REFUSE:
                raise PresumedOperationRunningError(snapshot)
            case NextStep.START | NextStep.SEARCH:
                pass
        return self._start_after(entry, ended=ended)

    def _adopt(
        self, entry: LedgerEntry, snapshot: OperationSnapshot, *, became: str
    ) -> OperationSnapshot:
        self._record(self._claimed(entry))
        self._log(f"{snapshot.label} of an earlier try was {became}. {snapshot.name}")
        return snapshot

    def _cleans_up(self, entry: LedgerEntry) -> bool:
        allowed = entry.evidence is not None and entry.evidence.may_delete
        return self._order.cleans_up and allowed and entry.kind is self._order.kind

    def _await_cancel(self, snapshot: OperationSnapshot) -> OperationSnapshot:
        """Wait until an operation that is being cancelled has ended, and return its end.

        :raises CancelNotSettledError: if it has not in time, or the task is killed meanwhile
        """
        self._log(f"{snapshot.label} is being cancelled; waiting for that to end. {snapshot.name}")
        until = self._wait.now() + timedelta(seconds=self._order.settle_timeout)
        try:
            return self._wait.wait(name=snapshot.name, policy=PollPolicy(), deadline=until)
        except (DeadlinePassedError, WaitStoppedError) as exc:
            raise CancelNotSettledError(
                Settlement(name=snapshot.name, ending=Ending.STILL_RUNNING, snapshot=snapshot)
            ) from exc

    def _stop(self, name: OperationName, *, cleans_up: bool) -> OperationSnapshot | None:
        """Cancel an operation and return its end; None if Spanner no longer knows it.

        :raises CancelNotSettledError: if it goes on, or its end is not seen in time
        """
        settlement = self._wait.stop(
            name=name, cleans_up=cleans_up, timeout=self._order.settle_timeout, cause=Cause.RETRY
        )
        self._log(f"{settlement.sentence} {name}")
        if not settlement.settled:
            raise CancelNotSettledError(settlement)
        return settlement.snapshot

    def _start_after(
        self, entry: LedgerEntry | None, *, ended: OperationSnapshot | None = None
    ) -> OperationSnapshot | None:
        """Start, with whatever the tries before have not done yet.

        :param entry: that of the try before, which is closed now if it is open
        :param ended: its operation at its end, if that is known
        """
        delivered = entry is not None and entry.closed
        # of an earlier call that was never answered and left no trace so far
        unsettled = entry is not None and not entry.closed and entry.operation is None
        earlier = entry
        if entry and (ended or not entry.closed):
            entry = entry.close(ended)
            self._ledger.update(entry)
        statements = self._carry_over(entry, delivered=delivered)
        if statements and len(committed_prefix(statements)) == len(statements):
            self._log("Earlier tries have committed every statement.")
            self._ledger.append(self._intent(statements).close())
            return None
        earlier = earlier if unsettled else None
        try:
            return self._attempt(statements, earlier=earlier)
        except LimitReachedError as taken:
            if taken.holders:
                raise
        # whoever held the slot has left meanwhile
        return self._attempt(statements, earlier=earlier)

    def _carry_over(
        self, entry: LedgerEntry | None, *, delivered: bool
    ) -> tuple[StatementRecord, ...]:
        """Return the statements with those that earlier tries committed, and request the others."""
        before = entry.statements if entry else ()
        statements = carry_over_commits(self._wanted(), before=before, delivered=delivered)
        if done := len(committed_prefix(statements)):
            self._log(f"{done} of {len(statements)} statements were committed by earlier tries.")
        if statements:
            self._order.request.statements = self._texts[done:]
        return statements

    def _wanted(self) -> tuple[StatementRecord, ...]:
        """Return the statements of the request, none of them run yet; none for other kinds."""
        shape = self._order.kind.progress
        return statement_records(self._texts) if shape is ProgressShape.PER_STATEMENT else ()

    def _attempt(
        self, statements: tuple[StatementRecord, ...], *, earlier: LedgerEntry | None
    ) -> OperationSnapshot:
        """Write the intent, start, and complete the entry."""
        intent = self._intent(statements)
        name = self._order.chosen_name(now=intent.intended)
        intent = replace(
            intent,
            operation=name,
            evidence=Evidence.NAMED if name else None,
            before=self._before(),
        )
        self._ledger.append(intent)
        self._ledger.publish(intent)
        if name:
            self._order.request.operation_id = name.operation
        snapshot, evidence = self._call(intent, earlier=earlier)
        # before anything else is done with it: whatever happens next, the log has the name
        self._log(f"{snapshot.label} was started. {snapshot.name}")
        self._record(intent.started_as(snapshot.name, evidence=evidence))
        return snapshot

    def _before(self) -> tuple[str, ...] | None:
        """Return what there is before the call, so that it is never taken for what the call began.

        Nothing is asked where the answer is not needed: an operation with an id of ours, or with
        a mark of ours on what it makes, is known by that.
        """
        order = self._order
        if order.kind.named_by_caller or order.signed:
            return None
        try:
            # nothing is at stake yet: of trouble that lasts the start call tells more
            return self._wait.retry_transient(
                lambda: self._lookup.listed(kind=order.kind, target=order.target),
                deadline=self._wait.now() + timedelta(seconds=TO_LIST),
                quota_counts=True,
            )
        except Exception as exc:
            if code_of(exc) is None or classify(exc) is ErrorClass.QUOTA:
                raise
            # an account may start and not list; then nothing unanswered is ever presumed its own
            self._log(
                f"Operations before the start are not known: {error_text(exc)}. {order.target}"
            )
            return None

    def _intent(self, statements: tuple[StatementRecord, ...]) -> LedgerEntry:
        order = self._order
        return LedgerEntry(
            kind=order.kind,
            target=order.target,
            fingerprint=order.fingerprint,
            intended=self._wait.now(),
            try_number=self._ledger.try_number,
            connection_spec=order.connection_spec,
            deadline=order.deadline,
            cleans_up=order.cleans_up,
            exempt=order.exempt,
            statements=statements,
            carried=len(committed_prefix(statements)),
            asked=requested_facets(order.kind, order.request),
            signed=order.signed,
            deployment=order.deployment,
        )

    def _claimed(self, entry: LedgerEntry) -> LedgerEntry:
        """Return an earlier try's entry as the property of this one."""
        order = self._order
        return entry.owned_by(
            self._ledger.try_number,
            deadline=order.deadline,
            now=self._wait.now(),
            cleans_up=order.cleans_up,
            exempt=order.exempt,
        )

    def _record(self, entry: LedgerEntry) -> None:
        """Write down whose the operation is, at once also for those who cannot read the store.

        The trigger of the try before may be asked to kill at this very moment; see
        ``core/ledger/ownership.py``.
        """
        self._ledger.update(entry)
        self._ledger.publish(entry)

    def _call(
        self, intent: LedgerEntry, *, earlier: LedgerEntry | None
    ) -> tuple[OperationSnapshot, Evidence]:
        """Make the start call; where it was not answered, find what it began."""
        order = self._order
        evidence = Evidence.NAMED if order.kind.named_by_caller else Evidence.ANSWERED
        if order.deadline is not None and self._wait.now() >= order.deadline:
            self._ledger.update(intent.close())
            raise DeadlinePassedError

        def write_down(snapshot: OperationSnapshot) -> None:
            self._log(f"{snapshot.label} was started after all. {snapshot.name}")
            self._ledger.answered_late(intent.started_as(snapshot.name, evidence=evidence))

        self.call = StartCall(
            lambda: self._client.start(kind=order.kind, request=order.request),
            on_late_answer=write_down,
        )
        try:
            snapshot = self._wait.answer(self.call, deadline=order.deadline)
        except StartGivenUpError as exc:
            self._ledger.given_up(intent.unanswered_at(self._wait.now()))
            raise StartUnansweredError(order.target, kind=order.kind) from exc
        except Exception as exc:  # noqa: BLE001  # it is raised there, unless it was no failure
            return self._after_error(exc, intent=intent, earlier=earlier)
        return snapshot, evidence

    def _after_error(
        self, exc: Exception, *, intent: LedgerEntry, earlier: LedgerEntry | None
    ) -> tuple[OperationSnapshot, Evidence]:
        """Return what a call began that answered an error; raise if that is nothing of ours."""
        code = code_of(exc)
        if may_have_started(exc):
            return self._after_silence(exc, intent=intent)
        if code is Code.ALREADY_EXISTS:
            # a call is sent once: only one that was never answered can have made what is there
            unanswered = intent if intent.operation else earlier
            if unanswered is not None and (found := self._found(unanswered)):
                self._log(f"Begun by a start call that was never answered. {found[0].name}")
                return found
            self._ledger.update(intent.close())
            asked = requested_facets(self._order.kind, self._order.request)
            raise self._lookup.taken(
                kind=self._order.kind,
                target=self._order.target,
                asked=asked,
                server_text=error_message(exc),
                mapped=self._order.mapped,
            ) from exc
        self._ledger.update(intent.close())
        kind, request, target = self._order.kind, self._order.request, self._order.target
        limit = concurrency_limit(kind, request)
        if taken := limit_reached(self._client, limit, exc, target=target, again=self._unexplained):
            # once more at once, but not for ever: it may be due to something else
            self._unexplained = not taken.holders
            raise taken from exc
        now = self._wait.now()
        if later := start_refused_for_now(exc, kind, request, target=target, now=now):
            raise later from exc
        raise exc

    def _after_silence(
        self, exc: Exception, *, intent: LedgerEntry
    ) -> tuple[OperationSnapshot, Evidence]:
        intent = intent.unanswered_at(self._wait.now())
        try:
            found = self._found(intent)
            if found is None and intent.operation is None:
                # it may have been on its way
                self._wait.pause(_SECOND_LOOK, deadline=None)
                found = self._found(intent)
        except Exception as trouble:
            if code_of(trouble) is None:
                raise
            # the next try looks again: the intent stays open
            self._ledger.update(intent)
            why = error_text(trouble)
            self._log(f"Not known whether the call began anything: {why}. {intent.target}")
            raise exc from trouble
        if found is not None:
            snapshot, evidence = found
            answer = f"though the call answered {code_name(exc)} ({evidence})"
            self._log(f"{snapshot.label} was started, {answer}. {snapshot.name}")
            return found
        # nothing began by the end of the call; a mark of ours would be recognised even later
        self._ledger.update(intent if intent.signed or intent.operation else intent.close())
        raise exc

    def _found(self, intent: LedgerEntry) -> tuple[OperationSnapshot, Evidence] | None:
        """Return what an unanswered call has begun, and the evidence for it.

        :raises AmbiguousStartError: if it may be one of several
        """
        result = self._lookup.follow_up(intent)
        if result.ambiguous:
            if not intent.closed:
                # whoever clears the task has looked at them
                self._ledger.update(intent.close())
            raise AmbiguousStartError(self._order.target, operations=result.ambiguous)
        if result.snapshot is None or result.evidence is None:
            return None
        return result.snapshot, result.evidence
