# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Asking Airflow whose an operation is by now, within a time that holds whatever Airflow does.

A question to Airflow has no timeout, and may have to wait for a lock that this very process holds.
So it is asked in a thread that is given up when the time is over: who cannot know leaves it to who
can.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from airflow_spanner_lro.core.operations.settlement import cancel_advice
from airflow_spanner_lro.core.tries.ownership import Claim, KillDecision, decide_on_worker
from airflow_spanner_lro.triggers.task_state import view_task

if TYPE_CHECKING:
    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.triggers.task_state import TaskKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """Whether this try may still cancel its operation.

    :param trouble: why that could not be found out; empty if it could
    """

    decision: KillDecision
    trouble: str = ""

    @property
    def reason(self) -> str:
        """Why it is not cancelled, in words."""
        return f"{self.decision}: {self.trouble}" if self.trouble else self.decision.value

    def sentence(self, name: OperationName) -> str:
        """Return why an operation is not cancelled, and what ends it if it should be."""
        told = f"It was not cancelled: {self.reason}."
        return f"{told} {cancel_advice(name)}" if self.decision is KillDecision.UNKNOWN else told


def ask(task: TaskKey, *, name: OperationName, try_number: int, timeout: float) -> Liveness:
    """Ask Airflow, and decide.

    :param timeout: how long to wait for its answer, in seconds
    """
    found: list[Liveness] = []

    def work() -> None:
        claim = Claim(operation=name, try_number=try_number)
        try:
            view = view_task(task)
        except Exception as exc:  # noqa: BLE001  # it is told
            trouble = f"Airflow could not be asked ({type(exc).__name__}: {exc})"
            found.append(Liveness(decision=KillDecision.UNKNOWN, trouble=trouble))
            return
        decision = decide_on_worker(claim=claim, liveness=view.liveness, record=view.record)
        found.append(Liveness(decision=decision))

    thread = Thread(target=work, name="spanner-lro-liveness", daemon=True)
    thread.start()
    thread.join(timeout)
    if found:
        return found[0]
    trouble = f"Airflow has not answered within {timeout:g} s"
    return Liveness(decision=KillDecision.UNKNOWN, trouble=trouble)
