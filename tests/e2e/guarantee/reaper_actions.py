# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Run the reaper for a row, or wait until the one in the triggerer has cancelled."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.status import Code
from tests.cluster.airflow import Component

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.guarantee.row_actions import RowActions, WaitingTask
    from tests.e2e.guarantee.rows import Seen

GRACE = 5.0
"""How long a task has to be over where a row runs the reaper by hand, in seconds."""
WITHIN = 90.0
"""Seconds until the reaper that runs by itself has cancelled."""
TIMEOUT = 120.0

_one_after_the_other = Lock()


def command(
    act: RowActions, name: str, *arguments: str, environment: Mapping[str, str] | None = None
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


def reap(act: RowActions, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run the reaper; return all it has said."""
    return command(act, "reap", *arguments, environment=environment)


def said_of(act: RowActions, operation: str, *, told: str) -> str:
    """Return the lines about an operation that a reaper has said, by hand or in the triggerer.

    On a busy machine the one in the triggerer comes first now and then, and leaves nothing to say.

    :param told: what the one that was run by hand has said
    """
    by_itself = act.world.airflow.process(Component.TRIGGERER).output()
    lines = [*told.splitlines(), *by_itself.splitlines()]
    return "\n".join(line for line in lines if operation in line)


def by_itself(act: RowActions, waiting: WaitingTask, *, since: float) -> Seen:
    """Wait until the reaper that runs in the triggerer has cancelled; return what was seen.

    :param since: when the causing event happened
    """
    # a cancel of the task's own that was refused comes before that
    seen = act.cancelled(waiting, since=since, early=math.inf)
    accepted = [call for call in act.cancels(waiting.operation) if call.code is Code.OK]
    if seen.wrong or not accepted:
        return seen
    early = since - accepted[0].real_time
    wrong = f"it was cancelled {early:.1f} s before that" if early > 0 else ""
    return replace(seen, words="reaped", seconds=max(0.0, -early), wrong=wrong)
