# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is waited for in the benchmark, and how soon the ends must be noticed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.detection.virtual_operations import Shape, Work, spread

if TYPE_CHECKING:
    from tests.benchmarks.detection.virtual_operations import VirtualOperation

MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Operations of one sort.

    :param starts: within so many seconds from the beginning, at random
    :param lasts: between so many seconds, at random
    """

    count: int
    work: Work
    lasts: tuple[float, float]
    starts: float = MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Operations that are waited for together.

    :param targets: seconds within which half, and 95 of a hundred, of the ends must be noticed with
        a budget of one request a second, by how progress is told
    :param seeds: how often it is simulated
    """

    name: str
    instances: int
    batches: tuple[Batch, ...]
    targets: dict[Shape, tuple[float, float]]
    seeds: int

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The ways of telling progress to simulate: of the largest only those with a target."""
        count = sum(batch.count for batch in self.batches)
        return tuple(Shape) if count <= _ALL_SHAPES else tuple(self.targets)

    def operations(self, *, shape: Shape, seed: int) -> list[VirtualOperation]:
        """Return the operations, other ones with each seed."""
        dice = random.Random(seed)  # noqa: S311  # the same each time
        return [
            operation
            for batch in self.batches
            for operation in spread(
                batch.count,
                instances=self.instances,
                work=batch.work,
                shape=shape,
                starts=[dice.uniform(0, batch.starts) for _ in range(batch.count)],
                lasts=[dice.uniform(*batch.lasts) for _ in range(batch.count)],
            )
        ]


_ALL_SHAPES = 1000
_LONG = (20 * MINUTE, 90 * MINUTE)
WORKLOADS = (
    Workload(
        name="5 schema changes of 20 s, 1 instance",
        instances=1,
        batches=(Batch(count=5, work=Work.SCHEMA_CHANGE, lasts=(20, 20), starts=2),),
        targets={Shape.LINEAR: (0.6, 1.5)},
        seeds=16,
    ),
    Workload(
        name="50 schema changes of 3-600 s, 10 instances",
        instances=10,
        batches=(Batch(count=50, work=Work.SCHEMA_CHANGE, lasts=(3, 600)),),
        targets={Shape.LINEAR: (0.8, 2.5)},
        seeds=8,
    ),
    Workload(
        name="100 schema changes of 60 s, 10 instances",
        instances=10,
        batches=(Batch(count=100, work=Work.SCHEMA_CHANGE, lasts=(60, 60), starts=2),),
        targets={Shape.LINEAR: (5.5, 12), Shape.NONE: (6, 12)},
        seeds=8,
    ),
    Workload(
        name="1 restore of 3 h",
        instances=1,
        batches=(Batch(count=1, work=Work.RESTORE, lasts=(2.8 * HOUR, 3.2 * HOUR)),),
        targets={Shape.LINEAR: (1.5, 5)},
        seeds=80,
    ),
    Workload(
        name="50 backups of 20-90 min, 10 instances",
        instances=10,
        batches=(Batch(count=50, work=Work.BACKUP, lasts=_LONG),),
        targets={Shape.LINEAR: (0.8, 2), Shape.STEPS: (8, 16), Shape.NONE: (8, 16)},
        seeds=2,
    ),
    Workload(
        name="1,000 backups, 100 instances",
        instances=100,
        batches=(Batch(count=1000, work=Work.BACKUP, lasts=_LONG),),
        targets={Shape.LINEAR: (8, 17), Shape.SLOW: (24, 60), Shape.NONE: (50, 107)},
        seeds=2,
    ),
    Workload(
        name="1,000 backups and schema changes, 100 instances",
        instances=100,
        batches=(
            Batch(count=500, work=Work.BACKUP, lasts=_LONG),
            Batch(count=500, work=Work.SCHEMA_CHANGE, lasts=(MINUTE, HOUR)),
        ),
        targets={Shape.LINEAR: (12, 28)},
        seeds=2,
    ),
    Workload(
        name="10,000 backups, 100 instances",
        instances=100,
        batches=(Batch(count=10_000, work=Work.BACKUP, lasts=_LONG),),
        targets={Shape.LINEAR: (80, 160)},
        seeds=1,
    ),
)
