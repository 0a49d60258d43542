# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Disrupt Airflow while rows are played, and undo it: a triggerer that is lost, or stalls.

Each disruption costs a minute or more, most of it waiting for Airflow to notice; so there are few
of them, and each serves as many rows as it can.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.cluster.airflow import Component
from tests.e2e.guarantee.rows import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import World

TRIGGERER = Component.TRIGGERER
SECOND = 2
"""The number of the triggerer that is there beside the usual one."""
PATIENT_AND_FULL = {
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "300",
    "AIRFLOW__TRIGGERER__CAPACITY": "1",
}
"""Settings of a triggerer that takes over nothing of one that is lost, and has place for one."""


@contextmanager
def _killed(world: World) -> Iterator[None]:
    """Kill the triggerer; another one, which still counts on it, is started; then a new one.

    All triggerers delete what belongs to ended tasks, whosever it was.
    """
    airflow = world.airflow
    airflow.kill_component(TRIGGERER)
    airflow.start_component(TRIGGERER, number=SECOND, environment=PATIENT_AND_FULL)
    try:
        yield
    finally:
        airflow.kill_component(TRIGGERER, number=SECOND)
        airflow.start_component(TRIGGERER)
        airflow.wait_until_ready()


@contextmanager
def _with_a_second_one(world: World) -> Iterator[None]:
    """End a second triggerer, which the disruption has started, when the rows are over."""
    try:
        yield
    finally:
        world.airflow.kill_component(TRIGGERER, number=SECOND)


@contextmanager
def _stalled(world: World) -> Iterator[None]:
    """Stall the triggerer while a second one lives; it comes back when that one has taken over."""
    airflow = world.airflow
    # only now, so that the first one has all triggers
    airflow.start_component(TRIGGERER, number=SECOND)
    airflow.wait_until_ready()
    stalled = airflow.process(TRIGGERER)
    stalled.signal(signal.SIGSTOP, everyone=True)
    try:
        yield
    finally:
        stalled.signal(signal.SIGCONT, everyone=True)


LOST_TASKS_AND_CALLS = Group(name="lost tasks and calls", at_once=True)
"""Airflow's components are well; processes of tasks are killed, and calls to Spanner fail."""

TRIGGERER_KILLED = Group(name="triggerer killed", disruption=_killed, at_once=True, calm=False)

TRIGGERER_STALLED = Group(
    name="triggerer stalled",
    around=_with_a_second_one,
    disruption=_stalled,
    at_once=True,
    calm=False,
)
