# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The operations that are waited for: how old they are, and which of them end when.

Made anew from a seed wherever it is needed, so that the server and whoever judges its clients agree
on every end without telling each other. Times are in seconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

PROJECT = "bench"
LOCATION = "us-central1"
YOUNG = 0.02
"""The part of the operations that were started in the last minutes."""
YOUNG_AGE = (0.0, 300.0)
OLD_AGE = (600.0, 4 * 3600.0)
TYPICAL_DURATION = 3600.0
"""Of so many operations as this has seconds, one ends each second."""
FEWEST_ENDINGS = 5


class Service(StrEnum):
    """Whose operations they are; that decides what their names and messages look like."""

    SPANNER = "spanner"
    CLOUD_RUN = "cloud run"
    COMPOSER = "composer"
    DATAPROC = "dataproc"


class Family(StrEnum):
    """Which list of an instance shows an operation."""

    DATABASES = "databases"
    BACKUPS = "backups"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One operation.

    :param parent: the instance, where there is one
    :param age: how old it is when the wait begins
    :param ends_after: how long after the opening it ends; None if not while anybody looks
    """

    name: str
    parent: str
    family: Family
    age: float
    ends_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a world is made of.

    :param endings_within: the first endings come right after the opening, the last so much later
    """

    service: Service
    operations: int
    instances: int
    seed: int
    endings_within: float

    def items(self) -> tuple[Item, ...]:
        """Return all operations."""
        rng = random.Random(self.seed)  # noqa: S311 - nothing here is a secret
        ends = self._ends(rng)
        return tuple(self._item(number, rng, ends.get(number)) for number in range(self.operations))

    def warm(self) -> Item:
        """Return one more operation, which has ended long ago: to load everything with."""
        rng = random.Random(self.seed)  # noqa: S311
        return self._item(self.operations, rng, -1.0)

    def _ends(self, rng: random.Random) -> dict[int, float]:
        fewest = min(FEWEST_ENDINGS, self.operations // 5)
        count = max(fewest, round(self.operations / TYPICAL_DURATION * self.endings_within))
        chosen = rng.sample(range(self.operations), count)
        part = self.endings_within / count if count else 0.0
        return {number: (place + rng.random()) * part for place, number in enumerate(chosen)}

    def _item(self, number: int, rng: random.Random, ends_after: float | None) -> Item:
        age = rng.uniform(*(YOUNG_AGE if rng.random() < YOUNG else OLD_AGE))
        name, parent, family = self._name(number)
        return Item(
            name=name,
            parent=parent,
            family=family,
            age=age,
            ends_after=ends_after,
        )

    def _name(self, number: int) -> tuple[str, str, Family]:
        if self.service is Service.DATAPROC:
            return (
                f"projects/{PROJECT}/regions/{LOCATION}/operations/{number:036x}",
                "",
                Family.NONE,
            )
        if self.service is not Service.SPANNER:
            name = f"projects/{PROJECT}/locations/{LOCATION}/operations/{number:036x}"
            return name, "", Family.NONE
        parent = f"projects/{PROJECT}/instances/instance-{number % self.instances}"
        # neighbours on one instance alternate between its two families
        family = (Family.DATABASES, Family.BACKUPS)[number // self.instances % 2]
        resource = f"{parent}/{family}/{family.removesuffix('s')}-{number}"
        return f"{resource}/operations/_auto_op_{number:016x}", parent, family
