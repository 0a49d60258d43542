# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a soak comes from its seed and from nothing else, and does enough."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.soak.dag_specs import DAG_SPECS, Kind, target, task_of
from tests.soak.plan import (
    FAULTS,
    KILLS,
    QUIET,
    STRANGERS,
    USER_ACTIONS,
    ActionKind,
    Disturb,
    StartRun,
    make_plan,
)
from tests.soak.report import ENOUGH, Totals

SEEDS = range(5)


def starts(seed: int, *, minutes: float = 10) -> list[StartRun]:
    """Return the runs of a plan."""
    plan = make_plan(seed=seed, minutes=minutes)
    return [action.what for action in plan if isinstance(action.what, StartRun)]


def test_the_same_seed_gives_the_same_plan() -> None:
    """A plan is made from its seed alone."""
    assert make_plan(seed=7, minutes=10) == make_plan(seed=7, minutes=10)


@pytest.mark.parametrize("salt", ["1", "2"])
def test_the_same_seed_gives_the_same_plan_in_another_process(salt: str) -> None:
    """A plan does not depend on how a process hashes."""
    code = "from tests.soak.plan import make_plan; print(make_plan(seed=7, minutes=2))"
    ran = subprocess.run(  # our own interpreter, our own code
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": salt},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert str(make_plan(seed=7, minutes=2)) == ran.stdout.strip()


def test_another_seed_gives_another_plan() -> None:
    """Seeds differ."""
    assert make_plan(seed=7, minutes=10) != make_plan(seed=8, minutes=10)


def test_a_plan_is_in_order_and_ends_in_time() -> None:
    """Actions are in the order of their times, within the minutes."""
    times = [action.at for action in make_plan(seed=7, minutes=3)]

    assert sorted(times) == times
    assert times[-1] < 180


def test_a_longer_plan_begins_like_a_short_one() -> None:
    """More minutes add actions at the end."""
    short = make_plan(seed=7, minutes=2)

    assert short == make_plan(seed=7, minutes=5)[: len(short)]


def test_nothing_is_disturbed_in_the_beginning() -> None:
    """There are runs before there is trouble."""
    plan = make_plan(seed=7, minutes=10)

    assert all(action.at >= QUIET for action in plan if isinstance(action.what, Disturb))


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_minutes_see_every_recipe_and_every_deed(seed: int) -> None:
    """Ten minutes are enough for everything there is."""
    plan = make_plan(seed=seed, minutes=10)
    deeds = Counter(action.what.deed for action in plan if isinstance(action.what, Disturb))

    assert set(DAG_SPECS) == {start.recipe for start in starts(seed)}
    assert set(ActionKind) - {ActionKind.STRANGER_FIRST} == set(deeds)


@pytest.mark.parametrize("seed", SEEDS)
def test_strangers_are_first_at_some_runs(seed: int) -> None:
    """Ten minutes see runs whose targets are a stranger's already, and more that are free."""
    first = sum(start.stranger is not None for start in starts(seed))

    assert 0 < first < len(starts(seed)) / 2


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_that_needs_a_user_gets_one(seed: int) -> None:
    """What never ends by itself is ended by a user, everything else is left to chance."""
    planned = {start.recipe: start.user is not None for start in starts(seed)}

    assert {name: DAG_SPECS[name].needs_user for name in planned} == planned


def test_every_deed_is_of_one_sort() -> None:
    """A deed is a kill, a fault, a user's action or a stranger's deed."""
    assert set(ActionKind) == KILLS | FAULTS | USER_ACTIONS | STRANGERS
    assert len(ActionKind) == len(KILLS) + len(FAULTS) + len(USER_ACTIONS) + len(STRANGERS)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_name_tells_whose_it_is(kind: Kind) -> None:
    """A target, and an operation of it, tell run and task."""
    assert ("s0042", kind) == task_of(target("s0042", kind))
    assert ("s0042", kind) == task_of(f"{target('s0042', kind)}/operations/1")


@pytest.mark.parametrize("name", ["source", "shared-1", "origin"])
def test_what_no_task_makes_is_nobodys(name: str) -> None:
    """What was there before belongs to no task."""
    assert task_of(f"projects/p/instances/i/backups/{name}") is None


def test_a_soak_in_which_too_little_happened_says_so() -> None:
    """Whatever there was too little of is named, each by itself."""
    assert len(ENOUGH) == len(Totals(minutes=2).shortfalls())


def test_a_soak_in_which_enough_happened_says_nothing() -> None:
    """Just enough is enough."""
    totals = Totals(minutes=2)
    totals.others["operations"] = 6
    totals.done.update({ActionKind.KILL_TASK: 3, ActionKind.OUTAGE: 4, ActionKind.CLEAR: 2})
    totals.done[ActionKind.STRANGER_FIRST] = 3

    assert () == totals.shortfalls()


def test_what_found_nobody_does_not_count() -> None:
    """A kill that hit nobody is no kill, and is told."""
    totals = Totals(minutes=2)
    totals.missed[ActionKind.KILL_TASK] = 3

    assert any("kills" in line for line in totals.shortfalls())
    assert any("3 found nobody" in line for line in totals.lines())
