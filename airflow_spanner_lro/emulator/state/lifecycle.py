# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How an operation goes through its life: a pure function of its record and the time.

Nothing here is stored while time passes. State, percentage and end are computed from when the
operation started, what it was planned to do, whether someone asked to cancel it, and *now*; so
reading changes nothing, and it does not matter when, or how often, anyone looks.

An operation is a sequence of steps: one for most kinds, one per statement for a schema change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Self

from airflow_spanner_lro.core.snapshot import OperationError, OperationState
from airflow_spanner_lro.core.status import Code

_ZERO = timedelta()
_DEFAULT_FAILURE = (Code.INTERNAL, "The emulator was told to let this operation fail.")
CANCELLED_TEXT = "The operation was cancelled."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an operation is going to do, unless somebody cancels it.

    :param duration: how long it takes in all; None for what its kind usually takes
    :param cancel_delay: from the request to cancel until it ends as cancelled, if the work has not
        ended before; None means that it ignores being cancelled
    :param fail_at: the fraction of the duration, 0 to 1, after which it fails; None lets it
        succeed, or fail at the very end if ``fail_with`` is given
    :param fail_with: code and message to fail with; an INTERNAL one if only ``fail_at`` is given
    :param throttled: from which to which fraction of the duration it reports being throttled
        (schema changes only)
    :raises ValueError: if a duration is negative or a fraction is not within 0 to 1.
    """

    duration: timedelta | None = None
    cancel_delay: timedelta | None = _ZERO
    fail_at: float | None = None
    fail_with: tuple[Code, str] | None = None
    throttled: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("duration", "cancel_delay"):
            value = getattr(self, name)
            if value is not None and value < _ZERO:
                message = f"{name}={value} is not usable: it cannot be negative"
                raise ValueError(message)
        for fraction in (self.fail_at, *(self.throttled or ())):
            if fraction is not None and not 0 <= fraction <= 1:
                message = f"{fraction} is not usable: a fraction lies within 0 and 1"
                raise ValueError(message)

    @property
    def failure(self) -> OperationError | None:
        """The error it is planned to fail with, or None if it is planned to succeed."""
        if self.fail_at is None and self.fail_with is None:
            return None
        code, message = self.fail_with or _DEFAULT_FAILURE
        return OperationError(code=code, message=message)

    def spread(self, usual: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        """Return how long each step takes: its usual share of this plan's duration."""
        if self.duration is None:
            return usual
        total = sum(usual, _ZERO)
        if not total:
            usual, total = (timedelta(seconds=1),) * len(usual), timedelta(seconds=len(usual))
        ends = [self.duration * (end / total) for end in accumulate(usual)]
        ends[-1] = self.duration  # whatever rounding did before
        return tuple(end - begin for begin, end in zip([_ZERO, *ends], ends, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
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
    """

    started: datetime
    steps: tuple[timedelta, ...]
    plan: Plan
    begins: datetime | None
    cancel_requested: datetime | None = None
    breakage: Breakage | None = None

    @property
    def ending(self) -> Ending | None:
        """How it ends if nothing else is asked of it; None while the work cannot begin."""
        candidates = [*self._own_endings(), *self._cancel_ending()]
        # the work's own ending comes first in the list, so it wins when both fall together
        return min(candidates, key=lambda ending: ending.at, default=None)

    def _own_endings(self) -> list[Ending]:
        if self.begins is None:
            return []
        error = self.plan.failure
        failing = OperationState.FAILED
        if error is None:
            work = sum(self.steps, _ZERO)
            endings = [Ending(at=self.begins + work, state=OperationState.SUCCEEDED)]
        else:
            fraction = 1.0 if self.plan.fail_at is None else self.plan.fail_at
            at = self.begins + sum(self.steps, _ZERO) * fraction
            endings = [Ending(at=at, state=failing, error=error)]
        if self.breakage is not None:
            broken = Ending(at=self.breakage.at, state=failing, error=self.breakage.error)
            endings.insert(0, broken)
        return endings

    def _cancel_ending(self) -> list[Ending]:
        if self.cancel_requested is None or self.plan.cancel_delay is None:
            return []
        at = self.cancel_requested + self.plan.cancel_delay
        error = OperationError(code=Code.CANCELLED, message=CANCELLED_TEXT)
        return [Ending(at=at, state=OperationState.CANCELLED, error=error)]

    def state(self, now: datetime) -> OperationState:
        """Return the state at a time."""
        ended = self.ended(now)
        return OperationState.RUNNING if ended is None else ended.state

    def ended(self, now: datetime) -> Ending | None:
        """Return how it has ended by this time, or None if it has not."""
        ending = self.ending
        return ending if ending is not None and ending.at <= now else None

    def percent(self, now: datetime) -> int:
        """Return how far it is, 0 to 100; 100 only once it has succeeded."""
        if self.state(now) is OperationState.SUCCEEDED:
            return 100
        return self._share(self.begins, sum(self.steps, _ZERO), now)

    def throttled(self, now: datetime) -> bool:
        """Tell whether it says that the service holds it back."""
        if self.plan.throttled is None or self.begins is None or self.ended(now) is not None:
            return False
        first, last = (sum(self.steps, _ZERO) * fraction for fraction in self.plan.throttled)
        return first <= now - self.begins < last

    def step_begins(self, index: int) -> datetime | None:
        """Return when a step begins if those before it are done; None while that is unknown."""
        return None if self.begins is None else self.begins + sum(self.steps[:index], _ZERO)

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
        return replace(self, cancel_requested=at, plan=replace(self.plan, cancel_delay=_ZERO))
