# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What an operation is going to do, as a value: how long it takes, and how it takes a cancel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.snapshot import OperationError
from airflow_spanner_lro.core.status import Code

if TYPE_CHECKING:
    import random

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
