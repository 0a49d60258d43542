# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The ledger entry as a value: the durable record that a try of a task started an operation.

An entry begins as an intent, written before the start call; after it, the entry gets the
operation's name, and the evidence that it is ours. A crash between the two leaves an intent, and
the operation can be followed up. An entry is closed when its outcome was delivered or nothing of it
goes on. It changes by one of ``TRANSITIONS`` or not at all, and the documentation draws that table.
How an entry is stored is in ``record.py``, where it is kept in ``execution/store.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.connection import ConnectionSpec
from airflow_spanner_lro.core.errors import InvalidNameError
from airflow_spanner_lro.core.kinds import (
    CREATE_DATABASE,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE,
    OperationKind,
    kind_of_metadata,
)
from airflow_spanner_lro.core.ledger.evidence import Evidence, StartWindow, disproof
from airflow_spanner_lro.core.ledger.record import (
    VERSION,
    LedgerFormatError,
    LedgerRecord,
    evidence_of,
    failure_text,
    read_record,
)
from airflow_spanner_lro.core.names import (
    OperationName,
    ResourceName,
    parse_resource,
    same_resource,
)
from airflow_spanner_lro.core.operations.schema_change import StatementRecord, with_commits
from airflow_spanner_lro.core.operations.snapshot import FollowUp
from airflow_spanner_lro.core.text import to_iso_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from airflow_spanner_lro.core.operations.settlement import Ending
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot


class Stage(StrEnum):
    """Where the life of an operation has got to."""

    INTENDED = "intended"
    """The start call may have been made or not; nobody has read its answer yet."""
    RUNNING = "running"
    """It was started, and its outcome is owed to the task."""
    STOPPING = "stopping"
    """Its cancel was decided, and what became of that is not known yet."""
    CLOSED = "closed"
    """Nothing is owed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One way from stage to stage.

    :param by: the method of the ledger entry that goes this way
    :param when: what has happened then
    """

    before: Stage
    after: Stage
    by: str
    when: str


def _way(before: Stage, after: Stage, by: str, when: str) -> Transition:
    return Transition(before=before, after=after, by=by, when=when)


TRANSITIONS = (
    _way(Stage.INTENDED, Stage.RUNNING, "started_as", "the start call was answered, or found"),
    _way(Stage.INTENDED, Stage.CLOSED, "close", "the start was refused, or nothing came of it"),
    _way(Stage.INTENDED, Stage.INTENDED, "exempt_from_reaping", "the reaper is to leave it alone"),
    _way(Stage.INTENDED, Stage.INTENDED, "unanswered_at", "the wait for the answer has ended"),
    _way(Stage.RUNNING, Stage.RUNNING, "started_as", "the same, where we chose its name before"),
    _way(Stage.RUNNING, Stage.RUNNING, "owned_by", "a later try has adopted it"),
    _way(Stage.RUNNING, Stage.RUNNING, "goes_on_as", "it is done, and a follow-up goes on"),
    _way(Stage.RUNNING, Stage.RUNNING, "exempt_from_reaping", "the reaper is to leave it alone"),
    _way(Stage.RUNNING, Stage.STOPPING, "stop", "a kill, a deadline or the reaper ends it"),
    _way(Stage.RUNNING, Stage.RUNNING, "unanswered_at", "the same, where we chose its name before"),
    _way(Stage.RUNNING, Stage.CLOSED, "close", "its outcome was delivered, or it has failed"),
    _way(Stage.RUNNING, Stage.CLOSED, "leave", "it is only presumed ours, and goes on"),
    _way(Stage.STOPPING, Stage.STOPPING, "stop", "its end was decided once more"),
    _way(Stage.STOPPING, Stage.RUNNING, "owned_by", "it had succeeded first; a later try delivers"),
    _way(
        Stage.STOPPING,
        Stage.RUNNING,
        "exempt_from_reaping",
        "it had succeeded first; the reaper lets it be",
    ),
    _way(Stage.STOPPING, Stage.CLOSED, "close", "it is known to have ended"),
    _way(Stage.STOPPING, Stage.CLOSED, "leave", "it is only presumed ours, and goes on"),
    _way(Stage.CLOSED, Stage.CLOSED, "close", "its end is noted once more"),
    _way(Stage.CLOSED, Stage.RUNNING, "owned_by", "it still runs, and a later try waits for it"),
)
"""Every way there is."""

_WAYS = {(way.before, way.by): way.after for way in TRANSITIONS}


class StageError(ValueError):
    """An entry was asked to go a way that there is not; a mistake in the code."""

    def __init__(self, *, before: Stage, by: str) -> None:
        super().__init__(f"an entry that is {before} has no way called {by}")


def stage_after(before: Stage, *, by: str) -> Stage:
    """Return the stage that a transition leads to.

    :raises StageError: if there is no such way
    """
    try:
        return _WAYS[before, by]
    except KeyError:
        raise StageError(before=before, by=by) from None


RECORD_KEY = "spanner_lro_record"
"""XCom under which a task publishes its ledger entry before it defers."""

_FOLLOW_UPS = {
    CREATE_DATABASE: (UPDATE_DATABASE,),
    RESTORE_DATABASE: (OPTIMIZE_RESTORED_DATABASE, UPDATE_DATABASE),
}
"""What may go on with the work of a kind."""
OPERATION_NAME_KEY = "operation_name"
"""XCom that holds the operation's name from right after its start, whatever happens later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What one try of a task instance started, or was about to start.

    :param kind: which call
    :param target: the resource it works on
    :param fingerprint: digest of the rendered request; a changed Dag gives another one
    :param intended: when the intent was written
    :param try_number: which try owns it now; adoption changes it
    :param connection_spec: how to reach the operation
    :param deadline: when that try gives up, None if it has no limit
    :param operation: its name, None while this is only an intent
    :param closed: nothing is owed any more
    :param statements: of a schema change, all that were asked for, with what is committed
    :param carried: how many of them were committed before this operation, which runs the others
    :param follow_up: the operation that goes on with the work, once this one has succeeded
    :param cleans_up: whoever stops the operation deletes what it made in spite of that
    :param exempt: the reaper leaves the operation alone: it is to go on whatever becomes of its
        task, or its outcome waits for a later try
    :param stopping: since when a cancel is decided whose outcome is not known
    :param ending: how its cancel ended; None if it was not cancelled, or nobody has seen that yet
    :param adopted: when a later try took the operation up, None if the first one still has it
    :param evidence: why the operation is thought to be ours; None while this is only an intent
    :param asked: what was asked for, as ``core/comparison.py`` puts it
    :param signed: the request bore a mark by which what it makes can be recognised
    :param before: ids of the operations of this kind that the target had just before the call;
        None if nobody has looked
    :param unanswered: when the wait for an answer ended without one
    :param left: it was closed although its operation goes on, because it is only presumed ours
    :param deployment: name of the Airflow deployment that wrote it, if it has one
    :param cancelled_by: the user who has asked for its cancel on the Operations page; empty if
        nobody has
    :param failure: with what its operation has failed: Spanner forgets it, and who looks in the
        morning wants to know
    """

    kind: OperationKind
    target: ResourceName
    fingerprint: str
    intended: datetime
    try_number: int
    connection_spec: ConnectionSpec
    deadline: datetime | None = None
    operation: OperationName | None = None
    closed: bool = False
    statements: tuple[StatementRecord, ...] = ()
    carried: int = 0
    follow_up: FollowUp | None = None
    cleans_up: bool = False
    exempt: bool = False
    stopping: datetime | None = None
    ending: Ending | None = None
    adopted: datetime | None = None
    evidence: Evidence | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    signed: bool = False
    before: tuple[str, ...] | None = None
    unanswered: datetime | None = None
    left: bool = False
    deployment: str = ""
    cancelled_by: str = ""
    failure: str = ""

    @property
    def may_cancel(self) -> bool:
        """Whether the evidence allows to cancel its operation."""
        return self.evidence is not None and self.evidence.may_cancel

    @property
    def may_clean_up(self) -> bool:
        """Whether what its operation makes in spite of a cancel is deleted: wanted and allowed."""
        return self.cleans_up and self.evidence is not None and self.evidence.may_delete

    def window(self, *, longest: timedelta) -> StartWindow:
        """Return when the operation of an unanswered call must have begun.

        :param longest: how long a start call may take, where nobody saw its end
        """
        return StartWindow(intended=self.intended, ended=self.unanswered or self.intended + longest)

    def disproof(self, snapshot: OperationSnapshot, *, began: datetime | None) -> str | None:
        """Return why an operation cannot be what this entry says; None if it can.

        :param snapshot: the operation that the task waited for last
        :param began: when the run of the task did, or earlier; None if that is not known
        """
        kinds = _FOLLOW_UPS.get(self.kind, ()) if self.follow_up else (self.kind,)
        return disproof(snapshot, target=self.target, kinds=kinds, began=began)

    @property
    def stage(self) -> Stage:
        """Where the life of the operation has got to."""
        if self.closed:
            return Stage.CLOSED
        if self.operation is None:
            return Stage.INTENDED
        return Stage.STOPPING if self.stopping else Stage.RUNNING

    def started_as(self, operation: OperationName, *, evidence: Evidence) -> LedgerEntry:
        """Return the entry completed with its operation, and why that is thought to be ours."""
        return self._go(
            LedgerEntry.started_as, operation=operation, evidence=evidence, unanswered=None
        )

    def unanswered_at(self, now: datetime) -> LedgerEntry:
        """Return the entry with the note that the wait for the call's answer has ended."""
        return self._go(LedgerEntry.unanswered_at, unanswered=now)

    def leave(self) -> LedgerEntry:
        """Return the entry closed although its operation goes on: it is only presumed ours."""
        return self._go(LedgerEntry.leave, closed=True, left=True, stopping=None)

    def owned_by(
        self,
        try_number: int,
        *,
        deadline: datetime | None,
        now: datetime,
        cleans_up: bool = False,
        exempt: bool = False,
    ) -> LedgerEntry:
        """Return the entry as the property of another try, which has a deadline of its own.

        Its outcome is owed again, also if the try before did not wait for it.
        """
        return self._go(
            LedgerEntry.owned_by,
            try_number=try_number,
            deadline=deadline,
            adopted=now,
            cleans_up=cleans_up,
            exempt=exempt,
            closed=False,
            left=False,
            stopping=None,
            ending=None,
            cancelled_by="",
            failure="",
        )

    def goes_on_as(self, follow_up: FollowUp) -> LedgerEntry:
        """Return the entry with the operation that goes on with the work; what is done stays."""
        return self._go(LedgerEntry.goes_on_as, follow_up=follow_up, cleans_up=False)

    def stop(self, now: datetime, *, ending: Ending | None = None) -> LedgerEntry:
        """Return the entry with the note that the operation's end is decided.

        It holds until the operation is known to have ended. A try that finds it does not adopt.

        :param ending: how its cancel has ended by now, if that is known
        """
        return self._go(LedgerEntry.stop, stopping=self.stopping or now, ending=ending)

    def exempt_from_reaping(self, *, ending: Ending | None = None) -> LedgerEntry:
        """Return the entry with the note that the reaper leaves the operation alone.

        :param ending: how its cancel has ended, if it was cancelled
        """
        return self._go(LedgerEntry.exempt_from_reaping, exempt=True, stopping=None, ending=ending)

    def noting_cancel_by(self, user: str) -> LedgerEntry:
        """Return the entry with the note that a user asks for its cancel; empty for nobody.

        A note, and no way: as long as its task waits, it is the task that goes on from the end.
        """
        return replace(self, cancelled_by=user)

    @property
    def operations(self) -> tuple[OperationName, ...]:
        """The operations of the entry: its own, and its follow-up."""
        follow_up = self.follow_up.name if self.follow_up else None
        return tuple(name for name in (self.operation, follow_up) if name)

    @property
    def waited_for(self) -> FollowUp | None:
        """The operation that the task waits for last; None while this is only an intent."""
        own = FollowUp(name=self.operation, ours=True) if self.operation else None
        return self.follow_up or own

    def statements_after(self, snapshot: OperationSnapshot | None) -> tuple[StatementRecord, ...]:
        """Return the statements with what the operation has committed.

        :param snapshot: the operation at its end, if that is known
        """
        return with_commits(self.statements, snapshot, carried=self.carried)

    def close(
        self, snapshot: OperationSnapshot | None = None, *, ending: Ending | None = None
    ) -> LedgerEntry:
        """Return the entry with nothing owed any more.

        :param snapshot: the operation at its end, if that is known
        :param ending: how its cancel has ended, if it was cancelled
        """
        return self._go(
            LedgerEntry.close,
            closed=True,
            stopping=None,
            ending=ending,
            statements=self.statements_after(snapshot),
            failure=failure_text(snapshot) or self.failure,
        )

    def _go(self, by: Callable[..., LedgerEntry], **changes: Any) -> LedgerEntry:
        """Return the changed entry, by one of the ways that there are."""
        after_ = stage_after(self.stage, by=by.__name__)
        changed = replace(self, **changes)
        if changed.stage is not after_:
            message = f"{by.__name__} led from {self.stage} to {changed.stage}, not to {after_}"
            raise AssertionError(message)
        return changed

    def to_record(self) -> dict[str, Any]:
        """Return the entry as primitives, fit for the state store and for XCom."""
        return {
            "version": VERSION,
            "kind": self.kind.metadata_type_url,
            "target": str(self.target),
            "fingerprint": self.fingerprint,
            "intended": self.intended.isoformat(),
            "try_number": self.try_number,
            "connection_spec": self.connection_spec.to_dict(),
            "deadline": to_iso_text(self.deadline),
            "operation": str(self.operation) if self.operation else None,
            "closed": self.closed,
            "statements": [each.to_record() for each in self.statements],
            "carried": self.carried,
            "follow_up": self.follow_up.to_record() if self.follow_up else None,
            "cleans_up": self.cleans_up,
            "exempt": self.exempt,
            "stopping": to_iso_text(self.stopping),
            "ending": self.ending.value if self.ending else None,
            "adopted": to_iso_text(self.adopted),
            "evidence": self.evidence.value if self.evidence else None,
            "asked": dict(self.asked),
            "signed": self.signed,
            "before": None if self.before is None else list(self.before),
            "unanswered": to_iso_text(self.unanswered),
            "left": self.left,
            "deployment": self.deployment,
            "cancelled_by": self.cancelled_by,
            "failure": self.failure,
        }

    @classmethod
    def from_record(cls, record: object) -> LedgerEntry:
        """Return the entry that ``to_record`` described.

        :raises LedgerFormatError: if a later release, or something else, wrote the record
        """
        read = read_record(record)
        try:
            return cls._from(read)
        except InvalidNameError as exc:
            message = f"this is no ledger entry: {exc}"
            raise LedgerFormatError(message) from None

    @classmethod
    def _from(cls, read: LedgerRecord) -> LedgerEntry:
        kind, target = kind_of_metadata(read.kind), parse_resource(read.target)
        if kind is None or type(target) is not kind.target:
            message = f"this is no ledger entry: {read.kind!r} does not work on {read.target!r}"
            raise LedgerFormatError(message)
        operation = OperationName.parse(read.operation) if read.operation else None
        follow_up = FollowUp.from_record(read.follow_up) if read.follow_up else None
        for name in (operation, follow_up.name if follow_up else None):
            if name is not None and not same_resource(name.resource, target):
                message = f"this is no ledger entry: {name} is no operation of {target}"
                raise LedgerFormatError(message)
        return cls(
            kind=kind,
            target=target,
            fingerprint=read.fingerprint,
            intended=read.intended,
            try_number=read.try_number,
            connection_spec=ConnectionSpec.from_dict(read.connection_spec.model_dump()),
            deadline=read.deadline,
            operation=operation,
            closed=read.closed,
            statements=tuple(
                StatementRecord(digest=digest, committed=committed)
                for digest, committed in read.statements
            ),
            carried=read.carried,
            follow_up=follow_up,
            cleans_up=read.cleans_up,
            exempt=read.exempt,
            stopping=read.stopping,
            ending=read.ending,
            adopted=read.adopted,
            evidence=evidence_of(read, kind=kind),
            asked=read.asked,
            signed=read.signed,
            before=None if read.before is None else tuple(read.before),
            unanswered=read.unanswered,
            left=read.left,
            deployment=read.deployment,
            cancelled_by=read.cancelled_by,
            failure=read.failure,
        )
