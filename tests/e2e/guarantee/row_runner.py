# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Run rows group by group, and within a group in three steps.

First all rows get ready, side by side, since that takes Airflow long and disturbs nobody. Then
their causes happen, one after the other where seconds are taken strictly. The rest is side by side.
Most of that is waiting, so rows that wait for themselves only are played meanwhile.
A row that fails never keeps another from being played.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tests.e2e.guarantee.background import Background
from tests.e2e.guarantee.row_actions import RowActions
from tests.e2e.guarantee.stopwatch import Step, Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from tests.e2e.conftest import World
    from tests.e2e.guarantee.rows import Group, Row, Scenario, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a row: what was seen, or why nothing could be.

    :param error: what kept the row from its end
    :param report: what happened in it, if it falls short
    """

    row: Row
    seen: Seen | None = None
    error: Exception | None = None
    report: str = ""

    def shortfall(self, *, allowance: float) -> str:
        """Return in which way the row falls short, or nothing.

        :param allowance: how many times the seconds of the design are good enough here
        """
        if self.seen is None:
            return f"{type(self.error).__name__}: {self.error}"
        if self.seen.wrong:
            return self.seen.wrong
        bound, seconds = self.row.bound(allowance=allowance), self.seen.seconds
        if bound is None or self.seen.excused:
            return ""
        if seconds is None:
            return "nothing was measured"
        if seconds > bound:
            asked = f"{self.row.within:g} s"
            allowed = "" if bound == self.row.within else f", {bound:g} s with the allowance"
            return f"{seconds:.1f} s are more than {asked}{allowed}"
        return ""


class _RowInProgress:
    """One row while it is played: whatever happens in it stays in it."""

    def __init__(self, row: Row, *, world: World) -> None:
        self.act = RowActions(world=world, row=row)
        self.row = row
        self.outcome: Outcome | None = None
        self._scenario: Scenario | None = None

    def step(self) -> None:
        """Go on to the next ``yield``."""
        if self.outcome is not None:
            return
        try:
            if self._scenario is None:
                self._scenario = self.row.play(self.act)
            next(self._scenario)
        except StopIteration as end:
            self.outcome = Outcome(row=self.row, seen=end.value)
        except Exception as exc:  # noqa: BLE001  # it is shown by the test of this row
            self.outcome = Outcome(row=self.row, error=exc)

    def finish(self) -> None:
        """Go on to the end, and leave nothing that would disturb others."""
        while self.outcome is None:
            self.step()
        outcome = self.outcome
        if outcome.shortfall(allowance=1.0):
            outcome = replace(outcome, report=self._report())
        try:
            self.act.leave()
        except Exception as exc:  # noqa: BLE001  # it is shown by the test of this row
            outcome = replace(outcome, error=outcome.error or exc, seen=None)
        self.outcome = outcome

    def _report(self) -> str:
        try:
            return self.act.report()
        except Exception as exc:  # noqa: BLE001  # it must not hide what it is about
            return f"What happened cannot be reported: {exc!r}"


class Runner:
    """Plays the rows of a session, each group when its first row is asked for.

    :param rows: those that were selected
    :param beside: how many rows that wait for themselves only are played beside the other groups;
        0 where seconds are taken strictly, so that nothing is beside
    :param causes: how many causes may happen at a time, of rows that somebody acts in; 1 there
    """

    def __init__(
        self, *, world: World, rows: Iterable[Row], beside: int = 0, causes: int = 1
    ) -> None:
        self._world = world
        self._rows = tuple(rows)
        self._outcomes: dict[str, Outcome] = {}
        self._beside = {row.group for row in self._rows if beside and row.group.beside}
        self._begun = False
        self._causes = causes
        self._background = Background(at_a_time=beside or 1)
        self.stopwatch = Stopwatch()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of the rows that were played, in the order of the table."""
        return tuple(sorted(self._outcomes.values(), key=lambda outcome: outcome.row.order))

    def outcome(self, row: Row) -> Outcome:
        """Return what became of a row; play its group if that has not been done."""
        if row.id not in self._outcomes:
            if row.group in self._beside:
                self._begin_beside()
                self._background.wait()
            else:
                if not row.group.calm:
                    self._background.wait()
                self._play([each for each in self._rows if each.group is row.group])
        return self._outcomes[row.id]

    def close(self) -> None:
        """Begin no row any more, and wait for those that are beside."""
        self._background.close()

    def _play(self, rows: list[Row]) -> None:
        group = rows[0].group
        parts = [_RowInProgress(row, world=self._world) for row in rows]
        trouble: Exception | None = None
        with ThreadPoolExecutor(max_workers=len(parts)) as pool:
            try:
                with ExitStack() as around:
                    with self._timed(group, Step.SET_UP):
                        around.enter_context(group.around(self._world))
                    self._play_steps(pool, parts)
            except Exception as exc:  # noqa: BLE001  # it is shown by the tests of these rows
                trouble = exc
        for part in parts:
            failed = Outcome(row=part.row, error=trouble)
            self._outcomes[part.row.id] = part.outcome or failed

    def _play_steps(self, pool: ThreadPoolExecutor, parts: list[_RowInProgress]) -> None:
        group = parts[0].row.group
        with self._background.held():
            if group.calm:
                self._begin_beside()
            # tasks that come late would be overtaken by the ends of their operations
            self._side_by_side(pool, Step.READY, parts)
        with ExitStack() as disrupted:
            with self._timed(group, Step.DISRUPT):
                disrupted.enter_context(group.disruption(self._world))
            if group.at_once:
                self._side_by_side(pool, Step.CAUSES, parts)
            else:
                with ThreadPoolExecutor(max_workers=self._causes) as few:
                    self._side_by_side(few, Step.CAUSES, parts)
        self._side_by_side(pool, Step.REST, parts)

    def _begin_beside(self) -> None:
        """Let the rows that wait for themselves only begin, as soon as they may."""
        if self._begun:
            return
        self._begun = True
        for row in self._rows:
            if row.group in self._beside:
                part = _RowInProgress(row, world=self._world)
                self._background.add(partial(self._play_beside, part))

    def _play_beside(self, part: _RowInProgress) -> None:
        with self._timed(part.row.group, Step.BESIDE, row=part.row.id):
            part.finish()
        assert part.outcome is not None
        self._outcomes[part.row.id] = part.outcome

    def _side_by_side(
        self, pool: ThreadPoolExecutor, step: Step, parts: list[_RowInProgress]
    ) -> None:
        with self._timed(parts[0].row.group, step):
            for _ in pool.map(partial(self._step, step), parts):
                pass

    def _step(self, step: Step, part: _RowInProgress) -> None:
        with self._timed(part.row.group, step, row=part.row.id):
            if step is Step.REST:
                part.finish()
            else:
                part.step()

    def _timed(self, group: Group, step: Step, *, row: str = "") -> AbstractContextManager[None]:
        return self.stopwatch.of(group.name, step, row=row)
