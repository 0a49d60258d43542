# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Histories for the judge, written by hand: one task, whose run begins at second 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from airflow_spanner_lro.core.operations.snapshot import OperationState

from .evidence import Adoption, Call, Cause, CauseKind, Evidence, Operation, Task, Try
from .recipes import Kind, target
from .verdict import CANCEL, Charge, judge

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

    def name(self, number: int) -> str:
        """Return the name of one of its operations, counted from 1."""
        return f"{target(RUN, self.kind)}/operations/{number}"

    def tried(self, started: float, ended: float | None, state: str = "failed") -> History:
        """Add a try."""
        number = len(self.tries) + 1
        self.tries.append(Try(number=number, state=state, started=started, ended=ended))
        return self

    def ran(self, started: float, ended: float | None, state: str = "SUCCEEDED") -> History:
        """Add an operation."""
        self.operations.append(
            Operation(
                name=self.name(len(self.operations) + 1),
                run_id=RUN,
                task_id=self.kind,
                state=OperationState(state),
                started=started,
                ended=ended,
            )
        )
        return self

    def cancelled(self, at: float, *, number: int = 1, code: str = "OK") -> History:
        """Add a cancel of an operation."""
        self.calls.append(Call(method=CANCEL, resource=self.name(number), at=at, code=code))
        return self

    def deleted(self, at: float) -> History:
        """Add the deletion of what it made."""
        resource = target(RUN, self.kind)
        self.calls.append(Call(method="DeleteBackup", resource=resource, at=at, code="OK"))
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
    def evidence(self) -> Evidence:
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
        return Evidence(
            tasks=(task,),
            operations=tuple(self.operations),
            calls=tuple(self.calls),
            causes=tuple(self.causes),
            reaped_from=REAPED_FROM,
        )

    @property
    def charges(self) -> list[Charge]:
        """What the judge finds."""
        return [violation.charge for violation in judge(self.evidence)]


def done() -> History:
    """Return a task that made a backup from second 2 to 40, and no trouble."""
    return History().tried(0, 42, "success").ran(2, 40)


def failed(**more: Any) -> History:
    """Return a task that failed, and nothing else yet."""
    return History(state="failed", made=False, **more)
