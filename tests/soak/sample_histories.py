# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Histories for the judge, written by hand: one task, whose run begins at second 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from airflow_spanner_lro.core.operations.snapshot import OperationState
from tests.soak.call_hooks import CANCEL
from tests.soak.dag_specs import Kind, target
from tests.soak.evidence import (
    Adoption,
    Blow,
    BlowKind,
    Call,
    Cause,
    CauseKind,
    Left,
    Operation,
    SoakEvidence,
    Task,
    Try,
)
from tests.soak.judge import Charge, judge
from tests.soak.presumed_operations import Doubt, presumptions

RUN = "s0001"
REAPED_FROM = 1000.0


@dataclass(slots=True, kw_only=True)
class History:
    """What happened to one task, told in the order in which it happened.

    :param state: how the task ended
    :param made: whether what it was to make is there
    """

    kind: Kind = Kind.BACKUP
    state: str | None = "success"
    made: bool = True
    timeout: float | None = None
    cancelled_on_kill: bool = True
    tries: list[Try] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    adoptions: list[Adoption] = field(default_factory=list)
    blows: list[Blow] = field(default_factory=list)
    lefts: list[Left] = field(default_factory=list)

    def name(self, number: int) -> str:
        """Return the name of one of the operations, strangers' too, counted from 1."""
        return f"{target(RUN, self.kind)}/operations/{number}"

    def tried(self, started: float, ended: float | None, state: str = "failed") -> History:
        """Add a try."""
        number = len(self.tries) + 1
        self.tries.append(Try(number=number, state=state, started=started, ended=ended))
        return self

    def ran(
        self, started: float, ended: float | None, state: str = "SUCCEEDED", **others: bool
    ) -> History:
        """Add an operation; the task's, unless it is said to be a stranger's."""
        self.operations.append(
            Operation(
                name=self.name(len(self.operations) + 1),
                run_id=RUN,
                task_id=self.kind,
                state=OperationState(state),
                started=started,
                ended=ended,
                makes=self.kind.makes,
                **others,
            )
        )
        return self

    def called(self, at: float, *, code: str = "OK", stranger: bool = False) -> History:
        """Add a start call."""
        return self._call(self.kind.method, target(RUN, self.kind), at, code, stranger=stranger)

    def cancelled(
        self, at: float, *, number: int = 1, code: str = "OK", stranger: bool = False
    ) -> History:
        """Add a cancel of an operation."""
        return self._call(CANCEL, self.name(number), at, code, stranger=stranger)

    def deleted(self, at: float, *, code: str = "OK", stranger: bool = False) -> History:
        """Add the deletion of what is there."""
        method = "DeleteBackup" if self.kind.makes_backup else "DropDatabase"
        return self._call(method, target(RUN, self.kind), at, code, stranger=stranger)

    def _call(self, method: str, resource: str, at: float, code: str, *, stranger: bool) -> History:
        self.calls.append(
            Call(method=method, resource=resource, at=at, code=code, stranger=stranger)
        )
        return self

    def struck(self, kind: BlowKind, at: float, **others: Any) -> History:
        """Add something that may have kept an answer from the task."""
        blow = {"run_id": RUN, "task_id": str(self.kind), **others}
        self.blows.append(Blow(kind=kind, at=at, **blow))
        return self

    def left(self, *, number: int = 1, logged: bool = True, listed: bool = True) -> History:
        """Add a ledger entry that was closed although its operation goes on."""
        self.lefts.append(
            Left(
                operation=self.name(number),
                run_id=RUN,
                task_id=self.kind,
                logged=logged,
                listed=listed,
            )
        )
        return self

    def caused(self, kind: CauseKind, at: float, **others: Any) -> History:
        """Add a cause."""
        cause = {"run_id": RUN, "task_id": str(self.kind), **others}
        self.causes.append(Cause(kind=kind, at=at, **cause))
        return self

    def adopted(self, at: float, *, number: int = 1) -> History:
        """Add that a later try took an operation up."""
        self.adoptions.append(Adoption(operation=self.name(number), at=at))
        return self

    @property
    def evidence(self) -> SoakEvidence:
        """All of it, for the judge."""
        task = Task(
            dag_id="soak_test",
            run_id=RUN,
            task_id=self.kind,
            target=target(RUN, self.kind),
            state=self.state,
            timeout=self.timeout,
            cancelled_on_kill=self.cancelled_on_kill,
            cleans_up=self.kind.cleans_up,
            made=self.made,
            tries=tuple(self.tries),
            adoptions=tuple(self.adoptions),
        )
        return SoakEvidence(
            tasks=(task,),
            operations=tuple(self.operations),
            calls=tuple(self.calls),
            causes=tuple(self.causes),
            blows=tuple(self.blows),
            lefts=tuple(self.lefts),
            reaped_from=REAPED_FROM,
        )

    @property
    def charges(self) -> list[Charge]:
        """What the judge finds."""
        return [violation.charge for violation in judge(self.evidence)]

    @property
    def doubts(self) -> list[Doubt]:
        """What was left or delivered in doubt, and is explained."""
        return [presumption.doubt for presumption in presumptions(self.evidence)]


def done() -> History:
    """Return a task that made a backup from second 2 to 40, and no trouble."""
    return History().tried(0, 42, "success").ran(2, 40)


def failed(**more: Any) -> History:
    """Return a task that failed, and nothing else yet."""
    return History(state="failed", made=False, **more)
