# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""One line of the list: an entry of the ledger, or a task that waits for its turn; pure.

What the ledger owns, what Airflow says of the task, and what a poller saw last come together here,
once for all who look. An entry is written by whoever may edit its task instance, so all that it
says is text with its end in sight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import KINDS
from airflow_spanner_lro.core.ledger.reaping import ReapDecision, TaskFacts, TaskPhase
from airflow_spanner_lro.core.lists.queries import OperationQuery
from airflow_spanner_lro.core.names import InstanceName
from airflow_spanner_lro.core.text import escape_unprintable, from_iso_text, shorten
from airflow_spanner_lro.execution.store import KEY_PREFIX
from airflow_spanner_lro.reaper.records import shown
from airflow_spanner_lro.reaper.standing import reap_decision
from airflow_spanner_lro.web.ledger.states import ShownState, State, shown_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from airflow_spanner_lro.airflow_internals.task_instances import DeferredTask, InstanceKey
    from airflow_spanner_lro.core.connection import ConnectionSpec
    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.ledger.entry import LedgerEntry
    from airflow_spanner_lro.core.names import ResourceName
    from airflow_spanner_lro.core.polling.seen import SeenOperation
    from airflow_spanner_lro.reaper.records import LedgerRow

    Seen = Callable[[str, InstanceKey], SeenOperation | None]
    """Returns what was seen last of an operation, by its full name: by a poller, or by the task
    instance itself that waits for it."""

KIND_TITLES = {kind.name: kind.title for kind in KINDS}
WAITING_ID = "w"
"""What the id begins with of a task that waits for its turn; the number of its trigger follows."""
_LONGEST_LIMIT = 200
_LONGEST_NUMBER = 9
_COMPLETE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """An entry as it was read from the database, and what does not change with the time.

    :param row: without the text of its value, which is read again by whoever acts on it
    :param tried: the state that the try that owns it has come to, if that is known
    :param number: which of its task instance's entries it is
    """

    row: LedgerRow
    tried: str | None
    number: int
    instance_text: str | None
    operation: str | None
    target: str | None

    @property
    def written(self) -> datetime | None:
        """When the entry was written last."""
        return self.row.stored.written

    @classmethod
    def of(cls, row: LedgerRow, *, tried: str | None) -> KnownEntry:
        """Return what is known of an entry."""
        entry, stored = row.entry, row.stored
        target = entry.target if entry else None
        waited_for = entry.waited_for if entry else None
        digits = stored.key.removeprefix(KEY_PREFIX)
        return cls(
            row=replace(row, stored=replace(stored, value="")),
            tried=tried,
            # whoever may write the store may write any key
            number=int(digits) if _is_number(digits) else 0,
            instance_text=instance_of(target),
            operation=str(waited_for.name) if waited_for else None,
            target=str(target) if target else None,
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a task waits for before it can start: a slot that others hold, or a moment.

    :param since: when it began to wait in the triggerer
    :param limit: what Spanner allows, in words
    :param resource: what others hold or, where that is not known, None
    :param holders: names of the operations that held it when the start was refused
    :param kind: of these; None for a pause
    """

    since: datetime
    limit: str = ""
    resource: ResourceName | None = None
    holders: tuple[str, ...] = ()
    kind: OperationKind | None = None
    deadline: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOperation:
    """One line.

    :param id: by which it is asked for
    :param try_number: the try that owns it
    :param known: its entry; None for a task that waits and has none
    :param turn: what its task waits for
    :param decision: what the reaper would do; None for a task that has no entry
    :param foreign: another Airflow deployment wrote its entry, and sees to it
    :param words: what a search looks through, in lower case
    """

    id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int | None
    task: TaskFacts
    shown: ShownState
    kind: OperationKind | None
    target: str | None
    resource_id: str | None
    instance: str | None
    operation: str | None
    started: datetime | None
    ended: datetime | None
    deadline: datetime | None
    percent: int | None
    expected_end: datetime | None
    words: str
    known: KnownEntry | None = None
    turn: Turn | None = None
    seen: SeenOperation | None = None
    decision: ReapDecision | None = None
    foreign: bool = False

    @property
    def entry(self) -> LedgerEntry | None:
        """Its entry in the ledger; None where there is none, or it cannot be read."""
        return self.known.row.entry if self.known else None

    @property
    def orphaned(self) -> bool:
        """Nobody waits for it any more, and the reaper is to end it."""
        return self.decision is ReapDecision.REAP

    @property
    def key(self) -> InstanceKey:
        """Its task instance."""
        return self.dag_id, self.run_id, self.task_id, self.map_index

    @property
    def connection_spec(self) -> ConnectionSpec | None:
        """How its task reached Spanner, by what the entry says."""
        return self.entry.connection_spec if self.entry else None


def instance_of(resource: ResourceName | None) -> str | None:
    """Return the full name of the instance that a resource lies in; None if it lies in none."""
    return str(resource.instance_name) if isinstance(resource, InstanceName) else None


def list_entry(
    known: KnownEntry,
    *,
    turn: Turn | None,
    seen: SeenOperation | None,
    now: datetime,
    grace: timedelta,
    deployment: str,
) -> ListedOperation:
    """Return the line of an entry.

    :param turn: what its task instance waits for now, if it does
    :param seen: its operation, as a poller saw it last
    :param grace: how long the reaper waits before it judges
    :param deployment: the name of this Airflow deployment
    """
    row, entry = known.row, known.row.entry
    stored, task = row.stored, row.task
    turn = turn if entry and entry.closed and entry.try_number >= task.try_number else None
    state = shown_state(
        entry,
        task=task,
        tried=known.tried,
        seen=seen.state if seen else None,
        waits=turn is not None or _waits_on_worker(entry, task),
    )
    kind = entry.kind if entry else None
    ended = _ended(known, state, seen)
    goes_on = ended is None and not state.ended
    task_name = shown(f"{stored.dag_id} {stored.task_id}")
    title = kind.title if kind else None
    words = (known.target, known.operation, task_name, shown(stored.run_id), title)
    return ListedOperation(
        id=str(stored.row),
        dag_id=stored.dag_id,
        run_id=stored.run_id,
        task_id=stored.task_id,
        map_index=stored.map_index,
        try_number=entry.try_number if entry else None,
        task=task,
        shown=state,
        kind=kind,
        target=known.target,
        resource_id=entry.target.resource_id if entry else None,
        instance=known.instance_text,
        operation=known.operation,
        started=_started(entry, seen),
        ended=ended,
        deadline=_deadline(entry, turn) if goes_on else None,
        percent=_percent(entry, state, seen),
        expected_end=_expected_end(seen, turn) if goes_on else None,
        words="\n".join(filter(None, words)).lower(),
        known=known,
        turn=turn,
        seen=seen,
        decision=reap_decision(entry, task=task, now=now, grace=grace) if entry else None,
        foreign=entry is not None and entry.deployment != deployment,
    )


def list_waiting(task: DeferredTask, turn: Turn) -> ListedOperation:
    """Return the line of a task that waits for its turn and has no entry."""
    dag_id, run_id, task_id, map_index = task.instance
    facts = TaskFacts(state="deferred", phase=TaskPhase.AT_WORK, try_number=task.try_number)
    target = str(turn.resource) if turn.resource else None
    words = (target, shown(f"{dag_id} {task_id}"), shown(run_id), turn.limit)
    return ListedOperation(
        id=f"{WAITING_ID}{task.trigger}",
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
        try_number=task.try_number,
        task=facts,
        shown=ShownState(state=State.WAITING, text=turn_text(turn)),
        kind=None,
        target=target,
        resource_id=turn.resource.resource_id if turn.resource else None,
        instance=instance_of(turn.resource),
        operation=None,
        started=turn.since,
        ended=None,
        deadline=turn.deadline,
        percent=None,
        expected_end=turn.until,
        words="\n".join(filter(None, words)).lower(),
        turn=turn,
    )


def turn_of(task: DeferredTask, arguments: Mapping[str, Any] | None) -> Turn:
    """Return what a task waits for, from the arguments of its trigger, which may be anything.

    :param arguments: None if they cannot be read
    """
    given = arguments or {}
    query = _query(given.get("query"))
    holders: Any = given.get("holders")
    listed = holders if isinstance(holders, list | tuple) else ()
    names = [each for each in listed if isinstance(each, str)]
    limit = given.get("limit")
    return Turn(
        since=task.since,
        limit=shorten(escape_unprintable(limit), length=_LONGEST_LIMIT)
        if isinstance(limit, str)
        else "",
        resource=query.parent if query else None,
        holders=tuple(map(shown, names[:_MOST_HOLDERS])),
        kind=_kind_of(query),
        deadline=_moment(given.get("deadline")),
        until=_moment(given.get("until")),
    )


_MOST_HOLDERS = 20


def turn_text(turn: Turn | None) -> str:
    """Return what a task waits for, as a sentence."""
    if turn is None:
        return "Waits for its turn on a worker; nothing was started yet."
    allows = f": Spanner allows {turn.limit}" if turn.limit else ""
    return f"Waits for its turn{allows}. Nothing was started yet."


def _query(record: object) -> OperationQuery | None:
    try:
        return OperationQuery.from_record(record)  # type: ignore[arg-type]  # it is to be seen
    except (ValueError, TypeError, KeyError, AttributeError):
        # what an invalid name is, too
        return None


def _kind_of(query: OperationQuery | None) -> OperationKind | None:
    types = query.types if query else ()
    return next((kind for kind in KINDS if kind.metadata_type_url in types), None)


def _moment(text: object) -> datetime | None:
    try:
        moment = from_iso_text(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _waits_on_worker(entry: LedgerEntry | None, task: TaskFacts) -> bool:
    """Tell whether a closed intent is that of a try which goes on: it waits, or asks once more."""
    return entry is not None and entry.try_number == task.try_number and task.state == "running"


def _started(entry: LedgerEntry | None, seen: SeenOperation | None) -> datetime | None:
    # an emulator's moments are its own; beside others in a list they would only mislead
    if seen and seen.start_time and not seen.emulated:
        return seen.start_time
    return entry.intended if entry else None


def _ended(known: KnownEntry, state: ShownState, seen: SeenOperation | None) -> datetime | None:
    if seen and seen.done:
        return seen.end_time if seen.end_time and not seen.emulated else seen.seen
    entry = known.row.entry
    if entry is None or state.state in (State.WAITING, State.RUNNING):
        return None
    # the entry is closed when its outcome was delivered, a moment after the end
    return known.written if state.ended or (entry.closed and not entry.left) else None


def _deadline(entry: LedgerEntry | None, turn: Turn | None) -> datetime | None:
    return (turn.deadline if turn else None) or (entry.deadline if entry else None)


def _expected_end(seen: SeenOperation | None, turn: Turn | None) -> datetime | None:
    if turn is not None:
        return turn.until
    return seen.expected_end if seen else None


def _percent(
    entry: LedgerEntry | None, state: ShownState, seen: SeenOperation | None
) -> int | None:
    if state.state is State.SUCCEEDED:
        return _COMPLETE
    if seen and seen.percent is not None:
        return min(max(seen.percent, 0), _COMPLETE)
    if entry is None or not entry.statements:
        return None
    committed = sum(each.committed is not None for each in entry.statements)
    return committed * _COMPLETE // len(entry.statements)
