# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Time that jumps from event to event until operations are done: no test has to know how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_spanner_lro.core.names import OperationName
from airflow_spanner_lro.emulator.state import views

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from airflow_spanner_lro.emulator.engine import Engine
    from airflow_spanner_lro.emulator.operations.model import Operation


class NeverDoneError(Exception):
    """Operations that somebody waits for do not end, or not soon enough.

    :param names: those that are not done
    """

    def __init__(self, names: Sequence[OperationName], *, reason: str) -> None:
        super().__init__(f"Not done: {', '.join(str(name) for name in names)}: {reason}.")
        self.names = tuple(str(name) for name in names)


def run_until_done(
    engine: Engine, names: Sequence[str], *, limit: timedelta
) -> tuple[views.OperationView, ...]:
    """Let time jump until operations are done, and return them as they are then.

    :param names: of the operations; without any, all that are pending and all that follow them
    :param limit: how far time may go
    :raises NeverDoneError: if one waits for something that never comes, or for longer than that.
    :raises RpcError: NOT_FOUND if there is no such operation.
    """
    wanted = dict.fromkeys(OperationName.parse(name) for name in names)
    everything = not wanted
    with engine.look() as (world, now):
        for name in wanted:
            world.operations.get(name, now=now)
        deadline = now + limit
    while True:
        with engine.look() as (world, now):
            pending = world.operations.pending()
            if everything:
                wanted |= dict.fromkeys(row.name for row in pending)
            waiting = [row.name for row in pending if row.name in wanted]
            if not waiting:
                rows = sorted((world.operations.row(name) for name in wanted), key=_serial)
                return tuple(views.view_operation(row, now=now) for row in rows)
            # what they wait for may be the end of others
            events = [at for row in pending if (at := row.next_event) is not None]
        _jump(engine, events, now=now, deadline=deadline, waiting=waiting)


def _jump(
    engine: Engine,
    events: Sequence[datetime],
    *,
    now: datetime,
    deadline: datetime,
    waiting: Sequence[OperationName],
) -> None:
    if not events:
        raise NeverDoneError(waiting, reason="nothing that is going to happen would end them")
    at = min(events)
    if at > deadline:
        reason = f"the next thing happens at {at.isoformat()}, after the limit"
        raise NeverDoneError(waiting, reason=reason)
    engine.clock.advance(at - now)


def _serial(operation: Operation) -> int:
    return operation.serial
