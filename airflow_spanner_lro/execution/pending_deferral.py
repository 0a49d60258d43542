# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""Remember in a process the deferral that its try has asked for, in case Airflow rejects it.

Airflow may reject that, because a user has ended the task meanwhile, and then nothing of the
operator is called any more (Airflow 3.3.2). The project's plugin is, at the very end of the
process, and finds the note. Every process of Airflow loads the plugin, and this with it: nothing
but the standard library is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    from airflow.sdk import Context

    from airflow_spanner_lro.core.names import OperationName
    from airflow_spanner_lro.core.operations.outcome import WaitOutcome
    from airflow_spanner_lro.execution.cancel import WorkerCancel
    from airflow_spanner_lro.execution.wait import BlockingWait

    class DeferringRun(Protocol):
        """The run of a try that asks to be deferred, as far as its process may still need it."""

        context: Context
        wait: BlockingWait
        cancel: WorkerCancel

        def record_end(self, outcome: WaitOutcome) -> None:
            """Write down what the end of a wait that failed leaves behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDeferral:
    """What would be left running if the deferral were rejected.

    :param name: the operation to wait for in the triggerer
    :param run: what started it in this process
    """

    name: OperationName
    run: DeferringRun


_notes: list[PendingDeferral] = []


def remember(name: OperationName, *, run: DeferringRun) -> None:
    """Note what is left running, just before the deferral; a later note replaces an earlier one."""
    _notes[:] = [PendingDeferral(name=name, run=run)]


def current() -> PendingDeferral | None:
    """Return the note, and leave it where it is."""
    return _notes[-1] if _notes else None


def take() -> PendingDeferral | None:
    """Return the note, once; None if there is none.

    ``dag.test()`` plays many tasks in one process, so no task may find the note of another.
    """
    return _notes.pop() if _notes else None
