# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How much has happened, so that nobody takes an idle soak for a proof."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.soak.plan import FAULTS, KILLS, STRANGERS, USER_ACTIONS, Deed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

ENOUGH = {
    "operations": 3.0,
    "kills": 1.5,
    "faults": 2.0,
    "user actions": 1.0,
    "strangers' deeds": 1.5,
}
"""What has to happen in each minute for a soak to prove anything."""
_TITLES = {
    "kills": KILLS,
    "faults": FAULTS,
    "user actions": USER_ACTIONS,
    "strangers' deeds": STRANGERS,
}


@dataclass(slots=True, kw_only=True)
class Totals:
    """What was done, counted; and what could not be done, since nobody was there.

    :param minutes: for how long
    """

    minutes: float
    done: Counter[Deed] = field(default_factory=Counter)
    missed: Counter[Deed] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    def count(self, deeds: Collection[Deed]) -> int:
        """Return how many of some deeds were done."""
        return sum(self.done[deed] for deed in deeds)

    def shortfalls(self) -> tuple[str, ...]:
        """Return what there was too little of, in words."""
        return tuple(
            f"only {seen} {what} in {self.minutes:g} minutes; {least:g} a minute are a proof"
            for what, seen in self._measured()
            if seen < (least := ENOUGH[what]) * self.minutes
        )

    def lines(self) -> Iterator[str]:
        """Yield a line for each number."""
        yield from (f"{number:5}  {what}" for what, number in sorted(self.others.items()))
        for title, deeds in _TITLES.items():
            yield f"{self.count(deeds):5}  {title}"
            for deed in Deed:
                if deed in deeds:
                    missed = f" ({self.missed[deed]} found nobody)" if self.missed[deed] else ""
                    yield f"         {self.done[deed]:3}  {deed}{missed}"

    def _measured(self) -> Iterator[tuple[str, int]]:
        yield "operations", self.others["operations"]
        for title, deeds in _TITLES.items():
            yield title, self.count(deeds)
