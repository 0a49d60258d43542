# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an operation, as Spanner tells of it, can be the one that a record says a task started.

A record may name any operation. Before it is cancelled, or anything is concluded from it, Spanner
says what it is: the first of these that does not hold is told, and the operation is left alone.

- it is an operation of the target, by id or number of the project;
- it is of the kind that the task starts, or of a kind that may go on with the work;
- it began within the life of the task's run, clocks allowed for; one that tells no time may have.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.kinds import (
    CREATE_DATABASE,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE,
)
from airflow_spanner_lro.core.names import same_resource
from airflow_spanner_lro.core.tries.evidence import CLOCK_ALLOWANCE

if TYPE_CHECKING:
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.operations.snapshot import OperationSnapshot
    from airflow_spanner_lro.core.tries.ledger import LedgerEntry

_GOES_ON = {
    CREATE_DATABASE: (UPDATE_DATABASE,),
    RESTORE_DATABASE: (OPTIMIZE_RESTORED_DATABASE, UPDATE_DATABASE),
}
"""What may go on with the work of a kind."""


def began_of(run: object) -> datetime | None:
    """Return when a Dag run began, or earlier, from what a context tells of it; None if nothing.

    A clear gives a run another start, but not another moment after which it was to run.

    :param run: an object with these moments as attributes, or their texts by the same names
    """
    moments = []
    for name in ("run_after", "start_date"):
        value = run.get(name) if isinstance(run, Mapping) else getattr(run, name, None)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime) and value.tzinfo is not None:
            moments.append(value)
    return min(moments, default=None)


def disproof(
    entry: LedgerEntry, snapshot: OperationSnapshot, *, began: datetime | None
) -> str | None:
    """Return why an operation cannot be what an entry says; None if it can.

    :param snapshot: the operation that the task waited for last
    :param began: when the run of the task did, or earlier; None if that is not known
    """
    kinds = _GOES_ON.get(entry.kind, ()) if entry.follow_up else (entry.kind,)
    return (
        other_target(snapshot, entry.target)
        or other_kind(snapshot, *kinds)
        or too_early(snapshot, began=began)
    )


def other_target(snapshot: OperationSnapshot, target: ResourceName) -> str | None:
    """Return that an operation works on something else; None if it does not."""
    if same_resource(snapshot.name.resource, target):
        return None
    return f"It works on {snapshot.name.resource}, and the task on {target}."


def other_kind(snapshot: OperationSnapshot, *kinds: OperationKind) -> str | None:
    """Return that an operation is of none of some kinds; None if it is of one of them."""
    if snapshot.kind in kinds:
        return None
    titles = " or ".join(kind.title for kind in kinds) or "no such operation"
    known = snapshot.kind.title if snapshot.kind else "an operation of a kind not known here"
    return f"It is {known}, and the task starts: {titles}."


def too_early(snapshot: OperationSnapshot, *, began: datetime | None) -> str | None:
    """Return that an operation began before the run of its task; None if it may not have."""
    if snapshot.start_time is None or began is None:
        return None
    if snapshot.start_time >= began - CLOCK_ALLOWANCE:
        return None
    return (
        f"It began at {snapshot.start_time.isoformat(timespec='seconds')}, before the run of the "
        f"task ({began.isoformat(timespec='seconds')})."
    )
