# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of the guarantee: which exits and situations there are, what must be seen, and when.

A row is a generator function under the decorator :func:`row`. What it does is in the modules that
declare rows; how rows are played is in ``row_runner.py``. Nothing here knows Airflow.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cluster.executors import Executor

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator

    from tests.e2e.conftest import World
    from tests.e2e.guarantee.row_actions import RowActions

    Scenario = Generator[None, None, "Seen"]
    Play = Callable[["RowActions"], Scenario]
    Circumstance = Callable[["World"], AbstractContextManager[None]]

ALLOWANCE = 5.0
"""How many times the seconds of the design are good enough where every test has to pass."""
_NUMBERED = re.compile(r"([A-Z]+)(\d+)(.*)")
_ROOM = (15.0, 120.0)
"""Where there is an allowance, a bound is at least so many seconds, and at most so many more."""


def _undisturbed(_world: World) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in the end.

    :param words: a few words for the table, such as ``cancelled``
    :param seconds: from the causing event to the cancel, if that is what the row measures
    :param wrong: what should not be, in a sentence; empty if all is well
    :param excused: there was nothing to measure, and that is as good as a cancel in time
    """

    words: str
    seconds: float | None = None
    wrong: str = ""
    excused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Rows that are played together, side by side as far as that disturbs none of them.

    :param around: what is set up before the first row starts, and torn down after the last
    :param disruption: what is done to Airflow once all rows have got to their first ``yield``, and
        undone when all have got to their second
    :param at_once: the rows' causes happen side by side too: where nobody acts, such as where each
        row waits for a deadline of its own; otherwise they happen one after the other
    :param calm: all of Airflow is well meanwhile, so that rows of other groups can be played beside
    :param beside: its rows wait for themselves only, and nothing in them is measured, so they can
        be played beside calm groups
    """

    name: str
    around: Circumstance = _undisturbed
    disruption: Circumstance = _undisturbed
    at_once: bool = False
    calm: bool = True
    beside: bool = False


UNDISTURBED = Group(name="undisturbed")
"""Somebody acts, and all of Airflow is well."""

DEADLINES = Group(name="deadlines", at_once=True)
"""Nobody acts: the rows wait for their own deadlines, and all of Airflow is well."""


ANY = frozenset(Executor)
"""A row that concerns workers: with whatever executes tasks, it is the same."""
ONLY_CELERY = frozenset({Executor.CELERY})
"""A row about what LocalExecutor does not have."""
_USUAL = frozenset({Executor.LOCAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table.

    :param id: as in the design, such as ``E5``; rows of one exit have a letter more
    :param name: the id and what happens, as the name of its test
    :param exit: what happens, in words
    :param within: seconds in which the cancel must be seen; None where nothing may be cancelled
    :param expected: what must be seen, in words
    :param played: no process of Airflow can be brought into it, so the suite's fake task plays it
    :param executors: with which it is played
    :param core: it is one of the few that are played with Celery wherever every test has to pass
    """

    id: str
    name: str
    exit: str
    within: float | None
    expected: str
    group: Group
    play: Play
    played: bool = False
    executors: Collection[Executor] = _USUAL
    core: bool = False

    @property
    def key(self) -> str:
        """What its Dag, its databases and its backups are named after."""
        return self.id.lower()

    def bound(self, *, allowance: float) -> float | None:
        """Return the seconds that are good enough here; None where nothing is measured.

        A busy machine delays what takes three seconds by as much as what takes thirty, so with an
        allowance no bound is tight; and with a wide one a long bound still ends.

        :param allowance: how many times the seconds of the design; 1 for exactly these
        """
        if self.within is None:
            return None
        if allowance <= 1:
            return self.within * allowance
        least, most = _ROOM
        return min(max(self.within * allowance, least), self.within + most)

    def selected(self, *, executor: Executor, core: bool, calm: bool | None = None) -> bool:
        """Tell whether it is played in a session.

        :param executor: who executes tasks there
        :param core: whether few rows are to stand for all
        :param calm: whether Airflow is to be well in it; None where that does not matter
        """
        return (
            executor in self.executors
            and (self.core or not core)
            and calm in (None, self.group.calm)
        )

    @property
    def order(self) -> tuple[str, int, str]:
        """Where it stands in the table."""
        found = _NUMBERED.fullmatch(self.id)
        return (found[1], int(found[2]), found[3]) if found else (self.id, 0, "")


ROWS: list[Row] = []
"""All rows, as they were declared."""


def row(
    id_: str,
    exit_: str,
    *,
    within: float | None = None,
    expected: str = "",
    group: Group = UNDISTURBED,
    played: bool = False,
    executors: Collection[Executor] = _USUAL,
    core: bool = False,
) -> Callable[[Play], Play]:
    """Declare a row, which a generator function plays.

    Up to its first ``yield`` it gets to where its cause can happen, beside all rows of its group.
    From there to its end, or to a second ``yield``, it lets the cause happen and measures; where
    seconds are taken strictly, no other row does then. What follows a second ``yield`` happens side
    by side again.

    :param id_: such as ``E5``
    :param exit_: what happens, in words
    :param within: seconds in which the cancel must be seen; None where nothing may be cancelled
    :param expected: what must be seen, in words, if neither of these
    :param played: with the suite's fake task instead of Airflow's processes
    :param executors: with which it is played: :data:`ANY` if workers matter in it
    :param core: whether it is one of the few that stand for all rows on workers of another kind
    :raises ValueError: if there is such a row already
    """
    usual = "nothing cancelled" if within is None else f"cancelled within {within:g} s"

    def declare(play: Play) -> Play:
        if any(each.id == id_ for each in ROWS):
            message = f"there are two rows {id_}"
            raise ValueError(message)
        ROWS.append(
            Row(
                id=id_,
                name=f"{id_}-{play.__name__.replace('_', '-')}",
                exit=exit_,
                within=within,
                expected=expected or usual,
                group=group,
                play=play,
                played=played,
                executors=executors,
                core=core,
            )
        )
        return play

    return declare
