# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The panel on a task instance: what it waits for, until when, and what clearing it would do; pure.

Whoever sees the task may not see others: who holds the slot that it waits for is named only where
its Dag may be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.text import format_moment
from airflow_spanner_lro.reaper.records import shown
from airflow_spanner_lro.web.ledger.clearing import clearing
from airflow_spanner_lro.web.ledger.rows import ending_text, row, state_text
from airflow_spanner_lro.web.ledger.states import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow_spanner_lro.web.ledger.listed import ListedOperation, Turn

NOTHING = "This task has started no Spanner operation."
UNKNOWN = "No Spanner operation of this task is known here any more."


def panel(
    of_task: Sequence[ListedOperation],
    *,
    by_operation: Mapping[str, ListedOperation],
    readable: Collection[str],
    actionable: Collection[str],
    now: datetime,
    complete: bool = True,
) -> dict[str, Any]:
    """Return what the panel shows as JSON values.

    :param of_task: all lines of the task instance, the newest last
    :param by_operation: the lines of operations that may hold a slot, by their full names
    :param readable: the Dags that whoever asks may see
    :param actionable: those whose operations he may cancel
    :param complete: no entry of the ledger was left out, however old
    """
    current = current_of(of_task)
    answer = clearing(current)
    return {
        "headline": headline(current, now=now),
        "detail_text": state_text(current) if current else NOTHING if complete else UNKNOWN,
        "current": row(current, actionable=actionable) if current else None,
        "entries": [row(each, actionable=actionable) for each in reversed(of_task)],
        "slot": _slot(current, by_operation=by_operation, readable=readable),
        "cancel_text": ending_text(current) if current else None,
        "clear": {"verdict": answer.verdict.value, "text": answer.text},
        "problems": [state_text(each) for each in of_task if each.shown.state is State.UNREADABLE],
    }


def current_of(of_task: Sequence[ListedOperation]) -> ListedOperation | None:
    """Return the line that a task is about: the one that waits, else the newest; None of none."""
    waiting = [each for each in of_task if each.shown.state is State.WAITING]
    return next(reversed(waiting or list(of_task)), None)


def headline(current: ListedOperation | None, *, now: datetime) -> str:
    """Return the state of a task's operation on one line: how far, until when, at most until when.

    ``RUNNING 64 %, ends about 03:12:00 UTC, will be cancelled 04:00:00 UTC``
    """
    return ", ".join(_parts(current, now=now)) if current else "NO OPERATION"


def _parts(current: ListedOperation, *, now: datetime) -> Iterator[str]:
    state = current.shown.state
    shows_percent = current.percent is not None and state in (State.RUNNING, State.CANCELLING)
    yield f"{state} {current.percent} %" if shows_percent else state.value
    if current.ended is not None:
        yield f"ended {format_moment(current.ended, now=now)}"
        return
    if current.expected_end:
        verb = "asks again" if state is State.WAITING else "ends"
        yield f"{verb} about {format_moment(current.expected_end, now=now)}"
    if current.deadline and state is not State.CANCELLING:
        becomes = "gives up" if state is State.WAITING else "will be cancelled"
        yield f"{becomes} {format_moment(current.deadline, now=now)}"


def _slot(
    current: ListedOperation | None,
    *,
    by_operation: Mapping[str, ListedOperation],
    readable: Collection[str],
) -> dict[str, Any] | None:
    if current is None or current.shown.state is not State.WAITING:
        return None
    turn = current.turn
    if turn is None:
        text = "It waits on a worker; the log of the task says who holds the slot."
        return {"holders": [], "text": text}
    holders = [*_holders(turn, by_operation=by_operation, readable=readable)]
    return {"holders": holders, "text": _limit(turn, holders)}


def _limit(turn: Turn, holders: Iterable[str]) -> str:
    allows = f"Spanner allows {turn.limit}." if turn.limit else "Spanner has refused for now."
    return allows if any(holders) else f"{allows} Nobody is known to hold the slot."


def _holders(
    turn: Turn, *, by_operation: Mapping[str, ListedOperation], readable: Collection[str]
) -> Iterator[str]:
    """Yield who held the slot when the start was refused, and how far they are."""
    for name in turn.holders:
        holder = by_operation.get(name)
        if holder is None:
            yield f"{name}, which no task of this Airflow has started"
        elif holder.dag_id not in readable:
            yield f"{name}, of a task that you may not see"
        else:
            percent = "" if holder.percent is None else f" {holder.percent} %"
            task = shown(f"{holder.dag_id}.{holder.task_id}")
            run_id = shown(holder.run_id)
            yield f"{name}, of {task} in {run_id}: {holder.shown.state}{percent}"
