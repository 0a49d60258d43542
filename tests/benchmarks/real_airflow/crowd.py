# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How large a crowd of deferred tasks is to be, and what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tests.benchmarks.real_airflow.sampling import Block, Sample, Use

_TO_START = 30.0
"""Seconds from the last start of an operation until a triggerer takes its first trigger, amply."""
_PER_TRIGGER = 0.03
"""Seconds that starting, deferring and loading one takes, amply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of it.

    :param tasks: how many deferred tasks
    :param instances: on how many instances
    :param calm: seconds in which all run and nothing ends
    :param spread: seconds from the first end to the last
    """

    tasks: int
    instances: int
    calm: float = 80.0
    spread: float = 180.0

    @property
    def until_first_end(self) -> timedelta:
        """How long the shortest operation takes."""
        return timedelta(seconds=_TO_START + self.tasks * _PER_TRIGGER + self.calm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What was seen.

    :param idle: memory and CPU time of both processes before the first trigger
    :param begun: when the triggerer was started that got all triggers
    :param starts: when each trigger began to run, in order
    :param samples: looks at the triggerer, in order
    :param calls: methods and times of what the emulator was asked from then on
    :param blocks: each time that the triggerer complained of a blocked event loop
    :param ends: when each operation ended
    :param resumed: when Airflow scheduled its task again
    :param lost: task instances that were not resumed by their trigger's event, by state
    :param by_workers: how many of a sample succeeded, of how many, after workers resumed them
    """

    size: Size
    idle: tuple[Use, Use]
    begun: float
    starts: tuple[datetime, ...]
    samples: tuple[Sample, ...]
    calls: tuple[tuple[str, float], ...]
    blocks: tuple[Block, ...]
    ends: dict[tuple[str, int], datetime]
    resumed: dict[tuple[str, int], datetime]
    lost: dict[str | None, int]
    by_workers: str
