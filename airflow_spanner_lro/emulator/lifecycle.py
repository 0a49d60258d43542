# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""State, progress and end of an operation: a pure function of its record and the time.

Nothing here is stored while time passes. State, percentage and end are computed from when the
operation started, what it was planned to do, whether someone asked to cancel it, and *now*; so
reading changes nothing, and it does not matter when, or how often, anyone looks.

An operation is a sequence of steps: one for most kinds, one per statement for a schema change.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Self

from airflow_spanner_lro.core.operations.snapshot import OperationError, OperationState
from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.plans import ZERO, Plan, Rollback

if TYPE_CHECKING:
    from datetime import datetime, timedelta

CANCELLED_TEXT = "The operation was cancelled."


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleEnd:
    """When and how an operation ends, as far as is known from what has been asked of it so far."""

    at: datetime
    state: OperationState
    error: OperationError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """A step found, when its turn came, that it could not be done.

    :param step: index of the step; those before it stay done
    """

    at: datetime
    step: int
    error: OperationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The life of one operation.

    :param started: when the request was received
    :param steps: how long each step takes
    :param plan: what else it is going to do
    :param begins: when the work begins; None while it waits for another operation to end
    :param cancel_requested: when somebody first asked to cancel it, or None
    :param breakage: the unplanned failure of a step, or None
    :param undo_guaranteed: whether it surely ends as cancelled once a cancel has had an effect;
        otherwise the work may be done first
    """

    started: datetime
    steps: tuple[timedelta, ...]
    plan: Plan
    begins: datetime | None
    cancel_requested: datetime | None = None
    breakage: Breakage | None = None
    undo_guaranteed: bool = False
    # computed once, because thousands of operations are asked again and again
    work: timedelta = field(init=False, compare=False, repr=False)
    """How long the work takes in all."""
    ending: LifecycleEnd | None = field(init=False, compare=False, repr=False)
    """How it ends if nothing else is asked of it; None while the work cannot begin."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "work", sum(self.steps, ZERO))
        object.__setattr__(self, "ending", self._foresee())

    def _foresee(self) -> LifecycleEnd | None:
        cancelled = self._cancel_ending()
        if cancelled is not None and (self.undo_guaranteed or self.rolls_back):
            return cancelled
        endings = self._own_endings()
        if cancelled is not None:
            endings.append(cancelled)
        # the work's own ending comes first in the list, so it wins when both fall together
        return min(endings, key=lambda ending: ending.at, default=None)

    def _own_endings(self) -> list[LifecycleEnd]:
        if self.begins is None:
            return []
        error = self.plan.failure
        failing = OperationState.FAILED
        if error is None:
            endings = [LifecycleEnd(at=self.begins + self.work, state=OperationState.SUCCEEDED)]
        else:
            fraction = 1.0 if self.plan.fail_at is None else self.plan.fail_at
            endings = [
                LifecycleEnd(at=self.begins + self.work * fraction, state=failing, error=error)
            ]
        if self.breakage is not None:
            broken = LifecycleEnd(at=self.breakage.at, state=failing, error=self.breakage.error)
            endings.insert(0, broken)
        return endings

    def _cancel_ending(self) -> LifecycleEnd | None:
        asked, delay = self.cancel_effective, self.plan.cancel_delay
        if asked is None or delay is None:
            return None
        if isinstance(delay, Rollback):
            delay = ZERO if self.begins is None else max(ZERO, asked - self.begins)
        error = OperationError(code=Code.CANCELLED, message=CANCELLED_TEXT)
        return LifecycleEnd(at=asked + delay, state=OperationState.CANCELLED, error=error)

    @property
    def cancel_effective(self) -> datetime | None:
        """When somebody asked to cancel it in time, and it heeds that; None otherwise."""
        asked = self.cancel_requested
        if asked is None or self.plan.cancel_delay is None:
            return None
        too_late = self.begins is not None and asked > self.begins + (
            self.work * self.plan.cancel_until
        )
        return None if too_late else asked

    @property
    def rolls_back(self) -> bool:
        """Whether, once cancelled, it does its work backwards."""
        return isinstance(self.plan.cancel_delay, Rollback)

    def state(self, now: datetime) -> OperationState:
        """Return the state at a time."""
        ended = self.ended(now)
        return OperationState.RUNNING if ended is None else ended.state

    def ended(self, now: datetime) -> LifecycleEnd | None:
        """Return how it has ended by this time, or None if it has not."""
        ending = self.ending
        return ending if ending is not None and ending.at <= now else None

    def percent(self, now: datetime) -> int:
        """Return how far it is, 0 to 100; 100 only once it has succeeded."""
        ended = self.ended(now)
        if ended is not None and ended.state is OperationState.SUCCEEDED:
            return 100
        # most have never been cancelled, and filters ask thousands of them
        asked = None if self.cancel_requested is None else self.cancel_effective
        if asked is not None and self.rolls_back and self.ending is not None and asked <= now:
            # it counts anew, on the way back
            return self._share(asked, self.ending.at - asked, now)
        return self._share(self.begins, self.work, now)

    def throttled(self, now: datetime) -> bool:
        """Tell whether it says that the service holds it back."""
        if self.plan.throttled is None or self.begins is None or self.ended(now) is not None:
            return False
        first, last = (self.work * fraction for fraction in self.plan.throttled)
        return first <= now - self.begins < last

    def step_begins(self, index: int) -> datetime | None:
        """Return when a step begins if those before it are done; None while that is unknown."""
        return None if self.begins is None else self.begins + sum(self.steps[:index], ZERO)

    def steps_done(self, now: datetime) -> int:
        """Return how many of the steps are done, and stay done, at a time."""
        ending = self.ending
        if self.begins is None or ending is None:
            return 0
        if ending.state is OperationState.SUCCEEDED and ending.at <= now:
            return len(self.steps)
        ends = [self.begins + end for end in accumulate(self.steps)]
        if self.breakage is not None:
            ends = ends[: self.breakage.step]
        # the last step is done when the operation succeeds, and never otherwise
        return sum(end <= min(now, ending.at) for end in ends[: len(self.steps) - 1])

    def step_percent(self, index: int, now: datetime) -> int:
        """Return how far one step is, 0 to 100; 100 only once it is done."""
        if index < self.steps_done(now):
            return 100
        return self._share(self.step_begins(index), self.steps[index], now)

    def _share(self, begins: datetime | None, work: timedelta, now: datetime) -> int:
        ending = self.ending
        if begins is None or ending is None or not work:
            return 0
        return max(0, min(99, int((min(now, ending.at) - begins) * 100 / work)))

    def next_event(self, steps_settled: int) -> datetime | None:
        """Return when the next step will be done, or else when the operation will end.

        :param steps_settled: how many steps somebody has already acted upon
        """
        ending = self.ending
        if ending is None:
            return None
        if steps_settled < self.steps_done(ending.at):
            return self.step_begins(steps_settled + 1)
        return ending.at

    def cancel(self, at: datetime) -> Self:
        """Return the life after a request to cancel; a second request changes nothing."""
        if self.cancel_requested is not None or self.ended(at) is not None:
            return self
        return replace(self, cancel_requested=at)

    def abort(self, at: datetime) -> Self:
        """Return the life of an operation whose target somebody removed: cancelled, at once."""
        if self.ended(at) is not None:
            return self
        return replace(
            self, cancel_requested=at, plan=replace(self.plan, cancel_delay=ZERO, cancel_until=1.0)
        )
