# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What the time of a session went to: each step of each group, and the row that took longest in it.

Rows are played side by side, so a step takes as long as its slowest row.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step(StrEnum):
    """What a group goes through, in this order."""

    SET_UP = "set up"
    READY = "get ready"
    DISRUPT = "disrupt"
    CAUSES = "causes"
    REST = "rest"
    BESIDE = "beside others"
    """From beginning to end, which takes none of their time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How long something took.

    :param row: the id of the row; empty for what is done for all of them
    """

    group: str
    step: Step
    row: str
    seconds: float


class Stopwatch:
    """Writes down how long what takes; many threads may do so at a time."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []

    @contextmanager
    def of(self, group: str, step: Step, *, row: str = "") -> Iterator[None]:
        """Write down how long something takes, whatever becomes of it."""
        begin = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - begin
            self._stretches.append(Stretch(group=group, step=step, row=row, seconds=seconds))

    def lines(self) -> Iterator[str]:
        """Yield a line for each group: how long its steps took, and which rows took longest."""
        for group in dict.fromkeys(each.group for each in self._stretches):
            steps = [text for step in Step if (text := self._step(group, step))]
            yield f"{group}: {', '.join(steps)}"

    def _step(self, group: str, step: Step) -> str:
        mine = [each for each in self._stretches if (each.group, each.step) == (group, step)]
        whole = sum(each.seconds for each in mine if not each.row)
        if not mine:
            return ""
        rows = sorted((each for each in mine if each.row), key=lambda each: -each.seconds)
        slowest = " ".join(f"{each.row} {each.seconds:.0f}" for each in rows[:_SLOWEST])
        if step is Step.BESIDE:
            return f"{step} ({slowest})"
        return f"{step} {whole:.0f} s{f' ({slowest})' if slowest else ''}"


_SLOWEST = 4
"""How many rows of a step are named."""
