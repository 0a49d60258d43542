# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a row ends where Airflow tells nobody anything: nothing happens until the reaper is run."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.demo.airflow import Component

from .rows import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spanner_lro.emulator import Call

    from .acting import Act
    from .looking import Going

GRACE = 5.0
"""How long a task has to be over before the reaper sees to it, in seconds."""
WITHIN = 10.0
"""Seconds from the reaper's start; a process of Airflow needs some of them to come up."""
TIMEOUT = 120.0

_one_after_the_other = Lock()


def command(
    act: Act, name: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command of ours in Airflow to its end; return all it has said, whatever came of it.

    :param name: such as ``reap``
    :param environment: added to that of Airflow's components
    """
    spec = act.world.airflow.process(Component.SCHEDULER).spec
    with _one_after_the_other:
        ended = subprocess.run(  # noqa: S603  # our own command
            [sys.executable, "-m", "airflow", "spanner-lro", name, *arguments],
            env={**spec.environment, **(environment or {})},
            cwd=spec.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    return ended.stdout


def reap(act: Act, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run the reaper; return all it has said."""
    return command(act, "reap", *arguments, environment=environment)


def reaped(act: Act, going: Going, *, over: float) -> Seen:
    """Run the reaper for the row's Dag; return what was seen, measured from the reaper's start.

    :param over: when the task had ended, and Airflow had done with it
    """
    # a moment more, since a mark is a moment later to Airflow than to whoever made it
    act.until(lambda: time.time() > over + GRACE + 1, what="the reaper's grace to pass")
    with _one_after_the_other:
        if _accepted(act, going):
            return Seen(words="cancelled", wrong="it was cancelled before the reaper was run")
        since = time.time()
        told = act.world.airflow.command(
            "spanner-lro", "reap", "--grace", f"{GRACE:g}s", "--dag-id", going.run.dag_id
        )
    seen = act.cancelled(going, since=since, early=math.inf)
    faults = [seen.wrong] if seen.wrong else []
    if f"{going.operation}: The operation was cancelled." not in told:
        faults.append(f"the reaper does not say that it cancelled it: {told.strip()}")
    seconds = _accepted(act, going)[0].real_time - since if seen.seconds is not None else None
    return replace(seen, words="reaped", seconds=seconds, wrong="; ".join(faults))


def _accepted(act: Act, going: Going) -> list[Call]:
    """Return the cancels that were not refused."""
    return [call for call in act.cancels(going.operation) if call.code is Code.OK]
