# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What is going to happen and when, all of it from one seed.

A pure function: the same seed and the same minutes give the same plan on any machine. Whom an
action hits cannot be planned, since that depends on who is there; so each action carries a number
between 0 and 1 that picks one of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.soak.dag_specs import DAG_SPECS, DagSpec, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator


class ActionKind(StrEnum):
    """What is done to Airflow, to Spanner, by a user, or by strangers."""

    KILL_TASK = "SIGKILL of a task process"
    KILL_WORKER = "SIGKILL of a task process and its supervisor"
    AMBUSH = "SIGKILL between start call and ledger"
    KILL_TRIGGERER = "SIGKILL of one of two triggerers"
    STALL_TRIGGERER = "triggerer stalled beyond its health threshold"
    RESTART_TRIGGERER = "SIGTERM of a triggerer, and restart"
    KILL_SCHEDULER = "SIGKILL of the scheduler with all workers"
    EVICT = "SIGTERM of a task process"

    OUTAGE = "outage"
    LOSE_ANSWER = "answer of a start call lost"
    DROP = "connection dropped"
    QUOTA = "quota exceeded"
    DELAY = "start call delayed"
    ANSWER_LATE = "answer of a start call late"
    FAIL_CANCEL = "cancel fails for a while"
    REFUSE_CANCEL = "cancel refused"
    SILENCE = "connections fallen silent"
    ROTATE = "credentials refused until the connection has a new key"

    MARK_FAILED = "task marked failed"
    MARK_SUCCESS = "task marked success"
    CLEAR = "task cleared"
    FAIL_RUN = "run marked failed"
    FAIL_MANY = "all tasks marked failed in one stroke"

    STRANGER_FIRST = "stranger's start before a task's"
    STRANGER_CONFLICT = "stranger's start during a task's, just before its work"
    STRANGER_INSTEAD = "stranger's start during a task's, which fails without work"
    STRANGER_BETWEEN = "stranger's start between a task's, which failed, and its retry"
    STRANGER_LOST = "task's answer lost, and a stranger at its operation"
    STRANGER_LATE = "task's answer late, and a stranger at its operation"
    STRANGER_CANCEL = "task's operation cancelled by a stranger"
    STRANGER_TAKE = "stranger's start after a task's operation was cancelled for it"
    STRANGER_DELETE = "task's result deleted by a stranger"
    STRANGER_REPLACE = "task's result deleted and made again by a stranger"
    STRANGER_WITHDRAW = "stranger's own operation cancelled, or result deleted"


KILLS = frozenset(
    {
        ActionKind.KILL_TASK,
        ActionKind.KILL_WORKER,
        ActionKind.AMBUSH,
        ActionKind.KILL_TRIGGERER,
        ActionKind.STALL_TRIGGERER,
        ActionKind.RESTART_TRIGGERER,
        ActionKind.KILL_SCHEDULER,
        ActionKind.EVICT,
    }
)
FAULTS = frozenset(
    {
        ActionKind.OUTAGE,
        ActionKind.LOSE_ANSWER,
        ActionKind.DROP,
        ActionKind.QUOTA,
        ActionKind.DELAY,
        ActionKind.ANSWER_LATE,
        ActionKind.FAIL_CANCEL,
        ActionKind.REFUSE_CANCEL,
        ActionKind.SILENCE,
        ActionKind.ROTATE,
    }
)
USER_ACTIONS = frozenset(
    {
        ActionKind.MARK_FAILED,
        ActionKind.MARK_SUCCESS,
        ActionKind.CLEAR,
        ActionKind.FAIL_RUN,
        ActionKind.FAIL_MANY,
    }
)
STRANGERS = frozenset(
    {
        ActionKind.STRANGER_FIRST,
        ActionKind.STRANGER_CONFLICT,
        ActionKind.STRANGER_INSTEAD,
        ActionKind.STRANGER_BETWEEN,
        ActionKind.STRANGER_LOST,
        ActionKind.STRANGER_LATE,
        ActionKind.STRANGER_CANCEL,
        ActionKind.STRANGER_TAKE,
        ActionKind.STRANGER_DELETE,
        ActionKind.STRANGER_REPLACE,
        ActionKind.STRANGER_WITHDRAW,
    }
)

PER_MINUTE = {
    ActionKind.KILL_TASK: 1.5,
    ActionKind.KILL_WORKER: 1.0,
    ActionKind.AMBUSH: 1.2,
    ActionKind.KILL_TRIGGERER: 0.5,
    ActionKind.STALL_TRIGGERER: 0.6,
    ActionKind.RESTART_TRIGGERER: 0.2,
    ActionKind.KILL_SCHEDULER: 0.4,
    ActionKind.EVICT: 0.6,
    ActionKind.OUTAGE: 1.0,
    ActionKind.LOSE_ANSWER: 1.0,
    ActionKind.DROP: 1.0,
    ActionKind.QUOTA: 0.6,
    ActionKind.DELAY: 0.8,
    ActionKind.ANSWER_LATE: 0.5,
    ActionKind.FAIL_CANCEL: 0.5,
    ActionKind.REFUSE_CANCEL: 0.3,
    ActionKind.SILENCE: 0.6,
    ActionKind.ROTATE: 0.4,
    ActionKind.MARK_FAILED: 0.8,
    ActionKind.MARK_SUCCESS: 0.6,
    ActionKind.CLEAR: 1.2,
    ActionKind.FAIL_RUN: 0.3,
    ActionKind.FAIL_MANY: 0.3,
    ActionKind.STRANGER_CONFLICT: 0.8,
    ActionKind.STRANGER_INSTEAD: 0.7,
    ActionKind.STRANGER_BETWEEN: 0.6,
    ActionKind.STRANGER_LOST: 0.6,
    ActionKind.STRANGER_LATE: 0.6,
    ActionKind.STRANGER_CANCEL: 0.4,
    ActionKind.STRANGER_TAKE: 0.6,
    ActionKind.STRANGER_DELETE: 0.4,
    ActionKind.STRANGER_REPLACE: 0.6,
    ActionKind.STRANGER_WITHDRAW: 0.6,
}
STRANGER_FIRST_SHARE = 0.12
"""At how many of the runs a stranger is first."""
RUNS_PER_MINUTE = 7.0
QUIET = 25.0
"""Seconds at the beginning in which only runs start."""
SHARED_DATABASES = ("shared-1", "shared-2", "shared-3")
"""Spanner makes one backup of each at a time, so their tasks wait for a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the operation of a task is going to do.

    :param seconds: how long it takes
    :param cancel_delay: how long a cancel takes; None if it has no effect
    :param fails: whether the first one fails
    """

    seconds: float
    cancel_delay: float | None
    fails: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """A run of a Dag.

    :param database: which one its backup is of; None for one of its own
    :param user: what a user does to it, and how long after its start
    :param stranger: of a stranger who is there before the task: of whatever it has of a length or
        a choice, 0 to 1; and how long after the run's start it comes
    """

    run_id: str
    recipe: str
    work: dict[Kind, Work]
    database: str | None
    user: tuple[ActionKind, float] | None
    stranger: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturb:
    """A disturbance.

    :param pick: which of those that it could hit, 0 to 1
    :param share: of whatever it has of a length or a number, 0 to 1
    """

    deed: ActionKind
    pick: float
    share: float


def reaps_meanwhile(seed: int) -> bool:
    """Tell whether the reaper runs by itself; if not, the command is run in the end.

    By itself it may meet tries that take up what it is about to cancel; without it, what nobody
    waits for stays until the end.
    """
    return seed % 2 == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that happens.

    :param at: seconds after the beginning
    """

    at: float
    what: StartRun | Disturb


def make_plan(*, seed: int, minutes: float) -> tuple[Action, ...]:
    """Return all that is going to happen, in the order in which it does."""
    actions = [*_runs(seed, minutes=minutes), *_disturbances(seed, minutes=minutes)]
    return tuple(sorted(actions, key=lambda action: action.at))


def _runs(seed: int, *, minutes: float) -> Iterator[Action]:
    rng = random.Random(f"{seed}/runs")  # noqa: S311  # a plan, no secret
    strangers = random.Random(f"{seed}/{ActionKind.STRANGER_FIRST.name}")  # noqa: S311  # no secret
    names = sorted(DAG_SPECS)
    order: list[str] = []
    for number, at in enumerate(_moments(rng, per_minute=RUNS_PER_MINUTE, minutes=minutes), 1):
        if not order:
            # each in its turn, so that a short soak sees many
            order = rng.sample(names, len(names))
        recipe = DAG_SPECS[order.pop()]
        shared = rng.choice(SHARED_DATABASES)
        yield Action(
            at=at,
            what=StartRun(
                run_id=f"s{number:04}",
                recipe=recipe.name,
                work={kind: _work(rng, recipe) for kind in recipe.kinds},
                database=None if recipe.endless else shared,
                user=_user(rng) if recipe.needs_user else None,
                stranger=_stranger(strangers) if at >= QUIET else None,
            ),
        )


def _work(rng: random.Random, recipe: DagSpec) -> Work:
    seconds, delay, ignores, fails = (
        rng.uniform(20, 60),
        rng.uniform(0, 4),
        rng.random() < 0.1,
        rng.random() < 0.08,
    )
    if recipe.endless:
        return Work(seconds=6 * 3600, cancel_delay=delay, fails=False)
    return Work(seconds=seconds, cancel_delay=None if ignores else delay, fails=fails)


def _user(rng: random.Random) -> tuple[ActionKind, float]:
    deed = rng.choice(
        (
            ActionKind.MARK_FAILED,
            ActionKind.MARK_FAILED,
            ActionKind.MARK_SUCCESS,
            ActionKind.FAIL_RUN,
        )
    )
    return deed, rng.uniform(8, 50)


def _stranger(rng: random.Random) -> tuple[float, float] | None:
    there, share, seconds = rng.random() < STRANGER_FIRST_SHARE, rng.random(), rng.uniform(0, 6)
    return (share, seconds) if there else None


def _disturbances(seed: int, *, minutes: float) -> Iterator[Action]:
    for deed, per_minute in PER_MINUTE.items():
        # one generator each, so that a rate that is changed changes nothing else
        rng = random.Random(f"{seed}/{deed.name}")  # noqa: S311  # a plan, no secret
        for at in _moments(rng, per_minute=per_minute, minutes=minutes):
            disturb = Disturb(deed=deed, pick=rng.random(), share=rng.random())
            if at >= QUIET:
                yield Action(at=at, what=disturb)


def _moments(rng: random.Random, *, per_minute: float, minutes: float) -> Iterator[float]:
    """Yield one random moment of each stretch of time, in seconds: never none at all, nor heaps."""
    stretch = 60 / per_minute
    begin = 0.0
    while (at := begin + rng.random() * stretch) < minutes * 60:
        yield at
        begin += stretch
