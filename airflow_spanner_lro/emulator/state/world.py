# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The emulated world: tables, plans and a clock, and the one place where time has effects.

Operations end while nobody looks. Before each call the world catches up: it applies what ended
since the last call in the order in which it ended, each at its own time. What the world looks like
at a moment therefore depends on the calls that changed it and never on those that read it.
"""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import proto

from airflow_spanner_lro.core.snapshot import OperationError, OperationState
from airflow_spanner_lro.emulator.errors import RpcError
from airflow_spanner_lro.emulator.state.effects import EFFECTS
from airflow_spanner_lro.emulator.state.lifecycle import Breakage, Lifecycle
from airflow_spanner_lro.emulator.state.operations import Details, Operation, Operations
from airflow_spanner_lro.emulator.state.resources import Resources

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from google.protobuf.message import Message

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import OperationName, ResourceName
    from airflow_spanner_lro.emulator.clock import Clock
    from airflow_spanner_lro.emulator.state.plans import Plans


class World:
    """Everything there is.

    Whoever uses it holds :attr:`lock`, and calls :meth:`catch_up` first.

    :param clock: what time it is
    :param plans: what operations are going to do
    :param seed: for the ids that the service makes up
    """

    def __init__(self, *, clock: Clock, plans: Plans, seed: int) -> None:
        self.clock = clock
        self.plans = plans
        self.resources = Resources()
        self.operations = Operations(random.Random(seed))  # noqa: S311 - ids, not secrets
        self.lock = threading.RLock()
        self._serial = 0
        self._quiet: tuple[int, datetime | None] = (-1, None)

    def next_serial(self) -> int:
        """Return the next number in the order in which things are made."""
        self._serial += 1
        return self._serial

    def start(
        self,
        *,
        kind: OperationKind,
        target: ResourceName,
        details: Details,
        now: datetime,
        name: OperationName | None = None,
        usual: tuple[timedelta, ...] = (),
        waits: bool = False,
    ) -> Operation:
        """Start an operation, and return it as it is now.

        :param name: its name if it is known already, otherwise one is made up
        :param usual: how long its steps usually take, where that depends on the request
        :param waits: whether its work cannot begin yet, because an earlier operation goes first
        """
        plan, steps = self.plans.take(kind, target, usual=usual)
        operation = Operation(
            name=name or self.operations.new_name(target),
            kind=kind,
            serial=self.next_serial(),
            lifecycle=Lifecycle(started=now, steps=steps, plan=plan, begins=None if waits else now),
            details=details,
        )
        self.operations.put(operation)
        self.catch_up(now)
        return self.operations.get(operation.name)

    def cancel(self, operation: Operation, *, now: datetime) -> None:
        """Ask to cancel an operation; whether and when that has an effect is up to its plan."""
        self.operations.put(replace(operation, lifecycle=operation.lifecycle.cancel(now)))
        self.catch_up(now)

    def abort_all(self, target: ResourceName, *, now: datetime) -> None:
        """End what is running on a resource that is about to be removed."""
        for operation in self.operations.pending(target=target):
            self.operations.put(replace(operation, lifecycle=operation.lifecycle.abort(now)))
        self.catch_up(now)

    def catch_up(self, now: datetime) -> None:
        """Apply everything that happened up to now, in the order in which it happened."""
        # most calls find nothing to do, and must not look at each pending operation to learn that
        version, until = self._quiet
        if version == self.operations.version and (until is None or now < until):
            return
        while (upcoming := self._next_event()) is not None and upcoming[0] <= now:
            at, operation = upcoming
            self._apply(operation, at)
        self._quiet = (self.operations.version, upcoming[0] if upcoming else None)

    def _next_event(self) -> tuple[datetime, Operation] | None:
        events = (
            (at, operation)
            for operation in self.operations.pending()
            if (at := operation.next_event) is not None
        )
        return min(events, key=lambda event: (event[0], event[1].serial), default=None)

    def _apply(self, operation: Operation, at: datetime) -> None:
        effects = EFFECTS[operation.kind]
        if operation.steps_settled < operation.lifecycle.steps_done(at):
            step = operation.steps_settled
            try:
                effects.step(self, operation, step, at)
            except RpcError as exc:
                error = OperationError(code=exc.code, message=exc.message)
                breakage = Breakage(at=at, step=step, error=error)
                lifecycle = replace(operation.lifecycle, breakage=breakage)
                self.operations.put(replace(operation, lifecycle=lifecycle))
            else:
                self.operations.put(replace(operation, steps_settled=step + 1))
            return
        succeeded = operation.lifecycle.state(at) is OperationState.SUCCEEDED
        # settled first: what an effect starts in turn must not meet this operation as pending
        self.operations.put(replace(operation, settled=True))
        if succeeded:
            response = _raw(effects.succeed(self, operation, at))
            self.operations.put(replace(operation, settled=True, response=response))
        else:
            effects.undo(self, operation, at)


def _raw(message: proto.Message | Message | None) -> Message | None:
    """Return the protobuf message within a proto-plus one."""
    if isinstance(message, proto.Message):
        raw: Message = type(message).pb(message)
        return raw
    return message
