# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""How a row ends where Airflow tells nobody anything: nothing happens until the reaper is run."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code

from .rows import Seen

if TYPE_CHECKING:
    from airflow_spanner_lro.emulator import Call

    from .acting import Act
    from .looking import Going

GRACE = 5.0
"""How long a task has to be over before the reaper sees to it, in seconds."""
WITHIN = 10.0
"""Seconds from the reaper's start; a process of Airflow needs some of them to come up."""

_one_after_the_other = Lock()


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
