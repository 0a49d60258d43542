# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What an operation is going to do, as a value, and which plan each operation gets.

A plan says how long an operation takes, how it fails, and how it takes a cancel. What is usual
stands in :data:`DEFAULT_PLANS`; tests say what happens instead.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from airflow_spanner_lro.core.kinds import (
    COPY_BACKUP,
    CREATE_BACKUP,
    CREATE_DATABASE,
    CREATE_INSTANCE,
    CREATE_INSTANCE_CONFIG,
    CREATE_INSTANCE_PARTITION,
    MOVE_INSTANCE,
    OPTIMIZE_RESTORED_DATABASE,
    RESTORE_DATABASE,
    UPDATE_DATABASE,
    UPDATE_INSTANCE,
    UPDATE_INSTANCE_CONFIG,
    UPDATE_INSTANCE_PARTITION,
)
from airflow_spanner_lro.core.operations.snapshot import OperationError
from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.core.kinds import OperationKind
    from airflow_spanner_lro.core.names import ResourceName


ZERO = timedelta()
_GIB = 2**30
_DEFAULT_FAILURE = (Code.INTERNAL, "The emulator was told to let this operation fail.")


class Rollback(Enum):
    """How long it takes to undo work, where that is not a fixed time."""

    AS_LONG_AS_IT_RAN = "as long as it ran"
    """What was done is done backwards, as when an instance moves back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BySize:
    """A duration that grows with the data that the operation works on.

    :param base: for nothing at all
    :param per_gib: on top, for each GiB
    """

    base: timedelta
    per_gib: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A random duration, the same ones for the same seed of the emulator."""

    shortest: timedelta
    longest: timedelta


Duration = timedelta | BySize | Between


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an operation is going to do, unless somebody cancels it.

    :param duration: how long the work takes in all; None for what its kind usually takes
    :param queued: how long it waits before the work begins, still at 0 percent
    :param cancel_delay: from the request to cancel until it ends as cancelled, if the work has not
        ended before; None means that it ignores being cancelled
    :param cancel_until: the fraction of the work, 0 to 1, after which a cancel comes too late and
        has no effect
    :param cancel_error: code and message that CancelOperation answers with, without effect
    :param fail_at: the fraction of the work, 0 to 1, after which it fails; None lets it
        succeed, or fail at the very end if ``fail_with`` is given
    :param fail_with: code and message to fail with; an INTERNAL one if only ``fail_at`` is given
    :param throttled: from which to which fraction of the work it reports being throttled
        (schema changes only)
    :raises ValueError: if a duration is negative or a fraction is not within 0 to 1.
    """

    duration: Duration | None = None
    queued: timedelta = ZERO
    cancel_delay: timedelta | Rollback | None = ZERO
    cancel_until: float = 1.0
    cancel_error: tuple[Code, str] | None = None
    fail_at: float | None = None
    fail_with: tuple[Code, str] | None = None
    throttled: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("duration", "queued", "cancel_delay"):
            value = getattr(self, name)
            if isinstance(value, timedelta) and value < ZERO:
                message = f"{name}={value} is not usable: it cannot be negative"
                raise ValueError(message)
        for fraction in (self.fail_at, self.cancel_until, *(self.throttled or ())):
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


def length_of(duration: Duration, *, size_bytes: int, rng: random.Random) -> timedelta:
    """Return how long a duration is for one operation.

    :param size_bytes: of the data that the operation works on
    """
    match duration:
        case BySize():
            return duration.base + duration.per_gib * (size_bytes / _GIB)
        case Between():
            return duration.shortest + (duration.longest - duration.shortest) * rng.random()
        case _:
            return duration


DEFAULT_PLANS: Mapping[OperationKind, Plan] = {
    CREATE_BACKUP: Plan(duration=timedelta(minutes=25)),
    COPY_BACKUP: Plan(duration=timedelta(minutes=30)),
    RESTORE_DATABASE: Plan(duration=timedelta(minutes=15)),
    OPTIMIZE_RESTORED_DATABASE: Plan(duration=timedelta(minutes=40)),
    CREATE_DATABASE: Plan(duration=timedelta(seconds=10)),
    UPDATE_DATABASE: Plan(duration=timedelta(seconds=30)),
    CREATE_INSTANCE: Plan(duration=timedelta(seconds=20)),
    UPDATE_INSTANCE: Plan(duration=timedelta(seconds=45)),
    MOVE_INSTANCE: Plan(duration=timedelta(hours=12), cancel_delay=Rollback.AS_LONG_AS_IT_RAN),
    CREATE_INSTANCE_CONFIG: Plan(duration=timedelta(minutes=10)),
    UPDATE_INSTANCE_CONFIG: Plan(duration=timedelta(minutes=1)),
    CREATE_INSTANCE_PARTITION: Plan(duration=timedelta(seconds=60)),
    UPDATE_INSTANCE_PARTITION: Plan(duration=timedelta(seconds=45)),
    # a schema change takes as long as its statements, see Statement.usual_duration
}
"""How long things take unless someone says otherwise: short for production, but believable."""


@dataclass(slots=True, kw_only=True)
class Override:
    """A plan for some operations, for as long as it lasts."""

    plan: Plan
    kind: OperationKind | None
    target: str
    times: int | None

    def is_about(self, other: Override) -> bool:
        """Tell whether it is about the same operations as another one."""
        return (self.kind, self.target) == (other.kind, other.target)

    def fits(self, kind: OperationKind, target: ResourceName) -> bool:
        """Tell whether an operation gets it."""
        return (
            self.times != 0 and self.kind in (None, kind) and fnmatchcase(str(target), self.target)
        )


class Planner:
    """The plan for each operation that starts.

    :param plans: plans that replace those of :data:`DEFAULT_PLANS`
    :param seed: for random durations
    """

    def __init__(self, plans: Mapping[OperationKind, Plan] | None = None, *, seed: int = 0) -> None:
        self._plans = {**DEFAULT_PLANS, **(plans or {})}
        self._overrides: list[Override] = []
        self._rng = random.Random(seed)  # noqa: S311 - durations, not secrets

    def state(self) -> tuple[Any, ...]:
        """Return all that it will go by: usual plans, overrides, random numbers."""
        usual = tuple(self._plans.items())
        return usual, tuple(self._overrides), self._rng.getstate()

    def resume(self, state: tuple[Any, ...]) -> None:
        """Go on from what :meth:`state` returned."""
        usual, overrides, rng = state
        self._plans, self._overrides = dict(usual), list(overrides)
        self._rng.setstate(rng)

    def set_usual(self, plans: Mapping[OperationKind, Plan]) -> None:
        """Replace what operations of some kinds do where no override says otherwise."""
        self._plans.update(plans)

    def override(
        self, *, plan: Plan, kind: OperationKind | None, target: str, times: int | None
    ) -> None:
        """Replace the plan of operations that start from now on; the latest override wins."""
        made = Override(plan=plan, kind=kind, target=target, times=times)
        # what stands behind one that lasts, and is about the same, never comes to be
        kept = [each for each in self._overrides if times is not None or not each.is_about(made)]
        self._overrides = [made, *kept]

    def clear(self) -> None:
        """Forget all overrides."""
        self._overrides.clear()

    def take(
        self,
        kind: OperationKind,
        target: ResourceName,
        *,
        usual: tuple[timedelta, ...] = (),
        size_bytes: int = 0,
    ) -> tuple[Plan, tuple[timedelta, ...]]:
        """Return the plan of an operation that starts now, and how long each of its steps takes.

        :param usual: how long the steps usually take, where that depends on the request
        :param size_bytes: of the data that the operation works on
        """
        default = self._plans.get(kind, Plan())
        plan = self._overridden(kind, target) or default
        if plan.duration is None:
            plan = replace(plan, duration=default.duration)
        if not kind.cancellable:
            plan = replace(plan, cancel_delay=None)
        length = None
        if plan.duration is not None:
            length = length_of(plan.duration, size_bytes=size_bytes, rng=self._rng)
        return plan, spread(length, usual or (ZERO,))

    def _overridden(self, kind: OperationKind, target: ResourceName) -> Plan | None:
        for override in self._overrides:
            if override.fits(kind, target):
                if override.times is not None:
                    override.times -= 1
                    if not override.times:
                        self._overrides.remove(override)
                return override.plan
        return None


def spread(length: timedelta | None, usual: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
    """Return how long each step takes: its usual share of the whole, if that is given."""
    if length is None:
        return usual
    total = sum(usual, ZERO)
    if not total:
        usual, total = (timedelta(seconds=1),) * len(usual), timedelta(seconds=len(usual))
    ends = [length * (end / total) for end in accumulate(usual)]
    ends[-1] = length  # whatever rounding did before
    return tuple(end - begin for begin, end in zip([ZERO, *ends], ends, strict=False))
